import { createDecoder, type OpusDecoderHandle } from 'libopus-wasm';
import { opusPacketTicks, opusRedundantTicks } from './opus-packet.ts';
import type { RecordingRate } from './recording-rate.ts';
import type { SpeechDecoder } from './speech-decoder.ts';

/** RFC 7587 §4.1: the RTP clock of Opus, whatever it was sampled at. */
const opusClockRate = 48_000;
/** libopus bridges gaps in multiples of 2.5 ms, up to 120 ms at once. */
const grainMs = 2.5;
const longestMs = 120;
/** Decoders made ahead for each rate in use, since making one is asynchronous and a packet does not wait. */
const spareLimit = 4;

/** Makes libopus's decoders of one thread; each serves one stream and then frees its memory. */
export class OpusDecoders {
  readonly #spares = new Map<RecordingRate, OpusDecoderHandle[]>();
  readonly #filling = new Map<RecordingRate, Promise<void>>();

  /** Resolves once a few decoders at this rate are at hand. */
  async ready(sampleRate: RecordingRate): Promise<void> {
    const filling = this.#filling.get(sampleRate) ?? this.#fill(sampleRate);
    this.#filling.set(sampleRate, filling);
    try {
      await filling;
    } finally {
      this.#filling.delete(sampleRate);
    }
  }

  async #fill(sampleRate: RecordingRate): Promise<void> {
    const spares = this.#spares.get(sampleRate) ?? [];
    this.#spares.set(sampleRate, spares);
    while (spares.length < spareLimit) spares.push(await createDecoder({ channels: 1, sampleRate }));
  }

  /** Null: none is at hand at this moment; the next packet may ask again. */
  acquire(sampleRate: RecordingRate): SpeechDecoder | null {
    const handle = this.take(sampleRate);
    return handle === null ? null : new OpusDecoder(handle, sampleRate, this);
  }

  take(sampleRate: RecordingRate): OpusDecoderHandle | null {
    const handle = this.#spares.get(sampleRate)?.pop() ?? null;
    // Where the memory for more is not to be had, there are none.
    this.ready(sampleRate).catch(() => undefined);
    return handle;
  }
}

/** Opus (RFC 6716) by libopus, mixed to mono and straight at the recording's rate. */
class OpusDecoder implements SpeechDecoder {
  readonly pending = 0;
  readonly #sampleRate: RecordingRate;
  readonly #decoders: OpusDecoders;
  readonly #ticksPerSample: number;
  readonly #grain: number;
  readonly #longest: number;
  readonly #options = { decodeFec: false, frameSize: 0 };
  #handle: OpusDecoderHandle;
  #isFresh = true;

  constructor(handle: OpusDecoderHandle, sampleRate: RecordingRate, decoders: OpusDecoders) {
    this.#handle = handle;
    this.#sampleRate = sampleRate;
    this.#decoders = decoders;
    this.#ticksPerSample = opusClockRate / sampleRate;
    this.#grain = (grainMs * sampleRate) / 1000;
    this.#longest = (longestMs * sampleRate) / 1000;
  }

  samplesIn(bytes: Uint8Array, from: number, length: number): number {
    return opusPacketTicks(bytes, from, length) / this.#ticksPerSample;
  }

  decode(bytes: Uint8Array, from: number, length: number, target: Int16Array): number {
    return this.#run(bytes.subarray(from, from + length), false, 0, target);
  }

  redundantIn(bytes: Uint8Array, from: number, length: number): number {
    return opusRedundantTicks(bytes, from, length) / this.#ticksPerSample;
  }

  recover(bytes: Uint8Array, from: number, length: number, count: number, target: Int16Array): number {
    return this.#bridge(bytes.subarray(from, from + length), count, target);
  }

  conceal(count: number, target: Int16Array): number {
    return this.#bridge(null, count, target);
  }

  drain(): number {
    return 0;
  }

  /** libopus-wasm cannot reset a decoder, so another takes its place. */
  reset(): void {
    if (this.#isFresh) return;
    const fresh = this.#decoders.take(this.#sampleRate);
    if (fresh === null) return;
    this.#handle.free();
    this.#handle = fresh;
    this.#isFresh = true;
  }

  release(): void {
    this.#handle.free();
  }

  #bridge(packet: Uint8Array | null, count: number, target: Int16Array): number {
    const whole = Math.min(this.#longest, count - (count % this.#grain));
    return whole === 0 ? 0 : Math.max(0, this.#run(packet, packet !== null, whole, target));
  }

  /** libopus throws on what is no Opus; that costs the packet. */
  #run(packet: Uint8Array | null, decodeFec: boolean, frameSize: number, target: Int16Array): number {
    this.#isFresh = false;
    this.#options.decodeFec = decodeFec;
    this.#options.frameSize = frameSize;
    try {
      const samples = this.#handle.decode(packet, this.#options);
      target.set(samples);
      return samples.length;
    } catch {
      return -1;
    }
  }
}
