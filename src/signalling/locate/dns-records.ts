/** What we ask for. */
export type DnsType = 'A' | 'AAAA' | 'SRV' | 'NAPTR';

export interface DnsQuestion {
  /** As `canonicalName` gives it. */
  readonly name: string;
  readonly type: DnsType;
}

/** One name for a question. */
export function keyOf({ type, name }: DnsQuestion): string {
  return `${type} ${name}`;
}

interface RecordOf<Type extends string> {
  readonly type: Type;
  readonly name: string;
  readonly ttlSeconds: number;
}

export interface AddressRecord extends RecordOf<'A' | 'AAAA'> {
  readonly address: string;
}

/** RFC 2782. */
export interface SrvRecord extends RecordOf<'SRV'> {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Empty: decidedly not available. */
  readonly host: string;
}

/** RFC 3403 §4.1. */
export interface NaptrRecord extends RecordOf<'NAPTR'> {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

interface AliasRecord extends RecordOf<'CNAME'> {
  readonly target: string;
}

export type DnsRecord = AddressRecord | SrvRecord | NaptrRecord | AliasRecord;

/**
 * A name in the one form in which names are compared (RFC 4343: case does not count) and kept: lower case, without
 * the root's dot; the root itself is empty. Null: no name that a host or service can have (RFC 1035 §2.3.4).
 */
export function canonicalName(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name === '') return text === '.' ? '' : null;
  if (name.length > 253) return null;
  return name.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label)) ? name : null;
}
