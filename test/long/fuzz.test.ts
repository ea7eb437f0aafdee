import { describe, it, vi } from 'vitest';
import { digestTarget } from '../fuzz/digest-target.ts';
import { fuzz } from '../fuzz/fuzz-target.ts';
import { legTarget } from '../fuzz/leg-target.ts';
import { messageTarget, uriTarget } from '../fuzz/message-target.ts';
import { sdpTarget } from '../fuzz/sdp-target.ts';
import { stackTarget } from '../fuzz/stack-target.ts';

vi.mock('node:dgram', () => import('../fuzz/memory-dgram.ts'));

const minutes = Number(process.env['FUZZ_MINUTES'] ?? 5);
/** Shares of the time. */
const shares = [
  [messageTarget, 0.15],
  [uriTarget, 0.05],
  [sdpTarget, 0.15],
  [digestTarget, 0.1],
  [legTarget, 0.15],
  [stackTarget, 0.4],
] as const;

describe(`fuzz, for ${minutes} minutes (FUZZ_MINUTES)`, () => {
  it.each(shares.map(([target, share]) => [target.name, target, share] as const))(
    '%s',
    async (_name, target, share) => {
      await fuzz(target, 60 * minutes * share);
    },
    60_000 * minutes + 60_000,
  );
});
