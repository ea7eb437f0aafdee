import { readdir, writeFile } from 'node:fs/promises';
import { MPEGDecoder } from 'mpg123-decoder';
import { afterEach, describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import { workerEncoders } from '../../src/recording/encoders.ts';
import type { Encoders } from '../../src/recording/ports.ts';
import type { SealResult } from '../../src/recording/protocol.ts';
import { recoverSpool } from '../../src/recording/recover.ts';
import { type Rig, type RigOptions, startRig } from './harness.ts';
import { payloadOf, rtp } from './rtp.ts';

const rigs: Rig[] = [];
const open = async (options: RigOptions = {}): Promise<Rig> => {
  const rig = await startRig(options);
  rigs.push(rig);
  return rig;
};

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});

async function prepare(rig: Rig, id: string, recording = 1): Promise<number> {
  rig.worker.receive({ type: 'prepare', recording, spec: rig.spec(id, { format: 'mp3' }) });
  await rig.event('prepared');
  const start = rig.time.now + 10;
  rig.time.to(start);
  rig.tap.mark(tapKind.begin, recording, 0, start as MonotonicMs);
  for (const channel of [0, 1] as const)
    rig.tap.mark(tapKind.formats, recording, channel, start as MonotonicMs, 0, Uint8Array.of(0, 1, 8));
  return start;
}

function talk(rig: Rig, start: number, packets: number, recording = 1): void {
  for (let i = 0; i < packets; i++) {
    const at = start + 20 * i;
    rig.time.to(at);
    for (const channel of [0, 1] as const) {
      const packet = rtp({
        sequence: i,
        timestamp: 160 * i,
        ssrc: 7 + channel,
        payload: payloadOf(i + 500 * channel),
      });
      rig.tap.packet(recording, channel, at as MonotonicMs, packet, packet.length);
    }
  }
}

function hangUp(rig: Rig, at: number, recording = 1): void {
  rig.time.to(at);
  rig.tap.mark(tapKind.end, recording, 0, at as MonotonicMs);
  rig.time.to(at + 100);
}

/** A call of three seconds and a bit. */
async function call(rig: Rig, id = 'a'): Promise<SealResult> {
  const start = await prepare(rig, id);
  talk(rig, start, 153);
  hangUp(rig, start + 3060);
  return (await rig.event('sealed')).result;
}

const real = workerEncoders();
const refused = (): Promise<never> => Promise.reject(new Error('no encoder'));

/** Refuses the first so many, then is as any other. */
function refusing(times: number): Encoders {
  let left = times;
  return {
    acquire: (shape) => {
      left -= 1;
      return left >= 0 ? refused() : real.acquire(shape);
    },
  };
}

/** What differs between two seals of the same bytes: each draws its own keys. */
function sealOf({ objectSha256, manifestSha256 }: SealResult): Partial<SealResult> {
  return { objectSha256, manifestSha256 };
}

async function decodedSamples(file: Uint8Array): Promise<number> {
  const decoder = new MPEGDecoder({ enableGapless: true });
  await decoder.ready;
  const { samplesDecoded } = decoder.decode(file);
  decoder.free();
  return samplesDecoded;
}

const files = async (rig: Rig): Promise<string[]> =>
  (await readdir(rig.spoolDirectory)).filter((name) => name !== 'storage');

describe('an MP3 that is made after its call', () => {
  it('is, byte for byte, the one that is made as the audio comes', async () => {
    const live = await open();
    const expected = await call(live);
    const later = await open({ encoders: refusing(1) });
    const result = await call(later);
    expect(result).toEqual({ ...expected, ...sealOf(result) });
    expect(result.format).toBe('mp3');
    expect(await later.open(result.objectKey)).toEqual(await live.open(expected.objectKey));
    expect(await files(later)).toEqual([]);
    later.worker.receive({ type: 'stats' });
    expect((await later.event('stats')).stats).toMatchObject({ encodedLater: 1, awaitingEncoder: 0 });
  });

  it('comes about although the encoder fails in the middle of the call', async () => {
    let first = true;
    const rig = await open({
      encoders: {
        async acquire(shape) {
          const encoder = await real.acquire(shape);
          if (!first) return encoder;
          first = false;
          let portions = 0;
          return {
            encode: (samples) => {
              portions += 1;
              if (portions > 4) throw new Error('out of memory');
              return encoder.encode(samples);
            },
            finish: () => encoder.finish(),
            progress: () => encoder.progress(),
            release: () => {
              encoder.release();
            },
          };
        },
      },
    });
    const result = await call(rig);
    expect(result).toMatchObject({ format: 'mp3', durationMs: 3060 });
    expect(await decodedSamples(await rig.open(result.objectKey))).toBe(3060 * 8);
  });

  it('is a WAV where there is no encoder at all, and its format says so', async () => {
    const rig = await open({ encoders: { acquire: refused } });
    const result = await call(rig);
    expect(result).toMatchObject({ format: 'wav', durationMs: 3060, objectKey: '2026/11/23/a.wav.age' });
    const wav = new wavefile.WaveFile(await rig.open(result.objectKey));
    const [left] = wav.getSamples(false, Int16Array) as unknown as Int16Array[];
    expect(left!.length).toBe(3060 * 8);
    expect(left!.some((sample) => sample !== 0)).toBe(true);
    expect(await files(rig)).toEqual([]);
  });
});

