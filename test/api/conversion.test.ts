import { MessageChannel } from 'node:worker_threads';
import { MPEGDecoder } from 'mpg123-decoder';
import wavefile from 'wavefile';
import { describe, expect, it } from 'vitest';
import type { ConversionJob, FromConversion, ToConversion } from '../../src/api/convert/conversion-job.ts';
import { runConversion } from '../../src/api/convert/conversion-loop.ts';
import { createThreadedConverter } from '../../src/api/convert/threaded-converter.ts';
import type { ConversionWorker } from '../../src/api/convert/conversion-thread.ts';
import type { AudioForm, OpenAudio } from '../../src/api/ports.ts';
import { openAudio, recordingOf } from './api-fixture.ts';

/** The thread's own loop behind a real message channel, in this thread. */
function inProcess(job: ConversionJob): ConversionWorker {
  const { port1, port2 } = new MessageChannel();
  runConversion(port2, job);
  return {
    postMessage: (message: ToConversion) => {
      port1.postMessage(message);
    },
    on: (event: string, listener: (value: never) => void) => {
      if (event === 'message')
        port1.on('message', (value: FromConversion) => {
          listener(value as never);
        });
    },
    terminate: () => {
      port1.close();
    },
  };
}

const converter = createThreadedConverter({ spawn: inProcess });

/** A tone a channel, so that channels and time can be told apart. */
function tones(sampleRate: number, channels: 1 | 2, samples: number): Int16Array[] {
  return Array.from({ length: channels }, (_, channel) =>
    Int16Array.from({ length: samples }, (_value, i) =>
      Math.round(9000 * Math.sin((2 * Math.PI * (channel === 0 ? 440 : 700) * i) / sampleRate)),
    ),
  );
}

