/** What an offer is narrowed to where a recording is owed: codecs that both prompts and recorder speak. */
export const spokenEncodings: readonly string[] = [
  'PCMU/8000',
  'PCMA/8000',
  'TELEPHONE-EVENT/8000',
  'CN/8000',
];

const speech = new Set(['PCMU', 'PCMA']);

/** Whether an encoding carries speech that we can decode; `PCMA` or `PCMA/8000`. */
export function isSpoken(encoding: string): boolean {
  const [name = '', rate = '8000'] = encoding.split('/');
  return speech.has(name) && rate === '8000';
}
