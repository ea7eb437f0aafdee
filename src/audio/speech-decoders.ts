import { codecId } from './codec-id.ts';
import { G711Decoder, g711Rate } from './g711-decoder.ts';
import { G722Decoder } from './g722-decoder.ts';
import { OpusDecoders } from './opus-decoder.ts';
import type { RecordingRate } from './recording-rate.ts';
import type { SpeechDecoder } from './speech-decoder.ts';
import { UndecodedStream } from './undecoded-stream.ts';
import { UpsampledDecoder } from './upsampled-decoder.ts';

/** The decoders of one thread. */
export class SpeechDecoders {
  readonly #opus = new OpusDecoders();

  /** Resolves once every codec's decoders can be had at this rate at once. */
  async ready(sampleRate: RecordingRate): Promise<void> {
    await this.#opus.ready(sampleRate);
  }

  /** A decoder for one stream, to be released; null where the id is no speech's, or none is at hand just now. */
  acquire(codec: number, sampleRate: RecordingRate): SpeechDecoder | null {
    switch (codec) {
      case codecId.pcmu:
        return atRate(new G711Decoder('mu'), g711Rate, sampleRate);
      case codecId.pcma:
        return atRate(new G711Decoder('a'), g711Rate, sampleRate);
      case codecId.g722:
        return sampleRate === 8000
          ? new G722Decoder(8000)
          : atRate(new G722Decoder(16_000), 16_000, sampleRate);
      case codecId.opus:
        return this.#opus.acquire(sampleRate);
      case codecId.undecoded:
        return new UndecodedStream(sampleRate);
      default:
        return null;
    }
  }
}

function atRate(decoder: SpeechDecoder, own: number, wanted: RecordingRate): SpeechDecoder {
  return own === wanted ? decoder : new UpsampledDecoder(decoder, wanted / own);
}
