import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingView } from '../support/api-client.ts';
import { englishPrompt } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { extension, outsideNumber, Scene } from '../support/scene.ts';
import { align, amplitudeAt, signalToNoise } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { after, voice } from '../end-to-end/voices.ts';

const prompt = readWav(englishPrompt.file).channels[0]!;
const promptMs = (prompt.length / 8000) * 1000;
const low = voice('caller', 0, 3);
const high = voice('callee', 0, 3);
const babble = voice('caller', 5, 1);

const toAll = { announce: { prompt: englishPrompt.id, to: 'all', when: 'before-connect' } };
const inbound = {
  ...{ id: 'inbound', mode: 'automatic', purpose: 'quality', when: { direction: 'inbound' } },
  announce: {
    ...{ prompt: englishPrompt.id, to: 'caller', when: 'before-connect' },
    ...{ translations: ['quality-fr'], languageHeader: 'X-Language' },
  },
  told: 'Our staff are told in their contracts.',
};

const prompts = [englishPrompt, { ...englishPrompt, id: 'quality-fr', language: 'fr' }];

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start({ prompts, rule: toAll, rulesBefore: [inbound], trunk: { acknowledges: true } });
});
afterAll(() => scene.stop());

const outbound = () => `sip:${outsideNumber}@127.0.0.1:${scene.lanPort};transport=tcp`;
const inward = () => `sip:${extension}@127.0.0.1:${scene.wanPort};transport=tcp`;

const evidence = async (callId: string) =>
  (await scene.node.api.callConsent(callId)).items.map(
    ({ party, outcome, moment }) => `${party} ${outcome} ${moment}`,
  );

function audioLine(description: string | undefined): string {
  return /^m=audio \d+ (.*?)\r?$/m.exec(description ?? '')?.[1] ?? '';
}

describe('a caller that is told before anybody is dialled, outbound, and the callee on answer', () => {
  let heard: { readonly caller: Int16Array; readonly callee: Int16Array };
  let dialledAfterMs: number;
  let offered: string;
  let laws: readonly string[];
  let recording: RecordingView;

  beforeAll(async () => {
    const began = performance.now();
    const calling = scene.pbx.call(outbound(), [], { hearsEarly: true });
    await waitUntil(
      'early media',
      () => calling.session.sessionDescriptionHandler !== undefined || undefined,
    );
    await waitUntil('the 183', () => calling.media.remote !== null || undefined);
    laws = calling.media.remote!.laws;
    // The caller talks over the announcement; nobody may hear or keep that.
    await calling.rtp.play(babble);
    const called = await scene.trunk.nextCall();
    dialledAfterMs = performance.now() - began;
    offered = called.request?.body ?? '';
    await called.answer();
    expect((await calling.answered).status).toBe(200);
    // And over the callee's.
    await calling.rtp.play(babble);
    await after(promptMs - 500);
    await Promise.all([calling.rtp.play(low), called.rtp.play(high)]);
    await after(100);
    await calling.hangUp();
    await called.ended;
    heard = { caller: calling.rtp.heard(), callee: called.rtp.heard() };
    recording = await scene.recording('sealed');
  });

  it('the callee is dialled when the caller has heard all of it', () => {
    expect(dialledAfterMs).toBeGreaterThan(promptMs);
    expect(dialledAfterMs).toBeLessThan(promptMs + 1500);
  });

  it.each(['caller', 'callee'] as const)('the %s hears the whole prompt, from its beginning', (party) => {
    const { lag, correlation } = align(heard[party], prompt, 0, 8000);
    expect(correlation).toBeGreaterThan(0.98);
    expect(signalToNoise(prompt, heard[party].subarray(lag, lag + prompt.length))).toBeGreaterThan(30);
  });

  it('one codec is chosen in the 183, and is what the callee is offered, with telephone events', () => {
    expect(laws).toEqual(['pcma']);
    expect(audioLine(offered)).toBe('RTP/AVP 8 101');
  });

  it('what is said during either announcement reaches nobody', () => {
    expect(align(heard.callee, babble).correlation).toBeLessThan(0.5);
  });

  it('after the last announcement each voice reaches the other side', () => {
    expect(align(heard.callee, low).correlation).toBeGreaterThan(0.98);
    expect(align(heard.caller, high).correlation).toBeGreaterThan(0.98);
  });

  it('the recording begins after the last announcement: neither prompt nor babble is in it', async () => {
    const { channels } = readWav(await scene.node.api.audio(recording.id));
    const [left, right] = channels as [Int16Array, Int16Array];
    expect(align(left, low).correlation).toBeGreaterThan(0.98);
    expect(align(right, high).correlation).toBeGreaterThan(0.98);
    for (const channel of channels) {
      expect(align(channel, prompt.subarray(0, 16_000)).correlation).toBeLessThan(0.5);
      expect(align(channel, babble).correlation).toBeLessThan(0.5);
    }
  });

  it('the evidence says when each party was told', async () => {
    expect(await evidence(recording.callId)).toEqual(['caller told before-connect', 'callee told on-answer']);
  });
});

