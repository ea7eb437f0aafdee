import { readMp3Frame } from '../../audio/mp3-frame.ts';
import { parseInfoTag } from './info-tag.ts';

/** An MP3 file of constant bit rate, whose every sample has a place that can be computed. */
export interface Mp3Layout {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly frameBytes: number;
  readonly samplesPerFrame: number;
  /** Where the first frame of audio begins. */
  readonly audioOffset: number;
  readonly frames: number;
  readonly delay: number;
  /** Samples a channel of the recording itself, without what the encoder added. */
  readonly samples: number;
}

/** Null: no Info tag, not of constant bit rate, or shorter than it says. */
export function parseMp3Layout(head: Uint8Array, size: number): Mp3Layout | null {
  const start = id3Bytes(head);
  const tagged = readMp3Frame(head, start);
  const tag = tagged === null ? null : parseInfoTag(head, start, tagged);
  if (tagged === null || tag === null) return null;
  const audioOffset = start + tagged.bytes;
  const first = readMp3Frame(head, audioOffset);
  if (first?.sampleRate !== tagged.sampleRate || first.channels !== tagged.channels) return null;
  const { sampleRate, channels, bytes: frameBytes, samples: samplesPerFrame } = first;
  const next = readMp3Frame(head, audioOffset + frameBytes);
  const constant = tag.frames < 2 || next?.bytes === frameBytes;
  const exact = Number.isInteger((samplesPerFrame / 8) * ((first.bitrateKbps * 1000) / sampleRate));
  if (!constant || !exact || audioOffset + tag.frames * frameBytes > size) return null;
  const samples = tag.frames * samplesPerFrame - tag.delay - tag.padding;
  if (samples < 0) return null;
  const { frames, delay } = tag;
  return { sampleRate, channels, frameBytes, samplesPerFrame, audioOffset, frames, delay, samples };
}

/** Length of an ID3v2 tag in front (ID3v2.4 §3.1: four bytes of seven bits). */
function id3Bytes(head: Uint8Array): number {
  if (Buffer.from(head.subarray(0, 3)).toString('latin1') !== 'ID3') return 0;
  const [a = 0, b = 0, c = 0, d = 0] = head.subarray(6, 10);
  return 10 + ((a & 127) << 21) + ((b & 127) << 14) + ((c & 127) << 7) + (d & 127);
}
