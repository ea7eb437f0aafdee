/** Samples a frame of MPEG-2 and 2.5 Layer III; MPEG-1 has twice as many (ISO/IEC 13818-3 §2.4.2). */
const lowRateSamples = 576;

/** kbit/s by index, ISO/IEC 11172-3 §2.4.2.3 and 13818-3 §2.4.2.3, Layer III. */
const mpeg1Rates = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const mpeg2Rates = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const mpeg1SampleRates = [44100, 48000, 32000];

/** One frame's header, four bytes: sync (11), version (2), layer (2), protection, rates, padding, mode. */
export interface Mp3Frame {
  readonly version: 1 | 2 | 2.5;
  readonly channels: 1 | 2;
  readonly sampleRate: number;
  readonly bitrateKbps: number;
  /** Header included. */
  readonly bytes: number;
  readonly samples: number;
  /** Bytes of side information after the header. */
  readonly sideBytes: number;
}

/** Null: no Layer III header stands there, or fewer than four bytes are left. */
export function readMp3Frame(bytes: Uint8Array, at: number): Mp3Frame | null {
  if (at + 4 > bytes.length) return null;
  const b1 = bytes[at + 1] as number;
  const b2 = bytes[at + 2] as number;
  const b3 = bytes[at + 3] as number;
  if (bytes[at] !== 0xff || (b1 & 0xe0) !== 0xe0 || ((b1 >> 1) & 3) !== 1) return null;
  const version = ([2.5, null, 2, 1] as const)[(b1 >> 3) & 3] ?? null;
  if (version === null) return null;
  const bitrateKbps = (version === 1 ? mpeg1Rates : mpeg2Rates)[b2 >> 4];
  const fullRate = mpeg1SampleRates[(b2 >> 2) & 3];
  if (bitrateKbps === undefined || bitrateKbps === 0 || fullRate === undefined) return null;
  const sampleRate = version === 1 ? fullRate : version === 2 ? fullRate / 2 : fullRate / 4;
  const channels = b3 >> 6 === 3 ? 1 : 2;
  const samples = version === 1 ? 2 * lowRateSamples : lowRateSamples;
  const padding = (b2 >> 1) & 1;
  return {
    version,
    channels,
    sampleRate,
    bitrateKbps,
    bytes: Math.floor((samples / 8) * ((bitrateKbps * 1000) / sampleRate)) + padding,
    samples,
    sideBytes: sideBytes(version, channels),
  };
}

function sideBytes(version: 1 | 2 | 2.5, channels: 1 | 2): number {
  if (version === 1) return channels === 1 ? 17 : 32;
  return channels === 1 ? 9 : 17;
}

/** The header of a frame without CRC; null where the rates do not exist for Layer III. */
export function mp3FrameHeader(channels: 1 | 2, sampleRate: number, bitrateKbps: number): Buffer | null {
  for (const [scale, versionBits, rates] of [
    [1, 3, mpeg1Rates],
    [2, 2, mpeg2Rates],
    [4, 0, mpeg2Rates],
  ] as const) {
    const rateIndex = mpeg1SampleRates.indexOf(sampleRate * scale);
    const bitrateIndex = rates.indexOf(bitrateKbps);
    if (rateIndex < 0) continue;
    if (bitrateIndex < 1) return null;
    const mode = channels === 1 ? 3 : 1;
    return Buffer.from([0xff, 0xe3 | (versionBits << 3), (bitrateIndex << 4) | (rateIndex << 2), mode << 6]);
  }
  return null;
}

/** Bitrates that exist at a sample rate, ascending. */
export function mp3Bitrates(sampleRate: number): readonly number[] {
  return (mpeg1SampleRates.includes(sampleRate) ? mpeg1Rates : mpeg2Rates).slice(1);
}
