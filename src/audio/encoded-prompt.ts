import { encodeALaw, encodeMuLaw } from './g711.ts';
import { G722Encoder } from './g722-encoder.ts';
import { encodeOpusFrames, opusPromptRate } from './opus-frames.ts';
import type { PromptSound } from './prompt.ts';
import { resample } from './resample.ts';

/** Packets hold whole frames of this length, whatever the codec. */
export const promptFrameMs = 10;
/** G.711 has 8000 octets a second, G.722 at 64 kbit/s too. */
export const octetsPerFrame = 80;
/** The longest packet of a prompt. */
export const longestPromptPacketMs = 60;

/** A prompt in every codec that it can be sent in, cut into frames of `promptFrameMs`. */
export interface EncodedPrompt {
  /** With sound. Behind them each encoding has silence for as much as the longest packet. */
  readonly frames: number;
  readonly pcmu: Uint8Array;
  readonly pcma: Uint8Array;
  readonly g722: Uint8Array;
  /** An Opus packet of one frame each. */
  readonly opus: readonly Uint8Array[];
}

/** Encodes once what is then sent to everybody: about 15 ms of CPU a second of prompt. */
export function encodePrompt(sound: PromptSound): EncodedPrompt {
  const frames = Math.ceil(sound.durationMs / promptFrameMs);
  const lengthMs = frames * promptFrameMs + longestPromptPacketMs;
  const narrow = filled(resample(sound.samples, sound.sampleRate, 8000), lengthMs * 8);
  const wide = filled(resample(sound.samples, sound.sampleRate, opusPromptRate), lengthMs * 16);
  const octets = (): Uint8Array => new Uint8Array(narrow.length);
  const [pcmu, pcma, g722] = [octets(), octets(), octets()];
  encodeMuLaw(narrow, 0, narrow.length, pcmu, 0);
  encodeALaw(narrow, 0, narrow.length, pcma, 0);
  new G722Encoder().encode(wide, 0, g722.length, g722, 0);
  return { frames, pcmu, pcma, g722, opus: encodeOpusFrames(wide) };
}

/** Cut or filled with silence to a length: rounding may leave a sample too many. */
function filled(samples: Int16Array, length: number): Int16Array {
  const whole = new Int16Array(length);
  whole.set(samples.subarray(0, length));
  return whole;
}
