import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallView, RecordingView } from '../support/api-client.ts';
import { englishPrompt } from '../support/node-config.ts';
import { Scene } from '../support/scene.ts';
import { align, rms, signalToNoise } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { after, voice } from './voices.ts';

const prompt = readWav(englishPrompt.file).channels[0]!;
const low = voice('caller', 0, 3);
const high = voice('callee', 0, 3);

describe('a call whose parties are told on answer that it is recorded', () => {
  let scene: Scene;
  let heard: { readonly caller: Int16Array; readonly callee: Int16Array };
  let call: CallView;
  let recording: RecordingView;
  const babble = voice('caller', 5, 1);

  beforeAll(async () => {
    scene = await Scene.start();
    const [calling, called] = await scene.placeCall();
    // The caller talks over the announcement; nobody may hear or keep that.
    await calling.rtp.play(babble);
    await after((prompt.length / 8000) * 1000 - 500);
    await Promise.all([calling.rtp.play(low), called.rtp.play(high)]);
    await after(100);
    await calling.hangUp();
    await called.ended;
    heard = { caller: calling.rtp.heard(), callee: called.rtp.heard() };
    recording = await scene.recording('sealed');
    call = await scene.settledCall();
  });
  afterAll(() => scene.stop());

  it.each(['caller', 'callee'] as const)('the %s hears the whole prompt, from its beginning', (party) => {
    const { lag, correlation } = align(heard[party], prompt, 0, 8000);
    expect(correlation).toBeGreaterThan(0.98);
    expect(signalToNoise(prompt, heard[party].subarray(lag, lag + prompt.length))).toBeGreaterThan(30);
  });

  it('nothing that the caller says during the announcement reaches the callee', () => {
    expect(align(heard.callee, babble).correlation).toBeLessThan(0.5);
  });

  it('after the announcement each voice reaches the other side', () => {
    expect(align(heard.callee, low).correlation).toBeGreaterThan(0.98);
    expect(align(heard.caller, high).correlation).toBeGreaterThan(0.98);
    expect(align(heard.caller, low).correlation).toBeLessThan(0.5);
  });

  it('the recording holds the caller on the left and the callee on the right', async () => {
    const { channels, sampleRate } = readWav(await scene.node.api.audio(recording.id));
    expect(sampleRate).toBe(8000);
    const [left, right] = channels as [Int16Array, Int16Array];
    expect(align(left, low).correlation).toBeGreaterThan(0.98);
    expect(align(right, high).correlation).toBeGreaterThan(0.98);
    expect(align(left, high).correlation).toBeLessThan(0.5);
    expect(align(right, low).correlation).toBeLessThan(0.5);
  });

  it('the recording begins after the announcement: neither prompt nor babble is in it', async () => {
    const { channels } = readWav(await scene.node.api.audio(recording.id));
    for (const channel of channels) {
      expect(align(channel, prompt.subarray(0, 16_000)).correlation).toBeLessThan(0.5);
      expect(align(channel, babble).correlation).toBeLessThan(0.5);
    }
    expect(rms(channels[0]!)).toBeGreaterThan(300);
  });

  it('the two voices keep their distance from each other', async () => {
    const { channels } = readWav(await scene.node.api.audio(recording.id));
    const distance = align(channels[0]!, low).lag - align(channels[1]!, high).lag;
    // Both began to speak in the same 20 ms; the relay's turn adds at most some more.
    expect(Math.abs(distance)).toBeLessThan(8 * 60);
  });

  it('the call record says who, when, how it went, and which recording', () => {
    expect(call).toMatchObject({ direction: 'outbound', outcome: 'success' });
    expect(call.answeredAt).not.toBeNull();
    expect(recording).toMatchObject({
      callId: call.id,
      format: 'wav',
      channels: 'stereo',
      purpose: 'quality',
    });
  });

  it('the ledger of each channel adds up to the length of the recording', async () => {
    const { channels } = readWav(await scene.node.api.audio(recording.id));
    const lengthMs = (channels[0]!.length / 8000) * 1000;
    // Whole milliseconds, which are eight samples each.
    expect(Math.abs(recording.durationMs! - lengthMs)).toBeLessThan(1);
    for (const channel of recording.ledger ?? []) {
      const { receivedMs, concealedMs, heldMs, pausedMs, lostMs } = channel;
      expect(receivedMs + concealedMs + heldMs + pausedMs + lostMs).toBe(recording.durationMs);
      expect(lostMs).toBeLessThanOrEqual(100);
    }
  });

  it('no clear audio lies in the data directory', async () => {
    const served = await scene.node.api.audio(recording.id);
    // 64 bytes of the sound, where it is speech and not silence.
    const places = Array.from({ length: served.length >> 6 }, (_, i) => served.subarray(64 * i, 64 * i + 64));
    const piece = places.findLast((each) => new Set(each).size > 40)!;
    expect(piece).toBeDefined();
    const files = readdirSync(join(scene.directory, 'data'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const bytes = readFileSync(file);
      expect(bytes.includes(piece), file).toBe(false);
      expect(bytes.includes('WAVEfmt '), file).toBe(false);
    }
  });

  it('the proof of consent names prompt, text and the packets that each party was sent', async () => {
    const proof = JSON.stringify(await scene.node.api.consent(recording.id));
    expect(proof).toContain(englishPrompt.id);
    expect(proof).toContain(englishPrompt.text);
    expect(proof).toMatch(/[0-9a-f]{64}/);
  });
});
