import { mp3Bitrate } from '../../audio/mp3-encoder.ts';
import { mp3FrameHeader, readMp3Frame } from '../../audio/mp3-frame.ts';
import { decoderDelay, lameDelay, mp3InfoFrame } from '../../audio/mp3-info-tag.ts';
import { wavHead } from '../../audio/wav-header.ts';
import { bytesPerSample } from '../../audio/audio-format.ts';
import type { FileKind } from '../../records/recording-record.ts';
import type { ConversionJob } from './conversion-job.ts';
import { type Mp3Layout, parseMp3Layout } from './mp3-layout.ts';
import { parseWavLayout, type WavLayout } from './wav-layout.ts';

/** How much of a file is looked at to know its layout. */
export const headBytes = 64 * 1024;

/** Part of the kept file to feed, what to do with it, and what to drop of the result's beginning. */
interface ConversionFeed {
  readonly job: ConversionJob;
  readonly from: number;
  readonly to: number;
  readonly dropBytes: number;
}

/** A conversion whose result is known to the byte before it is done. */
export interface ConversionPlan {
  readonly contentType: string;
  /** Header or tag in front of what the thread makes. */
  readonly prefix: Uint8Array;
  readonly size: number;
  readonly ranges: boolean;
  /** What makes the bytes from `start` (counted after the prefix) to before `end`. */
  readonly feed: (start: number, end: number) => ConversionFeed;
}

/** Null: not between these formats, or not with this file. */
export function planConversion(head: Uint8Array, size: number, to: FileKind): ConversionPlan | null {
  if (to === 'mp3') {
    const wav = parseWavLayout(head, size);
    return wav === null ? null : toMp3(wav);
  }
  const mp3 = parseMp3Layout(head, size);
  if (mp3 !== null) return toWav(mp3);
  const wav = parseWavLayout(head, size);
  return wav === null || wav.coding === 'pcm16' ? null : toLinear(wav);
}

/** What the encoder takes; at these rates every frame of its bit rates has the same length. */
const encodableRates = [8000, 16_000, 48_000];
/** LAME adds at least this behind the last sample. */
const leastPadding = 576;

function toMp3({ sampleRate, channels, coding, dataOffset, dataBytes }: WavLayout): ConversionPlan | null {
  if (!encodableRates.includes(sampleRate)) return null;
  const shape = { sampleRate, channels };
  const bitrateKbps = mp3Bitrate(shape);
  const header = mp3FrameHeader(channels, sampleRate, bitrateKbps);
  const frame = header === null ? null : readMp3Frame(header, 0);
  if (frame === null) return null;
  const samples = dataBytes / (channels * bytesPerSample(coding));
  const rest = frame.samples - ((lameDelay + samples) % frame.samples);
  const padding = rest < leastPadding ? rest + frame.samples : rest;
  const frames = (lameDelay + samples + padding) / frame.samples;
  const audioBytes = frames * frame.bytes;
  // The sum over audio that is not made yet is left out: nobody who plays the file looks at it.
  const progress = { samples, decodable: samples, bytes: audioBytes, frames, crc: 0 };
  const prefix = mp3InfoFrame(shape, bitrateKbps, progress);
  if (prefix === null) return null;
  return {
    contentType: 'audio/mpeg',
    prefix,
    size: prefix.length + audioBytes,
    // A frame leans on the ones before it (bit reservoir): the middle cannot be made without the beginning.
    ranges: false,
    feed: (start) => ({
      job: { kind: 'wav-to-mp3', sampleRate, channels, coding },
      from: dataOffset,
      to: dataOffset + dataBytes,
      dropBytes: start,
    }),
  };
}

/** Frames to decode and throw away before the first that is wanted: more than the bit reservoir reaches back. */
const warmUpFrames = 16;
/** The synthesis filter is back in the same phase after this many, so that the samples are the same to the bit. */
const phaseFrames = 8;

function toWav(mp3: Mp3Layout): ConversionPlan | null {
  const { channels, sampleRate, samples, samplesPerFrame, frameBytes, audioOffset, delay, frames } = mp3;
  const blockBytes = channels * 2;
  const dataBytes = samples * blockBytes;
  const prefix = wavHead({ shape: { sampleRate, channels }, coding: 'pcm16', dataBytes, tags: null });
  return {
    contentType: 'audio/wav',
    prefix,
    size: prefix.length + dataBytes,
    ranges: true,
    feed(start, end) {
      const first = Math.floor(start / blockBytes) + delay + decoderDelay;
      const last = Math.ceil(end / blockBytes) + delay + decoderDelay;
      const wanted = Math.floor(first / samplesPerFrame) - warmUpFrames;
      const firstFrame = Math.max(0, wanted - (wanted % phaseFrames));
      const lastFrame = Math.min(frames, Math.ceil(last / samplesPerFrame) + 1);
      const skip = first - firstFrame * samplesPerFrame;
      return {
        job: { kind: 'mp3-to-wav', channels, skip, take: last - first },
        from: audioOffset + firstFrame * frameBytes,
        to: audioOffset + lastFrame * frameBytes,
        dropBytes: start % blockBytes,
      };
    },
  };
}

/** Each octet of G.711 becomes a sample of its own: every byte of the result has a place in the kept file. */
function toLinear({ sampleRate, channels, coding, dataOffset, dataBytes }: WavLayout): ConversionPlan {
  const linearBytes = 2 * dataBytes;
  const shape = { sampleRate, channels };
  const prefix = wavHead({ shape, coding: 'pcm16', dataBytes: linearBytes, tags: null });
  return {
    contentType: 'audio/wav',
    prefix,
    size: prefix.length + linearBytes,
    ranges: true,
    feed: (start, end) => ({
      job: { kind: 'wav-to-linear', coding },
      from: dataOffset + Math.floor(start / 2),
      to: dataOffset + Math.ceil(end / 2),
      dropBytes: start % 2,
    }),
  };
}
