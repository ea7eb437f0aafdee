import { createHash } from 'node:crypto';
import type { Aead } from '../kernel/aead.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import { AgeWriter } from './age-writer.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Sealed recordings: an age file an object, and beside it a manifest in clear, without keys, from which
 * the database's row can be rebuilt.
 */
export interface RecordingVault {
  /** Begins the age file for one recipient. It appears under its key whole, at `finish`, or never. */
  create(objectKey: string, recipient: string): Promise<AgeWriter>;
  /** Begins an age file of its own beside an object to come: packets that nobody decoded, as a pcap. */
  createRaw(objectKey: string, recipient: string): Promise<AgeWriter>;
  /** A small age file of its own beside the object, for the same recipient. *Borrows* the bytes until it resolves. */
  putPeaks(objectKey: string, recipient: string, peaks: Uint8Array): Promise<void>;
  /** Written after the object: where a manifest stands, its object stood before. Hexadecimal SHA-256 of its bytes. */
  putManifest(objectKey: string, manifest: Readonly<Record<string, unknown>>): Promise<string>;
  /** Null: none, or the object it speaks of is not there. `content` is null where it is no JSON. */
  manifest(objectKey: string): Promise<{ readonly content: unknown; readonly sha256: string } | null>;
  /** Object, packets, peaks and manifest, the object first. False: none was there. */
  delete(objectKey: string): Promise<boolean>;
}

export function recordingVault(deps: {
  readonly store: ObjectStore;
  readonly aead: Aead;
  readonly random: RandomBytes;
}): RecordingVault {
  const { store } = deps;
  return {
    create: async (objectKey, recipient) => AgeWriter.start(await store.create(objectKey), recipient, deps),
    createRaw: async (objectKey, recipient) =>
      AgeWriter.start(await store.create(rawKey(objectKey)), recipient, deps),
    async putPeaks(objectKey, recipient, peaks) {
      const writer = await AgeWriter.start(await store.create(peaksKey(objectKey)), recipient, deps);
      try {
        await writer.write(peaks);
        await writer.finish();
      } catch (error) {
        await writer.abort();
        throw error;
      }
    },
    async putManifest(objectKey, manifest) {
      const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
      await store.put(manifestKey(objectKey), bytes);
      return sha256(bytes);
    },
    async manifest(objectKey) {
      const size = await store.size(manifestKey(objectKey));
      if (size === null || (await store.size(objectKey)) === null) return null;
      const bytes = await store.read(manifestKey(objectKey), 0, size);
      return { content: parseJson(bytes), sha256: sha256(bytes) };
    },
    async delete(objectKey) {
      const object = await store.delete(objectKey);
      const raw = await store.delete(rawKey(objectKey));
      const peaks = await store.delete(peaksKey(objectKey));
      const manifest = await store.delete(manifestKey(objectKey));
      return object || raw || peaks || manifest;
    },
  };
}

const ending = /(\.[a-z0-9]+)?\.age$/;

/** `2026/11/23/ID.wav.age` has its manifest in `2026/11/23/ID.json`. */
export function manifestKey(objectKey: string): string {
  return objectKey.replace(ending, '.json');
}

/** `2026/11/23/ID.wav.age` has its waveform in `2026/11/23/ID.peaks.age`. */
export function peaksKey(objectKey: string): string {
  return objectKey.replace(ending, '.peaks.age');
}

/** `2026/11/23/ID.wav.age` has the packets that were not decoded in `2026/11/23/ID.pcap.age`. */
export function rawKey(objectKey: string): string {
  return objectKey.replace(ending, '.pcap.age');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}
