import { z } from 'zod';
import { canonicalName } from '../sip/header-name.ts';
import { parseNameAddr, parseNameAddrList } from '../sip/name-addr.ts';
import { type Numbering, numberForms } from '../sip/number-forms.ts';
import { telephoneNumber } from '../sip/telephone.ts';
import { decodeUser, parseUri } from '../sip/uri.ts';
import { matchesPattern } from './pattern.ts';

/** Where the queue of a call is read. */
export const queueOptions = z.strictObject({
  /** Headers of the INVITE, the first of which that has a queue gives it. */
  headers: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9\-.!%*_+`'~]{1,64}$/, "is no name of a header: letters, digits and -.!%*_+`'~")
        .transform(canonicalName),
    )
    .max(8)
    .default([]),
  /** Numbers or texts to names; where there are any, everything else is no queue. */
  names: z.record(z.string().min(1).max(128), z.string().min(1).max(64)).default({}),
});

export type QueueOptions = z.output<typeof queueOptions>;

/** Longer ones are no names. */
const longestQueue = 128;

/** The queue that the headers of an INVITE name; null: none. */
export function queueOf(
  { headers: sources, names }: QueueOptions,
  headers: ReadonlyMap<string, readonly string[]>,
  numbering: Numbering,
): string | null {
  for (const source of sources) {
    const found = valueOf(source, headers.get(source) ?? []);
    if (found === null || found === '' || found.length > longestQueue) continue;
    const patterns = Object.keys(names);
    if (patterns.length === 0) return found;
    const forms = numberForms(found, numbering);
    const named = patterns.find((pattern) => forms.some((form) => matchesPattern(pattern, form)));
    if (named !== undefined) return names[named] ?? null;
  }
  return null;
}

function valueOf(source: string, values: readonly string[]): string | null {
  // RFC 7044: the last entry is the target itself, the one before it who sent the call there.
  if (source === 'history-info') return userOf(parseNameAddrList(values)?.at(-2)?.uri);
  // RFC 5806: the latest diversion stands first.
  if (source === 'diversion') return userOf(parseNameAddrList(values)?.[0]?.uri);
  const [value] = values;
  if (value === undefined) return null;
  return userOf(parseNameAddr(value)?.uri) ?? value.trim();
}

/** Null: it names nobody. */
function userOf(text: string | undefined): string | null {
  const uri = text === undefined ? null : parseUri(text);
  if (uri === null || uri.scheme === 'other') return null;
  return telephoneNumber(uri) ?? decodeUser(uri);
}
