import { execFileSync } from 'node:child_process';
import { align } from '../support/sound.ts';

export type Random = () => number;

/** A small generator from a seed (mulberry32), so that a failed round can be had again. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Low noise that nobody else makes: any half second of it says who spoke and when. Speech has pauses in which
 * nothing could be told, and a tone says not when.
 */
export function hiss(random: Random, seconds: number): Int16Array {
  const width = 8;
  const white = Float64Array.from({ length: seconds * 8000 + width }, () => random() - 0.5);
  return Int16Array.from({ length: seconds * 8000 }, (_, n) => {
    let sum = 0;
    for (let tap = 0; tap < width; tap++) sum += white[n + tap]!;
    return Math.round(sum * 9000);
  });
}

/** A file's channels by ffmpeg, which is to find no fault. */
export function decodedByFfmpeg(file: string, channels: number): Int16Array[] {
  const raw = execFileSync(
    'ffmpeg',
    ['-v', 'error', '-xerror', '-i', file, '-f', 's16le', '-c:a', 'pcm_s16le', '-'],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return Array.from({ length: channels }, (_, channel) =>
    Int16Array.from({ length: raw.length / (2 * channels) }, (_, frame) =>
      raw.readInt16LE(2 * (frame * channels + channel)),
    ),
  );
}

export interface Heard {
  /** Said between the recording's last sample and the moment asked for; negative: it goes on a little longer. */
  readonly missingMs: number;
  /** Of the recording's last half second with what was said there. */
  readonly end: number;
  /** The same of all that the recording holds but its first 300 ms. */
  readonly whole: number;
}

const window = 4000;
const opening = 2400;
const trailing = 800;

/** Where a channel lies in what its party said; `until` counts the samples said at the moment asked for. */
export function heardOf(channel: Int16Array, said: Int16Array, until: number): Heard {
  const start = Math.max(0, channel.length - window);
  // A recording that its call ended may end some milliseconds of silence after the last packet.
  const { lag, correlation } = align(said, channel.subarray(start), 0, said.length - window + trailing);
  const shift = lag - start;
  const whole = align(said, channel.subarray(opening), opening + shift, opening + shift).correlation;
  return { missingMs: (until - shift - channel.length) / 8, end: correlation, whole };
}
