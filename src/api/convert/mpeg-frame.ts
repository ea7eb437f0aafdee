/** What the header of an MPEG audio frame of layer III says (ISO/IEC 11172-3 §2.4.1.3, 13818-3 §2.4.1.3). */
export interface MpegFrame {
  /** 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5 (the header's own numbers). */
  readonly version: 0 | 2 | 3;
  readonly bitrateKbps: number;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Header included. */
  readonly frameBytes: number;
  readonly samples: 576 | 1152;
  readonly sideInfoBytes: number;
}

const kbpsMpeg1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const kbpsMpeg2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const ratesMpeg1 = [44_100, 48_000, 32_000];
const layer3 = 1;

/** Null: no frame of layer III with a bit rate of its own begins here. */
export function parseMpegFrame(bytes: Uint8Array, at: number): MpegFrame | null {
  const [sync = 0, second = 0, third = 0, fourth = 0] = bytes.subarray(at, at + 4);
  const version = (second >> 3) & 3;
  if (sync !== 0xff || second >> 5 !== 7 || version === 1 || ((second >> 1) & 3) !== layer3) return null;
  const first = version === 3;
  const bitrateKbps = (first ? kbpsMpeg1 : kbpsMpeg2)[third >> 4] ?? 0;
  const base = ratesMpeg1[(third >> 2) & 3];
  if (bitrateKbps === 0 || base === undefined) return null;
  const sampleRate = first ? base : version === 2 ? base / 2 : base / 4;
  const samples = first ? 1152 : 576;
  const padding = (third >> 1) & 1;
  const frameBytes = Math.floor((samples / 8) * ((bitrateKbps * 1000) / sampleRate)) + padding;
  const channels = fourth >> 6 === 3 ? 1 : 2;
  const sideInfoBytes = first ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17;
  return {
    version: version as 0 | 2 | 3,
    bitrateKbps,
    sampleRate,
    channels,
    frameBytes,
    samples,
    sideInfoBytes,
  };
}

/** The 4 bytes of the header of the smallest frame that has room for `bytes`, with its length. */
export function frameWithRoom(like: {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly bitrateKbps: number;
  readonly bytes: number;
}): { readonly header: Uint8Array; readonly frame: MpegFrame } | null {
  const version = like.sampleRate >= 32_000 ? 3 : like.sampleRate >= 16_000 ? 2 : 0;
  const scale = version === 3 ? 1 : version === 2 ? 2 : 4;
  const rateIndex = ratesMpeg1.indexOf(like.sampleRate * scale);
  if (rateIndex < 0) return null;
  for (let index = 1; index < 15; index++) {
    const header = Uint8Array.of(
      0xff,
      0xe0 | (version << 3) | (layer3 << 1) | 1,
      (index << 4) | (rateIndex << 2),
      like.channels === 1 ? 0xc0 : 0x40,
    );
    const frame = parseMpegFrame(header, 0);
    if (frame !== null && frame.bitrateKbps >= like.bitrateKbps && frame.frameBytes >= like.bytes) {
      return { header, frame };
    }
  }
  return null;
}
