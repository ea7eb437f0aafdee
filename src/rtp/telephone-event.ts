/** RFC 4733 §3.2, Table 3: events 0 to 15 are these keys. */
const keys = '0123456789*#ABCD';

/** RFC 4733 §2.3: event, flags with volume, and duration. */
const payloadBytes = 4;

/** The key that the payload of a telephone event says is pressed; null: another event, or none. *Borrows* the bytes. */
export function keyOfEvent(bytes: Uint8Array, offset: number, length: number): string | null {
  if (length < payloadBytes) return null;
  return keys[bytes[offset] as number] ?? null;
}
