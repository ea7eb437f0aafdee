import { MPEGDecoder } from 'mpg123-decoder';
import { bytesPerSample, type WavCoding } from '../../audio/audio-format.ts';
import { linearSamples } from '../../audio/linear-samples.ts';
import { mp3EncoderPool } from '../../audio/mp3-encoder.ts';
import type { ConversionJob } from './conversion-job.ts';

/** Turns a stream of one format into another. What it gives is the caller's. */
export interface Transcoder {
  /** *Borrows* the bytes until return. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  end(): Uint8Array<ArrayBuffer>;
}

export function createTranscoder(job: ConversionJob): Promise<Transcoder> {
  switch (job.kind) {
    case 'wav-to-mp3':
      return mp3Encoder(job);
    case 'wav-to-linear':
      return Promise.resolve(expander(job.coding));
    case 'mp3-to-wav':
      return mp3Decoder(job);
  }
}

async function mp3Encoder(shape: Extract<ConversionJob, { kind: 'wav-to-mp3' }>): Promise<Transcoder> {
  const encoder = await (await mp3EncoderPool()).acquire(shape);
  const blockBytes = shape.channels * bytesPerSample(shape.coding);
  let rest: Uint8Array = new Uint8Array(0);
  return {
    push(bytes) {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const whole = all.length - (all.length % blockBytes);
      rest = all.slice(whole);
      return Uint8Array.from(encoder.encode(linearSamples(all.subarray(0, whole), shape.coding)));
    },
    end: () => Uint8Array.from(encoder.finish()),
  };
}

function expander(coding: WavCoding): Transcoder {
  return {
    push(bytes) {
      const samples = linearSamples(bytes, coding);
      const linear = new Uint8Array(2 * samples.length);
      const view = new DataView(linear.buffer);
      for (const [i, sample] of samples.entries()) view.setInt16(2 * i, sample, true);
      return linear;
    },
    end: () => new Uint8Array(0),
  };
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
