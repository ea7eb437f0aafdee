/** Where the samples of a WAV file are: linear, 16 bit, little-endian, interleaved. */
export interface WavLayout {
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly dataOffset: number;
  readonly dataBytes: number;
}

const pcm = 1;
const absent = 0xffff_ffff;

/** Null: not such a file, or its `data` does not begin within `head`. RF64 (EBU Tech 3306) is read too. */
export function parseWavLayout(head: Uint8Array, size: number): WavLayout | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const text = (at: number): string => Buffer.from(head.subarray(at, at + 4)).toString('latin1');
  const riff = text(0);
  if ((riff !== 'RIFF' && riff !== 'RF64') || text(8) !== 'WAVE') return null;
  let format: { sampleRate: number; channels: number } | null = null;
  let largeData: number | null = null;
  for (let at = 12; at + 8 <= head.length; ) {
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (text(at) === 'ds64' && body + 16 <= head.length)
      largeData = Number(view.getBigUint64(body + 8, true));
    if (text(at) === 'fmt ' && body + 16 <= head.length) {
      if (view.getUint16(body, true) !== pcm || view.getUint16(body + 14, true) !== 16) return null;
      format = { channels: view.getUint16(body + 2, true), sampleRate: view.getUint32(body + 4, true) };
    }
    if (text(at) === 'data') {
      if (format === null || (format.channels !== 1 && format.channels !== 2)) return null;
      const { sampleRate, channels } = format;
      const claimed = length === absent && largeData !== null ? largeData : length;
      const blockBytes = channels * 2;
      const there = Math.min(claimed, size - body);
      return { sampleRate, channels, dataOffset: body, dataBytes: there - (there % blockBytes) };
    }
    at = body + length + (length % 2);
  }
  return null;
}
