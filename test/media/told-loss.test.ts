import { describe, expect, it } from 'vitest';
import { ToldLoss } from '../../src/media/told-loss.ts';

const ssrc = 7;
const stretch = 0x1_0001;

describe('the loss that a party is told of its own stream', () => {
  it('is told once, though we counted a gap before the other party came to it', () => {
    const told = new ToldLoss();
    expect(told.fromUs(ssrc, 1, 3)).toBe(1);
    expect(told.fromThem(ssrc, 1, 0, stretch, true, 1)).toBe(false);
    expect(told.told).toBe(1);
    // The same gap, and one packet more that they alone missed: which is which nobody can say.
    expect(told.fromThem(ssrc, 6, 2, stretch, true, 1)).toBe(false);
    expect(told.fromThem(ssrc, 9, 3, stretch, true, 1)).toBe(true);
    expect(told.told).toBe(2);
  });

  it('is known past the wrap of the numbers, too', () => {
    const told = new ToldLoss();
    told.fromUs(ssrc, 1, 0xfffe);
    expect(told.fromThem(ssrc, 0xfffd, 0, stretch, true, 1)).toBe(false);
    expect(told.fromThem(ssrc, 0x1_0003, 0, stretch, true, 1)).toBe(true);
  });
});
