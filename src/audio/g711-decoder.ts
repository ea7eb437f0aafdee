import { decodeALaw, decodeMuLaw } from './g711.ts';
import { PitchConcealment } from './pitch-concealment.ts';
import type { SpeechDecoder } from './speech-decoder.ts';

export const g711Rate = 8000;

/** G.711 of either law at 8000 Hz: an octet a sample, without memory but for what bridges gaps. */
export class G711Decoder implements SpeechDecoder {
  readonly pending = 0;
  readonly #expand: typeof decodeALaw;
  readonly #concealment = new PitchConcealment(g711Rate);

  constructor(law: 'a' | 'mu') {
    this.#expand = law === 'a' ? decodeALaw : decodeMuLaw;
  }

  samplesIn(_bytes: Uint8Array, _from: number, length: number): number {
    return length;
  }

  decode(bytes: Uint8Array, from: number, length: number, target: Int16Array): number {
    const count = this.decodeAlone(bytes, from, length, target);
    this.#concealment.heard(target, count);
    return count;
  }

  /** The same without regard to order, which G.711 allows: a packet that came after the gap was bridged. */
  decodeAlone(bytes: Uint8Array, from: number, length: number, target: Int16Array): number {
    const count = Math.min(length, target.length);
    this.#expand(bytes, from, count, target, 0);
    return count;
  }

  redundantIn(): number {
    return 0;
  }

  recover(): number {
    return 0;
  }

  conceal(count: number, target: Int16Array): number {
    this.#concealment.conceal(count, target);
    return count;
  }

  drain(): number {
    return 0;
  }

  reset(): void {
    this.#concealment.reset();
  }

  release(): void {
    this.reset();
  }
}
