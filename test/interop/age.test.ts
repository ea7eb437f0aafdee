import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { after, voice } from '../end-to-end/voices.ts';
import type { RecordingView } from '../support/api-client.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { Scene } from '../support/scene.ts';
import { fileKeyOf, secretOf } from './age-format.ts';
import { everyFile, occurrences, openable } from './age-search.ts';
import { missingTools } from './debian-tools.ts';

/** Settled keys leave the journal within a second. */
const settledMs = 2500;

describe.skipIf(missingTools('age') !== null)('a recording and the key of its own', () => {
  let scene: Scene;
  let data: string;
  let recording: RecordingView;
  let kek: Buffer;
  let identity: string;
  let sealed: Buffer;
  let wrapped: Buffer[];
  let foundInCall: readonly string[];

  const needles = (): Record<string, Buffer> => ({
    identity: Buffer.from(identity),
    'identity, 32 bytes': secretOf(identity),
    'file key': fileKeyOf(sealed, identity),
    ...Object.fromEntries(wrapped.map((each, n) => [`wrapped identity ${n}`, each])),
  });

  beforeAll(async () => {
    scene = await Scene.start({ rule: announcedElsewhere });
    data = join(scene.directory, 'data');
    const [calling, called] = await scene.placeCall();
    const talk = Promise.all([
      calling.rtp.play(voice('caller', 0, 4)),
      called.rtp.play(voice('callee', 0, 4)),
    ]);
    await after(1500);
    kek = Buffer.from(readFileSync(join(data, 'kek'), 'latin1').trim(), 'base64');
    const { id } = await scene.recording('recording');
    const inCall = openable(everyFile(data), kek, id);
    foundInCall = inCall.map(({ file }) => file);
    await talk;
    await calling.hangUp();
    await called.ended;
    recording = await scene.recording('sealed');
    const file = everyFile(data).find((each) => each.file.endsWith(`${id}.wav.age`));
    sealed = file!.bytes;
    wrapped = [
      ...new Map(inCall.map((each) => [each.wrapped.toString('hex'), Buffer.from(each.wrapped)])).values(),
    ];
  });
  afterAll(() => scene.stop());

  it('Debian’s age opens the sealed file with the exported identity: byte for byte what the API serves', async () => {
    const exported = await scene.node.run('key', 'export', recording.id);
    expect(exported.code, exported.stderr).toBe(0);
    expect(exported.stdout).toMatch(/^AGE-SECRET-KEY-1[A-Z0-9]{58}\n$/);
    identity = exported.stdout.trim();
    const opened = ageOpens(sealed, identity);
    const served = await scene.node.api.audio(recording.id);
    expect(opened.equals(served)).toBe(true);
    expect(opened.length).toBe(recording.sizeBytes);
    expect(opened.length).toBeGreaterThan(3.5 * 32_000);
    expect(createHash('sha256').update(opened).digest('hex')).toBe(recording.sha256);
  });

  it('another identity, and one bit of the file, are enough for age to refuse', async () => {
    const other = await generateX25519Identity();
    expect(() => ageOpens(sealed, other)).toThrow(/no identity matched/);
    const changed = Buffer.from(sealed);
    changed[sealed.length >> 1]! ^= 1;
    expect(() => ageOpens(changed, identity)).toThrow();
  });

  it('while the key lives, the search finds its wrapped form, and the KEK opens it', () => {
    const files = everyFile(data);
    const opened = openable(files, kek, recording.id);
    expect(foundInCall.length).toBeGreaterThan(0);
    expect(opened.map(({ file }) => file)).toContain(`keys/${recording.id}.key`);
    for (const { secret } of opened) expect(secret.toString()).toBe(identity);
    expect(ageOpens(sealed, opened[0]!.secret.toString()).length).toBe(recording.sizeBytes);
    // In no other form than wrapped does it lie anywhere.
    const found = occurrences(files, needles());
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter(({ what }) => !what.startsWith('wrapped'))).toEqual([]);
  });

  it('after DELETE the audio is gone (410), and no key can be exported', async () => {
    expect((await scene.node.api.delete(recording.id)).ok).toBe(true);
    const audio = await scene.node.api.request(`/api/v1/recordings/${recording.id}/audio`);
    expect(audio.status).toBe(410);
    const exported = await scene.node.run('key', 'export', recording.id);
    expect(exported.code).toBe(1);
    expect(exported.stdout).toBe('');
    expect(exported.stderr).toContain(recording.id);
  });

  it('after DELETE, KEK, files, manifests, journal, key store and database together open nothing', async () => {
    await after(settledMs);
    const files = everyFile(data);
    expect(files.map(({ file }) => file).filter((file) => file.includes('journal')).length).toBeGreaterThan(
      0,
    );
    expect(files.length).toBeGreaterThan(100);
    expect(openable(files, kek, recording.id)).toEqual([]);
    expect(occurrences(files, needles())).toEqual([]);
  });

  it('neither does a kill -9 and a new start bring the key back', async () => {
    await scene.node.kill();
    const asLeft = everyFile(data);
    expect(openable(asLeft, kek, recording.id)).toEqual([]);
    await scene.restart();
    await after(settledMs);
    const files = everyFile(data);
    expect(openable(files, kek, recording.id)).toEqual([]);
    expect(occurrences([...asLeft, ...files], needles())).toEqual([]);
    const audio = await scene.node.api.request(`/api/v1/recordings/${recording.id}/audio`);
    expect(audio.status).toBe(410);
    expect((await scene.node.run('key', 'export', recording.id)).code).toBe(1);
  });
});

/** What `age -d -i IDENTITY FILE` prints; throws with its message where it refuses. */
function ageOpens(file: Buffer, identity: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'onrecord-age-'));
  try {
    writeFileSync(join(directory, 'identity'), `${identity}\n`, { mode: 0o600 });
    writeFileSync(join(directory, 'sealed.age'), file);
    return execFileSync('age', ['-d', '-i', 'identity', 'sealed.age'], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
