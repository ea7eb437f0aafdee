/** RFC 4733 §3.2, Table 3: events 0 to 15 are these keys. */
const keys = '0123456789*#ABCD';

/** RFC 4733 §2.3: event, flags with volume, and duration. */
export const eventBytes = 4;

/** RFC 4733 §2.3.2: the E bit. */
const endBit = 0x80;

/** The key that the payload of a telephone event says is pressed; null: another event, or none. *Borrows* the bytes. */
export function keyOfEvent(bytes: Uint8Array, offset: number, length: number): string | null {
  if (length < eventBytes) return null;
  return keys[bytes[offset] as number] ?? null;
}

/** How long the event has lasted, in ticks of its clock. *Borrows* the bytes, of which there are `eventBytes`. */
export function durationOfEvent(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset + 2] as number) << 8) | (bytes[offset + 3] as number);
}

/** Whether this packet says that the key is up again. *Borrows* the bytes, of which there are `eventBytes`. */
export function endsEvent(bytes: Uint8Array, offset: number): boolean {
  return ((bytes[offset + 1] as number) & endBit) !== 0;
}

/** Writes the payload of one packet of an event. `flags`: R bit and volume as the sender had them. *Borrows* the bytes. */
export function writeEvent(
  bytes: Uint8Array,
  offset: number,
  { event, flags, ticks, ended }: { event: number; flags: number; ticks: number; ended: boolean },
): void {
  bytes[offset] = event;
  bytes[offset + 1] = (flags & ~endBit) | (ended ? endBit : 0);
  bytes[offset + 2] = (ticks >> 8) & 0xff;
  bytes[offset + 3] = ticks & 0xff;
}
