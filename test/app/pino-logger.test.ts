import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/app/pino-logger.ts';

describe('a line of the log', () => {
  it.each([
    ['CR and LF', 'a\r\n{"level":50,"msg":"forged"}'],
    ['what a terminal obeys', '\x1b[2J\x1b]0;title\x07\x00\x08'],
    ['8-bit controls and DEL', '\x9b31m\x85\x90\x7f'],
    ['line ends of Unicode', '\u2028\u2029\u0085'],
    ['characters that turn the direction', '\u202eevil\u2066\u200f'],
    ['quotes and backslashes', '","msg":"forged\\'],
    ['half a surrogate pair, and a whole one', '\ud800 \u{1f600}'],
    ['what people write', 'café 電話'],
  ])('holds %s as data: one line, ASCII, and the same again when read', (_name, hostile) => {
    const lines: string[] = [];
    const logger = createLogger('debug', 'proxy', { write: (line) => void lines.push(line) });
    logger.info('call-ended', { sipCallId: hostile });
    logger.child({ node: hostile }).debug('other', {});
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'call-ended', sipCallId: hostile });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ msg: 'other', node: hostile });
  });
});
