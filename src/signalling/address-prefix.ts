import { isIPv4, isIPv6 } from 'node:net';

/** `192.0.2.0/24`, with a port where it has one: `192.0.2.1/32:5060`. */
export interface AddressPrefix {
  readonly bytes: Uint8Array;
  readonly bits: number;
  /** Null: any port. */
  readonly port: number | null;
}

/** Reads a prefix; an address alone is a prefix of its whole length. Null: broken. */
export function parseAddressPrefix(text: string): AddressPrefix | null {
  const match = /^([^/]+)(?:\/(\d{1,3})(?::(\d{1,5}))?)?$/.exec(text);
  const bytes = addressBytes(match?.[1] ?? '');
  if (match === null || bytes === null) return null;
  const bits = match[2] === undefined ? bytes.length * 8 : Number(match[2]);
  const port = match[3] === undefined ? null : Number(match[3]);
  if (bits > bytes.length * 8 || (port !== null && (port === 0 || port > 65_535))) return null;
  return { bytes, bits, port };
}

/** Addresses read lately: a peer's messages come from the same few. */
const known = new Map<string, Uint8Array | null>();
const maxKnown = 1024;

/** The 4 or 16 bytes of an address as a socket gives it; an IPv4 address mapped to IPv6 counts as IPv4. */
export function addressBytes(text: string): Uint8Array | null {
  let bytes = known.get(text);
  if (bytes !== undefined) return bytes;
  bytes = readAddress(text);
  if (known.size >= maxKnown) known.clear();
  known.set(text, bytes);
  return bytes;
}

function readAddress(text: string): Uint8Array | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  const [address = ''] = text.split('%', 1);
  if (!isIPv6(address)) return null;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address);
  return mapped?.[1] === undefined ? ipv6Bytes(address) : readAddress(mapped[1]);
}

/** RFC 4291 §2.2: groups of 16 bits, one run of zeros as `::`, the last 32 bits perhaps in dots. */
function ipv6Bytes(address: string): Uint8Array {
  const [head = '', tail] = address.split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return Uint8Array.from([...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 0xff]));
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** Whether one host can be sent to there: not "this network", multicast, reserved or broadcast (RFC 6890 §2.2). */
export function isUnicast(address: Uint8Array): boolean {
  const [first = 0] = address;
  if (address.length === 4) return first !== 0 && first < 224;
  // RFC 4291 §2.5.2 and §2.7.
  return first !== 0xff && address.some((byte) => byte !== 0);
}

/** Whether an address (and its port) lies within. */
export function contains(prefix: AddressPrefix, address: Uint8Array, port: number): boolean {
  return (prefix.port === null || prefix.port === port) && sameBits(prefix.bytes, address, prefix.bits);
}

/** Whether an address, as a socket gives it, lies within one of them. */
export function isAmong(prefixes: readonly AddressPrefix[], address: string, port: number): boolean {
  const bytes = addressBytes(address);
  return bytes !== null && prefixes.some((prefix) => contains(prefix, bytes, port));
}

/** Whether some address and port lies within both. */
export function overlap(a: AddressPrefix, b: AddressPrefix): boolean {
  const samePort = a.port === null || b.port === null || a.port === b.port;
  return samePort && sameBits(a.bytes, b.bytes, Math.min(a.bits, b.bits));
}

function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  if (a.length !== b.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const mask = (0xff00 >> (bits & 7)) & 0xff;
  return ((a[whole] ?? 0) & mask) === ((b[whole] ?? 0) & mask);
}
