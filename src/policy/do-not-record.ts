import { createHmac } from 'node:crypto';
import { parseNameAddrList } from '../sip/name-addr.ts';
import { e164Readings, type Numbering } from '../sip/number-forms.ts';
import { decodeUser, parseUri } from '../sip/uri.ts';
import type { Party } from '../records/call-record.ts';
import { dialled, presented } from './conditions.ts';
import type { RuleFacts } from './rule-facts.ts';

/** Numbers that are never recorded, by their hashes. */
export interface DoNotRecordList {
  readonly size: number;
  has(hash: string): boolean;
}

/** Two numbers of a list meet in 128 bits no sooner than by chance of 1 in 10^28, and a list of them is half as long. */
const hashBytes = 16;

/**
 * What a number is listed by. Keyed, since a plain hash of ten digits is found by trying all of them.
 */
export function numberHash(key: Uint8Array, number: string): string {
  return createHmac('sha256', key).update(number).digest().subarray(0, hashBytes).toString('hex');
}

/** The form in which a number is listed: E.164, or the digits of an extension. Null: it is no number. */
export function listedForm(number: string, country: string): string | null {
  const [likeliest] = e164Readings(number, presented({ country, outsideLine: [] }));
  return likeliest ?? extensionOf(number);
}

/**
 * What a party of the call is listed by: each E.164 number that it may be, since its next call may come in another form;
 * else the digits of its extension. Empty: it shows no number.
 */
export function partyHashes(
  key: Uint8Array,
  facts: Pick<RuleFacts, 'direction' | 'from' | 'to' | 'headers'>,
  party: Party,
  numbering: Numbering,
): readonly string[] {
  const users = party === 'caller' ? callersOf(facts) : [facts.to];
  const read = party === 'caller' ? presented(numbering) : dialled(facts, numbering);
  for (const user of users) {
    const numbers = e164Readings(user, read);
    const extension = extensionOf(user);
    if (numbers.length > 0) return numbers.map((number) => numberHash(key, number));
    if (extension !== null) return [numberHash(key, extension)];
  }
  return [];
}

/** Whether a party of the call, as it may be read, is listed. In doubt it is: not to record is the lesser error. */
export function isListed(
  list: DoNotRecordList,
  key: Uint8Array,
  facts: Pick<RuleFacts, 'direction' | 'from' | 'to' | 'headers'>,
  numbering: Numbering,
): boolean {
  if (list.size === 0) return false;
  const numbers = [
    ...callersOf(facts).flatMap((user) => readings(user, presented(numbering))),
    ...readings(facts.to, dialled(facts, numbering)),
  ];
  return numbers.some((number) => list.has(numberHash(key, number)));
}

function callersOf({ from, headers }: Pick<RuleFacts, 'from' | 'headers'>): readonly string[] {
  return [from, ...assertedUsers(headers)];
}

function readings(user: string, numbering: Numbering): readonly string[] {
  const extension = extensionOf(user);
  return [...e164Readings(user, numbering), ...(extension === null ? [] : [extension])];
}

function extensionOf(user: string): string | null {
  const digits = user.replace(/[-.() ]/g, '');
  return /^\d{1,15}$/.test(digits) ? digits : null;
}

/** Who calls without showing a number in From is often asserted (RFC 3325); a few are looked at. */
function assertedUsers(headers: RuleFacts['headers']): readonly string[] {
  const values = ['p-asserted-identity', 'remote-party-id'].flatMap((name) => headers.get(name) ?? []);
  return (parseNameAddrList(values.slice(0, 4)) ?? []).slice(0, 4).flatMap(({ uri }) => {
    const parsed = parseUri(uri);
    return parsed === null || parsed.scheme === 'other' ? [] : [decodeUser(parsed)];
  });
}
