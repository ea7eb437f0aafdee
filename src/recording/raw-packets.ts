import type { TapChannel } from '../kernel/tap-ring.ts';

/** A pcap file's head (draft-ietf-opsawg-pcap): microseconds, little-endian, link type 228: IPv4 without a frame around. */
const pcapMagic = 0xa1b2c3d4;
const fileHeadBytes = 24;
const recordHeadBytes = 16;
const linkTypeIpv4 = 228;
const longestRecord = 65_535;
/** IPv4 (RFC 791 §3.1) and UDP (RFC 768) in front of what a party sent. */
const ipv4Bytes = 20;
const udpBytes = 8;
const udpProtocol = 17;

/** The parties stand as two hosts of TEST-NET-1 (RFC 5737 §3): who they were is not for this file to say. */
const hosts = [0xc0000201, 0xc0000202] as const;
const rtpPort = 5004;
/** A packet to the port of SAP (RFC 2974 §6) holds SDP: what the payload types of its sender mean from here on. */
const descriptionPort = 9875;

const firstRoom = 64 * 1024;

/**
 * Packets that are kept as they came, as a pcap file that any network analyser opens. Its times count from the
 * recording's beginning. In front of a channel's first packet, and where its meaning changes, stands its SDP.
 */
export class RawPackets {
  /** In all, since the beginning. */
  bytes = 0;
  readonly #sampleRate: number;
  readonly #descriptions: (Uint8Array | null)[] = [null, null];
  #buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** Holds for the channel from here on. *Borrows* the SDP until return. */
  describe(channel: TapChannel, sdp: Uint8Array): void {
    this.#descriptions[channel] = Uint8Array.from(sdp);
  }

  /** *Borrows* the packet until return. `position`: samples from the beginning. */
  add(channel: TapChannel, position: number, packet: Uint8Array): void {
    if (this.bytes === 0) this.#writeFileHead();
    const description = this.#descriptions[channel];
    if (description !== null && description !== undefined) {
      this.#descriptions[channel] = null;
      this.#write(channel, position, description, descriptionPort);
    }
    this.#write(channel, position, packet, rtpPort);
  }

  /** What was added since it was last taken. *Lends* the bytes until more is added. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    return taken;
  }

  #writeFileHead(): void {
    const at = this.#reserve(fileHeadBytes);
    this.#buffer.writeUInt32LE(pcapMagic, at);
    this.#buffer.writeUInt16LE(2, at + 4);
    this.#buffer.writeUInt16LE(4, at + 6);
    this.#buffer.fill(0, at + 8, at + 16);
    this.#buffer.writeUInt32LE(longestRecord, at + 16);
    this.#buffer.writeUInt32LE(linkTypeIpv4, at + 20);
  }

  #write(channel: TapChannel, position: number, payload: Uint8Array, port: number): void {
    const length = ipv4Bytes + udpBytes + payload.length;
    let at = this.#reserve(recordHeadBytes + length);
    const buffer = this.#buffer;
    const micros = Math.max(0, Math.round((position * 1_000_000) / this.#sampleRate));
    at = buffer.writeUInt32LE(Math.floor(micros / 1_000_000), at);
    at = buffer.writeUInt32LE(micros % 1_000_000, at);
    at = buffer.writeUInt32LE(length, at);
    at = buffer.writeUInt32LE(length, at);
    at = this.#writeIpv4(channel, length, at);
    at = buffer.writeUInt16BE(port, at);
    at = buffer.writeUInt16BE(port, at);
    at = buffer.writeUInt16BE(length - ipv4Bytes, at);
    // RFC 768: a checksum of 0 says that there is none.
    at = buffer.writeUInt16BE(0, at);
    buffer.set(payload, at);
  }

  #writeIpv4(channel: TapChannel, length: number, start: number): number {
    const buffer = this.#buffer;
    buffer.writeUInt32BE(0x45000000 + length, start);
    buffer.writeUInt32BE(0, start + 4);
    buffer.writeUInt32BE((64 << 24) | (udpProtocol << 16), start + 8);
    buffer.writeUInt32BE(hosts[channel], start + 12);
    buffer.writeUInt32BE(hosts[channel === 0 ? 1 : 0], start + 16);
    let sum = 0;
    for (let i = 0; i < ipv4Bytes; i += 2) sum += buffer.readUInt16BE(start + i);
    sum = (sum & 0xffff) + (sum >>> 16);
    buffer.writeUInt16BE(~(sum + (sum >>> 16)) & 0xffff, start + 10);
    return start + ipv4Bytes;
  }

  /** Makes room behind what is there and says where it begins. */
  #reserve(length: number): number {
    const at = this.#filled;
    if (at + length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(firstRoom, 2 * (at + length)));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#filled += length;
    this.bytes += length;
    return at;
  }
}
