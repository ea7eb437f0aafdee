import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../../src/kernel/clock.ts';
import {
  askEntry,
  noOverload,
  type OverloadState,
  type Resource,
  takeSample,
} from '../../../src/signalling/defence/overload-machine.ts';

const at = (ms: number): MonotonicMs => ms as MonotonicMs;

/** A node under a load: half seconds in which calls come evenly and a pressure is felt at the end. */
class Load {
  state: OverloadState = noOverload(at(0));
  now = 0;
  admitted = 0;

  halfSecond(
    callsPerSecond: number,
    pressure: number | ((taken: number) => number),
    resource: Resource = 'cpu',
  ) {
    const calls = callsPerSecond / 2;
    this.admitted = 0;
    for (let i = 1; i <= calls; i++) {
      const { state, admitted } = askEntry(this.state, at(this.now + (i * 500) / calls));
      this.state = state;
      if (admitted) this.admitted += 1;
    }
    this.now += 500;
    const value = typeof pressure === 'number' ? pressure : pressure(this.admitted * 2);
    this.state = takeSample(this.state, { resource, value }, at(this.now));
    return this;
  }
}

describe('admission under load', () => {
  it('takes every call while nothing is short', () => {
    const load = new Load();
    for (let i = 0; i < 10; i++) load.halfSecond(1000, 0.99);
    expect(load.admitted).toBe(500);
    expect(load.state.permitted).toBeNull();
  });

  it('takes fewer at once when something is, by as much as it is short', () => {
    expect(new Load().halfSecond(400, 1).state.permitted).toBeCloseTo(360);
    expect(new Load().halfSecond(400, 1.25).state.permitted).toBeCloseTo(320);
    expect(new Load().halfSecond(400, 9).state.permitted).toBeCloseTo(200);
  });

  it('says which share it refuses', () => {
    const load = new Load().halfSecond(400, 9).halfSecond(400, 0.9).halfSecond(400, 0.9);
    expect(load.state.level).toBeGreaterThan(0.4);
    expect(load.state.level).toBeLessThan(0.6);
  });

  it('settles where a node of 300 calls a second can bear what it takes of 1000', () => {
    const load = new Load();
    let taken = 0;
    for (let i = 0; i < 120; i++) {
      load.halfSecond(1000, (rate) => rate / 300);
      if (i >= 40) taken += load.admitted;
    }
    expect(taken / 40).toBeGreaterThan(250);
    expect(taken / 40).toBeLessThan(310);
  });

  it('stays where it is between room and want', () => {
    const load = new Load().halfSecond(400, 2);
    const { permitted } = load.state;
    for (let i = 0; i < 10; i++) load.halfSecond(400, 0.9);
    expect(load.state.permitted).toBe(permitted);
  });

  it('ends when nothing has been refused for three seconds with room to spare', () => {
    const load = new Load().halfSecond(400, 2);
    for (let i = 0; i < 5; i++) load.halfSecond(10, 0.5);
    expect(load.state.permitted).not.toBeNull();
    load.halfSecond(10, 0.5);
    expect(load.state).toMatchObject({ permitted: null, level: 0 });
  });

  it('takes ten calls a second whatever the load of the processor', () => {
    const load = new Load();
    for (let i = 0; i < 60; i++) load.halfSecond(1000, 5);
    expect(load.admitted).toBe(5);
  });

  it('does not hold a few calls against a node whose machine is busy', () => {
    const load = new Load();
    for (let i = 0; i < 60; i++) {
      load.halfSecond(4, 5);
      expect(load.admitted).toBe(2);
    }
  });

  it('takes none where each would make a want of memory worse', () => {
    const load = new Load();
    for (let i = 0; i < 60; i++) load.halfSecond(100, 5, 'memory');
    expect(load.admitted).toBe(0);
    for (let i = 0; i < 8; i++) load.halfSecond(100, 0.5, 'memory');
    expect(load.admitted).toBeGreaterThan(0);
  });

  it('never permits less than nothing, and counts no more refused than offered', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.double({ min: 0, max: 10, noNaN: true }))), (steps) => {
        const load = new Load();
        for (const [rate, pressure] of steps) {
          load.halfSecond(rate, pressure);
          const { permitted, level } = load.state;
          expect(permitted === null || permitted >= 10).toBe(true);
          expect(level).toBeGreaterThanOrEqual(0);
          expect(level).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 50 },
    );
  });
});
