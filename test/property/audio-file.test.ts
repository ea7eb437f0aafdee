import fc from 'fast-check';
import { MPEGDecoder } from 'mpg123-decoder';
import { beforeAll, describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import type { AudioEncoder, AudioShape } from '../../src/audio/audio-encoder.ts';
import { audioFileEnds } from '../../src/audio/audio-file.ts';
import { type AudioFormat, bytesPerSample, wavCodingOf } from '../../src/audio/audio-format.ts';
import type { AudioTags } from '../../src/audio/audio-tags.ts';
import { type Mp3EncoderPool, mp3EncoderPool } from '../../src/audio/mp3-encoder.ts';
import { wavEncoder } from '../../src/audio/wav-encoder.ts';

interface History {
  readonly shape: AudioShape;
  /** Samples a channel, a portion each. */
  readonly portions: readonly number[];
  /** Whether the encoder gives what it kept to itself, or died. */
  readonly finished: boolean;
  readonly tags: AudioTags | null;
}

const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 50 }));
const tags: fc.Arbitrary<AudioTags | null> = fc.option(
  fc.record({
    recordingId: fc.uuid(),
    callId: text,
    startedAt: fc
      .date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true })
      .map((at) => at.toISOString()),
    parties: fc.option(fc.record({ caller: text, callee: text })),
  }),
);
const history: fc.Arbitrary<History> = fc.record({
  shape: fc.record({
    channels: fc.constantFrom(1 as const, 2 as const),
    sampleRate: fc.constantFrom(8000, 16_000, 48_000),
  }),
  portions: fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 12 }),
  finished: fc.boolean(),
  tags,
});

/** Everything that is written of a history, and the head and tail that its progress gives. */
function written(format: AudioFormat, encoder: AudioEncoder, { shape, portions, finished, tags }: History) {
  const parts: Buffer[] = [];
  let said = 0;
  for (const portion of portions) {
    const samples = Int16Array.from(
      { length: portion * shape.channels },
      () => ((said++ * 7919) % 20_000) - 10_000,
    );
    parts.push(Buffer.from(encoder.encode(samples)));
  }
  if (finished) parts.push(Buffer.from(encoder.finish()));
  const progress = encoder.progress();
  encoder.release();
  const body = Buffer.concat(parts).subarray(0, progress.bytes);
  const { head, tail } = audioFileEnds(format, shape, progress, tags);
  const samples = portions.reduce((sum, portion) => sum + portion, 0);
  return { file: Buffer.concat([head, body, tail]), body, head, progress, samples };
}

let mp3: Mp3EncoderPool;
beforeAll(async () => {
  mp3 = await mp3EncoderPool();
});

describe('whatever was encoded and wherever it was cut, the head agrees with the bytes', () => {
  it.each(['wav', 'wav-alaw', 'wav-mulaw'] as const)('of a file of format %s', (format) => {
    const coding = wavCodingOf(format)!;
    fc.assert(
      fc.property(history, (h) => {
        const { file, body, head, progress, samples } = written(format, wavEncoder(h.shape, coding), h);
        expect(progress).toMatchObject({ samples, decodable: samples, bytes: body.length });
        expect(body.length).toBe(samples * h.shape.channels * bytesPerSample(coding));
        const wav = new wavefile.WaveFile(file);
        expect((wav as unknown as { chunkSize: number }).chunkSize).toBe(file.length - 8);
        expect((wav.data as { chunkSize: number }).chunkSize).toBe(body.length);
        expect(wav.fmt).toMatchObject({ numChannels: h.shape.channels, sampleRate: h.shape.sampleRate });
        expect(head.length % 2).toBe(0);
        expect(file.length % 2).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('of an MP3', async () => {
    const decoder = new MPEGDecoder({ enableGapless: true });
    await decoder.ready;
    await fc.assert(
      fc.asyncProperty(history, async (h) => {
        const { file, progress, samples } = written('mp3', await mp3.acquire(h.shape), h);
        expect(progress.samples).toBe(samples);
        if (h.finished) expect(progress.decodable).toBe(samples);
        await decoder.reset();
        const { samplesDecoded, errors } = decoder.decode(file);
        expect(errors).toEqual([]);
        expect(samplesDecoded).toBe(progress.decodable);
      }),
      { numRuns: 40 },
    );
    decoder.free();
  });
});
