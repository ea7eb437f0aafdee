import { frameWithRoom, type MpegFrame } from './mpeg-frame.ts';

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

/** Null: the frame holds no tag with a count of frames. */
export function parseInfoTag(bytes: Uint8Array, at: number, frame: MpegFrame): InfoTag | null {
  const start = at + headerBytes + frame.sideInfoBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (start + xingBytes + lameBytes > bytes.length || xingBytes + lameBytes > frame.frameBytes) return null;
  const id = Buffer.from(bytes.subarray(start, start + 4)).toString('latin1');
  const flags = view.getUint32(start + 4);
  // All four parts are there, so that the extension is where it is looked for.
  if ((id !== 'Info' && id !== 'Xing') || (flags & 15) !== 15) return null;
  const lame = start + xingBytes;
  const gap = (view.getUint8(lame + 21) << 16) | view.getUint16(lame + 22);
  return { frames: view.getUint32(start + 8), delay: gap >> 12, padding: gap & 0xfff };
}

export interface TagFacts extends InfoTag {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly bitrateKbps: number;
  /** Bytes of the frames that follow. */
  readonly audioBytes: number;
}

/** The frame to put before a stream of constant bit rate. Null: the rate is none of MPEG's. */
export function buildInfoTag(facts: TagFacts): Uint8Array | null {
  const { sampleRate, channels, bitrateKbps } = facts;
  // The largest side information of any frame of layer III, so that one size does for the search.
  const sideRoom = sampleRate >= 32_000 ? 32 : 17;
  const bytes = headerBytes + sideRoom + xingBytes + lameBytes;
  const room = frameWithRoom({ sampleRate, channels, bitrateKbps, bytes });
  if (room === null) return null;
  const tag = new Uint8Array(room.frame.frameBytes);
  tag.set(room.header, 0);
  const start = headerBytes + room.frame.sideInfoBytes;
  const view = new DataView(tag.buffer);
  tag.set(Buffer.from('Info', 'latin1'), start);
  view.setUint32(start + 4, 15);
  view.setUint32(start + 8, facts.frames);
  view.setUint32(start + 12, Math.min(0xffffffff, tag.length + facts.audioBytes));
  for (let i = 0; i < 100; i++) tag[start + 16 + i] = Math.floor((i * 256) / 100);
  writeLame(tag, start + xingBytes, facts);
  return tag;
}

function writeLame(tag: Uint8Array, at: number, facts: TagFacts): void {
  const view = new DataView(tag.buffer);
  tag.set(Buffer.from('LAME3.100', 'latin1'), at);
  // Revision 0, method 1: constant bit rate.
  tag[at + 9] = 1;
  tag[at + 20] = Math.min(255, facts.bitrateKbps);
  const gap = (facts.delay << 12) | facts.padding;
  tag[at + 21] = gap >> 16;
  view.setUint16(at + 22, gap & 0xffff);
  view.setUint32(at + 28, Math.min(0xffffffff, tag.length + facts.audioBytes));
  view.setUint16(at + 34, crc16(tag.subarray(0, at + 34)));
}

/** CRC-16/ARC, over everything before it. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}
