import { aLawSilence, encodeALaw, encodeMuLaw, muLawSilence } from '../audio/g711.ts';
import type { PromptAudio } from './protocol.ts';

/** What prompts can be encoded in: one octet a sample at 8000 Hz. */
export type PromptCodec = 'PCMU' | 'PCMA';

export const promptClockRate = 8000;

export function isPromptCodec(encoding: string): encoding is PromptCodec {
  return encoding === 'PCMU' || encoding === 'PCMA';
}

export const silenceOctet: Readonly<Record<PromptCodec, number>> = {
  PCMU: muLawSilence,
  PCMA: aLawSilence,
};

const encoders = { PCMU: encodeMuLaw, PCMA: encodeALaw };

/** A prompt, encoded when a codec is first asked for and kept. */
export class ShelvedPrompt {
  readonly id: string;
  readonly samples: Int16Array;
  readonly #encoded: Partial<Record<PromptCodec, Uint8Array>> = {};

  constructor({ id, samples }: PromptAudio) {
    this.id = id;
    this.samples = samples;
  }

  /** *Lends for ever*; not to be written to. */
  encoded(codec: PromptCodec): Uint8Array {
    const known = this.#encoded[codec];
    if (known !== undefined) return known;
    const octets = new Uint8Array(this.samples.length);
    encoders[codec](this.samples, 0, this.samples.length, octets, 0);
    this.#encoded[codec] = octets;
    return octets;
  }
}
