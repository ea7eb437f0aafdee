import { createHash } from 'node:crypto';
import { Decrypter } from 'age-encryption';
import fc from 'fast-check';
import { MPEGDecoder } from 'mpg123-decoder';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Aead, chacha20Poly1305, type SealedParts } from '../../src/kernel/aead.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import type { SealDeps, SealTarget, SpoolDisk } from '../../src/recording/ports.ts';
import { workerEncoders } from '../../src/recording/encoders.ts';
import type { Recovery } from '../../src/recording/protocol.ts';
import { recoverSpool } from '../../src/recording/recover.ts';
import type { Checkpoint, SpoolManifest } from '../../src/recording/spool-format.ts';
import { SpoolWriter } from '../../src/recording/spool-writer.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { createRecordingIdentity, type RecordingIdentity } from '../../src/storage/recording-identity.ts';
import { recordingVault } from '../../src/storage/recording-vault.ts';

/** Throws where one key and nonce seal two different plaintexts. */
class WatchedAead implements Aead {
  readonly #sealed = new Map<string, string>();

  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array): Buffer {
    this.#watch(key, nonce, plaintext);
    return chacha20Poly1305.seal(key, nonce, plaintext, aad);
  }

  sealParts(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array): SealedParts {
    this.#watch(key, nonce, plaintext);
    return chacha20Poly1305.sealParts(key, nonce, plaintext, aad);
  }

  #watch(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): void {
    const pair = `${Buffer.from(key).toString('hex')} ${Buffer.from(nonce).toString('hex')}`;
    const content = createHash('sha256').update(plaintext).digest('hex');
    const before = this.#sealed.get(pair);
    if (before !== undefined && before !== content) throw new Error('a key and nonce came twice');
    this.#sealed.set(pair, content);
  }

  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad?: Uint8Array): Buffer | null {
    return chacha20Poly1305.open(key, nonce, sealed, aad);
  }
}

class Killed extends Error {}

/** The process dies at the `left`-th thing that reaches the disk; nothing after it does. */
class Fuse {
  left = Infinity;

  burn(): void {
    if (this.left <= 0) throw new Killed();
    this.left -= 1;
  }
}

const spoolPath = 'r1.spool';

/** Files in memory that survive the process. */
class Host {
  readonly fuse = new Fuse();
  readonly spools = new Map<string, Buffer>();
  readonly objects = new Map<string, Buffer>();
  readonly unfinished = new Map<string, Buffer>();

  readonly disk: SpoolDisk = {
    create: (path) => {
      if (this.spools.has(path)) return Promise.reject(new Error('EEXIST'));
      this.spools.set(path, Buffer.alloc(0));
      return Promise.resolve({
        append: async (parts) => {
          await this.reach();
          this.spools.set(path, Buffer.concat([this.spools.get(path)!, ...parts]));
        },
        sync: () => Promise.resolve(),
        close: () => Promise.resolve(),
      });
    },
    open: (path) => {
      const bytes = this.spools.get(path);
      if (bytes === undefined) return Promise.resolve(null);
      return Promise.resolve({
        size: bytes.length,
        read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
        close: () => Promise.resolve(),
      });
    },
    remove: async (path) => {
      await this.reach();
      this.spools.delete(path);
    },
    list: () => Promise.resolve([...this.spools.keys()]),
  };

  readonly store: ObjectStore = {
    create: async (key) => {
      await this.reach();
      this.unfinished.set(key, Buffer.alloc(0));
      return {
        write: async (bytes) => {
          await this.reach();
          this.unfinished.set(key, Buffer.concat([this.unfinished.get(key)!, bytes]));
        },
        commit: async () => {
          await this.reach();
          this.objects.set(key, this.unfinished.get(key)!);
          this.unfinished.delete(key);
        },
        abort: async () => {
          await this.reach();
          this.unfinished.delete(key);
        },
      };
    },
    put: async (key, bytes) => {
      await this.reach();
      this.objects.set(key, Buffer.from(bytes));
    },
    read: (key, offset, length) => Promise.resolve(this.objects.get(key)!.subarray(offset, offset + length)),
    size: (key) => Promise.resolve(this.objects.get(key)?.length ?? null),
    delete: (key) => Promise.resolve(this.objects.delete(key)),
    async *list() {
      yield* await Promise.resolve([]);
    },
  };

  reach(): Promise<void> {
    this.fuse.burn();
    return Promise.resolve();
  }
}

const manifest: SpoolManifest = {
  recordingId: 'r1',
  callId: 'c1',
  format: 'wav',
  channels: 'mono',
  sampleRate: 8000,
  createdAt: '2026-11-23T10:00:00.000Z',
  parties: null,
  facts: {},
};

