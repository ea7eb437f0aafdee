import { readFileSync } from 'node:fs';

/** A PCM WAV file, one array a channel. */
export interface Sound {
  readonly sampleRate: number;
  readonly channels: readonly Int16Array[];
}

/** Reads 16-bit PCM; throws on anything else and on chunks that end past the file. */
export function readWav(file: string | Uint8Array): Sound {
  const bytes = typeof file === 'string' ? readFileSync(file) : Buffer.from(file);
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error(`no WAV file: begins with ${bytes.subarray(0, 12).toString('hex')}`);
  }
  let sampleRate = 0;
  let channelCount = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const body = at + 8;
    if (body + size > bytes.length) throw new Error(`chunk "${name}" of ${size} bytes ends past the file`);
    if (name === 'fmt ') {
      if (bytes.readUInt16LE(body + 14) !== 16) throw new Error('not 16 bits a sample');
      channelCount = bytes.readUInt16LE(body + 2);
      sampleRate = bytes.readUInt32LE(body + 4);
    }
    if (name === 'data')
      return { sampleRate, channels: split(bytes.subarray(body, body + size), channelCount) };
    at = body + size + (size % 2);
  }
  throw new Error('no data chunk');
}

function split(data: Buffer, channelCount: number): Int16Array[] {
  const frames = Math.floor(data.length / (2 * channelCount));
  return Array.from({ length: channelCount }, (_, channel) =>
    Int16Array.from({ length: frames }, (_, frame) => data.readInt16LE(2 * (frame * channelCount + channel))),
  );
}

/** Writes 16-bit PCM. */
export function wavBytes({ sampleRate, channels }: Sound): Buffer {
  const count = channels.length;
  const frames = channels[0]?.length ?? 0;
  const bytes = Buffer.alloc(44 + 2 * count * frames);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(count, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * count * 2, 28);
  bytes.writeUInt16LE(count * 2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(2 * count * frames, 40);
  for (const [channel, samples] of channels.entries()) {
    for (const [frame, sample] of samples.entries())
      bytes.writeInt16LE(sample, 44 + 2 * (frame * count + channel));
  }
  return bytes;
}
