/** RFC 3550 §6.4: a report's header and sender SSRC, the least that a compound packet starts with. */
const leastBytes = 8;

/**
 * Whether the bytes can be an RTCP compound packet: version 2, a packet type of RFC 5761 §4's range, and
 * whole 32-bit words whose first part fits (RFC 3550 §A.2).
 */
export function isRtcp(buffer: Uint8Array, length: number): boolean {
  if (length < leastBytes || length > buffer.length || length % 4 !== 0) return false;
  const type = buffer[1] as number;
  if ((buffer[0] as number) >> 6 !== 2 || type < 192 || type > 223) return false;
  const words = ((buffer[2] as number) << 8) | (buffer[3] as number);
  return 4 * (words + 1) <= length;
}