function checkpoint(bytes: number): Checkpoint {
  const samples = bytes / 2;
  const slots = [samples, 0, 0, 0, 0];
  return {
    startedAt: '2026-11-23T10:00:00.000Z',
    progress: { samples, decodable: samples, bytes, frames: 0, crc: 0 },
    encoded: null,
    rawBytes: 0,
    slots: [slots, slots],
    marks: [],
  };
}

interface History {
  /** What the file is to be; an MP3 is always one that is still to be encoded. */
  readonly format?: 'wav' | 'mp3';
  /** Samples a portion. */
  readonly portions: readonly number[];
  readonly ended: boolean;
  /** Where the power cuts the spool, as a share of its bytes; 1 keeps it whole. */
  readonly cut: number;
  /** A bit that changes in what is left, as a share; null: none. */
  readonly flip: number | null;
  /** After how many things on the disk each recovery dies; the last one lives. */
  readonly kills: readonly number[];
}

const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));

const history: fc.Arbitrary<History> = fc.record({
  portions: fc.array(fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constant(40_000)), { maxLength: 8 }),
  ended: fc.boolean(),
  cut: share,
  flip: fc.oneof(fc.constant(null), fc.double({ min: 0, max: 0.999, noNaN: true })),
  kills: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 3 }),
});

let identity: RecordingIdentity;
const encoders = workerEncoders();

beforeAll(async () => {
  identity = await createRecordingIdentity();
});

interface Outcome {
  readonly audio: Buffer;
  /** In the spool that was left, the manifest's included. */
  readonly wholeFrames: number;
  readonly host: Host;
  readonly recovery: Recovery;
}

async function live(h: History): Promise<Outcome> {
  const host = new Host();
  const aead = new WatchedAead();
  const deps = { aead, random: systemRandom };
  const writer = await SpoolWriter.start(
    await host.disk.create(spoolPath),
    identity.spoolSecret,
    { ...manifest, format: h.format ?? 'wav' },
    deps,
  );
  const audio: Buffer[] = [];
  let bytes = 0;
  for (const [index, samples] of h.portions.entries()) {
    const portion = Buffer.from(systemRandom(2 * samples));
    audio.push(portion);
    bytes += portion.length;
    const last = h.ended && index === h.portions.length - 1;
    writer.append(portion, checkpoint(bytes));
    if (last) writer.end(checkpoint(bytes));
  }
  await writer.close();
  damage(host, h);
  const wholeFrames = countFrames(host.spools.get(spoolPath)!);
  return { audio: Buffer.concat(audio), wholeFrames, host, recovery: await recover(host, aead, h) };
}

/** By the lengths in clear: 40 bytes of head, then each frame behind its 8 bytes, of which 4 are its length. */
function countFrames(spool: Buffer): number {
  let count = 0;
  for (let at = 40; at + 8 <= spool.length; count++) {
    at += 8 + spool.readUInt32BE(at + 4);
    if (at > spool.length) break;
  }
  return count;
}

function sealDeps(host: Host, target: SealTarget, aead: Aead): SealDeps {
  return {
    ...{ disk: host.disk, target, aead, random: systemRandom },
    encoders,
    pace: () => Promise.resolve(),
  };
}

function damage(host: Host, h: History): void {
  const whole = host.spools.get(spoolPath)!;
  const left = Buffer.from(whole.subarray(0, Math.round(whole.length * h.cut)));
  const at = h.flip === null ? -1 : Math.floor(h.flip * left.length);
  if (at >= 0 && at < left.length) left[at] = left[at]! ^ 1;
  host.spools.set(spoolPath, left);
}

async function recover(host: Host, aead: Aead, h: History): Promise<Recovery> {
  const target = recordingVault({ store: host.store, aead, random: systemRandom });
  const run = (): Promise<Recovery> =>
    recoverSpool(spoolPath, identity.spoolSecret, identity.recipient, sealDeps(host, target, aead));
  for (const kill of h.kills) {
    host.fuse.left = kill;
    const early = await run().catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      return null;
    });
    if (early !== null) return early;
  }
  host.fuse.left = Infinity;
  return run();
}

async function sealedFile(host: Host, kind: 'wav' | 'mp3'): Promise<Buffer> {
  const sealed = host.objects.get(`2026/11/23/r1.${kind}.age`)!;
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity.identity);
  return Buffer.from(await decrypter.decrypt(sealed));
}

async function sealedAudio(host: Host): Promise<Buffer> {
  const file = await sealedFile(host, 'wav');
  return file.subarray(file.indexOf('data', 36, 'latin1') + 8);
}

