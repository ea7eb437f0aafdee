import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { MPEGDecoder } from 'mpg123-decoder';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import wavefile from 'wavefile';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import type { Peaks } from '../../src/recording/peaks.ts';
import type { RecordingSpec, SealResult } from '../../src/recording/protocol.ts';
import { listSpools, recoverSpool } from '../../src/recording/recover.ts';
import { systemSpoolDisk } from '../../src/recording/spool-disk.ts';
import { type Rig, startRig } from './harness.ts';
import { muLaw, packetSamples, payloadOf, rtp } from './rtp.ts';

const pcmu = Uint8Array.from([0, 1, 8, 101, 3, 8, 13, 4, 8]);

let rig: Rig;

beforeEach(async () => {
  rig = await startRig();
});

afterEach(async () => {
  await rig.stop();
});

/** Both parties speak for `packets` packets; the caller's packet i is i, the callee's i + 1000. */
function talk(recording: number, begin: number, packets: number): void {
  for (let i = 0; i < packets; i++) {
    const at = begin + 5 + 20 * i;
    rig.time.to(at);
    for (const channel of [0, 1] as const) {
      const packet = rtp({
        sequence: 65500 + i,
        timestamp: 2 ** 32 - 4000 + packetSamples * i,
        ssrc: 7 + channel,
        payload: payloadOf(i + 1000 * channel),
      });
      rig.tap.packet(recording, channel, at as MonotonicMs, packet, packet.length);
    }
  }
}

function mark(kind: keyof typeof tapKind, recording: number, at: number): void {
  rig.tap.mark(tapKind[kind], recording, 0, at as MonotonicMs);
}

function begin(recording: number, at: number): void {
  mark('begin', recording, at);
  for (const channel of [0, 1] as const)
    rig.tap.mark(tapKind.formats, recording, channel, at as MonotonicMs, 0, pcmu);
}

function expectedChannel(channel: number, samples: number): Int16Array {
  const expected = new Int16Array(samples);
  const lead = 40;
  for (let i = lead; i < samples; i++) {
    const octet = payloadOf(Math.floor((i - lead) / packetSamples) + 1000 * channel)[
      (i - lead) % packetSamples
    ];
    expected[i] = muLaw(octet as number);
  }
  return expected;
}

/** Prepares, begins, lets both talk for `packets`, and gives the instant of the beginning. */
async function record(recording: number, spec: RecordingSpec, packets: number): Promise<number> {
  rig.worker.receive({ type: 'prepare', recording, spec });
  await rig.event('prepared');
  const start = rig.time.now + 10;
  rig.time.to(start);
  begin(recording, start);
  talk(recording, start, packets);
  return start;
}

function end(recording: number, at: number): void {
  rig.time.to(at);
  mark('end', recording, at);
  rig.time.to(at + 100);
}

async function samplesOf(objectKey: string): Promise<[Int16Array, Int16Array]> {
  const wav = new wavefile.WaveFile(await rig.open(objectKey));
  return wav.getSamples(false, Int16Array) as unknown as [Int16Array, Int16Array];
}

const spools = async (): Promise<string[]> =>
  (await readdir(rig.spoolDirectory)).filter((name) => name.endsWith('.spool'));

