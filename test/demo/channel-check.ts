import { align } from '../support/sound.ts';

export interface ChannelCheck {
  readonly left: Match;
  readonly right: Match;
}

/** How well a channel agrees with what each party said: 1 the same, 0 unrelated. */
export interface Match {
  readonly caller: number;
  readonly callee: number;
}

const sameVoice = 0.95;
const otherVoice = 0.5;

/** Holds each channel of a recording against what the user agents themselves sent. */
export function checkChannels(
  channels: readonly Int16Array[],
  said: { readonly caller: Int16Array; readonly callee: Int16Array },
): ChannelCheck {
  const [left, right] = channels;
  if (left === undefined || right === undefined) {
    throw new Error(`the recording has ${channels.length} channel instead of two`);
  }
  return { left: match(left, said), right: match(right, said) };
}

/** One sentence that says what is wrong; null where left is the caller and right the callee. */
export function faultOf({ left, right }: ChannelCheck): string | null {
  if (left.caller < sameVoice)
    return `the left channel does not hold the caller (match ${percent(left.caller)})`;
  if (right.callee < sameVoice)
    return `the right channel does not hold the callee (match ${percent(right.callee)})`;
  if (left.callee > otherVoice)
    return `the callee is on the left channel too (match ${percent(left.callee)})`;
  if (right.caller > otherVoice)
    return `the caller is on the right channel too (match ${percent(right.caller)})`;
  return null;
}

export function percent(match: number): string {
  return `${(100 * match).toFixed(1)} %`;
}

function match(
  channel: Int16Array,
  said: { readonly caller: Int16Array; readonly callee: Int16Array },
): Match {
  const found = (voice: Int16Array): number => align(channel, voice, -800, 8000).correlation;
  return { caller: found(said.caller), callee: found(said.callee) };
}
