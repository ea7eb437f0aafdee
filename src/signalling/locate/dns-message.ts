import { isIP } from 'node:net';
import { type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import { err, ok, type Result } from '../../kernel/result.ts';
import { canonicalName, type DnsQuestion, type DnsRecord } from './dns-records.ts';

/** A reply that belongs to its question. */
export interface DnsReply {
  /** `unable`: the server did not answer the question, for whatever reason of its own. */
  readonly code: 'found' | 'no-such-name' | 'unable';
  /** More would have come than UDP carries (RFC 1035 §4.1.1, TC). */
  readonly truncated: boolean;
  readonly records: readonly DnsRecord[];
  /** How long that there is nothing may be remembered (RFC 2308 §5); null: the server does not say. */
  readonly negativeSeconds: number | null;
}

/** `stray`: it answers something else. */
export type ReplyFault = 'malformed' | 'stray';

export function encodeQuery(id: number, { name, type }: DnsQuestion): Buffer {
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ name, type, class: 'IN' }] });
}

/**
 * Reads the reply to a query. RFC 5452 §9.1: it counts only if it has the query's id and question; that it comes
 * from the address and to the port of the query is the socket's affair.
 */
export function decodeReply(
  bytes: Uint8Array,
  id: number,
  question: DnsQuestion,
): Result<DnsReply, ReplyFault> {
  const packet = decoded(bytes);
  if (packet === null) return err('malformed');
  const [asked, ...more] = packet.questions ?? [];
  const answersUs = packet.type === 'response' && packet.id === id && more.length === 0;
  if (!answersUs || asked?.type !== question.type || asked.class !== 'IN') return err('stray');
  if (canonicalName(asked.name) !== question.name) return err('stray');
  const code = codeOf(bytes);
  const records = (packet.answers ?? []).slice(0, maxRecords).flatMap(readRecord);
  const negativeSeconds = negativeSecondsOf(packet);
  // RFC 2308 §2.2: nothing but name servers is a referral, from a server that does not do our asking.
  const referral =
    records.length === 0 &&
    negativeSeconds === null &&
    (packet.authorities ?? []).some(({ type }) => type === 'NS');
  return ok({
    code: code === 'found' && referral ? 'unable' : code,
    truncated: packet.flag_tc,
    records,
    negativeSeconds,
  });
}

/** More than any service has; what is beyond is not read. */
const maxRecords = 256;

/** The package checks lengths by throwing. */
function decoded(bytes: Uint8Array): DecodedPacket | null {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return null;
  }
}

/** RFC 1035 §4.1.1, RCODE: 0 is no error, 3 is a name error. */
function codeOf(bytes: Uint8Array): DnsReply['code'] {
  const rcode = (bytes[3] ?? 0) & 0x0f;
  if (rcode === 0) return 'found';
  return rcode === 3 ? 'no-such-name' : 'unable';
}

type Answer = NonNullable<DecodedPacket['answers']>[number];

/** What is not ours to use, or does not make sense, is left out. */
function readRecord(answer: Answer): DnsRecord[] {
  const name = canonicalName(answer.name);
  if (name === null || !('class' in answer) || answer.class !== 'IN') return [];
  const ttlSeconds = 'ttl' in answer && typeof answer.ttl === 'number' ? plainTtl(answer.ttl) : 0;
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      // Of a record that is cut short the package makes an address with holes.
      if (isIP(answer.data) === 0) return [];
      return [{ type: answer.type, name, ttlSeconds, address: answer.data }];
    case 'CNAME': {
      const target = canonicalName(answer.data);
      return target === null ? [] : [{ type: 'CNAME', name, ttlSeconds, target }];
    }
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = answer.data;
      const host = canonicalName(target);
      return host === null ? [] : [{ type: 'SRV', name, ttlSeconds, priority, weight, port, host }];
    }
    case 'NAPTR': {
      const { order, preference, flags, services: service, regexp } = answer.data;
      const replacement = canonicalName(answer.data.replacement);
      if (replacement === null) return [];
      return [{ type: 'NAPTR', name, ttlSeconds, order, preference, flags, service, regexp, replacement }];
    }
    default:
      return [];
  }
}

/** RFC 2181 §8: a TTL with its first bit set is zero. */
function plainTtl(seconds: number): number {
  return seconds > 0x7fff_ffff ? 0 : seconds;
}

/** RFC 2308 §5: the lesser of the SOA's MINIMUM and its own TTL. */
function negativeSecondsOf(packet: DecodedPacket): number | null {
  for (const authority of packet.authorities ?? []) {
    if (authority.type === 'SOA') {
      return Math.min(plainTtl(authority.ttl ?? 0), plainTtl(authority.data.minimum ?? 0));
    }
  }
  return null;
}
