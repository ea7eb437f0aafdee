import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Agent } from '../support/agent/agent.ts';
import { freeTcpPort } from '../support/free-ports.ts';
import { runProduct } from '../support/node.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { extension, outsideNumber, Scene } from '../support/scene.ts';
import { align, rms } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { after, voice } from './voices.ts';

// One node for the file, since its start is what costs. Inbound calls are announced elsewhere, others by prompt.
let scene: Scene;

let guardedPort: number;

beforeAll(async () => {
  guardedPort = await freeTcpPort();
  scene = await Scene.start({
    rulesBefore: [{ id: 'inbound', when: { direction: 'inbound' }, ...announcedElsewhere }],
    listeners: [{ id: 'guarded', transport: 'tcp', address: '127.0.0.1', port: guardedPort }],
    // Nobody here has this address, so that whoever dials the guarded listener is a stranger.
    peers: [
      { id: 'far', side: 'trunk', listener: 'guarded', match: ['192.0.2.1/32'], targets: ['sip:192.0.2.1'] },
    ],
  });
});
afterAll(() => scene.stop());

describe('an inbound call, announced elsewhere', () => {
  it('is recorded from the answer on, the caller from outside on the left; a pause is silence; deletion ends it', async () => {
    const [calling, called] = await scene.placeInboundCall();
    // What is said before the recorder is ready is not in the file; nobody here speaks that early.
    await scene.recording('recording');
    const before = voice('caller', 0, 1.5);
    const secret = voice('caller', 4, 1.5);
    const later = voice('caller', 8, 1.5);
    const answer = voice('callee', 0, 2);
    await Promise.all([calling.rtp.play(before), called.rtp.play(answer)]);
    const { id: callId } = await scene.liveCall();
    expect((await scene.node.api.control(callId, 'pause', 'card number')).ok).toBe(true);
    await calling.rtp.play(secret);
    await after(60);
    expect((await scene.node.api.control(callId, 'resume', 'card number done')).ok).toBe(true);
    await calling.rtp.play(later);
    await after(60);
    await called.hangUp();
    await calling.ended;

    const recording = await scene.recording('sealed');
    const { channels } = readWav(await scene.node.api.audio(recording.id));
    const [left, right] = channels as [Int16Array, Int16Array];
    expect(align(left, before).correlation).toBeGreaterThan(0.95);
    expect(align(left, later).correlation).toBeGreaterThan(0.95);
    expect(align(right, answer).correlation).toBeGreaterThan(0.95);
    expect(align(left, secret).correlation).toBeLessThan(0.5);
    // The other side heard what the recording did not.
    expect(align(called.rtp.heard(), secret).correlation).toBeGreaterThan(0.95);
    // A pause keeps its length: later words stand where they were said.
    const between = align(left, later).lag - align(left, before).lag;
    expect(between / 8000).toBeGreaterThan(3);
    for (const channel of recording.ledger ?? []) expect(channel.pausedMs).toBeGreaterThan(1400);

    expect(await scene.settledCall()).toMatchObject({ direction: 'inbound', outcome: 'success' });
    expect((await scene.node.api.delete(recording.id)).ok).toBe(true);
    await scene.recording('deleted');
    const gone = await scene.node.api.request(`/api/v1/recordings/${recording.id}/audio`);
    expect(gone.status).toBeGreaterThanOrEqual(400);
    expect(gone.status).toBeLessThan(500);
  });

  it('holding a call leaves held time in the ledger, and both voices before and after', async () => {
    const [calling, called] = await scene.placeInboundCall();
    await scene.recording('recording');
    const before = voice('caller', 0, 1);
    const later = voice('caller', 8, 1);
    await calling.rtp.play(before);
    await called.hold();
    await after(1000);
    await called.resume();
    await calling.rtp.play(later);
    await after(60);
    await calling.hangUp();
    await called.ended;
    const recording = await scene.recording('sealed');
    const { channels } = readWav(await scene.node.api.audio(recording.id));
    expect(align(channels[0]!, before).correlation).toBeGreaterThan(0.95);
    expect(align(channels[0]!, later).correlation).toBeGreaterThan(0.95);
    const held = (recording.ledger ?? []).map(({ heldMs }) => heldMs);
    expect(Math.max(...held)).toBeGreaterThan(700);
    expect(Math.max(...held)).toBeLessThan(1500);
  });
});

describe('an outbound call that ends in mid-announcement', () => {
  it('leaves a recording in state none, with a reason, and no audio', async () => {
    const [calling, called] = await scene.placeCall();
    await after(1500);
    await calling.hangUp();
    await called.ended;
    const recording = await scene.recording('none');
    expect(recording.reason).toBeTruthy();
    expect(await scene.settledCall()).toMatchObject({ direction: 'outbound' });
    const audio = await scene.node.api.request(`/api/v1/recordings/${recording.id}/audio`);
    expect(audio.ok).toBe(false);
    expect(rms(called.rtp.heard())).toBeGreaterThan(100);
  });
});

describe('an INVITE from an address that is no peer', () => {
  it('gets 403, and nothing is dialled', async () => {
    const stranger = await Agent.start({ user: 'stranger', proxy: { host: '127.0.0.1', port: guardedPort } });
    const rung = Promise.race([
      scene.trunk.nextCall().then(() => 'rang'),
      scene.pbx.nextCall().then(() => 'rang'),
      after(500).then(() => 'quiet'),
    ]);
    const call = stranger.call(`sip:${extension}@127.0.0.1:${guardedPort};transport=tcp`);
    expect((await call.answered).status).toBe(403);
    expect(await rung).toBe('quiet');
    await stranger.stop();
  });
});

describe('a call that the other side refuses', () => {
  it('passes the status on and leaves nothing recorded', async () => {
    const agents = await Promise.all([
      Agent.start({ user: outsideNumber, proxy: { host: '127.0.0.1', port: scene.wanPort } }),
    ]);
    const call = agents[0].call(`sip:299@127.0.0.1:${scene.wanPort};transport=tcp`);
    // sip.js answers 404 to a user that is not its own.
    expect((await call.answered).status).toBe(404);
    const settled = await scene.settledCall();
    expect(settled.outcome).not.toBe('success');
    await agents[0].stop();
  });
});

describe('a second node on one data directory', () => {
  it('refuses to start, names the directory and leaves the first one running', async () => {
    const second = await runProduct(['start', '--config', scene.node.configFile]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`${scene.directory}/data`);
    expect(second.stdout).not.toContain('ONRECORD_READY');
    expect((await scene.node.api.request('/healthz')).status).toBe(200);
  });
});
