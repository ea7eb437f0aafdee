import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WallMs } from '../../src/kernel/clock.ts';
import { pooledRandom, randomHex, systemRandom, uuidV7 } from '../../src/kernel/ids.ts';

describe('ids', () => {
  it('is the example of RFC 9562 appendix A.6', () => {
    // unix_ts_ms 0x017F22E279B0, rand_a 0xCC3, rand_b 0b01 1001..: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F
    const random = Uint8Array.from(Buffer.from('0000000000000cc398c4dc0c0c07398f', 'hex'));
    expect(uuidV7(0x017f22e279b0 as WallMs, () => Uint8Array.from(random))).toBe(
      '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
    );
  });

  it('version 7 and the variant stand whatever the randomness, and ids sort by their time', () => {
    const time = fc.integer({ min: 0, max: 2 ** 48 - 2 });
    fc.assert(
      fc.property(time, time, (a, b) => {
        const [first, second] = [uuidV7(a as WallMs, systemRandom), uuidV7(b as WallMs, systemRandom)];
        expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        if (a < b) expect(first < second).toBe(true);
      }),
    );
  });

  it('two of one millisecond differ', () => {
    const made = new Set(Array.from({ length: 10_000 }, () => uuidV7(1 as WallMs, systemRandom)));
    expect(made.size).toBe(10_000);
  });

  it('a pool gives nothing out twice, and as much as was asked for', () => {
    const random = pooledRandom();
    const drawn = Array.from({ length: 5000 }, () => randomHex(12, random));
    expect(new Set(drawn).size).toBe(5000);
    expect([random(0).length, random(41).length, random(10_000).length]).toEqual([0, 41, 10_000]);
  });

  it('random text is as long as asked and lower-case', () => {
    expect(randomHex(8, systemRandom)).toMatch(/^[0-9a-f]{16}$/);
  });
});
