import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chacha20Poly1305 } from '../../src/kernel/aead.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { diskObjectStore } from '../../src/storage/disk-object-store.ts';
import { type RecordingVault, recordingVault } from '../../src/storage/recording-vault.ts';

const objectKey = '2026/11/23/r1.wav.age';
let folder: string;
let vault: RecordingVault;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onrecord-vault-'));
  vault = recordingVault({ store: diskObjectStore(folder), aead: chacha20Poly1305, random: systemRandom });
});
afterEach(() => rm(folder, { recursive: true }));

const names = async (): Promise<string[]> => (await readdir(join(folder, '2026/11/23'))).sort();

describe('a waveform in the vault', () => {
  it('stands beside its recording, and only the recording’s identity opens it', async () => {
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    await vault.putPeaks(objectKey, recipient, Buffer.from('{"length":3}'));
    const bytes = await readFile(join(folder, '2026/11/23/r1.peaks.age'));
    expect(bytes.includes('length')).toBe(false);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(Buffer.from(await decrypter.decrypt(bytes)).toString()).toBe('{"length":3}');
  });

  it('goes with its recording', async () => {
    const recipient = await identityToRecipient(await generateX25519Identity());
    const writer = await vault.create(objectKey, recipient);
    await writer.write(Buffer.from('audio'));
    await writer.finish();
    const raw = await vault.createRaw(objectKey, recipient);
    await raw.write(Buffer.from('packets'));
    await raw.finish();
    await vault.putPeaks(objectKey, recipient, Buffer.from('{}'));
    await vault.putManifest(objectKey, { recordingId: 'r1' });
    expect(await names()).toEqual(['r1.json', 'r1.pcap.age', 'r1.peaks.age', 'r1.wav.age']);
    expect(await vault.delete(objectKey)).toBe(true);
    expect(await names()).toEqual([]);
    expect(await vault.delete(objectKey)).toBe(false);
  });
});
