import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallView, RecordingView } from '../support/api-client.ts';
import type { AgentCall } from '../support/agent/agent.ts';
import { announcedElsewhere, englishPrompt } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { Scene } from '../support/scene.ts';
import { align } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { after, voice } from '../end-to-end/voices.ts';

// One node for both calls, which run side by side, since the time that they take is what costs.
const lookedBackAt = '+35227009900';
let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start({
    rule: { mode: 'on-demand' },
    trunk: { contactUser: lookedBackAt },
    rulesBefore: [
      { id: 'inbound', when: { direction: 'inbound' }, ...announcedElsewhere },
      {
        ...{ id: 'looking-back', when: { to: [lookedBackAt] }, ...announcedElsewhere },
        ...{ mode: 'on-demand', announceAt: 'call', lookbackSeconds: 3 },
      },
    ],
  });
});
afterAll(() => scene.stop());

interface Controlled {
  readonly status: number;
  readonly code: string | undefined;
  readonly samplePosition: number;
}
const control = async (
  callId: string,
  action: 'start' | 'stop' | 'pause' | 'resume',
): Promise<Controlled> => {
  const reply = await scene.node.api.control(callId, action);
  return { status: reply.status, ...((await reply.json()) as Omit<Controlled, 'status'>) };
};
const callWith = (direction: string): Promise<CallView> =>
  waitUntil(`an ${direction} call`, async () =>
    (await scene.node.api.calls()).find((call) => call.direction === direction && call.answeredAt !== null),
  );
const recordingsOf = (callId: string, state: string, count: number): Promise<readonly RecordingView[]> =>
  waitUntil(`${count} recordings that are ${state}`, async () => {
    const { recordings } = await scene.node.api.call(callId);
    const found = recordings.filter((recording) => recording.state === state);
    return found.length === count ? found : undefined;
  });
const isEvent = ({ payloadType }: { readonly payloadType: number }): boolean => payloadType === 101;

/** Noise that is nowhere silent and nowhere like itself: where a piece of it stands is certain to the sample. */
function noise(seconds: number): Int16Array {
  let state = 1;
  return Int16Array.from({ length: seconds * 8000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 8) % 2 === 0 ? 2000 + ((state >> 12) & 2047) : -2000 - ((state >> 12) & 2047);
  });
}

/** The longest run of nothing but zeros: [from, to). */
function silence(samples: Int16Array): [number, number] {
  let found: [number, number] = [0, 0];
  for (let from = 0, at = 0; at <= samples.length; at++) {
    if (samples[at] === 0) continue;
    if (at - from > found[1] - found[0]) found = [from, at];
    from = at + 1;
  }
  return found;
}

/** A control, and what the caller had said when it was asked for and when it was answered. */
async function controlWhile(calling: AgentCall, callId: string, action: 'pause' | 'resume') {
  const asked = calling.rtp.said().length;
  const { status, samplePosition } = await control(callId, action);
  return { status, samplePosition, asked, answered: calling.rtp.said().length };
}

async function pausedCall() {
  const [calling, called] = await scene.placeInboundCall();
  const { id } = await callWith('inbound');
  await recordingsOf(id, 'recording', 1);
  const saidBefore = calling.rtp.said().length;
  const speaks = calling.rtp.play(noise(20));
  await after(6000);
  const pause = await controlWhile(calling, id, 'pause');
  await after(1000);
  for (const digit of '4242') await calling.rtp.press(digit);
  await after(5000 - (calling.rtp.said().length - pause.asked) / 8);
  const resume = await controlWhile(calling, id, 'resume');
  await speaks;
  await calling.hangUp();
  await called.ended;
  const [recording] = await recordingsOf(id, 'sealed', 1);
  const { channels } = readWav(await scene.node.api.audio(recording!.id));
  return { id, called, saidBefore, pause, resume, recording: recording!, channels };
}

/** Everything that the stream says of a call until `stop`, as `kind state-or-action`. */
async function followed(): Promise<{ of(callId: string): string[]; stop(): void }> {
  const abort = new AbortController();
  const response = await scene.node.api.request('/api/v1/events', { signal: abort.signal });
  let text = '';
  const reading = (async () => {
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) text += part;
  })();
  reading.catch(() => undefined);
  const said = (): { kind: string; data: Record<string, string> }[] =>
    [...text.matchAll(/^event: (.+)\ndata: (.+)$/gm)].map(([, kind = '', data = '']) => ({
      kind,
      data: JSON.parse(data) as Record<string, string>,
    }));
  return {
    of: (callId) =>
      said()
        .filter(({ kind, data }) => kind !== 'call' && data.callId === callId)
        .map(({ kind, data }) => `${kind} ${data.state ?? data.action ?? ''}`),
    stop: () => {
      abort.abort();
    },
  };
}

