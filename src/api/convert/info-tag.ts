import type { Mp3Frame } from '../../audio/mp3-frame.ts';

/** What an Info tag says of the frames that follow it. */
export interface InfoTag {
  /** Frames, the tag's own not counted. */
  readonly frames: number;
  /** Samples the encoder put before the audio and after it. */
  readonly delay: number;
  readonly padding: number;
}

const headerBytes = 4;
/** `Info`, flags, frames, bytes, 100 places of a table, quality. */
const xingBytes = 120;
/** LAME's extension, of which delay and padding make the length exact. */
const lameBytes = 36;
const allParts = 15;

/** Null: the frame holds no tag with a count of frames. */
export function parseInfoTag(bytes: Uint8Array, at: number, frame: Mp3Frame): InfoTag | null {
  const start = at + headerBytes + frame.sideBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (start + xingBytes + lameBytes > Math.min(bytes.length, at + frame.bytes)) return null;
  const id = Buffer.from(bytes.subarray(start, start + 4)).toString('latin1');
  // With a part missing, what follows would be elsewhere.
  if ((id !== 'Info' && id !== 'Xing') || (view.getUint32(start + 4) & allParts) !== allParts) return null;
  const lame = start + xingBytes;
  const gap = (view.getUint8(lame + 21) << 16) | view.getUint16(lame + 22);
  return { frames: view.getUint32(start + 8), delay: gap >> 12, padding: gap & 0xfff };
}
