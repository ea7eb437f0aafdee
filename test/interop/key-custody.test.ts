import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { createDecipheriv } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingView } from '../support/api-client.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { Scene } from '../support/scene.ts';
import { missingTools } from './debian-tools.ts';
import { talk } from './talk.ts';

const missing = missingTools('age');
const ageMagic = 'age-encryption.org/v1';

interface StoredFile {
  readonly path: string;
  readonly bytes: Buffer;
}

function everyFile(directory: string): StoredFile[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

function holding(files: readonly StoredFile[], needle: string | Buffer): string[] {
  return files.filter(({ bytes }) => bytes.includes(needle)).map(({ path }) => path);
}

/**
 * What somebody with the whole data directory and the key-encryption key can do: try each base64 word of each
 * file as nonce, ciphertext and tag of AES-256-GCM under the KEK, bound to the recording or to nothing.
 */
function unwrapEverything(files: readonly StoredFile[], kek: Buffer, recordingId: string): string[] {
  const opened: string[] = [];
  for (const { bytes } of files) {
    for (const [word] of bytes.toString('latin1').matchAll(/[A-Za-z0-9+/_-]{60,}={0,2}/g)) {
      const sealed = Buffer.from(word, 'base64');
      for (const bound of [recordingId, '']) {
        const plain = openGcm(kek, sealed, bound);
        if (plain !== null) opened.push(plain);
      }
    }
  }
  return opened;
}

function openGcm(key: Buffer, sealed: Buffer, bound: string): string | null {
  try {
    const opener = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
    opener.setAAD(Buffer.from(bound));
    opener.setAuthTag(sealed.subarray(sealed.length - 16));
    return Buffer.concat([opener.update(sealed.subarray(12, -16)), opener.final()]).toString('latin1');
  } catch {
    return null;
  }
}

describe.skipIf(missing !== null)("the public age tool and a recording's own key", () => {
  let scene: Scene;
  let recording: RecordingView;
  let served: Buffer;
  let identity: string;
  let sealed: StoredFile;
  let dataDirectory: string;

  beforeAll(async () => {
    scene = await Scene.start({ rule: announcedElsewhere });
    dataDirectory = join(scene.directory, 'data');
    recording = await talk(scene, 3);
    served = await scene.node.api.audio(recording.id);
    const exported = await scene.node.run('key', 'export', recording.id);
    expect(exported.stderr).toBe('');
    identity = exported.stdout.trim();
    const aged = everyFile(dataDirectory).filter(({ bytes }) => bytes.toString('latin1', 0, 21) === ageMagic);
    expect(aged).toHaveLength(1);
    sealed = aged[0]!;
  });
  afterAll(() => scene.stop());

  function age(identityText: string): SpawnSyncReturns<Buffer> {
    const file = join(scene.directory, 'identity');
    writeFileSync(file, `${identityText}\n`, { mode: 0o600 });
    const copy = join(scene.directory, 'copy.age');
    writeFileSync(copy, sealed.bytes);
    return spawnSync('age', ['-d', '-i', file, copy], { maxBuffer: 1 << 28 });
  }

  it('`onrecord key export` prints one age identity', () => {
    expect(identity).toMatch(/^AGE-SECRET-KEY-1[0-9A-Z]+$/);
    const recipient = execFileSync('age-keygen', ['-y'], { input: `${identity}\n`, encoding: 'utf8' }).trim();
    expect(recipient).toMatch(/^age1/);
  });

  it('age opens the file in the data directory with it, and gets what the API serves', () => {
    const opened = age(identity);
    expect(opened.stderr.toString()).toBe('');
    expect(opened.stdout.equals(served)).toBe(true);
  });

  it('no clear audio lies in the data directory', () => {
    const files = everyFile(dataDirectory);
    // Any 64 bytes out of the middle of the sound, which is speech and not silence there.
    expect(holding(files, served.subarray(20_000, 20_064))).toEqual([]);
    expect(holding(files, 'WAVEfmt ')).toEqual([]);
  });

  it('the identity lies nowhere in the clear, and the KEK unwraps it while the recording is there', () => {
    const files = everyFile(dataDirectory);
    expect(holding(files, identity)).toEqual([]);
    const kek = Buffer.from(readFileSync(join(dataDirectory, 'kek'), 'latin1').trim(), 'base64');
    expect(unwrapEverything(files, kek, recording.id)).toContain(identity);
  });

  it('after deletion KEK, files, manifests, journal and database together open nothing', async () => {
    const kek = Buffer.from(readFileSync(join(dataDirectory, 'kek'), 'latin1').trim(), 'base64');
    const wrapped = everyFile(dataDirectory)
      .flatMap(({ bytes }) => bytes.toString('latin1').match(/[A-Za-z0-9+/]{100,}={0,2}/g) ?? [])
      .find((word) => openGcm(kek, Buffer.from(word, 'base64'), recording.id) === identity)!;
    const deletion = await scene.node.api.delete(recording.id);
    expect(deletion.ok).toBe(true);
    await scene.recording('deleted');
    for (const moment of ['while the node runs', 'after it has stopped']) {
      if (moment === 'after it has stopped') expect(await scene.node.stop()).toBe(0);
      const files = everyFile(dataDirectory);
      const raw = Buffer.from(wrapped, 'base64');
      expect(holding(files, wrapped), moment).toEqual([]);
      expect(holding(files, raw.subarray(12, 44)), moment).toEqual([]);
      expect(holding(files, identity), moment).toEqual([]);
      expect(unwrapEverything(files, kek, recording.id), moment).toEqual([]);
      const left = files.map(({ path }) => relative(dataDirectory, path));
      expect(
        left.filter((path) => path.endsWith('.age') || path.startsWith('spools')),
        moment,
      ).toEqual([]);
    }
    // A copy of the sealed file that somebody kept stays shut with all that is left.
    for (const { bytes } of everyFile(dataDirectory)) {
      for (const [word] of bytes.toString('latin1').matchAll(/AGE-SECRET-KEY-1[0-9A-Z]{58}/g)) {
        expect(age(word).status).not.toBe(0);
      }
    }
    expect(age(kek.toString('base64')).status).not.toBe(0);
    await scene.restart();
  });
});