function wavOf(
  sampleRate: number,
  channels: 1 | 2,
  samples: number,
): { file: Uint8Array; planes: Int16Array[] } {
  const planes = tones(sampleRate, channels, samples);
  const wav = new wavefile.WaveFile();
  wav.fromScratch(channels, sampleRate, '16', channels === 1 ? planes[0]! : planes);
  return { file: wav.toBuffer(), planes };
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function convert(kept: OpenAudio, to: 'wav' | 'mp3'): Promise<{ form: AudioForm; bytes: Buffer }> {
  const conversion = await converter.convert(recordingOf(), kept, to);
  if (!conversion.ok) throw new Error(conversion.error);
  const { form, release } = conversion.value;
  const bytes = await gather(form.read(0, form.size));
  release();
  return { form, bytes };
}

function planesOf(wav: Buffer): Float64Array[] {
  const read = new wavefile.WaveFile(wav);
  const samples = read.getSamples(false) as unknown as Float64Array | Float64Array[];
  return Array.isArray(samples) ? samples : [samples];
}

/** dB of the signal over what was added to it; LAME scales by 0.95, which is fitted away. */
function snr(wanted: Int16Array, got: Float64Array): number {
  let cross = 0;
  let own = 0;
  for (let i = 0; i < wanted.length; i++) {
    cross += wanted[i]! * got[i]!;
    own += wanted[i]! * wanted[i]!;
  }
  const gain = cross / own;
  let noise = 0;
  for (let i = 0; i < wanted.length; i++) noise += (got[i]! - gain * wanted[i]!) ** 2;
  return 10 * Math.log10((gain * gain * own) / noise);
}

describe('WAV to MP3 and back', () => {
  it.each([
    [8000, 1, 40_000],
    [8000, 2, 40_001],
    [16_000, 1, 40_000],
    [16_000, 2, 33_333],
    [48_000, 2, 100_001],
  ] as const)(
    '%i Hz, %i channels, %i samples: exact length, right channels, no shift',
    async (rate, channels, samples) => {
      const { file, planes } = wavOf(rate, channels, samples);
      const mp3 = await convert(openAudio(file), 'mp3');
      expect(mp3.bytes.length).toBe(mp3.form.size);
      expect(mp3.form).toMatchObject({ contentType: 'audio/mpeg', ranges: false });

      // mpg123 reads our Info tag and cuts the delay by itself: the length is then exact to the sample.
      const decoder = new MPEGDecoder({ enableGapless: true });
      await decoder.ready;
      const decoded = decoder.decode(mp3.bytes);
      expect(decoded.errors).toEqual([]);
      expect([decoded.samplesDecoded, decoded.sampleRate]).toEqual([samples, rate]);
      decoder.free();

      const wav = await convert(openAudio(mp3.bytes, 'audio/mpeg'), 'wav');
      expect(wav.bytes.length).toBe(44 + samples * channels * 2);
      expect(wav.form.size).toBe(wav.bytes.length);
      planesOf(wav.bytes).forEach((plane, channel) => {
        expect(plane.length).toBe(samples);
        expect(snr(planes[channel]!, plane)).toBeGreaterThan(20);
      });
    },
  );

  it.each([0, 1, 575, 576, 577, 1151, 1152, 1153])('%i samples', async (samples) => {
    const mp3 = await convert(openAudio(wavOf(8000, 2, samples).file), 'mp3');
    expect(mp3.bytes.length).toBe(mp3.form.size);
    const wav = await convert(openAudio(mp3.bytes, 'audio/mpeg'), 'wav');
    expect(wav.bytes.length).toBe(44 + samples * 4);
  });

  it('any part of MP3 to WAV is the same bytes as that part of the whole', async () => {
    const mp3 = await convert(openAudio(wavOf(8000, 2, 200_000).file), 'mp3');
    const kept = openAudio(mp3.bytes, 'audio/mpeg', 777);
    const whole = (await convert(kept, 'wav')).bytes;
    const planned = await converter.plan(recordingOf(), kept, 'wav');
    if (!planned.ok) throw new Error(planned.error);
    expect(planned.value.ranges).toBe(true);
    const end = whole.length;
    // The first sample of the decoder's frame 160, a multiple of 8: nothing before it but the warm-up.
    const frame160 = 44 + (160 * 576 - 1105) * 4;
    const cuts: [number, number][] = [
      [frame160, frame160 + 4000],
      [0, 10],
      [0, 44],
      [40, 50],
      [44, 45],
      [45, 47],
      [100_001, 100_002],
      [123_457, 200_003],
      [end - 1, end],
      [end - 5000, end],
      [400_000, 500_001],
    ];
    for (const [from, to] of cuts) {
      const part = await gather(planned.value.read(from, to));
      expect(part.equals(whole.subarray(from, to)), `${from}-${to}`).toBe(true);
    }
  });

  it('a part in the middle of an hour is decoded without what comes before it', async () => {
    const mp3 = (await convert(openAudio(wavOf(8000, 1, 80_000).file), 'mp3')).bytes;
    let fed = 0;
    const counted: OpenAudio = {
      ...openAudio(mp3),
      read: (start, end) => {
        if (start > 0) fed += end - start;
        return openAudio(mp3).read(start, end);
      },
    };
    const planned = await converter.plan(recordingOf(), counted, 'wav');
    if (!planned.ok) throw new Error(planned.error);
    await gather(planned.value.read(100_000, 100_100));
    expect(fed).toBeLessThan(30 * 216);
  });
});

describe('G.711 in a WAV file', () => {
  const companded = (law: 'alaw' | 'mulaw', channels: 1 | 2, samples: number) => {
    const { file, planes } = wavOf(8000, channels, samples);
    const wav = new wavefile.WaveFile(file);
    if (law === 'alaw') wav.toALaw();
    else wav.toMuLaw();
    return { file: wav.toBuffer(), planes };
  };

  it.each([
    ['alaw', 1],
    ['mulaw', 2],
  ] as const)(
    '%s, %i channels, to linear WAV: each octet its sample, any part by itself',
    async (law, channels) => {
      const { file } = companded(law, channels, 30_000);
      const { form, bytes } = await convert(openAudio(file, 'audio/wav', 777), 'wav');
      expect(form).toMatchObject({ contentType: 'audio/wav', kind: 'wav', ranges: true, size: bytes.length });
      const expected = new wavefile.WaveFile(file);
      if (law === 'alaw') expected.fromALaw();
      else expected.fromMuLaw();
      expect(planesOf(bytes)).toEqual(planesOf(Buffer.from(expected.toBuffer())));
      for (const [from, to] of [
        [0, 44],
        [43, 46],
        [45, 46],
        [10_001, 20_000],
        [bytes.length - 3, bytes.length],
      ] as const)
        expect((await gather(form.read(from, to))).equals(bytes.subarray(from, to)), `${from}-${to}`).toBe(
          true,
        );
    },
  );

  it('to MP3: the exact length, and the same sound', async () => {
    const { file, planes } = companded('mulaw', 2, 33_334);
    const mp3 = await convert(openAudio(file), 'mp3');
    expect(mp3.bytes.length).toBe(mp3.form.size);
    const back = await convert(openAudio(mp3.bytes, 'audio/mpeg'), 'wav');
    planesOf(back.bytes).forEach((plane, channel) => {
      expect(plane.length).toBe(33_334);
      expect(snr(planes[channel]!, plane)).toBeGreaterThan(20);
    });
  });

  it('linear WAV to WAV is no conversion', async () => {
    const refused = await converter.convert(recordingOf(), openAudio(wavOf(8000, 1, 100).file), 'wav');
    expect(refused).toEqual({ ok: false, error: 'unsupported' });
  });
});

describe('what cannot be converted', () => {
  const mp3Silence = Buffer.alloc(2000);
  it.each<[string, Uint8Array, 'wav' | 'mp3']>([
    ['an empty file', new Uint8Array(0), 'mp3'],
    ['text', Buffer.from('not a recording at all'), 'mp3'],
    ['a WAV of 24 bits', wav24(), 'mp3'],
    ['a WAV at a rate without whole frames', wavOf(44_100, 1, 1000).file, 'mp3'],
    ['zeros as MP3', mp3Silence, 'wav'],
    ['an MP3 without a tag', Uint8Array.from([0xff, 0xe3, 0x48, 0xc0, ...new Uint8Array(500)]), 'wav'],
  ])('%s: unsupported, and its place is free again', async (_name, bytes, to) => {
    for (let i = 0; i < 3; i++) {
      const refused = await converter.convert(recordingOf(), openAudio(bytes), to);
      expect(refused).toEqual({ ok: false, error: 'unsupported' });
    }
  });
});

function wav24(): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, 8000, '24', [1, 2, 3]);
  return wav.toBuffer();
}

