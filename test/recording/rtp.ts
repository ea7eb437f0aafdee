/** RTP packets (RFC 3550 §5.1) as a test's own sender makes them. */
export interface RtpFields {
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly payload: Uint8Array;
}

export function rtp({ sequence, timestamp, ssrc = 0x1234, payloadType = 0, payload }: RtpFields): Buffer {
  const packet = Buffer.alloc(12 + payload.length);
  packet[0] = 0x80;
  packet[1] = payloadType;
  packet.writeUInt16BE(((sequence % 65536) + 65536) % 65536, 2);
  packet.writeUInt32BE(((timestamp % 2 ** 32) + 2 ** 32) % 2 ** 32, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.set(payload, 12);
  return packet;
}

/** What a G.711 mu-law octet means, from the text of the standard: an oracle that is not ours under test. */
export function muLaw(octet: number): number {
  const inverted = ~octet & 0xff;
  const sign = inverted & 0x80;
  const exponent = (inverted >> 4) & 0x07;
  const mantissa = inverted & 0x0f;
  const magnitude = ((mantissa * 2 + 33) * 2 ** exponent - 33) * 4;
  return sign === 0 ? magnitude : -magnitude;
}

export const packetSamples = 160;

/** 20 ms whose octets say where they come from; never the octet of silence. */
export function payloadOf(index: number, samples = packetSamples): Uint8Array {
  return Uint8Array.from({ length: samples }, (_, i) => (index * 37 + i * 11) % 120);
}
