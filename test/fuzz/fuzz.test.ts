import { describe, expect, it, vi } from 'vitest';
import { digestSamples, digestTarget } from './digest-target.ts';
import { fuzz } from './fuzz-target.ts';
import { legTarget } from './leg-target.ts';
import { messageTarget, uriTarget } from './message-target.ts';
import { sdpTarget } from './sdp-target.ts';
import { stackTarget } from './stack-target.ts';

vi.mock('node:dgram', () => import('./memory-dgram.ts'));

/** Eleven seconds in all, of which the stack has most; `npm run test:long` takes minutes. */
const seconds = [
  [messageTarget, 1.5],
  [uriTarget, 0.5],
  [sdpTarget, 1.5],
  [digestTarget, 1],
  [legTarget, 1],
  [stackTarget, 5.5],
] as const;

describe('fuzz', () => {
  it('begins with a challenge and a proof that are good', () => {
    expect(digestSamples).toEqual({ challenge: 1, proof: 'right' });
  });

  it.each(seconds.map(([target, share]) => [target.name, target, share] as const))(
    '%s',
    async (_name, target, share) => {
      await fuzz(target, share);
    },
  );
});
