import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { after } from '../end-to-end/voices.ts';
import type { AgentCall } from '../support/agent/agent.ts';
import { decodeG711 } from '../support/agent/g711.ts';
import type { ReceivedPacket } from '../support/agent/rtp-endpoint.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { outsideNumber, Scene } from '../support/scene.ts';
import { amplitudeAt, rms } from '../support/sound.ts';
import { readWav, type Sound } from '../support/wav-file.ts';
import { Stray } from './port-reuse-stray.ts';

/** Old parties, the strays that they become, new parties: nobody shares a tone. */
const hertz = {
  oldCaller: 480,
  oldCallee: 830,
  strayCaller: 1700,
  strayCallee: 2030,
  caller: 620,
  callee: 1150,
} as const;
const loudness = 8000;
const restMs = 10_000;
const talkMs = 3000;
/** 1 % of a tone is 40 dB below it. */
const silence = 0.01 * loudness;

/** When the pairs of the last call may be used again. */
let rested = 0;

interface Outcome {
  /** Left, right. */
  readonly channels: readonly Int16Array[];
  readonly heard: readonly Int16Array[];
  /** The node's port pairs of both calls. */
  readonly ports: readonly [before: readonly number[], after: readonly number[]];
  /** Packets sent by a stray and by both parties before these begin to talk. */
  readonly early: { readonly stray: number; readonly parties: number };
  /** The fewest packets of a stray during the second call; all that was sent to one. */
  readonly strays: { readonly sent: number; readonly received: number };
}

describe('a call on the port pairs of the last one, whose parties go on sending into them', () => {
  let scene: Scene;

  beforeAll(async () => {
    const first = await freeUdpRange(4);
    scene = await Scene.start({ rule: announcedElsewhere, mediaPorts: [first, first + 3] });
  });
  afterAll(() => scene.stop());

  describe.each([false, true])('silent new parties at first: %s', (first) => {
    let outcome: Outcome;
    beforeAll(async () => {
      outcome = await reuse(scene, first);
    });

    it('meets the conditions: the same two pairs, and strays that never stopped', () => {
      const [before, now] = outcome.ports;
      expect(now.toSorted()).toEqual(before.toSorted());
      expect(outcome.strays.sent).toBeGreaterThan(talkMs / 20);
      if (!first) return;
      expect(outcome.early.stray).toBeGreaterThan(15);
      // The callee's very first may be out before the node has its answer, and with it its address.
      expect(outcome.early.parties).toBeLessThanOrEqual(2);
    });

    it('the recording holds the two parties’ tones, a channel each', () => {
      const [left, right] = outcome.channels.map((each) => each.subarray(8000, -4000)) as [
        Int16Array,
        Int16Array,
      ];
      expect(amplitudeAt(left, hertz.caller)).toBeGreaterThan(0.9 * loudness);
      expect(amplitudeAt(right, hertz.callee)).toBeGreaterThan(0.9 * loudness);
      expect(amplitudeAt(left, hertz.callee)).toBeLessThan(silence);
      expect(amplitudeAt(right, hertz.caller)).toBeLessThan(silence);
    });

    it.each(['strayCaller', 'strayCallee', 'oldCaller', 'oldCallee'] as const)(
      'nothing of the %s is in any channel, nor sent to a party, in any half second',
      (tone) => {
        for (const sound of [...outcome.channels, ...outcome.heard]) {
          expect(rms(sound)).toBeGreaterThan(100);
          expect(loudest(sound, hertz[tone])).toBeLessThan(silence);
        }
      },
    );

    it('nobody answers a stray', () => {
      expect(outcome.strays.received).toBe(0);
    });
  });
});

/** A call, its ports' rest, and a second call on them, while the parties of the first go on. */
async function reuse(scene: Scene, first: boolean): Promise<Outcome> {
  await after(rested - performance.now());
  const old = await scene.placeCall();
  const before = old.map(nodePort);
  const strays = await Promise.all([
    becomesStray(old[0], hertz.oldCaller),
    becomesStray(old[1], hertz.oldCallee),
  ]);
  try {
    await after(1500);
    const { channels } = await ended(scene, old);
    expect(channels.map((each, side) => loudest(each, [hertz.oldCaller, hertz.oldCallee][side]!))).toEqual([
      expect.closeTo(loudness, -3),
      expect.closeTo(loudness, -3),
    ]);
    strays[0].say(hertz.strayCaller);
    strays[1].say(hertz.strayCallee);
    await after(rested - performance.now());
    for (const stray of strays) stray.received = 0;
    return await secondCall(scene, strays, first, before);
  } finally {
    for (const stray of strays) stray.stop();
  }
}

/** From here on the party's socket and stream are the stray's: in this call it is heard. */
async function becomesStray(call: AgentCall, tone: number): Promise<Stray> {
  const { address, port } = call.rtp;
  call.closeMedia();
  return Stray.start({ address, port }, { address: '127.0.0.1', port: nodePort(call) }, call.media.law, tone);
}

/** Hangs up; the recording. */
async function ended(scene: Scene, [calling, called]: readonly [AgentCall, AgentCall]): Promise<Sound> {
  await calling.hangUp();
  await called.ended;
  rested = performance.now() + restMs + 300;
  const recording = await scene.recording('sealed');
  return readWav(await scene.node.api.audio(recording.id));
}

async function secondCall(
  scene: Scene,
  strays: readonly Stray[],
  first: boolean,
  before: readonly number[],
): Promise<Outcome> {
  const calling = scene.pbx.call(`sip:${outsideNumber}@127.0.0.1:${scene.lanPort};transport=tcp`);
  const called = await scene.trunk.nextCall();
  calling.rtp.mute(first);
  await called.answer();
  called.rtp.mute(first);
  expect(await calling.answered).toMatchObject({ status: 200 });
  const sentBefore = strays.map(({ sent }) => sent);
  const sent = (): number => Math.min(...strays.map((stray, n) => stray.sent - sentBefore[n]!));
  if (first) await after(400);
  const early = { stray: sent(), parties: calling.rtp.packetsSent + called.rtp.packetsSent };
  for (const { rtp } of [calling, called]) rtp.mute(false);
  calling.rtp.playTone(hertz.caller, loudness);
  called.rtp.playTone(hertz.callee, loudness);
  await after(talkMs);
  const ports = [before, [calling, called].map(nodePort)] as const;
  const strayed = { sent: sent(), received: strays.reduce((sum, { received }) => sum + received, 0) };
  const { channels } = await ended(scene, [calling, called]);
  return {
    channels,
    heard: [decoded(calling.rtp.received), decoded(called.rtp.received)],
    ports,
    early,
    strays: strayed,
  };
}

function nodePort(call: AgentCall): number {
  return call.media.remote?.port ?? 0;
}

/** All that arrived, packet after packet, whosever stream it is. */
function decoded(packets: readonly ReceivedPacket[]): Int16Array {
  const audio = packets.filter(({ payloadType }) => payloadType === 0 || payloadType === 8);
  return Int16Array.from(
    audio.flatMap(({ payloadType, payload }) => [
      ...decodeG711(payloadType === 8 ? 'pcma' : 'pcmu', payload),
    ]),
  );
}

/** The tone's greatest amplitude in windows of half a second that overlap by half; what a few packets leave, too. */
function loudest(samples: Int16Array, tone: number): number {
  const window = 4000;
  let most = 0;
  for (let from = 0; from + window <= samples.length; from += window / 2) {
    most = Math.max(most, amplitudeAt(samples.subarray(from, from + window), tone));
  }
  return most;
}
