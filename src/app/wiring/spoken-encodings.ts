import { spokenCodecs } from '../../media/protocol.ts';
import type { RuleOptions } from '../../policy/options.ts';

/** What an offer is narrowed to where a recording is owed: what both prompts and recorder speak, at each RTP clock. */
export const spokenEncodings: readonly string[] = Object.entries(spokenCodecs).flatMap(
  ([encoding, { clockRates }]) => clockRates.map((rate) => `${encoding}/${rate}`),
);

/** No speech: events and noise stand beside a codec. */
const auxiliary: ReadonlySet<string> = new Set(['TELEPHONE-EVENT', 'CN']);

/** Whether an encoding carries speech that we can decode; `PCMA` or `PCMA/8000`. */
export function isSpoken(encoding: string): boolean {
  const [name = '', rate] = encoding.split('/');
  const codec = spokenCodecs[name];
  if (codec === undefined || auxiliary.has(name)) return false;
  return rate === undefined || codec.clockRates.includes(Number(rate));
}

/**
 * Whether a call in another codec can be recorded all the same, its packets kept as they came: nobody is owed a prompt
 * or a tone of ours, which could not be played in it, and no digits have to be taken out of what is not decoded.
 */
export function keepsUndecoded({
  announce,
  dtmf,
  beep,
}: Pick<RuleOptions, 'announce' | 'dtmf' | 'beep'>): boolean {
  return announce === 'elsewhere' && dtmf === 'keep' && beep === undefined;
}
