import { beforeEach, describe, expect, it } from 'vitest';
import type { MonotonicMs, WallMs } from '../../../src/kernel/clock.ts';
import { silentLogger } from '../../../src/kernel/logger.ts';
import { createMeter, type Meter } from '../../../src/kernel/meter.ts';
import { unpackLadder } from '../../../src/records/ladder-packing.ts';
import type { Ladder, PackedLadder } from '../../../src/records/ladder-record.ts';
import { LadderCollector } from '../../../src/signalling/trace/ladder-collector.ts';
import type { TracedMessage } from '../../../src/signalling/trace/message-observer.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';

const caller = { party: 'caller', peerId: 'pbx', sipCallId: 'a' } as const;
const callee = { party: 'callee', peerId: 'carrier', sipCallId: 'b' } as const;
const second = { party: 'callee', peerId: 'second', sipCallId: 'b-1' } as const;

describe('ladders', () => {
  let hand: HandSchedule;
  let meter: Meter;
  let ladders: LadderCollector;
  let stored: PackedLadder[];
  let serial: number;

  const start = (memoryBytes = 1_000_000): void => {
    hand = new HandSchedule();
    meter = createMeter();
    stored = [];
    serial = 0;
    const store = (ladder: PackedLadder): void => {
      stored.push(ladder);
    };
    ladders = new LadderCollector({
      memoryBytes,
      store,
      schedule: hand.schedule,
      meter,
      logger: silentLogger,
    });
  };
  beforeEach(() => {
    start();
  });

  const message = (
    direction: TracedMessage['direction'],
    sipCallId: string,
    startLine: string,
    pad = '',
  ): TracedMessage => ({
    ...{ direction, sipCallId, wall: (1_000 + hand.now) as WallMs, at: (7 + hand.now) as MonotonicMs },
    hop: { listener: 'lan', transport: 'udp', address: '192.0.2.1', port: 5060 },
    local: { host: '2001:db8::1', port: 5060 },
    bytes: Buffer.from(`${startLine}\r\nCall-ID: ${sipCallId}\r\nX: ${++serial}${pad}\r\n\r\n`),
  });
  const see = (...given: Parameters<typeof message>): TracedMessage => {
    const one = message(...given);
    ladders.observe(one);
    return one;
  };
  const open = (ladder: PackedLadder | null | undefined): Ladder => {
    const found = ladder === null || ladder === undefined ? null : unpackLadder(ladder);
    if (found === null) throw new Error('there is no ladder');
    return found;
  };
  const lines = (ladder: Ladder): string[] =>
    ladder.messages.map(
      ({ leg, direction, text, again }) =>
        `${leg} ${direction} ${text.slice(0, text.indexOf('\r\n'))}${again ? ' again' : ''}`,
    );
  const invite = 'INVITE sip:1@2 SIP/2.0';

  it('takes in what came before the call was known: its INVITE and the 100', () => {
    see('received', 'a', invite);
    see('sent', 'a', 'SIP/2.0 100 Trying');
    ladders.claim('call', caller);
    ladders.claim('call', callee);
    hand.advance(12);
    see('sent', 'b', invite);
    const ladder = open(ladders.ladder('call'));
    expect(lines(ladder)).toEqual([`0 received ${invite}`, '0 sent SIP/2.0 100 Trying', `1 sent ${invite}`]);
    expect(ladder.legs).toEqual([caller, callee]);
    expect(ladder.messages[2]).toMatchObject({
      ...{ at: 1_012, offsetMs: 12, transport: 'udp', local: '[2001:db8::1]:5060', remote: '192.0.2.1:5060' },
    });
  });

  it('each target that is tried is a leg of its own', () => {
    for (const leg of [caller, callee, second, callee]) ladders.claim('call', leg);
    see('sent', 'b-1', invite);
    see('received', 'b', 'SIP/2.0 503 No');
    expect(lines(open(ladders.ladder('call')))).toEqual([`2 sent ${invite}`, '1 received SIP/2.0 503 No']);
  });

  it('marks what was on the wire before, in the same direction and leg', () => {
    ladders.claim('call', caller);
    const first = see('received', 'a', invite);
    ladders.observe(first);
    ladders.observe({ ...first, bytes: Buffer.from(first.bytes) });
    ladders.observe({ ...first, direction: 'sent' });
    expect(lines(open(ladders.ladder('call')))).toEqual([
      ...[`0 received ${invite}`, `0 received ${invite} again`, `0 received ${invite} again`],
      `0 sent ${invite}`,
    ]);
    expect(ladders.repeated('call')).toBe(2);
  });

  it('RFC 3261 §17.1.1.3: the ACK to a refusal comes after the end, and is waited for; then the ladder is handed on', () => {
    ladders.claim('call', caller);
    see('sent', 'a', 'SIP/2.0 486 Busy Here');
    ladders.over('call');
    hand.advance(4_000);
    see('received', 'a', 'ACK sip:1@2 SIP/2.0');
    expect(stored).toEqual([]);
    hand.advance(1_000);
    expect(lines(open(stored[0]))).toEqual([
      '0 sent SIP/2.0 486 Busy Here',
      '0 received ACK sip:1@2 SIP/2.0',
    ]);
    see('received', 'a', 'ACK sip:1@2 SIP/2.0');
    expect(ladders.ladder('call')).toEqual(stored[0]);
    expect(ladders.ladder('another')).toBeNull();
    expect(ladders.size).toBe(0);
  });

  it('does not wait when the node ends, and leaves calls that are up alone', () => {
    ladders.claim('one', caller);
    ladders.claim('two', callee);
    ladders.over('one');
    ladders.flush();
    expect(stored.map(({ callId }) => callId)).toEqual(['one']);
    expect(hand.pending).toBe(0);
    expect(ladders.ladder('two')).not.toBeNull();
  });

  it('of a long call the first 200 and the last 100 messages stay, and the gap is counted', () => {
    ladders.claim('call', caller);
    for (let i = 1; i <= 450; i++) see('received', 'a', `OPTIONS sip:${i} SIP/2.0`);
    const ladder = open(ladders.ladder('call'));
    expect(ladder).toMatchObject({ skipped: 150, resumesAt: 200 });
    expect(lines(ladder)[199]).toContain('sip:200 ');
    expect(lines(ladder)[200]).toContain('sip:351 ');
    expect(ladder.messages).toHaveLength(300);
  });

  it('of a long message the first 8 KB stay', () => {
    ladders.claim('call', caller);
    see('received', 'a', invite, 'x'.repeat(60_000));
    const [one] = open(ladders.ladder('call')).messages;
    expect(one).toMatchObject({ cut: true });
    expect(one?.size).toBeGreaterThan(60_000);
    expect(ladders.size).toBe(8192);
  });

  it('a call of long messages holds no more than 256 KB', () => {
    ladders.claim('call', caller);
    for (let i = 0; i < 100; i++) see('received', 'a', invite, 'x'.repeat(8_000));
    expect(ladders.size).toBeLessThanOrEqual(256 * 1024);
    const { messages, skipped } = open(ladders.ladder('call'));
    expect(messages.length + skipped).toBe(100);
  });

  it('keeps no large buffer alive for a small view of it', () => {
    ladders.claim('call', caller);
    const chunk = Buffer.from(`${invite}\r\n\r\n`.padEnd(100_000));
    ladders.observe({ ...message('received', 'a', invite), bytes: chunk.subarray(0, 30) });
    chunk.fill(0);
    expect(lines(open(ladders.ladder('call')))).toEqual([`0 received ${invite}`]);
  });

  describe('when ladders have used their memory', () => {
    beforeEach(() => {
      start(3_000);
    });
    const skipped = (): number =>
      meter.snapshot().find(({ name }) => name === 'onrecord_sip_ladder_skipped_total')?.value ?? 0;

    it('calls that are over stop waiting, the oldest first', () => {
      for (const [i, callId] of ['one', 'two', 'three'].entries()) {
        ladders.claim(callId, { ...caller, sipCallId: callId });
        see('received', callId, invite, 'x'.repeat(900));
        if (i < 2) ladders.over(callId);
      }
      see('received', 'three', invite, 'x'.repeat(900));
      expect(stored.map(({ callId }) => callId)).toEqual(['one']);
      expect(skipped()).toBe(0);
    });

    it('then messages of calls that are up are counted and not kept', () => {
      ladders.claim('call', caller);
      for (let i = 0; i < 5; i++) see('received', 'a', invite, 'x'.repeat(900));
      expect(skipped()).toBe(2);
      expect(open(ladders.ladder('call'))).toMatchObject({ skipped: 2, resumesAt: 3 });
      expect(ladders.size).toBeLessThanOrEqual(3_000);
    });

    it('a straggler whose own call makes room is lost, and nothing is miscounted', () => {
      ladders.claim('call', caller);
      see('received', 'a', invite, 'x'.repeat(2_500));
      ladders.over('call');
      see('received', 'a', invite, 'x'.repeat(2_500));
      expect(stored).toHaveLength(1);
      expect(ladders.size).toBe(0);
    });
  });

  it('INVITEs that never become calls are bounded, and nothing but an INVITE is waited for', () => {
    see('received', 'o', 'OPTIONS sip:x SIP/2.0');
    ladders.claim('none', { ...caller, sipCallId: 'o' });
    expect(open(ladders.ladder('none')).messages).toEqual([]);
    for (let i = 0; i < 300; i++) see('received', `x${i}`, invite);
    for (const [at, kept] of [
      [0, 0],
      [43, 0],
      [44, 1],
      [299, 1],
    ] as const) {
      ladders.claim(`call-${at}`, { ...caller, sipCallId: `x${at}` });
      expect(open(ladders.ladder(`call-${at}`)).messages).toHaveLength(kept);
    }
  });

  it('INVITEs that never become calls hold no more than 4 MB', () => {
    for (let i = 0; i < 100; i++) see('received', `x${i}`, invite, 'x'.repeat(60_000));
    const kept = Array.from({ length: 100 }, (_, i) => {
      ladders.claim(`call-${i}`, { ...caller, sipCallId: `x${i}` });
      return open(ladders.ladder(`call-${i}`)).messages.length;
    });
    expect(kept.slice(0, 30)).toEqual(kept.slice(0, 30).map(() => 0));
    expect(kept.reduce((sum, one) => sum + one, 0)).toBe(69);
  });

  it('RFC 3261 §16.3: where our INVITE comes back as a call of its own, both calls show what follows', () => {
    ladders.claim('one', callee);
    ladders.claim('two', { ...caller, sipCallId: callee.sipCallId });
    see('received', 'b', 'SIP/2.0 180 Ringing');
    expect(open(ladders.ladder('one')).messages).toHaveLength(1);
    expect(open(ladders.ladder('two')).messages).toHaveLength(1);
    ladders.over('one');
    ladders.flush();
    see('received', 'b', 'SIP/2.0 200 OK');
    expect(open(ladders.ladder('two')).messages).toHaveLength(2);
  });
});