async function demandedCall() {
  const babble = voice('caller', 5, 1);
  const [calling, called] = await scene.placeCall();
  const { id } = await callWith('outbound');
  const start = control(id, 'start');
  await after(500);
  await calling.rtp.play(babble);
  const twice = await control(id, 'start');
  const first = await start;
  await calling.rtp.play(voice('caller', 0, 2));
  await after(60);
  const stop = await control(id, 'stop');
  await calling.rtp.play(voice('caller', 8, 1));
  await recordingsOf(id, 'sealed', 1);
  const again = await control(id, 'start');
  await calling.rtp.play(voice('caller', 2, 2));
  await after(60);
  let passed = 0;
  called.session.delegate = {
    onInfo: () => {
      passed += 1;
    },
  };
  const info = { byPbx: await calling.record('off'), twice: await calling.record('off'), passed };
  await calling.rtp.play(voice('caller', 6, 1));
  await calling.hangUp();
  await called.ended;
  const recordings = await recordingsOf(id, 'sealed', 2);
  const late = await control(id, 'start');
  const heard = { caller: calling.rtp.heard(), callee: called.rtp.heard() };
  return { id, babble, replies: { first, twice, stop, again, late }, info, recordings, heard };
}

/** By telephone events of the caller, which the PBX is: what the far end heard of them, and what was recorded. */
async function dialledCall(known: string) {
  const [calling, called] = await scene.placeCall();
  const { id } = await waitUntil('another outbound call', async () =>
    (await scene.node.api.calls()).find(
      (call) =>
        call.direction === 'outbound' &&
        call.answeredAt !== null &&
        call.id !== known &&
        call.to !== lookedBackAt,
    ),
  );
  const dial = async (code: string): Promise<void> => {
    for (const key of code) await calling.rtp.press(key);
  };
  await dial('*1');
  await recordingsOf(id, 'recording', 1);
  await calling.rtp.play(voice('caller', 0, 2));
  const heardBefore = called.rtp.received.filter(isEvent).length;
  await dial('*7');
  await calling.rtp.play(voice('caller', 2, 2));
  const events = called.rtp.received.filter(isEvent).map(({ payload }) => payload);
  await dial('*2');
  const [recording] = await recordingsOf(id, 'sealed', 1);
  await calling.hangUp();
  await called.ended;
  const { control: controls } = (await scene.node.api.call(id)) as CallView & {
    readonly control: readonly { readonly action: string; readonly reason: string; readonly actor: string }[];
  };
  const heardAtAll = called.rtp.received.filter(isEvent).length;
  const [left] = readWav(await scene.node.api.audio(recording!.id)).channels;
  return { heardBefore, heardAtAll, events, controls, left: left! };
}

/** What was said in 5 s, then a start, and 2 s more. */
async function lookedBackCall() {
  const [calling, called] = await scene.placeCall(lookedBackAt);
  const { id } = await waitUntil('the call that looks back', async () =>
    (await scene.node.api.calls()).find((call) => call.to === lookedBackAt && call.answeredAt !== null),
  );
  await calling.rtp.play(voice('caller', 0, 5));
  const start = await control(id, 'start');
  const askedAt = Date.now();
  await calling.rtp.play(voice('caller', 5, 2));
  await calling.hangUp();
  await called.ended;
  const [recording] = await recordingsOf(id, 'sealed', 1);
  const [left] = readWav(await scene.node.api.audio(recording!.id)).channels;
  return { start, startedMsBefore: askedAt - Date.parse(recording!.startedAt!), left: left! };
}

