import type { SipHeaders } from '../sip/message.ts';
import type { Refusal } from './refusal.ts';

/**
 * Option tags that we speak (RFC 3261 §19.2), on each leg by itself: what a party requires of us is held against
 * this table, and what we say to support is made of it.
 */
const spokenOptions: readonly string[] = ['100rel', 'timer'];

/** Those that are promised on one leg where the other party promises them (RFC 6228: 199). */
const passedOptions: readonly string[] = ['199'];

/**
 * Option tags of what the parties do with each other: Replaces, Join, Target-Dialog, Refer-Sub, History-Info,
 * User-to-User, Resource-Priority, Answer-Mode (RFC 3891, 3911, 4538, 4488, 7044, 7433, 4412, 5373). We carry these
 * headers, so the other party judges what is required.
 */
const betweenParties: ReadonlySet<string> = new Set([
  ...['replaces', 'join', 'tdialog', 'norefersub', 'histinfo', 'uui', 'resource-priority', 'answermode'],
]);

/** What of Require, Supported or Unsupported passes to the other leg; null: nothing. */
export function passedOptionsOf(value: string): string | null {
  const passed = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => betweenParties.has(item.toLowerCase()));
  return passed.length === 0 ? null : passed.join(', ');
}

/** What stands in the list headers of this name (`require`, `supported`, `allow`), in the order of the fields. */
export function listed(headers: SipHeaders, canonical: string): readonly string[] {
  return headers
    .all(canonical)
    .flatMap((value) => value.match(/[^,]+/g) ?? [])
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Option tags and their like are tokens, which are case-insensitive (RFC 3261 §7.3.1). */
export function names(
  headers: SipHeaders,
  canonical: 'require' | 'supported' | 'p-early-media',
  option: string,
): boolean {
  return listed(headers, canonical).some((item) => item.toLowerCase() === option);
}

/** A hostile list is not sent back whole. */
const maxUnsupported = 32;

/** RFC 3261 §8.2.2.3: 420, with Unsupported naming what is not understood, and that alone. */
export function unsupportedExtensions({ headers }: { readonly headers: SipHeaders }): Refusal | null {
  const unknown: string[] = [];
  for (const item of listed(headers, 'require')) {
    const option = item.toLowerCase();
    if (!spokenOptions.includes(option) && !betweenParties.has(option)) unknown.push(item);
    if (unknown.length === maxUnsupported) break;
  }
  if (unknown.length === 0) return null;
  return { status: 420, phrase: 'Bad Extension', headers: [['Unsupported', unknown.join(', ')]] };
}

/**
 * RFC 3261 §20.37: Supported of a message of ours. `without` names what this one may not promise; `passed` are the
 * headers of the message that it passes on.
 */
export function appendSupported(
  headers: SipHeaders,
  without: readonly string[] = [],
  passed: SipHeaders | null = null,
): void {
  const options = [
    ...spokenOptions.filter((option) => !without.includes(option)),
    ...passedOptions.filter((option) => passed !== null && names(passed, 'supported', option)),
  ];
  if (options.length > 0) headers.append('Supported', options.join(', '));
}
