import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { type PortPair, PortPool } from '../../src/media/port-pool.ts';

const at = (ms: number): MonotonicMs => ms as MonotonicMs;

describe('PortPool', () => {
  it('gives even ports for RTP and the next for RTCP (RFC 3550 §11), all of the range and no more', () => {
    const pool = new PortPool(20_000, 20_005, 10_000);
    const pairs = [pool.take(at(0)), pool.take(at(0)), pool.take(at(0)), pool.take(at(0))];
    expect(pairs.map((pair) => pair && [pair.rtpPort, pair.rtcpPort])).toEqual([
      [20_000, 20_001],
      [20_002, 20_003],
      [20_004, 20_005],
      null,
    ]);
  });

  it('half a pair at the end is none', () => {
    const pool = new PortPool(20_000, 20_002, 0);
    expect([pool.size, pool.take(at(0))?.rtpPort, pool.take(at(0))]).toEqual([1, 20_000, null]);
  });

  it('keeps pairs back, and gives them and resting ones to who is urgent', () => {
    // 32 pairs, two of which are kept back.
    const pool = new PortPool(20_000, 20_063, 10_000);
    const taken = Array.from({ length: 32 }, () => pool.take(at(0)));
    expect(taken.filter((pair) => pair !== null)).toHaveLength(30);
    const urgent = [pool.take(at(1), true), pool.take(at(1), true), pool.take(at(1), true)];
    expect(urgent.map((pair) => pair?.rtpPort)).toEqual([20_060, 20_062, undefined]);
    pool.free(taken[0]!, at(2));
    expect(pool.take(at(3))).toBeNull();
    expect(pool.take(at(3), true)?.rtpPort).toBe(20_000);
  });

  it('a freed pair rests, to the millisecond', () => {
    const pool = new PortPool(20_000, 20_001, 10_000);
    pool.free(pool.take(at(0))!, at(500));
    expect(pool.take(at(10_499))).toBeNull();
    expect(pool.take(at(10_500))?.rtpPort).toBe(20_000);
  });

  it('the pair that was freed first goes out first', () => {
    const pool = new PortPool(20_000, 20_005, 10_000);
    const [a, b, c] = [pool.take(at(0))!, pool.take(at(0))!, pool.take(at(0))!];
    for (const [pair, when] of [
      [c, 1],
      [a, 2],
      [b, 3],
    ] as const)
      pool.free(pair, at(when));
    const again = [pool.take(at(20_000)), pool.take(at(20_000)), pool.take(at(20_000))];
    expect(again).toEqual([c, a, b]);
  });

  it('a pair that another program holds is counted and tried again after a rest', () => {
    const pool = new PortPool(20_000, 20_003, 10_000);
    pool.skip(pool.take(at(0))!, at(0));
    expect(pool.take(at(1))?.rtpPort).toBe(20_002);
    expect(pool.take(at(1))).toBeNull();
    expect(pool.take(at(10_000))?.rtpPort).toBe(20_000);
    expect(pool.bindFailures).toBe(1);
  });

  it('never gives a pair twice, early, or out of turn, whatever the history', () => {
    const step = fc.record({ after: fc.nat(3000), take: fc.boolean(), which: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (history) => {
        const pool = new PortPool(20_000, 20_013, 5000);
        const out: PortPair[] = [];
        const free: { port: number; since: number }[] = [];
        for (let i = 0; i < 7; i++) free.push({ port: 20_000 + 2 * i, since: -5000 });
        let now = 0;
        for (const { after, take, which } of history) {
          now += after;
          const oldest = free[0];
          if (take) {
            const pair = pool.take(at(now));
            expect(pair?.rtpPort).toBe(
              oldest !== undefined && now - oldest.since >= 5000 ? oldest.port : undefined,
            );
            if (pair === null) continue;
            free.shift();
            out.push(pair);
          } else if (out.length > 0) {
            const [pair] = out.splice(which % out.length, 1);
            pool.free(pair!, at(now));
            free.push({ port: pair!.rtpPort, since: now });
          }
        }
      }),
    );
  });
});
