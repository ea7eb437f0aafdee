import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createEncoder } from 'wasm-media-encoders';
import type { AudioEncoder, AudioShape, EncodedProgress } from './audio-encoder.ts';
import { crc16 } from './mp3-crc.ts';
import { readMp3Frame } from './mp3-frame.ts';
import { decoderDelay, lameDelay } from './mp3-info-tag.ts';

type WasmEncoder = Awaited<ReturnType<typeof createEncoder<'audio/mpeg'>>>;

/** Encoders kept for the next recording: making one costs 4-20 ms and books 16 MB, configuring one 3 ms. */
const idleLimit = 32;
const frameHeaderBytes = 4;
/** The encoder's own buffers grow with what it is given at once: a frame of the highest rate is enough. */
const samplesAtOnce = 1152;
/** A thread fills them for one encoder at a time. */
const floats = [new Float32Array(samplesAtOnce), new Float32Array(samplesAtOnce)];

/** kbit/s a channel. At 8 kHz 24 give 18 dB of signal to noise a voice (16 give 14); more bandwidth takes more. */
const channelBitrates: Readonly<Record<Mp3Rate, 24 | 32 | 64>> = { 8000: 24, 16000: 32, 48000: 64 };

export function mp3Bitrate({ channels, sampleRate }: AudioShape): 24 | 32 | 48 | 64 | 128 {
  const mono = channelBitrates[mp3OutputRate(sampleRate)];
  return channels === 1 ? mono : ({ 24: 48, 32: 64, 64: 128 } as const)[mono];
}

/** A pool of LAME encoders in WebAssembly; each serves one recording at a time. */
export interface Mp3EncoderPool {
  acquire(shape: AudioShape): Promise<AudioEncoder>;
}

export async function mp3EncoderPool(): Promise<Mp3EncoderPool> {
  // A file of its own, not the copy inside the package's script: LAME is LGPL, and must be replaceable.
  const path = createRequire(import.meta.url).resolve('wasm-media-encoders/wasm/mp3');
  const bytes = await readFile(path);
  // A compiled module, which the package takes too; TypeScript's ES library has no name for it.
  let compiled: unknown = bytes;
  const first = await createEncoder('audio/mpeg', bytes, (module: unknown) => {
    compiled = module;
  });
  const idle: WasmEncoder[] = [first];
  return {
    async acquire(shape) {
      const encoder = idle.pop() ?? (await createEncoder('audio/mpeg', compiled as Uint8Array));
      encoder.configure({
        channels: shape.channels,
        sampleRate: shape.sampleRate,
        outputSampleRate: mp3OutputRate(shape.sampleRate),
        bitrate: mp3Bitrate(shape),
      });
      return new Mp3Encoder(encoder, shape, () => {
        if (idle.length < idleLimit) idle.push(encoder);
      });
    },
  };
}

type Mp3Rate = 8000 | 16000 | 48000;

function mp3OutputRate(sampleRate: number): Mp3Rate {
  if (sampleRate === 8000 || sampleRate === 16000 || sampleRate === 48000) return sampleRate;
  throw new RangeError(`no MP3 at ${sampleRate} Hz`);
}

class Mp3Encoder implements AudioEncoder {
  readonly #encoder: WasmEncoder;
  readonly #channels: number;
  readonly #release: () => void;
  readonly #walk = new FrameWalk();
  #samples = 0;

  constructor(encoder: WasmEncoder, shape: AudioShape, release: () => void) {
    this.#encoder = encoder;
    this.#channels = shape.channels;
    this.#release = release;
  }

  encode(samples: Int16Array): Uint8Array {
    const step = samplesAtOnce * this.#channels;
    const parts: Uint8Array[] = [];
    // The encoder lends what it gives until the next call.
    for (let from = 0; from < samples.length; from += step)
      parts.push(Uint8Array.from(this.#encodePart(samples.subarray(from, from + step))));
    this.#samples += samples.length / this.#channels;
    return this.#walked(Buffer.concat(parts));
  }

  #encodePart(samples: Int16Array): Uint8Array {
    const count = samples.length / this.#channels;
    const inputs = floats.slice(0, this.#channels).map((input) => input.subarray(0, count));
    for (const [channel, input] of inputs.entries()) {
      for (let i = 0, from = channel; i < count; i++, from += this.#channels)
        input[i] = (samples[from] as number) / 32768;
    }
    return this.#encoder.encode(inputs);
  }

  finish(): Uint8Array {
    return this.#walked(this.#encoder.finalize());
  }

  progress(): EncodedProgress {
    const { frames, bytes, crc, frameSamples } = this.#walk;
    const given = Math.max(0, frames * frameSamples - lameDelay - decoderDelay);
    return { samples: this.#samples, decodable: Math.min(this.#samples, given), bytes, frames, crc };
  }

  release(): void {
    this.#release();
  }

  #walked(bytes: Uint8Array): Uint8Array {
    this.#walk.add(bytes);
    return bytes;
  }
}

/** Follows the frames through an encoder's output, which may end in the middle of one (bit reservoir). */
class FrameWalk {
  frames = 0;
  bytes = 0;
  crc = 0;
  frameSamples = 576;
  /** The frame that is not whole yet. */
  #part = Buffer.alloc(0);

  add(output: Uint8Array): void {
    const bytes = this.#part.length === 0 ? output : Buffer.concat([this.#part, output]);
    let at = 0;
    while (at + frameHeaderBytes <= bytes.length) {
      const frame = readMp3Frame(bytes, at);
      if (frame === null) throw new Error('the MP3 encoder wrote something that is no frame');
      if (at + frame.bytes > bytes.length) break;
      at += frame.bytes;
      this.frames += 1;
      this.frameSamples = frame.samples;
    }
    this.crc = crc16(this.crc, bytes, 0, at);
    this.bytes += at;
    this.#part = Buffer.from(bytes.subarray(at));
  }
}