describe('inbound, by a caller that acknowledges provisionals', () => {
  it('is recorded from the answer on, since the callee is told by others', async () => {
    const calling = scene.trunk.call(inward(), ['X-Language: fr-LU'], { hearsEarly: true });
    const called = await scene.pbx.nextCall();
    // What is heard early is the announcement, and is over before the telephone rings.
    expect(align(calling.rtp.heard(), prompt, 0, 8000).correlation).toBeGreaterThan(0.98);
    const before = calling.rtp.heard().length;
    await after(800);
    // And it hears it ring: the tone of node.country, which is Luxembourg's.
    const ringing = calling.rtp.heard().subarray(before + 800, before + 4800);
    expect(amplitudeAt(ringing, 425)).toBeGreaterThan(4500);
    expect(amplitudeAt(ringing, 600)).toBeLessThan(100);
    await called.answer();
    expect((await calling.answered).status).toBe(200);
    await waitUntil('a recording', async () => (await scene.node.api.recordings('?state=recording'))[0]);
    await calling.rtp.play(low);
    await after(100);
    await calling.hangUp();
    await called.ended;
    const recording = await scene.recording('sealed');
    expect(align(called.rtp.heard(), low).correlation).toBeGreaterThan(0.98);
    expect(recording.durationMs).toBeLessThan(5500);
    expect(await evidence(recording.callId)).toEqual([
      'caller told before-connect',
      'callee elsewhere on-answer',
    ]);
    const { items } = await scene.node.api.callConsent(recording.callId);
    expect(items.find(({ party }) => party === 'caller')).toMatchObject({
      promptId: 'quality-fr',
      language: 'fr',
    });
  });
});

describe('RFC 3262 §5: a caller that leaves the offer to us, and acknowledges provisionals', () => {
  it('answers ours in its PRACK, is told, and speaks with the callee in the codec that it has chosen', async () => {
    const calling = scene.trunk.call(inward(), [], { offersLate: true });
    const called = await scene.pbx.nextCall();
    expect(audioLine(called.request?.body)).toMatch(/^RTP\/AVP [08] 101$/);
    await called.answer();
    expect((await calling.answered).status).toBe(200);
    expect(align(calling.rtp.heard(), prompt, 0, 8000).correlation).toBeGreaterThan(0.98);
    await waitUntil('a recording', async () => (await scene.node.api.recordings('?state=recording'))[0]);
    await Promise.all([calling.rtp.play(low), called.rtp.play(high)]);
    await after(100);
    await calling.hangUp();
    await called.ended;
    const recording = await scene.recording('sealed');
    expect(align(called.rtp.heard(), low).correlation).toBeGreaterThan(0.98);
    expect(align(calling.rtp.heard(), high).correlation).toBeGreaterThan(0.98);
    const { channels } = readWav(await scene.node.api.audio(recording.id));
    expect(align(channels[0]!, low).correlation).toBeGreaterThan(0.98);
    expect(await evidence(recording.callId)).toEqual([
      'caller told before-connect',
      'callee elsewhere on-answer',
    ]);
  });
});

describe('a caller that cannot be told early, or does not wait for it', () => {
  it('CANCEL during the prompt dials nobody, and nothing is kept but that the caller left', async () => {
    const calling = scene.pbx.call(outbound(), [], { hearsEarly: true });
    await waitUntil('the 183', () => calling.session.sessionDescriptionHandler !== undefined || undefined);
    await waitUntil('media', () => calling.media.remote !== null || undefined);
    await waitUntil('the prompt', () => calling.rtp.received.length > 20 || undefined);
    await calling.hangUp();
    const { id, outcome, reason, answeredAt, legs } = await scene.settledCall();
    expect([outcome, reason, answeredAt]).toEqual(['caller', 'cancelled', null]);
    expect(legs.map(({ party }) => party)).toEqual(['caller']);
    expect((await scene.recording('none')).reason).toBe('not-answered');
    expect(await evidence(id)).toEqual(['caller left before-connect']);
  });

  it('an INVITE without an offer, and without 100rel: both are told on answer, and the evidence says so', async () => {
    const calling = scene.pbx.call(outbound(), [], { offersLate: true });
    const called = await scene.trunk.nextCall();
    await called.answer();
    expect((await calling.answered).status).toBe(200);
    await waitUntil('a recording', async () => (await scene.node.api.recordings('?state=recording'))[0]);
    await calling.hangUp();
    const { callId } = await scene.recording('sealed');
    expect((await evidence(callId)).sort()).toEqual(['callee told on-answer', 'caller told on-answer']);
    expect(scene.node.output).toContain('announced-on-answer');
  });
});
