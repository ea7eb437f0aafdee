import { describe, expect, it } from 'vitest';
import { channelLedger } from '../../src/recording/slot.ts';
import { muLaw, packetSamples, payloadOf, rtp } from './rtp.ts';
import { type Happening, type Recorded, runPipeline } from './run-pipeline.ts';

/** One packet of the caller: its number, when it arrives, and what is unusual about it. */
interface Sent {
  readonly i: number;
  readonly at: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly payload?: Uint8Array;
}

const firstSequence = 100;
const firstTimestamp = 50_000;

function happening(sent: Sent): Happening {
  const packet = rtp({
    sequence: sent.sequence ?? firstSequence + sent.i,
    timestamp: sent.timestamp ?? firstTimestamp + packetSamples * sent.i,
    ssrc: sent.ssrc ?? 1,
    payloadType: sent.payloadType ?? 0,
    payload: sent.payload ?? payloadOf(sent.i),
  });
  return { at: sent.at, channel: 0, packet };
}

/** Packets `from` to `to` (exclusive), one each 20 ms from `at` on. */
function stream(from: number, to: number, at: number, change: Partial<Sent> = {}): Sent[] {
  return Array.from({ length: to - from }, (_, k) => ({ i: from + k, at: at + 20 * k, ...change }));
}

/** Which packet's samples lie where: [position of the first sample in ms, packet], silence left out. */
function layout(samples: Int16Array): [number, number][] {
  const byFirst = new Map<string, number>();
  for (let i = 0; i < 120; i++) byFirst.set(octets(payloadOf(i)), i);
  const found: [number, number][] = [];
  for (let at = 0; at + packetSamples <= samples.length; ) {
    const part = samples.subarray(at, at + packetSamples);
    const packet = byFirst.get(Array.from(part).join());
    if (packet === undefined) at += 1;
    else {
      found.push([at / 8, packet]);
      at += packetSamples;
    }
  }
  return found;
}

const octets = (payload: Uint8Array): string => Array.from(payload, muLaw).join();

const run = (sent: readonly Sent[], lengthMs: number, more: readonly Happening[] = []): Recorded =>
  runPipeline([...sent.map(happening), ...more], lengthMs);

/** Packets each 20 ms from `at` on, as the layout shows them. */
const inPlace = (from: number, to: number, at: number): [number, number][] =>
  Array.from({ length: to - from }, (_, k) => [at + 20 * k, from + k]);

