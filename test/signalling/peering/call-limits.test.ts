import { beforeEach, describe, expect, it } from 'vitest';
import { createMeter, type Meter } from '../../../src/kernel/meter.ts';
import { CallLimits } from '../../../src/signalling/peering/call-limits.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';
import { bookOf } from './peers.ts';

let time: HandSchedule;
let meter: Meter;
let limits: CallLimits;

beforeEach(() => {
  time = new HandSchedule();
  meter = createMeter();
  limits = new CallLimits(time.clock, meter);
});

function peers(...rows: Record<string, unknown>[]) {
  return bookOf(...rows, {}).all;
}

describe('calls at once', () => {
  it('count from and to a peer, and a call within one peer counts once', () => {
    const [a, b] = peers({ maxCalls: 2 });
    limits.begin('1', { caller: a!, callee: b!, exempt: 'none' });
    expect(limits.limitOf(a!)).toBe(null);
    limits.begin('2', { caller: a!, callee: a!, exempt: 'none' });
    expect(limits.limitOf(a!)).toBe('calls');
    limits.end('2');
    limits.end('2');
    limits.begin('3', { caller: b!, callee: a!, exempt: 'none' });
    expect(limits.limitOf(a!)).toBe('calls');
    limits.end('1');
    limits.end('3');
    limits.begin('4', { caller: b!, callee: a!, exempt: 'none' });
    expect(limits.limitOf(a!)).toBe(null);
  });

  it('a call that fails over leaves the one and counts for the other, if that has room', () => {
    const [a, b, c] = peers({ maxCalls: 1 }, { maxCalls: 1 }, { maxCalls: 1 });
    const [, , , d] = peers({}, {}, {});
    limits.begin('1', { caller: d!, callee: a!, exempt: 'none' });
    expect(limits.redirect('1', b!)).toBe(true);
    expect([limits.limitOf(a!), limits.limitOf(b!)]).toEqual([null, 'calls']);
    limits.begin('2', { caller: d!, callee: c!, exempt: 'none' });
    expect(limits.redirect('1', c!)).toBe(false);
    expect(limits.limitOf(b!)).toBe('calls');
    limits.end('1');
    expect([limits.limitOf(b!), limits.limitOf(c!)]).toEqual([null, 'calls']);
    expect(meter.snapshot().map(({ name, labels, value }) => [name, labels, value])).toEqual([
      ['onrecord_peer_limited_total', { peer: 'c', limit: 'calls' }, 1],
    ]);
  });

  it('an emergency call is counted and never refused', () => {
    const [a, b, c] = peers({ maxCalls: 1 }, { maxCalls: 1 });
    limits.begin('1', { caller: c!, callee: b!, exempt: 'none' });
    limits.begin('112', { caller: c!, callee: a!, exempt: 'both' });
    expect(limits.redirect('112', b!)).toBe(true);
    limits.end('1');
    expect(limits.limitOf(b!)).toBe('calls');
    limits.end('112');
    expect(limits.limitOf(b!)).toBe(null);
  });
});

describe('calls a second', () => {
  it.each([
    { name: 'a second’s worth at once, then one each 1/rate', rate: 4, burst: 4, againMs: 250 },
    { name: 'less than one a second: one at once', rate: 0.5, burst: 1, againMs: 2000 },
  ])('$name', ({ rate, burst, againMs }) => {
    const [a, b] = peers({ callsPerSecond: rate });
    for (let call = 0; call < burst; call++) {
      expect(limits.limitOf(a!)).toBe(null);
      limits.begin(String(call), { caller: b!, callee: a!, exempt: 'none' });
      limits.end(String(call));
    }
    expect(limits.limitOf(a!)).toBe('rate');
    time.advance(againMs - 1);
    expect(limits.limitOf(a!)).toBe('rate');
    time.advance(1);
    expect(limits.limitOf(a!)).toBe(null);
  });

  it('an hour of silence saves up a second’s worth and no more', () => {
    const [a, b] = peers({ callsPerSecond: 2 });
    time.advance(3_600_000);
    for (const call of ['1', '2']) limits.begin(call, { caller: a!, callee: b!, exempt: 'none' });
    expect(limits.limitOf(a!)).toBe('rate');
  });

  it('emergency calls use nothing of it up', () => {
    const [a, b] = peers({ callsPerSecond: 1 });
    for (const call of ['1', '2', '3']) limits.begin(call, { caller: a!, callee: b!, exempt: 'both' });
    expect(limits.limitOf(a!)).toBe(null);
  });
});