describe('a recording from prepare to seal', () => {
  it('holds the caller on the left and the callee on the right, sample for sample as sent', async () => {
    const start = await record(1, rig.spec('0193-a'), 200);
    end(1, start + 4000);
    const { result } = await rig.event('sealed');
    const file = await rig.open(result.objectKey);
    const [left, right] = await samplesOf(result.objectKey);
    expect(left).toEqual(expectedChannel(0, 32000));
    expect(right).toEqual(expectedChannel(1, 32000));
    expect(result).toMatchObject({
      recordingId: '0193-a',
      durationMs: 4000,
      sampleRate: 8000,
      objectKey: '2026/11/23/0193-a.wav.age',
      sizeBytes: file.length,
      sha256: createHash('sha256').update(file).digest('hex'),
      ledger: [
        { party: 'caller', receivedMs: 3995, lostMs: 5, heldMs: 0, pausedMs: 0, concealedMs: 0 },
        { party: 'callee', receivedMs: 3995, lostMs: 5, heldMs: 0, pausedMs: 0, concealedMs: 0 },
      ],
    });
    const sealed = await readFile(`${rig.storageDirectory}/${result.objectKey}`);
    expect(result.objectSha256).toBe(createHash('sha256').update(sealed).digest('hex'));
    expect(await spools()).toEqual([]);
  });

  it('as mu-law holds the octets of the wire, in a file that says whose call it was', async () => {
    const start = await record(1, rig.spec('w', { format: 'wav-mulaw' }), 100);
    end(1, start + 2000);
    const { result } = await rig.event('sealed');
    expect(result).toMatchObject({ durationMs: 2000, objectKey: '2026/11/23/w.wav.age' });
    const file = await rig.open(result.objectKey);
    const data = file.subarray(file.indexOf('data', 36, 'latin1') + 8);
    const lead = 40;
    for (const channel of [0, 1]) {
      const wire = Buffer.concat(Array.from({ length: 100 }, (_, i) => payloadOf(i + 1000 * channel)));
      const kept = Buffer.from(data.filter((_, i) => i % 2 === channel)).subarray(lead);
      // The negative zero of mu-law is the positive one: the same sample.
      const sent = Buffer.from(wire.subarray(0, kept.length).map((octet) => (octet === 0x7f ? 0xff : octet)));
      expect(kept.equals(sent)).toBe(true);
    }
    const bext = new wavefile.WaveFile(file).bext as Record<string, string>;
    expect(bext.originationDate).toBe('2026-11-23');
    // The rig's wall clock began 1000 s after midnight, the recording 10 ms later.
    expect(bext.originationTime).toBe('00:16:40');
    expect(bext.description).toContain('call call-1, from 100 to 200');
  });

  it('keeps its waveform beside it, for the same key: each bucket what the file holds', async () => {
    const spec = rig.spec('p');
    end(1, (await record(1, spec, 100)) + 2000);
    const { result } = await rig.event('sealed');
    const peaks = JSON.parse(String(await rig.open('2026/11/23/p.peaks.age'))) as Peaks;
    expect(peaks).toMatchObject({ sampleRate: 8000, samplesPerBucket: 800, length: 20 });
    for (const [channel, samples] of (await samplesOf(result.objectKey)).entries()) {
      const pairs = Array.from({ length: 20 }, (_, i) => samples.subarray(800 * i, 800 * i + 800)).flatMap(
        (bucket) => [Math.min(...bucket), Math.max(...bucket)],
      );
      expect(peaks.data[channel]).toEqual(pairs);
    }
  });

  it('that was cut off has the waveform of what is left', async () => {
    const spec = rig.spec('p', { channels: 'mono' });
    await record(1, spec, 100);
    rig.worker.receive({ type: 'abandon', recording: 1, reason: 'media-lost' });
    await rig.event('failed');
    const recovery = await recoverSpool(
      `${rig.spoolDirectory}/p.spool`,
      spec.spoolSecret,
      spec.recipient,
      rig.sealDeps,
    );
    const { result } = recovery as { result: SealResult };
    const peaks = JSON.parse(String(await rig.open('2026/11/23/p.peaks.age'))) as Peaks;
    const wav = new wavefile.WaveFile(await rig.open(result.objectKey));
    const samples = wav.getSamples(false, Int16Array) as unknown as Int16Array;
    expect(peaks.length).toBe(Math.ceil(samples.length / 800));
    expect(Math.max(...peaks.data[0]!)).toBe(Math.max(...samples));
    expect(Math.min(...peaks.data[0]!)).toBe(Math.min(...samples));
  });

  it('keeps a manifest from which its row can be rebuilt, without any key', async () => {
    const spec = rig.spec('0193-a');
    end(1, (await record(1, spec, 10)) + 200);
    const { manifestSha256, ...result } = (await rig.event('sealed')).result;
    const text = await readFile(`${rig.storageDirectory}/2026/11/23/0193-a.json`, 'utf8');
    expect(manifestSha256).toBe(createHash('sha256').update(text).digest('hex'));
    expect(JSON.parse(text)).toMatchObject({
      version: 1,
      ...result,
      callId: 'call-1',
      format: 'wav',
      channels: 'stereo',
      facts: { startedBy: 'test' },
    });
    for (const encoding of ['hex', 'base64'] as const)
      expect(text).not.toContain(Buffer.from(spec.spoolSecret).toString(encoding));
    expect(text).not.toContain('AGE-SECRET');
  });

  it('mixes to mono, each sample the sum of both parties', async () => {
    end(1, (await record(1, rig.spec('m', { channels: 'mono' }), 50)) + 1000);
    const { result } = await rig.event('sealed');
    const wav = new wavefile.WaveFile(await rig.open(result.objectKey));
    const [left, right] = [expectedChannel(0, 8000), expectedChannel(1, 8000)];
    const sum = left.map((sample, i) => Math.max(-32768, Math.min(32767, sample + right[i]!)));
    expect(wav.getSamples(false, Int16Array)).toEqual(sum);
  });

  it('writes MP3 whose length is exact', async () => {
    end(1, (await record(1, rig.spec('p', { format: 'mp3' }), 60)) + 1200);
    const { result } = await rig.event('sealed');
    expect(result).toMatchObject({ durationMs: 1200, objectKey: '2026/11/23/p.mp3.age' });
    const decoder = new MPEGDecoder({ enableGapless: true });
    await decoder.ready;
    const { channelData } = decoder.decode(await rig.open(result.objectKey));
    decoder.free();
    expect(channelData.map(({ length }) => length)).toEqual([9600, 9600]);
  });

  it('says where marks took effect, and leaves nothing audible of a pause', async () => {
    const start = await record(1, rig.spec('q'), 10);
    mark('pause', 1, start + 200);
    rig.time.to(start + 250);
    mark('resume', 1, start + 700.5);
    mark('resume', 1, start + 800);
    end(1, start + 1000);
    const { result } = await rig.event('sealed');
    expect(rig.events.filter((event) => event.type === 'marked')).toEqual([
      { type: 'marked', recording: 1, mark: 'begin', samplePosition: 0 },
      { type: 'marked', recording: 1, mark: 'pause', samplePosition: 1600 },
      { type: 'marked', recording: 1, mark: 'resume', samplePosition: 5604 },
      { type: 'marked', recording: 1, mark: 'end', samplePosition: 8000 },
    ]);
    expect(result.ledger[0]).toMatchObject({ pausedMs: 501, receivedMs: 195, lostMs: 304 });
  });

  it('cuts a pause out of the file where its rule says so, and says where in the file marks are', async () => {
    const start = await record(1, rig.spec('c', { pause: 'cut' }), 30);
    mark('pause', 1, start + 200);
    rig.time.to(start + 250);
    mark('resume', 1, start + 700.5);
    end(1, start + 1000);
    const { result } = await rig.event('sealed');
    expect(rig.events.filter((event) => event.type === 'marked')).toEqual([
      { type: 'marked', recording: 1, mark: 'begin', samplePosition: 0 },
      { type: 'marked', recording: 1, mark: 'pause', samplePosition: 1600 },
      { type: 'marked', recording: 1, mark: 'resume', samplePosition: 1600 },
      { type: 'marked', recording: 1, mark: 'end', samplePosition: 3996 },
    ]);
    expect(result.durationMs).toBe(500);
    const { receivedMs, concealedMs, lostMs, pausedMs } = result.ledger[0]!;
    expect([receivedMs + concealedMs + lostMs, pausedMs]).toEqual([500, 0]);
    const wav = new wavefile.WaveFile(await rig.open(result.objectKey));
    expect((wav.data as { chunkSize: number }).chunkSize).toBe(3996 * 4);
  });

  it('that stands by says nothing until it is asked for, and then where in the file that is', async () => {
    const start = await record(1, rig.spec('l', { lookbackSeconds: 1 }), 125);
    rig.time.to(start + 2500);
    mark('keep', 1, start + 2500);
    rig.time.to(start + 2550);
    end(1, start + 3000);
    const { result } = await rig.event('sealed');
    const marks = rig.events.filter((event) => event.type === 'marked');
    expect(marks.map((event) => event.mark)).toEqual(['begin', 'end']);
    const [{ samplePosition }] = marks as [(typeof marks)[0]];
    expect(samplePosition).toBeGreaterThan(4000);
    expect(samplePosition).toBeLessThanOrEqual(8000);
    expect(result.durationMs).toBe(samplePosition / 8 + 500);
    const wav = new wavefile.WaveFile(await rig.open(result.objectKey));
    const [left] = wav.getSamples(false, Int16Array) as unknown as [Int16Array];
    const said = expectedChannel(0, 20_000).subarray(20_000 - samplePosition);
    expect(left.subarray(0, said.length)).toEqual(said);
  });

  it('that ends where it begins is an empty file', async () => {
    const start = await record(1, rig.spec('z'), 0);
    end(1, start);
    const { result } = await rig.event('sealed');
    expect(result.durationMs).toBe(0);
    const wav = new wavefile.WaveFile(await rig.open(result.objectKey));
    expect((wav.data as { chunkSize: number }).chunkSize).toBe(0);
  });
});