const rows: readonly {
  readonly situation: string;
  readonly sent: readonly Sent[];
  readonly lengthMs: number;
  readonly expected: readonly [number, number][];
  /** Nothing was sent in it, and nothing is missing. */
  readonly idleMs?: number;
  readonly concealedMs?: number;
}[] = [
  {
    situation: 'a steady stream lies where it arrived',
    sent: stream(0, 19, 5),
    lengthMs: 385,
    expected: inPlace(0, 19, 5),
  },
  {
    situation: 'behind the last packets of a call nothing is made up',
    sent: stream(0, 10, 0),
    lengthMs: 600,
    expected: inPlace(0, 10, 0),
  },
  {
    situation: 'a stream that has fallen silent in mid-call is bridged for 60 ms',
    sent: stream(0, 10, 0),
    lengthMs: 1500,
    expected: inPlace(0, 10, 0),
    concealedMs: 60,
  },
  {
    situation: 'jitter moves nothing: timestamps space the packets, the least delayed one anchors them',
    sent: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => ({ i, at: 20 * i + [18, 0, 31, 7, 12][i % 5]! })),
    lengthMs: 300,
    expected: inPlace(0, 10, 0),
  },
  {
    situation: 'a stream whose first 100 ms all come late lies where the rest of it says',
    sent: stream(0, 25, 40).map((p) => (p.i < 5 ? { ...p, at: p.at + 90 } : p)),
    lengthMs: 640,
    expected: inPlace(0, 25, 40),
  },
  {
    situation: 'a stream that gains on its first packets little by little is followed to the sample',
    sent: stream(0, 30, 30).map((p) => ({ ...p, at: p.at + Math.max(0, 90 - 6 * p.i) })),
    lengthMs: 700,
    expected: inPlace(0, 30, 30),
  },
  {
    situation: 'in mid-call too, as long as nothing of it has been mixed',
    sent: [
      ...stream(0, 40, 0),
      ...stream(40, 70, 1100).map((p) => ({ ...p, ssrc: 2, at: p.at + (p.i < 46 ? 80 : 0) })),
    ],
    lengthMs: 1800,
    expected: [...inPlace(0, 40, 0), ...inPlace(40, 70, 1100)],
  },
  {
    situation: 'arrival order does not stand in for timestamps',
    sent: [
      { i: 0, at: 0 },
      { i: 2, at: 41 },
      { i: 1, at: 42 },
      { i: 3, at: 60 },
      { i: 6, at: 121 },
      { i: 5, at: 122 },
      { i: 4, at: 123 },
      { i: 7, at: 140 },
    ],
    lengthMs: 300,
    expected: inPlace(0, 8, 0),
  },
  {
    situation: 'a lost packet leaves a gap of its own length',
    sent: [...stream(0, 5, 0), ...stream(6, 10, 120)],
    lengthMs: 300,
    expected: [...inPlace(0, 5, 0), ...inPlace(6, 10, 120)],
    concealedMs: 20,
  },
  {
    situation: 'a duplicate changes nothing',
    sent: [...stream(0, 10, 0), { i: 3, at: 81 }, { i: 3, at: 82 }],
    lengthMs: 300,
    expected: inPlace(0, 10, 0),
  },
  {
    situation: 'sequence and timestamp wrap',
    sent: stream(0, 12, 0).map((p) => ({
      ...p,
      sequence: 65530 + p.i,
      timestamp: 2 ** 32 - 700 + packetSamples * p.i,
    })),
    lengthMs: 300,
    expected: inPlace(0, 12, 0),
  },
  {
    situation: 'sequence number 0 and timestamp 0 are numbers like others',
    sent: stream(0, 6, 0).map((p) => ({ ...p, sequence: p.i, timestamp: packetSamples * p.i })),
    lengthMs: 200,
    expected: inPlace(0, 6, 0),
  },
  {
    situation: 'a packet that is 90 ms late still finds its place',
    sent: [...stream(0, 5, 0), ...stream(6, 15, 120), { i: 5, at: 190 }],
    lengthMs: 400,
    expected: inPlace(0, 15, 0),
  },
  {
    situation: 'a packet that comes after its place was mixed is left out',
    sent: [...stream(0, 5, 0), ...stream(6, 40, 120), { i: 5, at: 750 }],
    lengthMs: 900,
    expected: [...inPlace(0, 5, 0), ...inPlace(6, 40, 120)],
    concealedMs: 20,
  },
  {
    situation: 'a new SSRC is anchored by its own arrival',
    sent: [
      ...stream(0, 10, 0),
      ...stream(10, 20, 350).map((p) => ({ ...p, ssrc: 2, sequence: 9 + p.i, timestamp: 7 + 160 * p.i })),
    ],
    lengthMs: 700,
    expected: [...inPlace(0, 10, 0), ...inPlace(10, 20, 350)],
  },
  {
    situation: 'a packet of the SSRC before, overtaken by the new one, does not switch back',
    sent: [
      ...stream(0, 10, 0),
      ...stream(10, 20, 200).map((p) => ({ ...p, ssrc: 2, sequence: 9 + p.i, timestamp: 7 + 160 * p.i })),
      { i: 30, at: 230 },
    ],
    lengthMs: 500,
    expected: inPlace(0, 20, 0),
  },
  {
    situation: 'a jump of the timestamps alone starts anew where it arrives',
    sent: [
      ...stream(0, 10, 0),
      ...stream(10, 20, 200).map((p) => ({ ...p, timestamp: 9_000_000 + 160 * p.i })),
    ],
    lengthMs: 500,
    expected: inPlace(0, 20, 0),
  },
  {
    situation: 'a jump back of the timestamps does too',
    sent: [...stream(0, 10, 0), ...stream(10, 20, 200).map((p) => ({ ...p, timestamp: 3 + 160 * p.i }))],
    lengthMs: 500,
    expected: inPlace(0, 20, 0),
  },
  {
    situation: 'a sequence that restarts is followed, its timestamps going on',
    sent: [...stream(0, 10, 0), ...stream(10, 20, 200).map((p) => ({ ...p, sequence: 40_000 + p.i }))],
    lengthMs: 500,
    expected: inPlace(0, 20, 0),
  },
  {
    situation: 'silence suppression: the timestamps run on while nothing is sent',
    sent: [...stream(0, 10, 0), ...stream(60, 70, 1200).map((p) => ({ ...p, sequence: 50 + p.i }))],
    lengthMs: 1500,
    expected: [...inPlace(0, 10, 0), ...inPlace(60, 70, 1200)],
    idleMs: 1000,
  },
  {
    situation: 'a sender whose timestamps stand still while it is silent lies where it arrives again',
    sent: [...stream(0, 10, 0), ...stream(10, 20, 3200)],
    lengthMs: 3600,
    expected: [...inPlace(0, 10, 0), ...inPlace(10, 20, 3200)],
    idleMs: 3000,
  },
  {
    situation: 'a sender that stalls 150 ms and then catches up loses nothing',
    sent: [...stream(0, 10, 0), ...stream(10, 17, 0).map((p) => ({ ...p, at: 350 })), ...stream(17, 30, 351)],
    lengthMs: 900,
    expected: inPlace(0, 30, 0),
  },
  {
    situation: 'after a stall beyond the window the stream is where it was; what came too late is left out',
    sent: [
      ...stream(0, 10, 0),
      ...Array.from({ length: 30 }, (_, k) => ({ i: 10 + k, at: 800 })),
      ...stream(40, 60, 801),
    ],
    lengthMs: 1500,
    expected: [...inPlace(0, 10, 0), ...inPlace(25, 60, 500)],
    concealedMs: 60,
  },
  {
    situation: 'packets of 10 and 30 ms are laid out by their own length',
    sent: [
      { i: 0, at: 0, payload: payloadOf(0, 160) },
      { i: 1, at: 20, timestamp: firstTimestamp + 160, payload: payloadOf(1, 160) },
      { i: 90, at: 50, sequence: 102, timestamp: firstTimestamp + 400, payload: payloadOf(90) },
    ],
    lengthMs: 300,
    expected: [
      [0, 0],
      [20, 1],
      [50, 90],
    ],
  },
];

describe('a channel on the time line', () => {
  it.each(rows)('$situation', ({ sent, lengthMs, expected, idleMs = 0, concealedMs = 0 }) => {
    const { left, right, slots } = run(sent, lengthMs);
    expect(layout(left)).toEqual(expected);
    expect(left.length).toBe(lengthMs * 8);
    expect(right.every((sample) => sample === 0)).toBe(true);
    const { receivedMs, concealedMs: made } = channelLedger('caller', slots[0], 8000, lengthMs);
    expect({ receivedMs, concealedMs: made }).toEqual({
      receivedMs: 20 * expected.length + idleMs,
      concealedMs,
    });
    expect(slots[0].reduce((sum, count) => sum + count, 0)).toBe(lengthMs * 8);
  });
});