describe('a crash before the MP3 was made', () => {
  it('of a call that had ended: recovery makes the same file, over what the first attempt left', async () => {
    const expected = await call(await open());
    const held = await open({ encoders: heldAfter(1) });
    const start = await prepare(held, 'a');
    talk(held, start, 153);
    hangUp(held, start + 3060);
    await spoolIsWhole(held);
    held.worker.close();
    await writeFile(`${held.spoolDirectory}/a.spool.encoding`, 'half an encoding');
    const { spoolSecret, recipient } = held.spec('a');
    const deps = { ...held.sealDeps, encoders: real };
    const recovery = await recoverSpool(`${held.spoolDirectory}/a.spool`, spoolSecret, recipient, deps);
    expect(recovery).toMatchObject({ outcome: 'sealed', complete: true });
    const { result } = recovery as { result: SealResult };
    expect(result).toEqual({ ...expected, ...sealOf(result) });
    expect(await files(held)).toEqual([]);
  });

  it('in mid-call: all that was spooled becomes an MP3 of just that length', async () => {
    const rig = await open({ encoders: refusing(1) });
    const start = await prepare(rig, 'a');
    talk(rig, start, 150);
    rig.worker.receive({ type: 'abandon', recording: 1, reason: 'media-lost' });
    await rig.event('failed');
    const { spoolSecret, recipient } = rig.spec('a');
    rig.worker.receive({ type: 'recover', job: 5, recordingId: 'a', spoolSecret, recipient });
    const { job, recovery } = await rig.event('recovered');
    expect(job).toBe(5);
    expect(recovery).toMatchObject({ outcome: 'sealed', complete: false, result: { format: 'mp3' } });
    const { result } = recovery as { result: SealResult };
    expect(result.durationMs).toBeGreaterThanOrEqual(2500);
    expect(await decodedSamples(await rig.open(result.objectKey))).toBe(result.durationMs * 8);
    expect(await files(rig)).toEqual([]);
  });
});

/** Refuses the first so many, then keeps everyone waiting. */
function heldAfter(times: number): Encoders {
  let left = times;
  return {
    acquire: () => {
      left -= 1;
      return left >= 0 ? refused() : new Promise(() => undefined);
    },
  };
}

/** The worker closes the spool before it asks for an encoder. */
async function spoolIsWhole(rig: Rig): Promise<void> {
  for (;;) {
    rig.worker.receive({ type: 'stats' });
    if ((await rig.event('stats')).stats.awaitingEncoder === 1) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('under load', () => {
  /** Each portion takes so much of the worker's time, by its own clock. */
  function slow(rig: () => Rig, portionMs: number): Encoders {
    return {
      async acquire(shape) {
        const encoder = await real.acquire(shape);
        return {
          encode: (samples) => {
            rig().time.now += portionMs;
            return encoder.encode(samples);
          },
          finish: () => encoder.finish(),
          progress: () => encoder.progress(),
          release: () => {
            encoder.release();
          },
        };
      },
    };
  }

  /** Lets time pass, and the disk work, until so many events of a type have come. */
  async function pump(rig: Rig, type: string, count = 1): Promise<void> {
    while (rig.events.filter((event) => event.type === type).length < count) {
      rig.time.to(rig.time.now + 20);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('encoders give way, said once; new recordings begin without; all are complete; it ends in calm', async () => {
    let rig: Rig | null = null;
    // Four encoders of 110 ms a portion of 500: nine tenths of the worker's time.
    rig = await open({ encoders: slow(() => rig!, 110) });
    const starts: number[] = [];
    for (const recording of [1, 2, 3, 4]) {
      rig.worker.receive({ type: 'prepare', recording, spec: rig.spec(`r${recording}`, { format: 'mp3' }) });
      await rig.event('prepared');
    }
    for (const recording of [1, 2, 3, 4]) {
      starts.push(rig.time.now + 10);
      rig.tap.mark(tapKind.begin, recording, 0, starts.at(-1) as MonotonicMs);
    }
    await pump(rig, 'encoding');
    expect(await rig.event('encoding')).toEqual({ type: 'encoding', deferred: true });
    rig.time.to(rig.time.now + 10_000);
    const end = rig.time.now;
    for (const recording of [1, 2, 3, 4]) rig.tap.mark(tapKind.end, recording, 0, end as MonotonicMs);
    await pump(rig, 'sealed', 4);
    for (let i = 0; i < 4; i++) {
      const { result } = await rig.event('sealed');
      expect(result.format).toBe('mp3');
      expect(result.durationMs).toBeGreaterThan(10_000);
      expect(
        Math.abs((await decodedSamples(await rig.open(result.objectKey))) / 8 - result.durationMs),
      ).toBeLessThan(1);
    }
    await pump(rig, 'encoding', 2);
    expect(await rig.event('encoding')).toEqual({ type: 'encoding', deferred: false });
    rig.worker.receive({ type: 'stats' });
    const { encodedLater, encodingDeferred } = (await rig.event('stats')).stats;
    expect(encodedLater).toBeGreaterThan(0);
    expect(encodedLater).toBeLessThanOrEqual(4);
    expect(encodingDeferred).toBe(false);
  });
});
