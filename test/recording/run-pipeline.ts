import type { AudioEncoder } from '../../src/audio/audio-encoder.ts';
import type { RecordingRate } from '../../src/audio/recording-rate.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import type { TapChannel } from '../../src/kernel/tap-ring.ts';
import { Pipeline } from '../../src/recording/pipeline.ts';
import type { Checkpoint } from '../../src/recording/spool-format.ts';

/** Something that happens on the media clock; `at` in milliseconds after the beginning. */
export type Happening =
  | { readonly at: number; readonly channel: TapChannel; readonly packet: Uint8Array }
  | { readonly at: number; readonly pause: boolean }
  | { readonly at: number; readonly channel: TapChannel; readonly hold: boolean }
  /** Somebody asks for it: `RunOptions.keep`. */
  | { readonly at: number; readonly keep: true };

export interface Recorded {
  readonly left: Int16Array;
  readonly right: Int16Array;
  /** Of the last checkpoint. */
  readonly slots: readonly [readonly number[], readonly number[]];
  readonly checkpoints: readonly Checkpoint[];
  readonly pipeline: Pipeline;
  /** The pcap file of what was not decoded. */
  readonly raw: Buffer;
}

export interface RunOptions {
  readonly sampleRate?: RecordingRate;
  /** Of both legs, as a `formats` mark has them. */
  readonly formats?: readonly number[];
  /** With Opus: made ready at the rate before. */
  readonly decoders?: SpeechDecoders;
  readonly prepare?: (pipeline: Pipeline) => void;
  readonly keep?: (pipeline: Pipeline, position: number) => void;
}

/** PCMU, PCMA, telephone events and comfort noise. */
const narrowFormats = [0, 1, 8, 8, 2, 8, 101, 3, 8, 13, 4, 8];
const pollMs = 20;
const quietMs = 400;

/** Keeps the samples as they are. */
class KeepingEncoder implements AudioEncoder {
  readonly parts: Int16Array[] = [];
  samples = 0;

  encode(samples: Int16Array): Uint8Array {
    this.parts.push(samples.slice());
    this.samples += samples.length / 2;
    return new Uint8Array(0);
  }
  finish(): Uint8Array {
    return new Uint8Array(0);
  }
  progress() {
    return { samples: this.samples, decodable: this.samples, bytes: 0, frames: 0, crc: 0 };
  }
  release(): void {
    return;
  }
}

/** Plays what happens, in order of time, into a stereo pipeline that is polled as the worker polls. */
export function runPipeline(
  happenings: readonly Happening[],
  lengthMs: number,
  {
    sampleRate = 8000,
    formats = narrowFormats,
    decoders = new SpeechDecoders(),
    prepare,
    keep,
  }: RunOptions = {},
): Recorded {
  const samplesPerMs = sampleRate / 1000;
  const encoder = new KeepingEncoder();
  const checkpoints: Checkpoint[] = [];
  const raw: Uint8Array[] = [];
  const sink = {
    append: (_: Uint8Array, checkpoint: Checkpoint) => void checkpoints.push(checkpoint),
    raw: (bytes: Uint8Array) => void raw.push(Uint8Array.from(bytes)),
    encoded: () => undefined,
    end: (checkpoint: Checkpoint) => void checkpoints.push(checkpoint),
  };
  const encoders = { samples: encoder, live: null };
  const pipeline = new Pipeline({ channels: 2, sampleRate }, encoders, sink, decoders);
  prepare?.(pipeline);
  for (const leg of pipeline.legs) leg.formats(Uint8Array.from(formats));
  const queue = happenings.toSorted((a, b) => a.at - b.at);
  let newest = 0;
  for (let now = 0; now < lengthMs; now += pollMs) {
    const settled = newest;
    while ((queue[0]?.at ?? Infinity) <= now) {
      const next = queue.shift()!;
      newest = next.at;
      play(pipeline, next, samplesPerMs, keep);
    }
    pipeline.advance(Math.max(settled, now - quietMs) * samplesPerMs);
  }
  for (const next of queue) if (next.at < lengthMs) play(pipeline, next, samplesPerMs, keep);
  const last = pipeline.finish(Math.round(lengthMs * samplesPerMs));
  return {
    left: channelOf(encoder.parts, 0),
    right: channelOf(encoder.parts, 1),
    slots: last.slots,
    checkpoints,
    pipeline,
    raw: Buffer.concat(raw),
  };
}

function play(
  pipeline: Pipeline,
  happening: Happening,
  samplesPerMs: number,
  keep: RunOptions['keep'],
): void {
  const position = happening.at * samplesPerMs;
  if ('packet' in happening) pipeline.receive(happening.channel, happening.packet, position);
  else if ('pause' in happening) pipeline.mark(happening.pause ? 'pause' : 'resume', Math.round(position));
  else if ('keep' in happening) keep?.(pipeline, position);
  else pipeline.legs[happening.channel].timeLine.holdAt(Math.round(position), happening.hold);
}

function channelOf(parts: readonly Int16Array[], channel: number): Int16Array {
  const samples = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0) / 2);
  let at = 0;
  for (const part of parts) for (let i = channel; i < part.length; i += 2) samples[at++] = part[i] as number;
  return samples;
}