describe('calls under live control', () => {
  let paused: Awaited<ReturnType<typeof pausedCall>>;
  let demanded: Awaited<ReturnType<typeof demandedCall>>;
  let dialled: Awaited<ReturnType<typeof dialledCall>>;
  let lookedBack: Awaited<ReturnType<typeof lookedBackCall>>;
  let said: { readonly paused: string[]; readonly demanded: string[] };
  beforeAll(async () => {
    const events = await followed();
    [paused, demanded] = await Promise.all([pausedCall(), demandedCall()]);
    said = { paused: events.of(paused.id), demanded: events.of(demanded.id) };
    events.stop();
    dialled = await dialledCall(demanded.id);
    lookedBack = await lookedBackCall();
  }, 90_000);
  it('the stream of events says when either is recorded, paused and stopped', () => {
    const once = [
      'recording expected',
      'control start',
      'recording recording',
      'control stop',
      'recording sealed',
    ];
    expect(said.demanded.toSorted()).toEqual([...once, ...once].toSorted());
    expect(said.paused).toEqual([
      ...['recording expected', 'recording recording', 'control pause', 'control resume', 'recording sealed'],
    ]);
  });

  const within20Ms = (samples: number, of: number): void => {
    expect(Math.abs(samples - of), `${samples} is not within 20 ms of ${of}`).toBeLessThanOrEqual(160);
  };

  describe('a pause of 5 s in a call of 20 s', () => {
    it('leaves a file of 20 s, with 5 s of digital silence on both sides where the answers say', () => {
      const [left, right] = paused.channels as [Int16Array, Int16Array];
      const { pause, resume, recording } = paused;
      expect([pause.status, resume.status]).toEqual([200, 200]);
      for (const channel of [left, right]) {
        const [from, to] = silence(channel);
        within20Ms(from, pause.samplePosition);
        within20Ms(to, resume.samplePosition);
      }
      const start = align(left, noise(20).subarray(0, 16_000)).lag;
      expect(left.length - start).toBeGreaterThan(19.9 * 8000);
      expect(left.length - start).toBeLessThan(20.5 * 8000);
      for (const { pausedMs } of recording.ledger ?? [])
        within20Ms(pausedMs * 8, resume.samplePosition - pause.samplePosition);
    });

    it('it is silent exactly while the pause was asked for, in what was said meanwhile', () => {
      const { channels, saidBefore, pause, resume } = paused;
      const [left] = channels;
      const [from, to] = silence(left!);
      const before = align(left!, noise(20).subarray(8000, 24_000)).lag - 8000;
      const behind = align(left!, noise(20).subarray(104_000, 120_000)).lag - 104_000;
      within20Ms(before, behind);
      // What is said is counted in whole packets, so that each bound is one packet wide.
      const inCall = (sample: number): number => sample - before + saidBefore;
      expect(inCall(from)).toBeGreaterThan(pause.asked - 320);
      expect(inCall(from)).toBeLessThanOrEqual(pause.answered + 160);
      expect(inCall(to)).toBeGreaterThan(resume.asked - 320);
      expect(inCall(to)).toBeLessThanOrEqual(resume.answered + 160);
      expect(resume.asked - pause.asked).toBeGreaterThanOrEqual(5 * 8000 - 320);
    });

    it('the far end got the digits, and everything that was said', () => {
      expect(paused.called.rtp.received.filter(isEvent)).toHaveLength(4 * 6);
      const said = noise(20).subarray(88_000 - 16_000, 88_000 - 8000);
      expect(align(paused.called.rtp.heard(), said).correlation).toBeGreaterThan(0.95);
    });

    it('who, when and why stand in the call record', async () => {
      const call = (await scene.node.api.call(paused.id)) as CallView & {
        readonly control: readonly object[];
      };
      const common = { recordingId: paused.recording.id, reason: 'test' };
      expect(JSON.stringify(call.control)).toMatch(/"actor":"token:/);
      expect(call.control).toMatchObject([
        { ...common, action: 'pause', samplePosition: paused.pause.samplePosition },
        { ...common, action: 'resume', samplePosition: paused.resume.samplePosition },
      ]);
    });
  });

  describe('a call that is recorded when somebody asks', () => {
    const prompt = readWav(englishPrompt.file).channels[0]!;

    it('start answers once the recording runs, stop where it ended; twice and too late are 409', () => {
      const { first, twice, stop, again, late } = demanded.replies;
      expect(first).toMatchObject({ status: 200, samplePosition: 0 });
      expect(twice).toMatchObject({ status: 409, code: 'control-conflict' });
      expect(stop.status).toBe(200);
      expect(stop.samplePosition).toBeGreaterThan(2 * 8000);
      expect(again).toMatchObject({ status: 200, samplePosition: 0 });
      expect(late).toMatchObject({ status: 409, code: 'call-not-active' });
    });

    it.each(['caller', 'callee'] as const)('the %s hears the whole prompt before each recording', (party) => {
      const heard = demanded.heard[party];
      const { lag, correlation } = align(heard, prompt);
      expect(correlation).toBeGreaterThan(0.98);
      const others = [heard.subarray(0, lag + 800), heard.subarray(lag + prompt.length - 800)];
      const found = others.map((part) => (part.length < prompt.length ? 0 : align(part, prompt).correlation));
      expect(Math.max(...found)).toBeGreaterThan(0.98);
    });

    it('nothing that the caller says during the announcement reaches the callee', () => {
      expect(align(demanded.heard.callee, demanded.babble).correlation).toBeLessThan(0.5);
    });

    it('what was said between start and stop is recorded, and nothing else', async () => {
      const files = await Promise.all(
        demanded.recordings
          .toSorted((a, b) => a.startedAt!.localeCompare(b.startedAt!))
          .map(async ({ id }) => readWav(await scene.node.api.audio(id)).channels[0]!),
      );
      const between = voice('caller', 8, 1);
      expect(align(files[0]!, voice('caller', 0, 2)).correlation).toBeGreaterThan(0.95);
      expect(align(files[1]!, voice('caller', 2, 2)).correlation).toBeGreaterThan(0.95);
      for (const file of files) {
        expect(align(file, between).correlation).toBeLessThan(0.5);
        expect(align(file, voice('caller', 6, 1)).correlation).toBeLessThan(0.5);
        expect(align(file, demanded.babble).correlation).toBeLessThan(0.5);
      }
    });

    it('the PBX stops it by INFO, which goes no further; twice changes nothing, and the record names the leg', async () => {
      expect(demanded.info).toEqual({ byPbx: 200, twice: 488, passed: 0 });
      const call = (await scene.node.api.call(demanded.id)) as CallView & {
        readonly control: readonly object[];
      };
      expect(
        call.control.map(({ action, reason }: { action?: string; reason?: string }) => `${action} ${reason}`),
      ).toEqual(['start test', 'stop test', 'start test', 'stop sip-info']);
      expect(JSON.stringify(call.control.at(-1))).toMatch(/"actor":"leg:/);
    });

    it('each recording has the evidence of both parties', async () => {
      for (const { id } of demanded.recordings) {
        const { items } = await scene.node.api.consent(id);
        expect(items.map(({ outcome, moment }) => `${outcome} ${moment}`)).toEqual([
          'told on-demand',
          'told on-demand',
        ]);
      }
    });
  });

  describe('a call whose PBX dials codes', () => {
    it('begins and stops by them, and the record says so', () => {
      expect(dialled.controls).toMatchObject([
        { action: 'start', reason: 'feature-code' },
        { action: 'stop', reason: 'feature-code' },
      ]);
      expect(dialled.controls.every(({ actor }) => actor.startsWith('leg:'))).toBe(true);
    });

    it('the far end hears nothing of a code, and all of what only began like one, in its order', () => {
      expect(dialled.heardBefore).toBe(0);
      const keys = dialled.events.map((payload) => payload[0]);
      expect([...new Set(keys)]).toEqual([10, 7]);
      expect(keys.toSorted((a, b) => b! - a!)).toEqual(keys);
      const ends = dialled.events.filter((payload) => (payload[1]! & 0x80) !== 0);
      expect(ends).toHaveLength(6);
      expect(dialled.heardAtAll).toBe(dialled.events.length);
    });

    it('the recording has what was said on both sides of the keys', () => {
      for (const seconds of [0.5, 3]) {
        const piece = voice('caller', seconds, 0.5);
        expect(align(dialled.left, piece).correlation).toBeGreaterThan(0.95);
      }
    });
  });

  describe('a call that is asked for in its middle, and looks back 3 s', () => {
    it('has what was said up to 3 s before, and nothing older', () => {
      const { start, left } = lookedBack;
      expect(start.status).toBe(200);
      expect(start.samplePosition).toBeGreaterThan(2.5 * 8000 - 160);
      expect(start.samplePosition).toBeLessThanOrEqual(3 * 8000);
      for (const seconds of [2.8, 4, 5.5]) {
        expect(align(left, voice('caller', seconds, 0.5)).correlation, `at ${seconds} s`).toBeGreaterThan(
          0.95,
        );
      }
      expect(align(left, voice('caller', 0.5, 1)).correlation).toBeLessThan(0.5);
    });

    it('began when its file does', () => {
      const { start, startedMsBefore } = lookedBack;
      expect(Math.abs(startedMsBefore - start.samplePosition / 8)).toBeLessThan(500);
    });
  });
});
