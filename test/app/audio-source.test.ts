import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audioSource } from '../../src/app/wiring/audio-source.ts';
import { chacha20Poly1305 } from '../../src/kernel/aead.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { PeakMeter } from '../../src/recording/peaks.ts';
import { recoverSpool } from '../../src/recording/recover.ts';
import { systemSpoolDisk } from '../../src/recording/spool-disk.ts';
import { nothingYet, type SpoolManifest } from '../../src/recording/spool-format.ts';
import { SpoolWriter } from '../../src/recording/spool-writer.ts';
import { workerEncoders } from '../../src/recording/encoders.ts';
import type { KeyRecord } from '../../src/records/key-record.ts';
import { diskObjectStore } from '../../src/storage/disk-object-store.ts';
import { parseKek } from '../../src/storage/kek.ts';
import { createRecordingKeys } from '../../src/storage/recording-keys.ts';
import { recordingVault } from '../../src/storage/recording-vault.ts';
import { recordingOf } from '../api/api-fixture.ts';

const id = '0193-a';
const samples = Int16Array.from({ length: 8000 }, (_, i) => ((i * 7919) % 65_536) - 32_768);

const keysUnder = (fill: number) => {
  const kek = parseKek(Buffer.alloc(32, fill), 'test');
  if (!kek.ok) throw new Error(kek.error);
  return createRecordingKeys({ kek: kek.value, random: systemRandom, clock: systemClock() });
};

let folder: string;
let key: KeyRecord | null;
let secrets: { readonly recipient: string; readonly spoolSecret: Uint8Array };
const shared = { aead: chacha20Poly1305, random: systemRandom };
const objects = () => diskObjectStore(join(folder, 'recordings'));
const source = (kek = 1) =>
  audioSource({
    keys: { get: () => Promise.resolve(key) },
    recordingKeys: keysUnder(kek),
    objects: objects(),
    spools: join(folder, 'spools'),
  });
const running = recordingOf({ id, state: 'recording', objectKey: null, channels: 'mono' });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onrecord-source-'));
  await mkdir(join(folder, 'spools'));
  const made = await keysUnder(1).create(id);
  key = made.key;
  secrets = { recipient: made.key.recipient, spoolSecret: made.spoolSecret };
});
afterEach(() => rm(folder, { recursive: true }));

/** One second of mono, in a spool; ended or not. */
async function spooled(ends = true): Promise<string> {
  const path = join(folder, 'spools', `${id}.spool`);
  const manifest: SpoolManifest = {
    recordingId: id,
    callId: 'c',
    format: 'wav',
    channels: 'mono',
    sampleRate: 8000,
    createdAt: '2026-11-23T10:00:00.000Z',
    parties: null,
    facts: {},
  };
  const spool = await SpoolWriter.start(
    await systemSpoolDisk.create(path),
    secrets.spoolSecret,
    manifest,
    shared,
  );
  const slots = [8000, 0, 0, 0, 0];
  const progress = { samples: 8000, decodable: 8000, bytes: 16_000, frames: 0, crc: 0 };
  const last = { ...nothingYet, progress, slots: [slots, slots] as const };
  spool.append(Buffer.from(samples.buffer), last);
  if (ends) spool.end(last);
  await spool.close();
  return path;
}

async function seal(path: string) {
  const target = recordingVault({ store: objects(), ...shared });
  const deps = {
    ...shared,
    disk: systemSpoolDisk,
    target,
    encoders: workerEncoders(),
    pace: () => Promise.resolve(),
  };
  const recovery = await recoverSpool(path, secrets.spoolSecret, secrets.recipient, deps);
  if (recovery.outcome !== 'sealed') throw new Error(recovery.outcome);
  return recordingOf({ id, state: 'sealed', ...recovery.result });
}

async function heard(kek = 1, recording = running): Promise<Buffer | string> {
  const opened = await source(kek).open(recording);
  if (!opened.ok) return opened.error;
  const parts: Uint8Array[] = [];
  for await (const part of opened.value.read(0, opened.value.size)) parts.push(Uint8Array.from(part));
  opened.value.close();
  return Buffer.concat(parts);
}

describe('the audio of a recording, for the API', () => {
  it('comes from the spool once it has ended, and from storage once it is sealed: the same bytes', async () => {
    const path = await spooled();
    const before = await heard();
    const sealed = await seal(path);
    expect(before).toEqual(await heard(1, sealed));
    expect((before as Buffer).length).toBe(sealed.sizeBytes);
  });

  it('is not there yet while the recording runs, nor where its spool is on another machine', async () => {
    expect(await heard()).toBe('open');
    await spooled(false);
    expect(await heard()).toBe('open');
  });

  it('is not there yet while its key is still on the way from the node', async () => {
    await spooled();
    key = null;
    expect(await heard()).toBe('open');
  });

  it('cannot be had under another key-encryption key', async () => {
    await spooled();
    expect(await heard(2)).toBe('unavailable');
  });

  it('is looked for under no name that is a path', async () => {
    await spooled();
    expect(await heard(1, { ...running, id: `../spools/${id}` })).toBe('open');
  });
});

describe('the waveform of a recording, for the API', () => {
  it('is what was metered, opened with the recording’s key', async () => {
    const sealed = await seal(await spooled());
    const meter = new PeakMeter({ channels: 1, sampleRate: 8000 });
    meter.add(samples);
    expect(await source().peaks(sealed)).toEqual({ ok: true, value: meter.peaks('pcm16') });
    key = null;
    expect(await source().peaks(sealed)).toEqual({ ok: false, error: 'key-destroyed' });
  });

  it('of a recording that has none is none', async () => {
    const sealed = await seal(await spooled());
    await objects().delete('2026/11/23/0193-a.peaks.age');
    expect(await source().peaks(sealed)).toEqual({ ok: false, error: 'none' });
    expect(await source().peaks(running)).toEqual({ ok: false, error: 'none' });
  });
});
