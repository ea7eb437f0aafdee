import {
  type EncodedPrompt,
  longestPromptPacketMs,
  octetsPerFrame,
  promptFrameMs,
} from '../audio/encoded-prompt.ts';
import { packOpusFrames } from '../audio/opus-frames.ts';
import type { PromptAudio } from './protocol.ts';

/** What prompts are encoded in. */
export type PromptCodec = 'PCMU' | 'PCMA' | 'G722' | 'OPUS';

/**
 * Hz of the RTP clock: G.722's is 8000 though it samples at 16000 (RFC 3551 §4.5.2), Opus's 48000 at any rate
 * (RFC 7587 §4.1).
 */
const clockRates: Readonly<Record<PromptCodec, number>> = {
  PCMU: 8000,
  PCMA: 8000,
  G722: 8000,
  OPUS: 48_000,
};

/** What a prompt is sent as on a leg. */
export interface PromptFormat {
  readonly payloadType: number;
  readonly codec: PromptCodec;
  readonly clockRate: number;
}

/** Null: prompts are not encoded in it. */
export function promptFormat(payloadType: number, encoding: string, clockRate: number): PromptFormat | null {
  if (!isPromptCodec(encoding) || clockRates[encoding] !== clockRate) return null;
  return { payloadType, codec: encoding, clockRate };
}

function isPromptCodec(encoding: string): encoding is PromptCodec {
  return Object.hasOwn(clockRates, encoding);
}

/** The length of a packet, milliseconds, for a party that asked for `ptimeMs`: whole frames, and never more than that. */
export function promptPacketMs(ptimeMs: number): number {
  const frames = Math.floor(Math.min(ptimeMs, longestPromptPacketMs) / promptFrameMs);
  return Math.max(1, frames) * promptFrameMs;
}

/** A prompt of this worker, in every codec. */
export class ShelvedPrompt {
  readonly id: string;
  readonly #sound: EncodedPrompt;

  constructor({ id, sound }: PromptAudio) {
    this.id = id;
    this.#sound = sound;
  }

  get durationMs(): number {
    return this.#sound.frames * promptFrameMs;
  }

  /** Writes what is heard in `lengthMs` from `fromMs` on to `at` of `target`. Returns its length. *Borrows* the target. */
  write(codec: PromptCodec, fromMs: number, lengthMs: number, target: Uint8Array, at: number): number {
    const first = fromMs / promptFrameMs;
    const end = first + lengthMs / promptFrameMs;
    if (codec === 'OPUS') return packOpusFrames(this.#sound.opus.slice(first, end), target, at);
    const octets = this.#octets(codec).subarray(first * octetsPerFrame, end * octetsPerFrame);
    target.set(octets, at);
    return octets.length;
  }

  #octets(codec: Exclude<PromptCodec, 'OPUS'>): Uint8Array {
    switch (codec) {
      case 'PCMU':
        return this.#sound.pcmu;
      case 'PCMA':
        return this.#sound.pcma;
      case 'G722':
        return this.#sound.g722;
    }
  }
}
