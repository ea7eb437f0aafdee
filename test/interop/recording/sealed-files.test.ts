import { execFile } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wavHead } from '../../../src/audio/wav-header.ts';
import type { MonotonicMs } from '../../../src/kernel/clock.ts';
import { tapKind } from '../../../src/kernel/tap-ring.ts';
import type { RecordingSpec, SealResult } from '../../../src/recording/protocol.ts';
import { type Rig, startRig } from '../../recording/harness.ts';
import { rtp } from '../../recording/rtp.ts';

const run = promisify(execFile);

let rig: Rig;

beforeEach(async () => {
  rig = await startRig();
});

afterEach(async () => {
  await rig.stop();
});

/** A fixture's voice as 8000 Hz mu-law, encoded by ffmpeg: what goes over the wire. */
async function wire(voice: 'caller' | 'callee', seconds: number): Promise<Buffer> {
  const path = join(rig.directory, `${voice}.ul`);
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-stream_loop', '-1', '-i', `fixtures/voices/${voice}.wav`],
    ...['-t', String(seconds), '-ar', '8000', '-ac', '1', '-f', 'mulaw', path],
  ]);
  return readFile(path);
}

/** What ffmpeg decodes from mu-law. */
async function decoded(muLaw: Buffer): Promise<Int16Array> {
  const path = join(rig.directory, 'wire.ul');
  await writeFile(path, muLaw);
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-f', 'mulaw', '-ar', '8000', '-ac', '1', '-i', path, '-f', 's16le', '-'],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  return new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
}

/** Sends both wires with jitter of up to 60 ms, reordered where a packet overtakes another; none is lost. */
async function record(
  spec: RecordingSpec,
  wires: readonly [Buffer, Buffer],
  seconds: number,
): Promise<SealResult> {
  rig.worker.receive({ type: 'prepare', recording: 1, spec });
  await rig.event('prepared');
  const start = rig.time.now + 10;
  rig.time.to(start);
  rig.tap.mark(tapKind.begin, 1, 0, start as MonotonicMs);
  const packets = wires.flatMap((bytes, channel) => {
    rig.tap.mark(tapKind.formats, 1, channel as 0 | 1, start as MonotonicMs, 0, Uint8Array.of(0, 1, 8));
    return Array.from({ length: Math.floor(bytes.length / 160) }, (_, i) => ({
      channel: channel as 0 | 1,
      at: start + 20 * i + (i % 4 === 1 ? (i * 7919) % 61 : 0),
      bytes: rtp({
        sequence: 65_000 + i,
        timestamp: 2 ** 32 - 8000 + 160 * i,
        payload: bytes.subarray(160 * i, 160 * i + 160),
      }),
    }));
  });
  for (const { channel, at, bytes } of packets.sort((a, b) => a.at - b.at)) {
    rig.time.to(Math.max(rig.time.now, at));
    rig.tap.packet(1, channel, at as MonotonicMs, bytes, bytes.length);
    if (bytes.readUInt16BE(2) % 250 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const stop = start + 1000 * seconds;
  rig.time.to(stop);
  rig.tap.mark(tapKind.end, 1, 0, stop as MonotonicMs);
  rig.time.to(stop + 100);
  return (await rig.event('sealed')).result;
}

async function unseal(result: SealResult): Promise<string> {
  const key = join(rig.directory, 'identity');
  const out = join(rig.directory, 'opened');
  await writeFile(key, `${rig.identity}\n`);
  await run('age', ['-d', '-i', key, '-o', out, join(rig.storageDirectory, result.objectKey)]);
  return out;
}

async function probe(path: string): Promise<Record<string, string>> {
  const entries = 'stream=codec_name,sample_rate,channels,bit_rate,duration_ts:format=duration,format_name';
  const { stdout } = await run('ffprobe', ['-v', 'error', '-of', 'json', '-show_entries', entries, path]);
  const { streams, format } = JSON.parse(stdout) as {
    streams: Record<string, string>[];
    format: Record<string, string>;
  };
  return { ...streams[0], ...format };
}

describe('a sealed recording, opened by the age tool', () => {
  it('is to ffmpeg, sample for sample, what ffmpeg decodes from the wire', async () => {
    const wires = [await wire('caller', 20), await wire('callee', 20)] as const;
    const result = await record(rig.spec('w1'), wires, 20);
    expect(result.ledger).toMatchObject([
      { receivedMs: 20_000, lostMs: 0 },
      { receivedMs: 20_000, lostMs: 0 },
    ]);
    const opened = await unseal(result);
    expect(await readFile(opened)).toEqual(await rig.open(result.objectKey));
    expect(await probe(opened)).toMatchObject({
      codec_name: 'pcm_s16le',
      sample_rate: '8000',
      channels: 2,
      duration: '20.000000',
    });
    const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', opened, '-f', 's16le', '-'], {
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    });
    for (const [channel, bytes] of wires.entries()) {
      const expected = await decoded(bytes);
      const got = Int16Array.from(expected, (_, i) => stdout.readInt16LE(4 * i + 2 * channel));
      expect(Buffer.from(got.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    }
  });

  it.each([
    { channels: 'stereo' as const, count: 2, bitrate: '48000' },
    { channels: 'mono' as const, count: 1, bitrate: '24000' },
  ])('as $channels MP3 is exactly as long to ffmpeg as it was', async ({ channels, count, bitrate }) => {
    const wires = [await wire('caller', 7), await wire('callee', 7)] as const;
    const result = await record(rig.spec('m1', { format: 'mp3', channels }), wires, 7);
    const opened = await unseal(result);
    expect(await probe(opened)).toMatchObject({
      codec_name: 'mp3',
      sample_rate: '8000',
      channels: count,
      bit_rate: bitrate,
      format_name: 'mp3',
    });
    const { stdout } = await run('ffmpeg', ['-v', 'warning', '-i', opened, '-f', 's16le', '-'], {
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(stdout.length).toBe(7 * 8000 * 2 * count);
  });
});

it('a WAV beyond 4 GiB is RF64 to ffprobe, with its length', async () => {
  const path = join(rig.directory, 'long.wav');
  const dataBytes = 40 * 3600 * 32_000;
  const head = wavHead({ shape: { channels: 2, sampleRate: 8000 }, coding: 'pcm16', dataBytes, tags: null });
  const file = await open(path, 'w');
  await file.write(head);
  await file.truncate(head.length + dataBytes);
  await file.close();
  expect(await probe(path)).toMatchObject({ duration: '144000.000000', channels: 2, sample_rate: '8000' });
});
