import type { AudioShape, EncodedProgress } from './audio-encoder.ts';
import { crc16 } from './mp3-crc.ts';
import { mp3Bitrates, mp3FrameHeader, readMp3Frame } from './mp3-frame.ts';

/** Samples that LAME puts before the first of ours; what its tag calls the encoder's delay. */
export const lameDelay = 576;
/** Samples that every decoder adds: 528 of the filter bank and one. The tag's reader adds it by itself. */
export const decoderDelay = 529;

/** Xing header: `Info` 4, flags 4, frames 4, bytes 4, table of contents 100, quality 4. */
const xingBytes = 120;
const lameBytes = 36;
const flagsAll = 0x0f;
const tocEntries = 100;

/**
 * The first frame of the file: silent, and carrying the Xing/LAME `Info` tag, so that decoders know the
 * length to the sample. Null where even the largest frame is too small, which no rate of ours is.
 */
export function mp3InfoFrame(
  shape: AudioShape,
  bitrateKbps: number,
  progress: EncodedProgress,
): Buffer | null {
  const frame = tagFrame(shape);
  if (frame === null) return null;
  const { bytes, at, frameSamples } = frame;
  bytes.write('Info', at, 'latin1');
  bytes.writeUInt32BE(flagsAll, at + 4);
  bytes.writeUInt32BE(progress.frames, at + 8);
  bytes.writeUInt32BE(bytes.length + progress.bytes, at + 12);
  // A constant bitrate makes the table a straight line.
  for (let i = 0; i < tocEntries; i++) bytes[at + 16 + i] = Math.floor((256 * i) / tocEntries);
  bytes.writeUInt32BE(50, at + 116);
  const lame = at + xingBytes;
  bytes.write('LAME3.100', lame, 'latin1');
  bytes[lame + 9] = 1; // tag revision 0, constant bitrate
  bytes[lame + 20] = bitrateKbps;
  writeDelays(bytes, lame + 21, progress.frames * frameSamples - lameDelay - progress.decodable);
  bytes.writeUInt32BE(bytes.length + progress.bytes, lame + 28);
  bytes.writeUInt16BE(progress.crc, lame + 32);
  bytes.writeUInt16BE(crc16(0, bytes, 0, lame + 34), lame + 34);
  return bytes;
}

/** Twelve bits each: delay at the start, padding at the end. */
function writeDelays(bytes: Buffer, at: number, padding: number): void {
  const end = Math.max(0, Math.min(0xfff, padding));
  bytes[at] = lameDelay >> 4;
  bytes[at + 1] = ((lameDelay & 0x0f) << 4) | (end >> 8);
  bytes[at + 2] = end & 0xff;
}

/** The smallest frame of this shape that the tag fits into: at 8 kHz that of the audio may be too small. */
function tagFrame(
  shape: AudioShape,
): { readonly bytes: Buffer; readonly at: number; readonly frameSamples: number } | null {
  for (const bitrate of mp3Bitrates(shape.sampleRate)) {
    const header = mp3FrameHeader(shape.channels, shape.sampleRate, bitrate);
    const frame = header === null ? null : readMp3Frame(header, 0);
    if (header === null || frame === null) continue;
    const at = 4 + frame.sideBytes;
    if (frame.bytes < at + xingBytes + lameBytes) continue;
    const bytes = Buffer.alloc(frame.bytes);
    header.copy(bytes);
    return { bytes, at, frameSamples: frame.samples };
  }
  return null;
}
