import { bytesPerSample, type WavCoding } from '../../audio/audio-format.ts';

/** Where the samples of a WAV file are: interleaved; linear ones of 16 bit, little-endian, or G.711. */
export interface WavLayout {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly coding: WavCoding;
  readonly dataOffset: number;
  readonly dataBytes: number;
}

/** Format tag and bits a sample. */
const codings: readonly (readonly [tag: number, bits: number, coding: WavCoding])[] = [
  [1, 16, 'pcm16'],
  [6, 8, 'alaw'],
  [7, 8, 'mulaw'],
];
const absent = 0xffff_ffff;

/** Null: not such a file, or its `data` does not begin within `head`. RF64 (EBU Tech 3306) is read too. */
export function parseWavLayout(head: Uint8Array, size: number): WavLayout | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const text = (at: number): string => Buffer.from(head.subarray(at, at + 4)).toString('latin1');
  const riff = text(0);
  if ((riff !== 'RIFF' && riff !== 'RF64') || text(8) !== 'WAVE') return null;
  let format: { sampleRate: number; channels: number; coding: WavCoding } | null = null;
  let largeData: number | null = null;
  for (let at = 12; at + 8 <= head.length; ) {
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (text(at) === 'ds64' && body + 16 <= head.length)
      largeData = Number(view.getBigUint64(body + 8, true));
    if (text(at) === 'fmt ' && body + 16 <= head.length) {
      const coding = codingOf(view.getUint16(body, true), view.getUint16(body + 14, true));
      if (coding === null) return null;
      format = {
        channels: view.getUint16(body + 2, true),
        sampleRate: view.getUint32(body + 4, true),
        coding,
      };
    }
    if (text(at) === 'data') {
      if (format === null || (format.channels !== 1 && format.channels !== 2)) return null;
      const { sampleRate, channels, coding } = format;
      const claimed = length === absent && largeData !== null ? largeData : length;
      const blockBytes = channels * bytesPerSample(coding);
      const there = Math.min(claimed, size - body);
      return { sampleRate, channels, coding, dataOffset: body, dataBytes: there - (there % blockBytes) };
    }
    at = body + length + (length % 2);
  }
  return null;
}

function codingOf(tag: number, bits: number): WavCoding | null {
  return codings.find((each) => each[0] === tag && each[1] === bits)?.[2] ?? null;
}
