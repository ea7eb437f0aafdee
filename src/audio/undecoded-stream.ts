import type { SpeechDecoder } from './speech-decoder.ts';

/** RFC 3551 §4.2: the default. Where packets that follow each other are longer, what lies between is received, too. */
const packetSeconds = 0.02;

/** Stands in for the decoder of a codec that is not decoded here: silence where packets are, and nothing is made up. */
export class UndecodedStream implements SpeechDecoder {
  readonly pending = 0;
  readonly #samples: number;

  constructor(sampleRate: number) {
    this.#samples = packetSeconds * sampleRate;
  }

  samplesIn(_bytes: Uint8Array, _from: number, length: number): number {
    return length === 0 ? 0 : this.#samples;
  }

  decode(_bytes: Uint8Array, _from: number, _length: number, target: Int16Array): number {
    target.fill(0, 0, this.#samples);
    return this.#samples;
  }

  redundantIn(): number {
    return 0;
  }

  recover(): number {
    return 0;
  }

  conceal(): number {
    return 0;
  }

  drain(): number {
    return 0;
  }

  reset(): void {
    return;
  }

  release(): void {
    return;
  }
}
