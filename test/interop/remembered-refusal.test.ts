import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { after } from '../end-to-end/voices.ts';
import type { CallView } from '../support/api-client.ts';
import { englishPrompt } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { extension, outsideNumber, Scene } from '../support/scene.ts';

const forgetful = {
  ...{
    id: 'clients',
    mode: 'automatic',
    purpose: 'quality',
    consent: 'opt-out',
    when: { direction: 'inbound' },
  },
  announce: { prompt: englishPrompt.id, to: 'caller', key: 1, answerSeconds: 5, remember: true },
  told: 'Our staff are told in their contracts.',
};

interface Listed {
  readonly items: readonly { readonly hash: string; readonly addedBy: string }[];
}

describe('a party whose refusal is remembered', () => {
  let scene: Scene;
  let said = '';
  beforeAll(async () => {
    scene = await Scene.start({ rulesBefore: [forgetful] });
  });
  afterAll(() => scene.stop());

  const listed = async (): Promise<Listed['items']> =>
    ((await (await scene.node.api.request('/api/v1/do-not-record')).json()) as Listed).items;
  const call = async (talk: (press: (key: string) => Promise<void>) => Promise<void>): Promise<void> => {
    const [calling, called] = await scene.placeInboundCall();
    await talk((key) => calling.rtp.press(key));
    await calling.hangUp();
    await called.ended;
  };
  const callsInOrder = async (count: number): Promise<readonly CallView[]> => {
    const calls = await waitUntil(`${count} calls that have ended`, async () => {
      const all = await scene.node.api.calls();
      return all.length === count && all.every(({ endedAt }) => endedAt !== null) ? all : undefined;
    });
    return calls.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  };

  it('is not recorded any more: while control is away, and after a crash', async () => {
    const control = scene.node.processes().find((pid) => commandOf(pid).includes('control'))!;
    process.kill(control, 'SIGSTOP');
    await call(async (press) => {
      await after(1000);
      await press('1');
      await after(500);
    });
    await call(() => after(300));
    await scene.node.kill();
    said = `${scene.node.output}\n${journalOf(scene)}`;
    await scene.restart();
    await call(() => after(300));
    const calls = await callsInOrder(3);
    expect(calls.map(({ notRecorded }) => notRecorded)).toEqual([null, 'do-not-record', 'do-not-record']);
    expect(await listed()).toMatchObject([{ addedBy: `caller of call ${calls[0]!.id}` }]);
    expect(calls[0]!.recordings).toMatchObject([{ state: 'none', reason: 'opted-out' }]);
  });

  it('may be taken off the list, and is asked again', async () => {
    const [entry] = await listed();
    const removed = await scene.node.api.request(`/api/v1/do-not-record/${entry!.hash}`, {
      method: 'DELETE',
    });
    expect(removed.status).toBe(204);
    await call(() => after(300));
    expect((await callsInOrder(4)).at(-1)!.notRecorded).toBeNull();
    expect(await listed()).toEqual([]);
  });

  it('has its number in no line that tells of it', () => {
    const telling = said.split('\n').filter((line) => /do-not-record-asked|"kind":"listing"/.test(line));
    expect(telling).toHaveLength(2);
    expect(
      telling.filter((line) => line.includes(outsideNumber.slice(1)) || line.includes(extension)),
    ).toEqual([]);
  });
});

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
}

function journalOf({ directory }: Scene): string {
  const folder = join(directory, 'data', 'journal');
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('');
}