describe('a recording worker', () => {
  it('keeps recordings apart', async () => {
    for (const recording of [1, 2]) {
      rig.worker.receive({ type: 'prepare', recording, spec: rig.spec(`r${recording}`) });
      await rig.event('prepared');
    }
    const start = rig.time.now + 10;
    rig.time.to(start);
    begin(1, start);
    begin(2, start);
    for (let i = 0; i < 20; i++) {
      rig.time.to(start + 20 * i);
      for (const recording of [1, 2]) {
        const packet = rtp({ sequence: i, timestamp: 160 * i, payload: new Uint8Array(160).fill(recording) });
        rig.tap.packet(recording, 0, (start + 20 * i) as MonotonicMs, packet, packet.length);
      }
    }
    end(1, start + 400);
    mark('end', 2, start + 400);
    rig.time.to(start + 600);
    for (const recording of [1, 2]) {
      const { result } = await rig.event('sealed');
      const [left] = await samplesOf(result.objectKey);
      expect(new Set(left)).toEqual(new Set([muLaw(Number(result.recordingId.slice(1)))]));
      expect([1, 2]).toContain(recording);
    }
  });

  it('removes what is discarded, prepared or not', async () => {
    rig.worker.receive({ type: 'prepare', recording: 1, spec: rig.spec('a') });
    await rig.event('prepared');
    expect(await spools()).toEqual(['a.spool']);
    rig.worker.receive({ type: 'discard', recording: 1 });
    expect(await rig.event('discarded')).toMatchObject({ recording: 1 });
    expect(await spools()).toEqual([]);
    rig.worker.receive({ type: 'prepare', recording: 2, spec: rig.spec('b') });
    rig.worker.receive({ type: 'discard', recording: 2 });
    expect(await rig.event('discarded')).toMatchObject({ recording: 2 });
    rig.worker.receive({ type: 'discard', recording: 3 });
    expect(await rig.event('discarded')).toMatchObject({ recording: 3 });
    expect(await spools()).toEqual([]);
  });

  it('lets go of what is abandoned: its spool is closed, stays, and can be recovered', async () => {
    const spec = rig.spec('a');
    await record(1, spec, 100);
    rig.worker.receive({ type: 'abandon', recording: 1, reason: 'media-worker-died' });
    expect(await rig.event('failed')).toEqual({ type: 'failed', recording: 1, reason: 'media-worker-died' });
    const listed = await listSpools(rig.spoolDirectory, systemSpoolDisk);
    expect(listed).toEqual([{ path: `${rig.spoolDirectory}/a.spool`, recordingId: 'a' }]);
    const recovery = await recoverSpool(listed[0]!.path, spec.spoolSecret, spec.recipient, rig.sealDeps);
    expect(recovery).toMatchObject({ outcome: 'sealed', complete: false });
    const { durationMs } = (recovery as { result: { durationMs: number } }).result;
    // Of 1980 ms: 200 ms of patience and a portion of 250 ms may be missing.
    expect(durationMs).toBeGreaterThanOrEqual(1500);
    expect(await spools()).toEqual([]);
    rig.worker.receive({ type: 'stats' });
    expect((await rig.event('stats')).stats.active).toBe(0);
  });

  it('an MP3 that was cut off plays to the length that its ledger says', async () => {
    const spec = rig.spec('a', { format: 'mp3' });
    await record(1, spec, 150);
    rig.worker.receive({ type: 'abandon', recording: 1, reason: 'media-worker-died' });
    await rig.event('failed');
    const recovery = await recoverSpool(
      `${rig.spoolDirectory}/a.spool`,
      spec.spoolSecret,
      spec.recipient,
      rig.sealDeps,
    );
    const { result } = recovery as { result: SealResult };
    expect(result.durationMs).toBeGreaterThan(2980 - 200 - 250 - 400);
    for (const { receivedMs, lostMs } of result.ledger) expect(receivedMs + lostMs).toBe(result.durationMs);
    const decoder = new MPEGDecoder({ enableGapless: true });
    await decoder.ready;
    const { samplesDecoded } = decoder.decode(await rig.open(result.objectKey));
    decoder.free();
    expect(Math.round(samplesDecoded / 8)).toBe(result.durationMs);
  });

  it('counts records of recordings it does not know', async () => {
    mark('begin', 77, rig.time.now);
    rig.tap.mark(tapKind.dropped, 77, 0, rig.time.now as MonotonicMs, 12);
    rig.time.to(rig.time.now + 300);
    rig.worker.receive({ type: 'stats' });
    const { stats } = await rig.event('stats');
    expect(stats).toMatchObject({ active: 0, sealing: 0, tapDropped: 12, drops: { 'stray-records': 2 } });
  });

  it('tells what it does', async () => {
    await record(1, rig.spec('a'), 100);
    rig.worker.receive({ type: 'stats' });
    const { stats } = await rig.event('stats');
    expect(stats.active).toBe(1);
    expect(stats.encodeLagSeconds).toBeGreaterThan(0.19);
    expect(stats.encodeLagSeconds).toBeLessThan(0.5);
    // Writes are on their way to a real disk.
    await vi.waitFor(async () => {
      rig.worker.receive({ type: 'stats' });
      expect((await rig.event('stats')).stats.spoolBytes).toBeGreaterThan(1.5 * 32_000);
    }, 10_000);
  });

  it('refuses a second recording in the same spool, and ids that are paths', async () => {
    await writeFile(`${rig.spoolDirectory}/a.spool`, 'x');
    rig.worker.receive({ type: 'prepare', recording: 1, spec: rig.spec('a') });
    expect(await rig.event('failed')).toMatchObject({ recording: 1, reason: 'spool-error' });
    rig.worker.receive({ type: 'prepare', recording: 2, spec: rig.spec('../a') });
    expect(await rig.event('failed')).toMatchObject({ recording: 2, reason: 'bad-request' });
    expect(await readFile(`${rig.spoolDirectory}/a.spool`, 'utf8')).toBe('x');
  });

  it('drained: what runs is sealed first, nothing new begins', async () => {
    const start = await record(1, rig.spec('a'), 5);
    rig.worker.receive({ type: 'drain' });
    rig.worker.receive({ type: 'prepare', recording: 2, spec: rig.spec('b') });
    expect(await rig.event('failed')).toMatchObject({ recording: 2, reason: 'draining' });
    expect(rig.events.some((event) => event.type === 'drained')).toBe(false);
    end(1, start + 100);
    await rig.event('drained');
    expect(rig.events.map((event) => event.type).slice(-2)).toEqual(['sealed', 'drained']);
  });

  it('catches up after it was away for longer than the time line spans', async () => {
    rig.worker.receive({ type: 'prepare', recording: 1, spec: rig.spec('a') });
    await rig.event('prepared');
    const start = rig.time.now + 10;
    begin(1, start);
    for (let i = 0; i < 200; i++) {
      const at = start + 5 + 20 * i;
      const packet = rtp({ sequence: i, timestamp: 160 * i, payload: payloadOf(i) });
      rig.tap.packet(1, 0, at as MonotonicMs, packet, packet.length);
    }
    mark('end', 1, start + 4000);
    rig.time.to(start + 4100);
    const { result } = await rig.event('sealed');
    expect((await samplesOf(result.objectKey))[0]).toEqual(expectedChannel(0, 32000));
  });
});
