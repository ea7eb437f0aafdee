import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/sip/limits.ts';
import { StreamFramer } from '../../src/sip/stream-framer.ts';
import type { FramingFault } from '../../src/sip/stream-framer.ts';

function frame(chunks: readonly (string | Uint8Array)[]): {
  messages: string[];
  pings: number;
  fault: FramingFault | null;
  partial: boolean;
} {
  const messages: string[] = [];
  let pings = 0;
  const framer = new StreamFramer({
    message: (bytes) => messages.push(bytes.toString('latin1')),
    ping: () => (pings += 1),
  });
  let fault: FramingFault | null = null;
  for (const chunk of chunks) {
    fault = framer.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
  }
  return { messages, pings, fault, partial: framer.partial };
}

const message = (body: string, length = 'Content-Length'): string =>
  `MESSAGE sip:a@b SIP/2.0\r\nCSeq: 1 MESSAGE\r\n${length}: ${body.length}\r\nVia: x\r\n\r\n${body}`;

const small = { ...defaultLimits, bodyBytes: 10 };

describe('StreamFramer (RFC 3261 §18.3)', () => {
  it.each([
    ['Content-Length', message('hello')],
    ['its compact form', message('hello', 'l')],
    ['any case, white space before the colon', message('hello', 'cOnTent-LENGTH \t')],
    ['a body with empty lines in it', message('a\r\n\r\nb\n\nc')],
    ['a length that is folded', 'X sip:a SIP/2.0\r\nl:\r\n 3\r\n\r\nabc'],
    ['line ends of LF alone', 'X sip:a SIP/2.0\nl: 3\n\nabc'],
  ])('cuts by %s', (_, text) => {
    expect(frame([text + text])).toEqual({ messages: [text, text], pings: 0, fault: null, partial: false });
  });

  it('§7.5: skips CRLFs between messages; RFC 5626 §4.4.1: two of them are a ping, however they come', () => {
    const one = message('x');
    expect(frame([one, '\r\n', one])).toMatchObject({ messages: [one, one], pings: 0 });
    expect(frame([one, '\r\n\r\n', one])).toMatchObject({ messages: [one, one], pings: 1 });
    expect(frame(['\r', '\n', '\r', '\n'])).toMatchObject({ pings: 1, partial: false });
    expect(frame(['\r\n\r\n\r\n\r\n'])).toMatchObject({ pings: 2 });
  });

  it.each<[string, string, FramingFault]>([
    ['§20.14: no Content-Length', 'X sip:a SIP/2.0\r\nVia: x\r\n\r\n', 'no-content-length'],
    ['a negative one', 'X sip:a SIP/2.0\r\nl: -1\r\n\r\n', 'bad-content-length'],
    ['a huge one', 'X sip:a SIP/2.0\r\nl: 99999999999999999999\r\n\r\n', 'bad-content-length'],
    ['one that is no number', 'X sip:a SIP/2.0\r\nl: 1x\r\n\r\n', 'bad-content-length'],
    [
      'two of them, equal or not',
      'X sip:a SIP/2.0\r\nl: 0\r\nContent-Length: 0\r\n\r\n',
      'bad-content-length',
    ],
    ['a message of more than 64 KB', 'X sip:a SIP/2.0\r\nl: 65530\r\n\r\n', 'message-too-long'],
    ['a head of more than 32 KB', 'X: y\r\n'.repeat(6000), 'head-too-long'],
    ['a line of more than 32 KB', 'y'.repeat(33_000), 'head-too-long'],
  ])('%s is a fault, and final', (_, text, fault) => {
    expect(frame([text])).toMatchObject({ messages: [], fault });
    expect(frame([text, message('x')])).toMatchObject({ messages: [], fault });
  });

  it('gives what came before a fault', () => {
    const one = message('x');
    expect(frame([`${one}X sip:a SIP/2.0\r\n\r\n`])).toMatchObject({
      messages: [one],
      fault: 'no-content-length',
    });
  });

  it('a body that is longer than configured is a fault before it has come', () => {
    const framer = new StreamFramer({ message: () => undefined, ping: () => undefined }, small);
    expect(framer.push(Buffer.from('X sip:a SIP/2.0\r\nl: 11\r\n\r\n'))).toBe('message-too-long');
  });

  it('takes the largest message, and again', () => {
    const head = 'X sip:a SIP/2.0\r\nl: 65000\r\n\r\n';
    const largest = head + 'z'.repeat(65_000);
    expect(frame([largest + largest, largest]).messages).toEqual([largest, largest, largest]);
  });

  it('a stream cut anywhere gives the same messages', () => {
    const body = fc.string({ unit: fc.constantFrom('\r', '\n', ' ', 'a', ':', 'l: 3\r\n'), maxLength: 40 });
    const gap = fc.constantFrom('', '\r\n', '\r\n\r\n');
    const stream = fc.array(fc.tuple(gap, body), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(stream, fc.array(fc.nat({ max: 200 }), { maxLength: 30 }), (parts, sizes) => {
        const messages = parts.map(([, text]) => message(text));
        const bytes = Buffer.from(
          parts.map(([before], i) => before + (messages[i] ?? '')).join(''),
          'latin1',
        );
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        chunks.push(bytes.subarray(at));
        const whole = frame([bytes]);
        expect(whole.messages).toEqual(messages);
        expect(frame(chunks)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('any bytes in any chunks end in messages, a fault or waiting, and never in an exception', () => {
    const soup = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc
          .constantFrom('l: 4\r\n', '\r\n\r\n', '\n\n', 'Content-Length', ':', '9', message('abc'))
          .map((text) => Buffer.from(text)),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(soup, (chunks) => {
        const { messages, fault } = frame([Buffer.concat(chunks)]);
        expect(frame(chunks)).toMatchObject({ messages, fault });
      }),
      { numRuns: 500 },
    );
  });

  it('a drip of single bytes costs no more than its length', () => {
    const bytes = Buffer.from(`X sip:a SIP/2.0\r\n${'X: y\r\n'.repeat(5000)}`);
    const framer = new StreamFramer({ message: () => undefined, ping: () => undefined });
    const before = performance.now();
    for (let at = 0; at < bytes.length; at++) framer.push(bytes.subarray(at, at + 1));
    expect(performance.now() - before).toBeLessThan(500);
  });
});
