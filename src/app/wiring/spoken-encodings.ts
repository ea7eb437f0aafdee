import { spokenCodecs } from '../../media/protocol.ts';

/** What an offer is narrowed to where a recording is owed: codecs that prompts and recorder speak, at 8 kHz. */
export const spokenEncodings: readonly string[] = Object.keys(spokenCodecs).map(
  (encoding) => `${encoding}/8000`,
);

const speech = new Set(['PCMU', 'PCMA']);

/** Whether an encoding carries speech that we can decode; `PCMA` or `PCMA/8000`. */
export function isSpoken(encoding: string): boolean {
  const [name = '', rate = '8000'] = encoding.split('/');
  return speech.has(name) && rate === '8000';
}
