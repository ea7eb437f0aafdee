import type { RecordingRate } from '../audio/recording-rate.ts';
import type { SpeechDecoder } from '../audio/speech-decoder.ts';
import type { SpeechDecoders } from '../audio/speech-decoders.ts';

/** The decoders that one leg has met, by codec id: a party may change its codec and come back. */
export class LegDecoders {
  readonly #rate: RecordingRate;
  readonly #source: SpeechDecoders;
  readonly #known: (SpeechDecoder | undefined)[] = [];

  constructor(rate: RecordingRate, source: SpeechDecoders) {
    this.#rate = rate;
    this.#source = source;
  }

  /** Null: no codec of speech, or no decoder of it is at hand just now. */
  of(codec: number): SpeechDecoder | null {
    const known = this.#known[codec];
    if (known !== undefined) return known;
    const decoder = this.#source.acquire(codec, this.#rate);
    if (decoder !== null) this.#known[codec] = decoder;
    return decoder;
  }

  release(): void {
    for (const decoder of this.#known.splice(0)) decoder?.release();
  }
}
