import type { LegMedia, MediaFormat } from './protocol.ts';

/**
 * Under which number a party's packets go on, by the number that it sends them with. Where both legs list an encoding
 * alike, one has answered the other, and its numbers pass. Else we have answered one of them ourselves, and the other
 * hears its own number, which stands first (RFC 3264 §6.1). What the other does not have at all passes as it is.
 */
export function mapPayloadTypes(from: LegMedia | null, to: LegMedia | null, map: Uint8Array): void {
  for (let number = 0; number < map.length; number++) map[number] = number;
  if (from === null || to === null) return;
  for (const format of from.formats) {
    const theirs = numbersOf(to, format);
    const [own] = theirs;
    if (own === undefined || isSameSet(numbersOf(from, format), theirs)) continue;
    map[format.payloadType] = own;
  }
}

function numbersOf({ formats }: LegMedia, { encoding, clockRate }: MediaFormat): number[] {
  return formats
    .filter((one) => one.encoding === encoding && one.clockRate === clockRate)
    .map(({ payloadType }) => payloadType);
}

function isSameSet(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((number) => other.includes(number));
}
