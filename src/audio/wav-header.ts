import type { AudioShape } from './audio-encoder.ts';

const sampleBytes = 2;
const riffLimit = 0xffffffff;
const formatBytes = 16;
const plainHeaderBytes = 44;
const ds64Bytes = 28;
/** Microsoft's WAVE format tag for linear PCM. */
const formatPcm = 1;

/**
 * The bytes before `dataBytes` of 16-bit PCM: RIFF, or RF64 with a `ds64` chunk where 32 bits cannot say
 * the length (EBU Tech 3306).
 */
export function wavHeader(shape: AudioShape, dataBytes: number): Buffer {
  const large = dataBytes + plainHeaderBytes - 8 > riffLimit;
  const header = Buffer.alloc(plainHeaderBytes + (large ? 8 + ds64Bytes : 0));
  const riffBytes = header.length - 8 + dataBytes;
  header.write(large ? 'RF64' : 'RIFF', 0, 'latin1');
  header.writeUInt32LE(large ? riffLimit : riffBytes, 4);
  header.write('WAVE', 8, 'latin1');
  const at = large ? writeDs64(header, 12, riffBytes, dataBytes, shape) : 12;
  writeFormat(header, at, shape);
  header.write('data', at + 8 + formatBytes, 'latin1');
  header.writeUInt32LE(large ? riffLimit : dataBytes, at + 12 + formatBytes);
  return header;
}

function writeDs64(
  header: Buffer,
  at: number,
  riffBytes: number,
  dataBytes: number,
  shape: AudioShape,
): number {
  header.write('ds64', at, 'latin1');
  header.writeUInt32LE(ds64Bytes, at + 4);
  header.writeBigUInt64LE(BigInt(riffBytes), at + 8);
  header.writeBigUInt64LE(BigInt(dataBytes), at + 16);
  header.writeBigUInt64LE(BigInt(dataBytes / (shape.channels * sampleBytes)), at + 24);
  return at + 8 + ds64Bytes;
}

function writeFormat(header: Buffer, at: number, { channels, sampleRate }: AudioShape): void {
  header.write('fmt ', at, 'latin1');
  header.writeUInt32LE(formatBytes, at + 4);
  header.writeUInt16LE(formatPcm, at + 8);
  header.writeUInt16LE(channels, at + 10);
  header.writeUInt32LE(sampleRate, at + 12);
  header.writeUInt32LE(sampleRate * channels * sampleBytes, at + 16);
  header.writeUInt16LE(channels * sampleBytes, at + 20);
  header.writeUInt16LE(8 * sampleBytes, at + 22);
}
