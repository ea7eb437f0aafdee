/** One packet of a pcap file of IPv4 packets, as RFC 791, RFC 768 and the file's own layout draw it. */
export interface CapturedPacket {
  readonly micros: number;
  /** The last number of the sender's address. */
  readonly from: number;
  readonly port: number;
  readonly payload: Buffer;
}

export function readPcap(file: Buffer): CapturedPacket[] {
  if (file.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('no pcap file');
  if (file.readUInt32LE(20) !== 228) throw new Error('not of IPv4 packets');
  const packets: CapturedPacket[] = [];
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8)) {
    const ip = file.subarray(at + 16, at + 16 + file.readUInt32LE(at + 8));
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += ip.readUInt16BE(i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    if (ip[0] !== 0x45 || ip[9] !== 17 || sum !== 0xffff || ip.readUInt16BE(2) !== ip.length) {
      throw new Error('no IPv4 packet of UDP');
    }
    if (ip.readUInt16BE(24) !== ip.length - 20) throw new Error('UDP says another length');
    packets.push({
      micros: file.readUInt32LE(at) * 1e6 + file.readUInt32LE(at + 4),
      from: ip.readUInt8(15),
      port: ip.readUInt16BE(22),
      payload: ip.subarray(28),
    });
  }
  return packets;
}
