import type { Direction } from '../records/call-record.ts';
import type { PurposeOptions, RuleOptions } from './options.ts';

/** What a rule may look at. Numbers are as the signalling gave them. */
export interface RuleFacts {
  readonly direction: Direction;
  readonly from: string;
  readonly to: string;
  readonly extension: string | null;
  readonly peers: readonly string[];
  readonly emergency: boolean;
}

export type Decision =
  | { readonly record: false; readonly ruleId: string | null }
  | {
      readonly record: true;
      readonly rule: RuleOptions;
      readonly purpose: PurposeOptions;
      readonly retentionMs: number;
    };

export interface RuleBook {
  readonly rules: readonly RuleOptions[];
  readonly purposes: ReadonlyMap<string, PurposeOptions>;
}

/** First match wins; no match, no recording. */
export function decide(book: RuleBook, facts: RuleFacts): Decision {
  const rule = book.rules.find((candidate) => matches(candidate, facts));
  if (rule === undefined) return { record: false, ruleId: null };
  const purpose = rule.purpose === undefined ? undefined : book.purposes.get(rule.purpose);
  if (rule.mode === 'never' || purpose === undefined) return { record: false, ruleId: rule.id };
  return { record: true, rule, purpose, retentionMs: rule.retention ?? purpose.retention };
}

function matches({ when }: RuleOptions, facts: RuleFacts): boolean {
  // Emergency calls are recorded only by a rule that names them, and such a rule matches nothing else.
  if (facts.emergency !== (when.emergency ?? false)) return false;
  if (when.direction !== undefined && when.direction !== facts.direction) return false;
  if (when.from !== undefined && !matchesAny(when.from, facts.from)) return false;
  if (when.to !== undefined && !matchesAny(when.to, facts.to)) return false;
  if (when.extension !== undefined && !matchesAny(when.extension, facts.extension)) return false;
  const { peer } = when;
  return peer === undefined || facts.peers.some((id) => matchesAny(peer, id));
}

function matchesAny(patterns: readonly string[], value: string | null): boolean {
  return value !== null && patterns.some((pattern) => matchesPattern(pattern, value));
}

/**
 * `*` any run of characters, `?` one. Linear in time: the last star is the only place to go back to, so a
 * hostile number cannot make a rule slow.
 */
export function matchesPattern(pattern: string, value: string): boolean {
  let p = 0;
  let v = 0;
  let star = -1;
  let resume = 0;
  while (v < value.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = v;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === value[v])) {
      p += 1;
      v += 1;
    } else if (star >= 0) {
      p = star + 1;
      v = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
