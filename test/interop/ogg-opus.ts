/** RFC 3533 §6: CRC-32 of a page, polynomial 0x04c11db7, neither reflected nor inverted. */
function pageCrc(page: Buffer): number {
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

/** One page with one packet (RFC 3533 §6). */
function page(packet: Buffer, sequence: number, granule: number, type: number): Buffer {
  const segments = Math.floor(packet.length / 255) + 1;
  const head = Buffer.alloc(27 + segments, 255);
  head.write('OggS', 0, 'latin1');
  head[4] = 0;
  head[5] = type;
  head.writeBigUInt64LE(BigInt(granule), 6);
  head.writeUInt32LE(1, 14);
  head.writeUInt32LE(sequence, 18);
  head.writeUInt32LE(0, 22);
  head[26] = segments;
  head[27 + segments - 1] = packet.length % 255;
  const whole = Buffer.concat([head, packet]);
  whole.writeUInt32LE(pageCrc(whole), 22);
  return whole;
}

const firstPage = 2;
const lastPage = 4;

/** Packets of 20 ms as an Ogg Opus file of one channel without pre-skip (RFC 7845), so that a decoder gives all of them. */
export function oggOpus(packets: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 0, 'latin1');
  head[8] = 1;
  head[9] = 1;
  head.writeUInt32LE(48_000, 12);
  const tags = Buffer.alloc(16);
  tags.write('OpusTags', 0, 'latin1');
  return Buffer.concat([
    page(head, 0, 0, firstPage),
    page(tags, 1, 0, 0),
    ...packets.map((packet, i) =>
      page(packet, 2 + i, 960 * (i + 1), i === packets.length - 1 ? lastPage : 0),
    ),
  ]);
}
