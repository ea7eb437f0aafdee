import { createHash } from 'node:crypto';

/**
 * Whether a call is in a rule's sample of so many percent: the same each time it is asked. Each rule draws by itself,
 * so that the second of two rules does not get only what the first one left.
 */
export function isSampled(ruleId: string, callId: string, percent: number): boolean {
  const draw = createHash('sha256').update(`${ruleId}\n${callId}`).digest().readUInt32BE(0);
  return draw < (percent / 100) * 2 ** 32;
}
