import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter } from 'age-encryption';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wavEncoder } from '../../src/audio/wav-encoder.ts';
import { chacha20Poly1305 } from '../../src/kernel/aead.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { workerEncoders } from '../../src/recording/encoders.ts';
import { audioShape, spoolCoding } from '../../src/recording/open-spool.ts';
import { Pipeline } from '../../src/recording/pipeline.ts';
import type { SealDeps, SpoolSource } from '../../src/recording/ports.ts';
import type { SealResult } from '../../src/recording/protocol.ts';
import { recoverSpool } from '../../src/recording/recover.ts';
import { CorruptSpoolError, SpoolAudio } from '../../src/recording/spool-audio.ts';
import { systemSpoolDisk } from '../../src/recording/spool-disk.ts';
import type { SpoolManifest } from '../../src/recording/spool-format.ts';
import { SpoolWriter } from '../../src/recording/spool-writer.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import type { RecordingFormat } from '../../src/records/recording-record.ts';
import { diskObjectStore } from '../../src/storage/disk-object-store.ts';
import { createRecordingIdentity, type RecordingIdentity } from '../../src/storage/recording-identity.ts';
import { recordingVault } from '../../src/storage/recording-vault.ts';
import { payloadOf, rtp } from './rtp.ts';

let folder: string;
let identity: RecordingIdentity;
let deps: SealDeps;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onrecord-spool-audio-'));
  identity = await createRecordingIdentity();
  const shared = { aead: chacha20Poly1305, random: systemRandom };
  deps = {
    ...shared,
    disk: systemSpoolDisk,
    target: recordingVault({ store: diskObjectStore(join(folder, 'objects')), ...shared }),
    encoders: workerEncoders(),
    pace: () => Promise.resolve(),
  };
});
afterAll(() => rm(folder, { recursive: true }));

interface Kept {
  readonly format: RecordingFormat;
  readonly channels: 'stereo' | 'mono';
  /** Whether an MP3 is made as the audio comes. */
  readonly live?: boolean;
}

/** A call of 50 packets and then some, in a spool of its own; ended or not. */
async function spooled(id: string, { format, channels, live = true }: Kept, ends = true): Promise<string> {
  const manifest: SpoolManifest = {
    ...{ recordingId: id, callId: 'c1', format, channels, sampleRate: 8000 },
    createdAt: '2026-11-23T10:00:00.000Z',
    parties: null,
    facts: {},
  };
  const shape = audioShape(manifest);
  const path = join(folder, `${id}.spool`);
  const spool = await SpoolWriter.start(
    await systemSpoolDisk.create(path),
    identity.spoolSecret,
    manifest,
    deps,
  );
  const encoders = {
    samples: wavEncoder(shape, spoolCoding(format)),
    live: format === 'mp3' && live ? await deps.encoders.acquire(shape) : null,
  };
  const pipeline = new Pipeline(shape, encoders, spool, new SpeechDecoders());
  pipeline.begin('2026-11-23T10:00:01.000Z');
  for (const leg of pipeline.legs) leg.formats(Uint8Array.of(0, 1, 8));
  for (let i = 0; i < 50; i++) {
    const packet = rtp({ sequence: i, timestamp: 160 * i, payload: payloadOf(i) });
    pipeline.receive(0, packet, 160 * i);
    pipeline.advance(160 * i);
  }
  // Odd, so that a file of one byte a sample has a byte of padding.
  if (ends) pipeline.finish(50 * 160 + 77);
  pipeline.release();
  await spool.close();
  return path;
}

async function opened(path: string, secret = identity.spoolSecret) {
  const source = await systemSpoolDisk.open(path);
  return { source: source!, audio: await SpoolAudio.open(source!, secret, chacha20Poly1305) };
}

async function bytesOf(audio: SpoolAudio, start = 0, end = audio.size): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of audio.read(start, end)) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}

async function sealedFile(path: string): Promise<{ file: Buffer; result: SealResult }> {
  const recovery = await recoverSpool(path, identity.spoolSecret, identity.recipient, deps);
  const { result } = recovery as { result: SealResult };
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity.identity);
  const object = await readFile(join(folder, 'objects', result.objectKey));
  return { file: Buffer.from(await decrypter.decrypt(object)), result };
}

