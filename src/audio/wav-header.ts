import type { AudioShape } from './audio-encoder.ts';
import { bytesPerSample, type WavCoding } from './audio-format.ts';
import type { AudioTags } from './audio-tags.ts';
import { riffChunk } from './riff-chunk.ts';
import { bextChunk, infoChunk } from './wav-tags.ts';

const riffLimit = 0xffffffff;
const riffBytes = 12;
const chunkHeadBytes = 8;
const ds64Bytes = 28;
/** Microsoft's WAVE format tags. */
const formatTags: Readonly<Record<WavCoding, number>> = { pcm16: 1, alaw: 6, mulaw: 7 };

/** A WAV file around its samples. */
export interface WavFile {
  readonly shape: AudioShape;
  readonly coding: WavCoding;
  readonly dataBytes: number;
  /** Null: the plain header alone, of 44 bytes for PCM. */
  readonly tags: AudioTags | null;
}

/**
 * The bytes before the samples: RIFF, or RF64 with a `ds64` chunk where 32 bits cannot say the length
 * (EBU Tech 3306). `fmt ` comes first, where simple readers expect it.
 */
export function wavHead(file: WavFile): Buffer {
  const plain = chunksBefore(file, false);
  const length = riffBytes - chunkHeadBytes + plain.length + chunkHeadBytes + padded(file.dataBytes);
  return length <= riffLimit ? riff('RIFF', length, plain, file.dataBytes) : rf64(file);
}

/** The bytes after the samples: one, where theirs are odd. */
export function wavTail({ dataBytes }: WavFile): Uint8Array {
  return new Uint8Array(padded(dataBytes) - dataBytes);
}

function padded(bytes: number): number {
  return bytes + (bytes % 2);
}

function rf64(file: WavFile): Buffer {
  const chunks = chunksBefore(file, true);
  const sizes = Buffer.alloc(ds64Bytes);
  const all =
    riffBytes + chunkHeadBytes + ds64Bytes + chunks.length + chunkHeadBytes + padded(file.dataBytes);
  sizes.writeBigUInt64LE(BigInt(all - chunkHeadBytes), 0);
  sizes.writeBigUInt64LE(BigInt(file.dataBytes), 8);
  sizes.writeBigUInt64LE(BigInt(samplesOf(file)), 16);
  return riff('RF64', riffLimit, Buffer.concat([riffChunk('ds64', sizes), chunks]), riffLimit);
}

function riff(form: 'RIFF' | 'RF64', length: number, chunks: Uint8Array, dataBytes: number): Buffer {
  const start = Buffer.alloc(riffBytes);
  start.write(form, 0, 'latin1');
  start.writeUInt32LE(length, 4);
  start.write('WAVE', 8, 'latin1');
  return Buffer.concat([start, chunks, riffChunk('data', new Uint8Array(0), dataBytes)]);
}

function chunksBefore(file: WavFile, large: boolean): Buffer {
  const { shape, coding, tags } = file;
  const chunks = [formatChunk(shape, coding)];
  // Only what is not PCM must say its length in samples.
  if (coding !== 'pcm16') chunks.push(factChunk(large ? riffLimit : samplesOf(file)));
  if (tags !== null) chunks.push(bextChunk(tags, shape, coding), infoChunk(tags));
  return Buffer.concat(chunks);
}

/** Samples a channel. */
function samplesOf({ shape, coding, dataBytes }: WavFile): number {
  return dataBytes / (shape.channels * bytesPerSample(coding));
}

function formatChunk({ channels, sampleRate }: AudioShape, coding: WavCoding): Buffer {
  const sampleBytes = bytesPerSample(coding);
  // Other formats than PCM say how much of their own follows: nothing here.
  const content = Buffer.alloc(coding === 'pcm16' ? 16 : 18);
  content.writeUInt16LE(formatTags[coding], 0);
  content.writeUInt16LE(channels, 2);
  content.writeUInt32LE(sampleRate, 4);
  content.writeUInt32LE(sampleRate * channels * sampleBytes, 8);
  content.writeUInt16LE(channels * sampleBytes, 12);
  content.writeUInt16LE(8 * sampleBytes, 14);
  return riffChunk('fmt ', content);
}

function factChunk(samples: number): Buffer {
  const content = Buffer.alloc(4);
  content.writeUInt32LE(samples);
  return riffChunk('fact', content);
}
