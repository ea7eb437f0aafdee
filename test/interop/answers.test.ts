import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { englishPrompt } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { Scene } from '../support/scene.ts';
import { align } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { after, voice } from '../end-to-end/voices.ts';

const prompt = readWav(englishPrompt.file).channels[0]!;
const promptMs = (prompt.length / 8000) * 1000;
const low = voice('caller', 0, 3);
const isEvent = ({ payloadType }: { readonly payloadType: number }): boolean => payloadType === 101;

const rules = (['opt-in', 'opt-out'] as const).map((consent) => ({
  ...{ id: consent, mode: 'automatic', purpose: 'quality', consent },
  ...{ when: { direction: consent === 'opt-in' ? 'outbound' : 'inbound' } },
  announce: { prompt: englishPrompt.id, to: 'caller', key: 1, answerSeconds: 2 },
  told: 'Our staff are told in their contracts.',
}));

/** Long enough for a prompt, and for a machine that is busy. */
const told = promptMs + 700;

describe('a party that is asked', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.start({ rulesBefore: rules });
  });
  afterAll(() => scene.stop());

  const evidence = async (callId: string) =>
    (await scene.node.api.callConsent(callId)).items.map(
      ({ party, outcome, key }) => `${party} ${outcome}${key === null ? '' : ` by ${key}`}`,
    );

  it('opt-in: is recorded from its key on, which the other party does not hear', async () => {
    const [calling, called] = await scene.placeCall();
    await after(told);
    expect(await scene.node.api.recordings('?state=recording')).toEqual([]);
    await calling.rtp.press('1');
    await after(300);
    await calling.rtp.play(low);
    await calling.hangUp();
    await called.ended;
    const recording = await scene.recording('sealed');
    expect(called.rtp.received.filter(isEvent)).toEqual([]);
    const [left] = readWav(await scene.node.api.audio(recording.id)).channels;
    expect(align(left!, low.subarray(4000, 20_000)).correlation).toBeGreaterThan(0.98);
    expect(await evidence(recording.callId)).toEqual(['callee elsewhere', 'caller agreed by 1']);
  });

  it('opt-in: by INFO as well, and INFO goes no further', async () => {
    const [calling, called] = await scene.placeCall();
    let passed = 0;
    called.session.delegate = {
      onInfo: (info) => {
        passed += 1;
        void info.accept();
      },
    };
    await after(told);
    await calling.info('1');
    await waitUntil('a recording', async () => (await scene.node.api.recordings('?state=recording'))[0]);
    await calling.info('2');
    await waitUntil('the INFO that is none of ours', () => passed > 0 || undefined);
    await calling.hangUp();
    const recording = await scene.recording('sealed');
    expect(await evidence(recording.callId)).toContain('caller agreed by 1');
    expect(passed).toBe(1);
  });

  it('opt-in: without the key nothing is recorded, and the two talk all the same', async () => {
    const [calling, called] = await scene.placeCall();
    await after(told + 2000);
    await calling.rtp.play(low);
    await calling.rtp.press('1');
    await waitUntil("a key that is nobody's answer", () => called.rtp.received.some(isEvent) || undefined);
    await calling.hangUp();
    const recording = await scene.recording('none');
    expect(recording.reason).toBe('not-agreed');
    expect(align(called.rtp.heard(), low).correlation).toBeGreaterThan(0.98);
    expect(await evidence(recording.callId)).toEqual(['callee elsewhere', 'caller declined']);
  });

  it('opt-out: the key destroys what there is, file and key, and the call goes on', async () => {
    const [calling, called] = await scene.placeInboundCall();
    await waitUntil('a recording', async () => (await scene.node.api.recordings('?state=recording'))[0]);
    await calling.rtp.press('1');
    const recording = await scene.recording('none');
    expect(recording.reason).toBe('opted-out');
    await calling.rtp.play(low);
    await after(300);
    await calling.hangUp();
    await scene.settledCall();
    expect(align(called.rtp.heard(), low).correlation).toBeGreaterThan(0.98);
    expect(await evidence(recording.callId)).toEqual(['callee elsewhere', 'caller opted-out by 1']);
    const files = readdirSync(join(scene.directory, 'data'), { recursive: true }).map(String);
    expect(files.filter((file) => file.includes(recording.id) && !/destroyed|tomb/.test(file))).toEqual([]);
    const exported = await scene.node.run('key', 'export', recording.id);
    expect(exported.code).not.toBe(0);
  });

  it('opt-out: who lets the time pass is recorded', async () => {
    const [calling, called] = await scene.placeInboundCall();
    await after(told + 2000);
    await calling.hangUp();
    await called.ended;
    const recording = await scene.recording('sealed');
    expect(await evidence(recording.callId)).toEqual(['callee elsewhere', 'caller stayed']);
  });
});