describe('two at once', () => {
  const { file } = wavOf(8000, 1, 8000);
  it('the third is refused until one is given back, once', async () => {
    const own = createThreadedConverter({ spawn: inProcess });
    const take = () => own.convert(recordingOf(), openAudio(file), 'mp3');
    const [first, second, third] = [await take(), await take(), await take()];
    expect(third).toEqual({ ok: false, error: 'busy' });
    if (!first.ok || !second.ok) throw new Error('not taken');
    first.value.release();
    first.value.release();
    expect((await take()).ok).toBe(true);
    expect((await take()).ok).toBe(false);
  });

  it('a source that fails while its head is read gives its place back', async () => {
    const own = createThreadedConverter({ spawn: inProcess, most: 1 });
    const broken: OpenAudio = {
      ...openAudio(file),
      // eslint-disable-next-line @typescript-eslint/require-await -- fails before the first chunk
      async *read() {
        throw new Error('tampered');
      },
    };
    await expect(own.convert(recordingOf(), broken, 'mp3')).rejects.toThrow('tampered');
    expect((await own.convert(recordingOf(), openAudio(file), 'mp3')).ok).toBe(true);
  });
});

describe('a conversion thread that fails', () => {
  const { file } = wavOf(8000, 1, 80_000);
  const rows: [string, (on: Record<string, (v: never) => void>) => void][] = [
    ['dies', (on) => on['exit']?.(1 as never)],
    ['throws', (on) => on['error']?.(new Error('out of memory') as never)],
    ['says so', (on) => on['message']?.({ type: 'failed', reason: 'x' } as never)],
  ];
  it.each(rows)('%s: the stream fails', async (_how, act) => {
    const on: Record<string, (v: never) => void> = {};
    let terminated = 0;
    const own = createThreadedConverter({
      spawn: () => ({
        postMessage: () => {
          setImmediate(() => {
            act(on);
          });
        },
        on: (event: string, listener: (v: never) => void) => {
          on[event] = listener;
        },
        terminate: () => {
          terminated += 1;
        },
      }),
    });
    const conversion = await own.convert(recordingOf(), openAudio(file), 'mp3');
    if (!conversion.ok) throw new Error(conversion.error);
    await expect(gather(conversion.value.form.read(0, conversion.value.form.size))).rejects.toThrow();
    conversion.value.release();
    expect(terminated).toBeLessThanOrEqual(1);
  });

  it('that never answers is ended after its time', async () => {
    const runs: (() => void)[] = [];
    let terminated = 0;
    const own = createThreadedConverter({
      spawn: () => ({
        postMessage: () => undefined,
        on: () => undefined,
        terminate: () => {
          terminated += 1;
        },
      }),
      schedule: (_ms, run) => {
        runs.push(run);
        setImmediate(run);
        return () => undefined;
      },
    });
    const conversion = await own.convert(recordingOf(), openAudio(file), 'mp3');
    if (!conversion.ok) throw new Error(conversion.error);
    await expect(gather(conversion.value.form.read(0, conversion.value.form.size))).rejects.toThrow(
      'took too long',
    );
    expect(terminated).toBe(1);
  });
});
