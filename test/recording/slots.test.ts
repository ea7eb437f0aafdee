import { describe, expect, it } from 'vitest';
import { channelLedger } from '../../src/recording/slot.ts';
import { packetSamples, payloadOf, rtp } from './rtp.ts';
import { type Happening, runPipeline } from './run-pipeline.ts';

function speech(channel: 0 | 1, fromMs: number, toMs: number): Happening[] {
  const happenings: Happening[] = [];
  for (let at = fromMs; at < toMs; at += 20) {
    const i = at / 20;
    const packet = rtp({ sequence: i, timestamp: packetSamples * i, payload: payloadOf(i) });
    happenings.push({ at, channel, packet });
  }
  return happenings;
}

function event(atMs: number, startMs: number, durationMs: number, end = false): Happening {
  const payload = Buffer.alloc(4);
  payload[0] = 5;
  payload[1] = end ? 0x8a : 0x0a;
  payload.writeUInt16BE(durationMs * 8, 2);
  const packet = rtp({
    sequence: atMs / 20,
    timestamp: startMs * 8,
    payloadType: 101,
    payload,
  });
  return { at: atMs, channel: 0, packet };
}

function comfortNoise(atMs: number): Happening {
  const packet = rtp({
    sequence: atMs / 20,
    timestamp: atMs * 8,
    payloadType: 13,
    payload: Uint8Array.of(60),
  });
  return { at: atMs, channel: 0, packet };
}

interface Expected {
  readonly receivedMs?: number;
  readonly concealedMs?: number;
  readonly heldMs?: number;
  readonly pausedMs?: number;
  readonly lostMs?: number;
}

const rows: readonly {
  readonly situation: string;
  readonly happenings: readonly Happening[];
  readonly caller: Expected;
}[] = [
  {
    situation: 'speech throughout is received throughout',
    happenings: speech(0, 0, 1000),
    caller: { receivedMs: 1000 },
  },
  {
    situation: 'nothing at all is lost throughout',
    happenings: [],
    caller: { lostMs: 1000 },
  },
  {
    situation: 'a gap in the speech is made up for 60 ms, and then lost',
    happenings: [...speech(0, 0, 400), ...speech(0, 600, 1000)],
    caller: { receivedMs: 800, concealedMs: 60, lostMs: 140 },
  },
  {
    situation: 'a pause is paused to the millisecond, whatever was said in it',
    happenings: [...speech(0, 0, 1000), { at: 305, pause: true }, { at: 612, pause: false }],
    caller: { receivedMs: 693, pausedMs: 307 },
  },
  {
    situation: 'a pause that lasts to the end',
    happenings: [...speech(0, 0, 1000), { at: 700, pause: true }],
    caller: { receivedMs: 700, pausedMs: 300 },
  },
  {
    situation: 'the silence of a hold is held, not lost',
    happenings: [
      ...speech(0, 0, 300),
      { at: 300, channel: 0, hold: true },
      { at: 800, channel: 0, hold: false },
      ...speech(0, 800, 1000),
    ],
    caller: { receivedMs: 500, heldMs: 500 },
  },
  {
    situation: 'music during a hold is received',
    happenings: [...speech(0, 0, 1000), { at: 300, channel: 0, hold: true }],
    caller: { receivedMs: 1000 },
  },
  {
    situation: 'a pause within a hold is paused',
    happenings: [
      { at: 0, channel: 0, hold: true },
      { at: 400, pause: true },
      { at: 600, pause: false },
    ],
    caller: { heldMs: 800, pausedMs: 200 },
  },
  {
    situation: 'a telephone event is received silence, though its packets repeat one timestamp (RFC 4733)',
    happenings: [
      ...speech(0, 0, 400),
      event(400, 400, 20),
      event(420, 400, 40),
      event(440, 400, 60),
      event(460, 400, 80),
      event(480, 400, 100, true),
      event(500, 400, 100, true),
      event(520, 400, 100, true),
      ...speech(0, 540, 1000),
    ],
    caller: { receivedMs: 1000 },
  },
  {
    situation: 'comfort noise lasts until speech comes (RFC 3389)',
    happenings: [...speech(0, 0, 300), comfortNoise(300), ...speech(0, 900, 1000)],
    caller: { receivedMs: 1000 },
  },
  {
    situation: 'comfort noise before any speech counts from its arrival',
    happenings: [comfortNoise(100)],
    caller: { receivedMs: 900, lostMs: 100 },
  },
];

describe('each slot is exactly one of received, held, paused and lost', () => {
  it.each(rows)('$situation', ({ happenings, caller }) => {
    const { slots } = runPipeline(happenings, 1000);
    expect(channelLedger('caller', slots[0], 8000, 1000)).toEqual({
      party: 'caller',
      receivedMs: 0,
      concealedMs: 0,
      heldMs: 0,
      pausedMs: 0,
      lostMs: 0,
      ...caller,
    });
  });

  it('leaves nothing audible of a pause', () => {
    const { left } = runPipeline(
      [...speech(0, 0, 1000), { at: 300, pause: true }, { at: 600, pause: false }],
      1000,
    );
    expect(left.subarray(2400, 4800).every((sample) => sample === 0)).toBe(true);
    expect(left.subarray(0, 2400).some((sample) => sample !== 0)).toBe(true);
    expect(left.subarray(4800).some((sample) => sample !== 0)).toBe(true);
  });
});

describe('a ledger', () => {
  it.each([
    { counts: [8001, 0, 3, 0, 0], durationMs: 1001 },
    { counts: [1, 1, 1, 1, 4], durationMs: 1 },
    { counts: [12345, 777, 3333, 1, 98765], durationMs: 14403 },
    { counts: [0, 0, 0, 0, 0], durationMs: 0 },
  ])('in whole milliseconds sums to the duration: $counts', ({ counts, durationMs }) => {
    const { receivedMs, concealedMs, heldMs, pausedMs, lostMs } = channelLedger(
      'callee',
      counts,
      8000,
      durationMs,
    );
    const ms = [receivedMs, concealedMs, heldMs, pausedMs, lostMs];
    expect(ms.every(Number.isInteger)).toBe(true);
    expect(ms.reduce((sum, value) => sum + value, 0)).toBe(durationMs);
  });
});
