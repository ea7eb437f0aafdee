import { Decrypter, Encrypter } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { parseKek } from '../../src/storage/kek.ts';
import { createRecordingKeys } from '../../src/storage/recording-keys.ts';

function keysUnder(fill: number) {
  const kek = parseKek(Buffer.alloc(32, fill), 'test');
  if (!kek.ok) throw new Error(kek.error);
  return createRecordingKeys({ kek: kek.value, random: systemRandom, clock: systemClock() });
}

describe("a recording's keys", () => {
  it('are an age identity of its own, which the KEK alone does not replace', async () => {
    const keys = keysUnder(1);
    const { key, spoolSecret } = await keys.create('r1');
    const encrypter = new Encrypter();
    encrypter.addRecipient(key.recipient);
    const decrypter = new Decrypter();
    decrypter.addIdentity(keys.identity(key)!);
    expect(await decrypter.decrypt(await encrypter.encrypt('hello'), 'text')).toBe('hello');
    expect(keys.open(key)).toEqual({ recipient: key.recipient, spoolSecret });
    expect(spoolSecret).toHaveLength(32);
    expect(JSON.stringify(key)).not.toContain('AGE-SECRET');
  });

  it('open under no other KEK and for no other recording', async () => {
    const { key } = await keysUnder(1).create('r1');
    expect(keysUnder(2).open(key)).toBeNull();
    expect(keysUnder(1).open({ ...key, recordingId: 'r2' })).toBeNull();
    expect(keysUnder(2).identity(key)).toBeNull();
  });
});
