import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { MPEGDecoder } from 'mpg123-decoder';
import { createEncoder } from 'wasm-media-encoders';
import type { ConversionJob } from './conversion-job.ts';

/** Turns a stream of one format into another. What it gives is the caller's. */
export interface Transcoder {
  /** *Borrows* the bytes until return. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  end(): Uint8Array<ArrayBuffer>;
}

export function createTranscoder(job: ConversionJob): Promise<Transcoder> {
  return job.kind === 'wav-to-mp3' ? mp3Encoder(job) : mp3Decoder(job);
}

/** LAME is a file of its own beside the package, so that its licence (LGPL) can be exercised. */
function lame(): Uint8Array {
  return readFileSync(createRequire(import.meta.url).resolve('wasm-media-encoders/wasm/mp3'));
}

async function mp3Encoder({
  sampleRate,
  channels,
  bitrateKbps,
}: Extract<ConversionJob, { kind: 'wav-to-mp3' }>): Promise<Transcoder> {
  const encoder = await createEncoder('audio/mpeg', lame());
  type Bitrate = NonNullable<Parameters<typeof encoder.configure>[0]['bitrate']>;
  const rates = { sampleRate, outputSampleRate: sampleRate as 8000 };
  encoder.configure({ ...rates, channels, bitrate: bitrateKbps as Bitrate });
  const blockBytes = channels * 2;
  let rest: Uint8Array = new Uint8Array(0);
  return {
    push(bytes) {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const whole = all.length - (all.length % blockBytes);
      rest = all.slice(whole);
      return Uint8Array.from(encoder.encode(deinterleave(all, whole / blockBytes, channels)));
    },
    end: () => Uint8Array.from(encoder.finalize()),
  };
}

function deinterleave(bytes: Uint8Array, samples: number, channels: 1 | 2): Float32Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const planes = Array.from({ length: channels }, () => new Float32Array(samples));
  planes.forEach((plane, channel) => {
    for (let i = 0; i < samples; i++) plane[i] = view.getInt16((i * channels + channel) * 2, true) / 32_768;
  });
  return planes;
}

async function mp3Decoder(job: Extract<ConversionJob, { kind: 'mp3-to-wav' }>): Promise<Transcoder> {
  // The tag is not fed, and the delay is in `skip`.
  const decoder = new MPEGDecoder({ enableGapless: false });
  await decoder.ready;
  let { skip, take } = job;
  return {
    push(bytes) {
      const { channelData, samplesDecoded } = decoder.decode(bytes);
      const from = Math.min(skip, samplesDecoded);
      const count = Math.min(take, samplesDecoded - from);
      skip -= from;
      take -= count;
      return interleave(channelData, from, count, job.channels);
    },
    end() {
      decoder.free();
      return new Uint8Array(0);
    },
  };
}

/** A mono file is decoded into two equal planes: only as many as the file has are used. */
function interleave(
  planes: readonly Float32Array[],
  from: number,
  count: number,
  channels: 1 | 2,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count * channels * 2);
  const view = new DataView(bytes.buffer);
  for (let channel = 0; channel < channels; channel++) {
    const plane = planes[channel];
    for (let i = 0; i < count; i++) {
      const sample = Math.round((plane?.[from + i] ?? 0) * 32_768);
      view.setInt16((i * channels + channel) * 2, Math.max(-32_768, Math.min(32_767, sample)), true);
    }
  }
  return bytes;
}
