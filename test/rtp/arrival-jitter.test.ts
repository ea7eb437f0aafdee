import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrivalJitter } from '../../src/rtp/arrival-jitter.ts';

describe('ArrivalJitter (RFC 3550 §A.8)', () => {
  it('equals what the C of the appendix gives, in ticks of the clock', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff_ffff),
        fc.constantFrom(8000, 16_000, 48_000),
        fc.array(fc.record({ ticks: fc.integer({ min: 1, max: 4000 }), lateMs: fc.nat(60) }), {
          minLength: 1,
        }),
        (start, clockRate, packets) => {
          const jitter = new ArrivalJitter();
          let [timestamp, sentAt, transit, expected] = [start, 1000, Number.NaN, 0];
          for (const { ticks, lateMs } of packets) {
            timestamp += ticks;
            sentAt += (1000 * ticks) / clockRate;
            const arrival = ((sentAt + lateMs) * clockRate) / 1000;
            const d = Math.abs(arrival - timestamp - transit);
            transit = arrival - timestamp;
            if (!Number.isNaN(d)) expected += (1 / 16) * (d - expected);
            jitter.count(timestamp >>> 0, clockRate, sentAt + lateMs);
          }
          expect((jitter.currentMs * clockRate) / 1000).toBeCloseTo(expected, 3);
          expect(jitter.maxMs).toBeGreaterThanOrEqual(jitter.meanMs);
        },
      ),
    );
  });

  const counted = (packets: readonly (readonly [timestamp: number, at: number])[]): number => {
    const jitter = new ArrivalJitter();
    for (const [timestamp, at] of packets) jitter.count(timestamp, 8000, at);
    return jitter.maxMs;
  };

  it.each([
    { name: 'one packet', packets: [[0, 0]], jitter: 0 },
    {
      name: 'on time',
      packets: [
        [0, 0],
        [160, 20],
        [320, 40],
      ],
      jitter: 0,
    },
    {
      name: 'a pause whose timestamps went on',
      packets: [
        [0, 0],
        [80_000, 10_000],
      ],
      jitter: 0,
    },
    {
      name: '16 ms late',
      packets: [
        [0, 0],
        [160, 36],
      ],
      jitter: 1,
    },
    {
      name: '16 ms early',
      packets: [
        [0, 0],
        [160, 4],
      ],
      jitter: 1,
    },
    {
      name: 'RFC 4733 §2.2: an event of which each packet has the same timestamp',
      packets: [
        [0, 0],
        [160, 20],
        [160, 40],
        [160, 60],
      ],
      jitter: 0,
    },
    {
      name: 'a pause whose timestamps stood still',
      packets: [
        [0, 0],
        [160, 5000],
        [320, 5020],
      ],
      jitter: 0,
    },
    {
      name: 'timestamps that jump',
      packets: [
        [0, 0],
        [900_000, 20],
        [900_160, 40],
      ],
      jitter: 0,
    },
  ] as const)('$name', ({ packets, jitter }) => {
    expect(counted(packets)).toBeCloseTo(jitter, 6);
  });

  it('a new stream does not count against the one before', () => {
    const jitter = new ArrivalJitter();
    jitter.count(0, 8000, 0);
    jitter.restart();
    jitter.count(4000, 8000, 20);
    expect(jitter.currentMs).toBe(0);
  });
});
