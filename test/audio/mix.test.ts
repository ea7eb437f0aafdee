import { describe, expect, it } from 'vitest';
import { interleave, mixDown } from '../../src/audio/mix.ts';

describe('mix', () => {
  it('puts left before right', () => {
    const target = new Int16Array(6);
    interleave(Int16Array.of(1, 2, 9), Int16Array.of(3, 4, 9), 2, target, 2);
    expect(Array.from(target)).toEqual([0, 0, 1, 3, 2, 4]);
  });

  it('sums to mono without wrapping round', () => {
    const target = new Int16Array(4);
    mixDown(Int16Array.of(30000, -30000, 5), Int16Array.of(30000, -30000, -7), 3, target, 1);
    expect(Array.from(target)).toEqual([0, 32767, -32768, -2]);
  });
});
