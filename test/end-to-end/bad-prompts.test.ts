import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeDirectory, runProduct, temporaryDirectory } from '../support/node.ts';
import { englishPrompt, nodeConfig } from '../support/node-config.ts';
import { readWav, wavBytes } from '../support/wav-file.ts';

const whole = readFileSync(englishPrompt.file);
const { channels } = readWav(whole);

const faulty: readonly [name: string, file: string, bytes: Buffer | null, says: RegExp][] = [
  ['missing', 'gone.wav', null, /no such file|missing|not there|does not exist|cannot be read/i],
  ['not WAV', 'song.wav', Buffer.from('ID3 this is no WAV file at all'), /WAV/],
  ['truncated', 'short.wav', whole.subarray(0, whole.length - 5000), /truncated|shorter|ends|cut/i],
  [
    'stereo',
    'two.wav',
    wavBytes({ sampleRate: 8000, channels: [channels[0]!, channels[0]!] }),
    /mono|channels/i,
  ],
];

describe.each(faulty)('a prompt file that is %s', (_name, file, bytes, says) => {
  let directory: string;
  let config: string;

  beforeAll(async () => {
    directory = temporaryDirectory();
    if (bytes !== null) writeFileSync(join(directory, file), bytes);
    config = join(directory, 'onrecord.yaml');
    const target = 'sip:127.0.0.1:5070;transport=tcp';
    const ports = { lanPort: 5060, wanPort: 5062, mediaPorts: [21_000, 21_039] as const };
    const text = await nodeConfig({
      ...ports,
      pbxTarget: target,
      trunkTarget: target,
      prompts: [{ ...englishPrompt, file }],
    });
    writeFileSync(config, text);
  });
  afterAll(() => {
    removeDirectory(directory);
  });

  it.each([
    ['check', 1],
    ['start', 2],
  ])('makes `%s` say which file and what is wrong, and end with %i', async (command, code) => {
    const ended = await runProduct([command, '--config', config]);
    expect(ended.stderr).toContain(file);
    expect(ended.stderr).toMatch(says);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    expect(ended.code).toBe(code);
  });
});

describe('the prompts that the package ships', () => {
  it('are all good', async () => {
    const directory = temporaryDirectory();
    const prompts = ['en', 'fr', 'de', 'lb'].map((language) => ({
      ...englishPrompt,
      id: `quality-${language}`,
      language,
      file: englishPrompt.file.replace('-en.wav', `-${language}.wav`),
    }));
    const target = 'sip:127.0.0.1:5070;transport=tcp';
    const config = join(directory, 'onrecord.yaml');
    writeFileSync(
      config,
      await nodeConfig({ lanPort: 5060, wanPort: 5062, pbxTarget: target, trunkTarget: target, prompts }),
    );
    const ended = await runProduct(['check', '--config', config]);
    // Their texts leave it to the user to name the controller and the rest: a warning each, and nothing else.
    const lines = ended.stderr.trim().split('\n');
    expect(lines.map((line) => /warning: (\S+): does not tell who records/.exec(line)?.[1] ?? line)).toEqual(
      prompts.map((_, i) => `consent.prompts[${i}].tells`),
    );
    expect(ended.code).toBe(0);
    removeDirectory(directory);
  });
});
