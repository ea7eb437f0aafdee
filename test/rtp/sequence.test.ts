import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reception } from '../../src/rtp/reception.ts';
import {
  extendSequence,
  extendTimestamp,
  isSequenceJump,
  sequenceAdd,
  sequenceDelta,
  timestampAdd,
  timestampDelta,
} from '../../src/rtp/sequence.ts';

const sequence = fc.nat(0xffff);
const timestamp = fc.nat(0xffffffff);

describe('sequence numbers wrap at 16 bits', () => {
  it.each([
    { from: 0, to: 0, delta: 0 },
    { from: 0, to: 1, delta: 1 },
    { from: 65535, to: 0, delta: 1 },
    { from: 0, to: 65535, delta: -1 },
    { from: 65530, to: 5, delta: 11 },
    { from: 0, to: 32767, delta: 32767 },
    { from: 0, to: 32768, delta: -32768 },
  ])('$from to $to is $delta', ({ from, to, delta }) => {
    expect(sequenceDelta(from, to)).toBe(delta);
  });

  it('adding the difference arrives', () => {
    fc.assert(
      fc.property(sequence, sequence, (from, to) => {
        expect(sequenceAdd(from, sequenceDelta(from, to))).toBe(to);
      }),
    );
  });

  it('a walk of steps up to 32767 unwraps to its exact length', () => {
    fc.assert(
      fc.property(
        sequence,
        fc.array(fc.integer({ min: -100, max: 32767 }), { maxLength: 200 }),
        (first, steps) => {
          let extended = first;
          let model = BigInt(first);
          for (const step of steps) {
            model += BigInt(step);
            extended = extendSequence(extended, Number(BigInt.asUintN(16, model)));
            expect(BigInt(extended)).toBe(model);
          }
        },
      ),
    );
  });

  it.each([
    { delta: 3000, jump: false },
    { delta: 3001, jump: true },
    { delta: -100, jump: false },
    { delta: -101, jump: true },
  ])('RFC 3550 §A.1: a step of $delta is a jump: $jump', ({ delta, jump }) => {
    expect(isSequenceJump(65000, sequenceAdd(65000, delta))).toBe(jump);
  });
});

describe('timestamps wrap at 32 bits', () => {
  it.each([
    { from: 0xffffff60, to: 0, delta: 160 },
    { from: 0, to: 0xffffff60, delta: -160 },
    { from: 0, to: 0x7fffffff, delta: 0x7fffffff },
    { from: 0, to: 0x80000000, delta: -0x80000000 },
  ])('$from to $to is $delta', ({ from, to, delta }) => {
    expect(timestampDelta(from, to)).toBe(delta);
  });

  it('adding the difference arrives, and unwrapping is exact', () => {
    fc.assert(
      fc.property(timestamp, timestamp, fc.nat(1000), (from, to, wraps) => {
        expect(timestampAdd(from, timestampDelta(from, to))).toBe(to);
        const near = wraps * 2 ** 32 + from;
        expect(extendTimestamp(near, to)).toBe(near + timestampDelta(from, to));
      }),
    );
  });
});

describe('Reception counts what is missing by sequence numbers', () => {
  const count = (
    ...streams: readonly (readonly [ssrc: number, ...sequences: number[]])[]
  ): [number, number] => {
    const reception = new Reception();
    for (const [ssrc, ...sequences] of streams) for (const each of sequences) reception.count(ssrc, each);
    return [reception.received, reception.lost];
  };

  it.each([
    { name: 'nothing', streams: [], expected: [0, 0] },
    { name: 'in order', streams: [[1, 10, 11, 12]], expected: [3, 0] },
    { name: 'one missing', streams: [[1, 10, 12]], expected: [2, 1] },
    { name: 'late is not lost', streams: [[1, 10, 12, 11]], expected: [3, 0] },
    { name: 'over the wrap', streams: [[1, 65534, 1]], expected: [2, 2] },
    { name: 'sequence number 0 is a number', streams: [[1, 65535, 0, 2]], expected: [3, 1] },
    { name: 'the first may come late', streams: [[1, 11, 10, 12]], expected: [3, 0] },
    { name: 'from the late first on', streams: [[1, 11, 10, 13]], expected: [3, 1] },
    {
      name: 'one far before the first says nothing of those between',
      streams: [[1, 200, 101, 201]],
      expected: [3, 0],
    },
    { name: 'a duplicate never goes below zero', streams: [[1, 10, 10, 10]], expected: [3, 0] },
    {
      name: 'a new SSRC is not loss',
      streams: [
        [1, 10, 12],
        [2, 500, 501],
      ],
      expected: [4, 1],
    },
    { name: 'a jump is not loss', streams: [[1, 10, 11, 30_000, 30_001]], expected: [4, 0] },
    { name: 'SSRC 0 is an SSRC', streams: [[0, 10, 12]], expected: [2, 1] },
  ] as const)('$name', ({ streams, expected }) => {
    expect(count(...streams)).toEqual(expected);
  });

  it('equals what a channel dropped, whatever the order within 50', () => {
    fc.assert(
      fc.property(sequence, fc.array(fc.boolean(), { minLength: 2, maxLength: 300 }), (first, kept) => {
        const reception = new Reception();
        reception.count(7, first);
        kept.forEach((keep, i) => {
          if (keep) reception.count(7, sequenceAdd(first, i + 1));
        });
        reception.count(7, sequenceAdd(first, kept.length + 1));
        expect(reception.lost).toBe(kept.filter((keep) => !keep).length);
      }),
    );
  });
});

describe('what a report says of a reception (RFC 3550 §A.3)', () => {
  it('the share lost since the last asking, in 256ths, never below zero', () => {
    const reception = new Reception();
    for (const each of [10, 11, 13, 14]) reception.count(1, each);
    expect(reception.takeFractionLost()).toBe(Math.floor(256 / 5));
    for (const each of [15, 16]) reception.count(1, each);
    expect(reception.takeFractionLost()).toBe(0);
    // A late one and a duplicate: more came than was expected.
    for (const each of [12, 16]) reception.count(1, each);
    expect(reception.takeFractionLost()).toBe(0);
    expect(reception.takeFractionLost()).toBe(0);
    reception.count(1, 2016);
    expect(reception.takeFractionLost()).toBe(255);
  });

  it('the highest number with its cycles, and what was expected of all streams', () => {
    const reception = new Reception();
    for (const each of [65_534, 1]) reception.count(1, each);
    expect([reception.extendedHighest, reception.expected, reception.bursts]).toEqual([0x1_0001, 4, 1]);
    for (const each of [7, 9, 11]) reception.count(2, each);
    expect([reception.extendedHighest, reception.expected, reception.bursts]).toEqual([11, 9, 3]);
    expect([reception.ssrc, reception.lostInStream, reception.lost]).toEqual([2, 2, 4]);
  });
});
