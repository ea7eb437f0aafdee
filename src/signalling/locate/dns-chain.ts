import type { DnsReply } from './dns-message.ts';
import type { DnsQuestion, DnsRecord } from './dns-records.ts';

/** What a reply means for the question behind it. */
export type DnsVerdict =
  | { readonly kind: 'records'; readonly records: readonly DnsRecord[]; readonly ttlSeconds: number }
  | { readonly kind: 'none'; readonly ttlSeconds: number | null }
  /** An alias whose own records are not in the reply: ask for those. */
  | { readonly kind: 'alias'; readonly name: string; readonly ttlSeconds: number }
  | { readonly kind: 'failed' };

/** Aliases that are followed; a chain without end is no answer. */
export const maxAliases = 8;

/** Reads a reply along its CNAMEs (RFC 1034 §3.6.2). */
export function judgeReply(reply: DnsReply, question: DnsQuestion): DnsVerdict {
  if (reply.code === 'unable') return { kind: 'failed' };
  let name = question.name;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (let aliases = 0; aliases <= maxAliases; aliases++) {
    const records = reply.records.filter((record) => record.name === name && record.type === question.type);
    if (records.length > 0) {
      return {
        kind: 'records',
        records,
        ttlSeconds: Math.min(ttlSeconds, ...records.map((one) => one.ttlSeconds)),
      };
    }
    const alias = reply.records.find((record) => record.type === 'CNAME' && record.name === name);
    if (alias?.type !== 'CNAME') {
      // RFC 2308 §2.1: NXDOMAIN is said of the last name of the chain; an SOA ends it too.
      const ends = reply.code === 'no-such-name' || reply.negativeSeconds !== null || aliases === 0;
      if (!ends) return { kind: 'alias', name, ttlSeconds };
      const negative = reply.negativeSeconds;
      return { kind: 'none', ttlSeconds: negative === null ? null : Math.min(negative, ttlSeconds) };
    }
    name = alias.target;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
  }
  return { kind: 'failed' };
}