describe('a recording that has ended, out of its spool', () => {
  it.each<Kept>([
    { format: 'wav', channels: 'stereo' },
    { format: 'wav-alaw', channels: 'mono' },
    { format: 'wav-mulaw', channels: 'stereo' },
    { format: 'mp3', channels: 'stereo' },
    { format: 'mp3', channels: 'mono' },
  ])('as $channels $format is, byte for byte, what is sealed of it', async (kept) => {
    const path = await spooled(`whole-${kept.format}-${kept.channels}`, kept);
    const { source, audio } = await opened(path);
    if (typeof audio === 'string') throw new Error(audio);
    expect(audio.format).toBe(kept.format);
    const before = await bytesOf(audio);
    expect(before.length).toBe(audio.size);
    const { file } = await sealedFile(path);
    expect(before.equals(file)).toBe(true);
    // The spool is gone, and who listens goes on.
    expect((await bytesOf(audio)).equals(file)).toBe(true);
    await source.close();
  });

  it('any part of it is that part of the whole', async () => {
    const { source, audio } = await opened(await spooled('parts', { format: 'mp3', channels: 'stereo' }));
    if (typeof audio === 'string') throw new Error(audio);
    const whole = await bytesOf(audio);
    const place = fc.integer({ min: 0, max: whole.length });
    await fc.assert(
      fc.asyncProperty(place, place, async (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        expect((await bytesOf(audio, start, end)).equals(whole.subarray(start, end))).toBe(true);
      }),
      { numRuns: 100 },
    );
    await source.close();
  });

  it('of an MP3 that is still to be encoded is the samples, as a WAV', async () => {
    const late = await opened(await spooled('late', { format: 'mp3', channels: 'stereo', live: false }));
    const wav = await opened(await spooled('late-wav', { format: 'wav', channels: 'stereo' }));
    if (typeof late.audio === 'string' || typeof wav.audio === 'string') throw new Error('not opened');
    expect(late.audio.format).toBe('wav');
    const samples = (bytes: Buffer): Buffer => bytes.subarray(bytes.indexOf('data', 36, 'latin1'));
    expect(samples(await bytesOf(late.audio)).equals(samples(await bytesOf(wav.audio)))).toBe(true);
    await late.source.close();
    await wav.source.close();
  });
});

describe('a spool that cannot be listened to', () => {
  it('has not ended, or was cut off', async () => {
    const { source, audio } = await opened(
      await spooled('running', { format: 'wav', channels: 'mono' }, false),
    );
    expect(audio).toBe('open');
    await source.close();
  });

  it('is cut within its last frame', async () => {
    const path = await spooled('cut', { format: 'wav', channels: 'mono' });
    const file = await open(path, 'r+');
    await file.truncate((await file.stat()).size - 5);
    await file.close();
    const { source, audio } = await opened(path);
    expect(audio).toBe('open');
    await source.close();
  });

  it('is of another recording’s secret', async () => {
    const other = await createRecordingIdentity();
    const path = await spooled('other', { format: 'wav', channels: 'mono' });
    const { source, audio } = await opened(path, other.spoolSecret);
    expect(audio).toBe('unreadable');
    await source.close();
  });

  it.each([0, 7, 39])('is of %i bytes', async (size) => {
    const source: SpoolSource = {
      size,
      read: (at, length) => Promise.resolve(new Uint8Array(size).subarray(at, at + length)),
      close: () => Promise.resolve(),
    };
    expect(await SpoolAudio.open(source, identity.spoolSecret, chacha20Poly1305)).toBe('unreadable');
  });

  it('was changed in the middle: the listener is told, and gets nothing that is not true', async () => {
    const path = await spooled('changed', { format: 'wav', channels: 'mono' });
    const file = await open(path, 'r+');
    const at = Math.floor((await file.stat()).size / 2);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    await file.write(Uint8Array.of(byte.readUInt8(0) ^ 1), 0, 1, at);
    await file.close();
    const { source, audio } = await opened(path);
    if (typeof audio === 'string') throw new Error(audio);
    await expect(bytesOf(audio)).rejects.toThrow(CorruptSpoolError);
    await source.close();
  });
});