describe('whatever happens to a spool and to its sealing', () => {
  it('what is recovered is a prefix of what was recorded, and no key and nonce comes twice', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (h) => {
        const { audio, host, recovery } = await live(h);
        expect(host.unfinished.size).toBe(0);
        if (recovery.outcome !== 'sealed') {
          expect(host.objects.size).toBe(0);
          expect(host.spools.has(spoolPath)).toBe(recovery.outcome === 'unreadable');
          return;
        }
        expect(host.spools.size).toBe(0);
        const recovered = await sealedAudio(host);
        expect(recovered.equals(audio.subarray(0, recovered.length))).toBe(true);
        const { result } = recovery;
        expect(result.sizeBytes).toBeGreaterThan(recovered.length);
        expect(result.durationMs).toBe(Math.round(recovered.length / 16));
        expect(result.ledger[0]?.receivedMs).toBe(result.durationMs);
        if (recovery.complete) expect(recovered.length).toBe(audio.length);
      }),
      { numRuns: 120 },
    );
  });

  it('all whole frames before the cut are recovered, wherever it lies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), share, async (portions, cut) => {
        const samples = Array.from({ length: portions }, () => 200);
        const { host, recovery, wholeFrames } = await live({
          portions: samples,
          ended: false,
          cut,
          flip: null,
          kills: [],
        });
        const recovered = recovery.outcome === 'sealed' ? (await sealedAudio(host)).length : 0;
        expect(recovered).toBe(400 * Math.max(0, wholeFrames - 1));
      }),
      { numRuns: 60 },
    );
  });

  it('a recording that ended in order and was killed before its seal is complete', async () => {
    for (let kill = 0; kill < 9; kill++) {
      const { audio, host, recovery } = await live({
        portions: [800, 800, 123],
        ended: true,
        cut: 1,
        flip: null,
        kills: [kill],
      });
      expect(recovery).toMatchObject({ outcome: 'sealed', complete: true });
      expect((await sealedAudio(host)).equals(audio)).toBe(true);
    }
  });

  it('an MP3 that was put off and killed at any moment of its making is whole after the next recovery', async () => {
    const decoder = new MPEGDecoder({ enableGapless: true });
    await decoder.ready;
    for (let kill = 0; kill < 40; kill++) {
      const { host, recovery } = await live({
        format: 'mp3',
        portions: [2000, 2000, 2000, 777],
        ended: true,
        cut: 1,
        flip: null,
        kills: [kill, kill >> 1],
      });
      expect(recovery).toMatchObject({ outcome: 'sealed', complete: true, result: { format: 'mp3' } });
      expect([host.spools.size, host.unfinished.size]).toEqual([0, 0]);
      await decoder.reset();
      expect(decoder.decode(await sealedFile(host, 'mp3')).samplesDecoded, `killed at ${kill}`).toBe(6777);
    }
    decoder.free();
  });

  it('a spool made anew for the same recording shares no key with the one before', async () => {
    const deps = { aead: new WatchedAead(), random: systemRandom };
    for (let life = 0; life < 20; life++) {
      const file = await new Host().disk.create(spoolPath);
      const writer = await SpoolWriter.start(file, identity.spoolSecret, manifest, deps);
      writer.append(Buffer.from(`life ${life}`), checkpoint(6));
      writer.end(checkpoint(6));
      await writer.close();
      expect(writer.fault).toBeNull();
    }
  });

  it('another recording’s secret opens nothing, and the spool stays', async () => {
    const host = new Host();
    const deps = { aead: chacha20Poly1305, random: systemRandom };
    const writer = await SpoolWriter.start(
      await host.disk.create(spoolPath),
      identity.spoolSecret,
      manifest,
      deps,
    );
    writer.append(Buffer.alloc(400), checkpoint(400));
    await writer.close();
    const other = await createRecordingIdentity();
    const target = recordingVault({ store: host.store, ...deps });
    const recovery = await recoverSpool(
      spoolPath,
      other.spoolSecret,
      other.recipient,
      sealDeps(host, target, chacha20Poly1305),
    );
    expect(recovery).toEqual({ outcome: 'unreadable' });
    expect(host.spools.size).toBe(1);
  });

  it('no clear audio is in the spool', async () => {
    const host = new Host();
    const writer = await SpoolWriter.start(
      await host.disk.create(spoolPath),
      identity.spoolSecret,
      manifest,
      {
        aead: chacha20Poly1305,
        random: systemRandom,
      },
    );
    writer.append(Buffer.from('a voice that must not be read'.repeat(10)), checkpoint(290));
    await writer.close();
    const bytes = host.spools.get(spoolPath)!.toString('latin1');
    for (const secret of ['voice', 'r1', 'recordingId', 'wav']) expect(bytes).not.toContain(secret);
  });
});
