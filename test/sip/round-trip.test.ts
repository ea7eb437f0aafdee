import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noBody, SipHeaders } from '../../src/sip/message.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { serializeMessage } from '../../src/sip/serialize.ts';
import { bytesOf, inviteText } from './samples.ts';

const tokenUnit = fc.constantFrom(...Array.from("abcXYZ019-.!%*_+`'~"));
const name = fc.string({ unit: tokenUnit, minLength: 1, maxLength: 12 }).map((text) => `X-${text}`);
/** Any bytes but line ends and NUL, and no white space at the ends. */
const value = fc.uint8Array({ maxLength: 60 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\r\n\0]/g, '')
    .replace(/^[ \t]+|[ \t]+$/g, ''),
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 20 });

function messageOf(extra: readonly (readonly [string, string])[], body: Uint8Array): Buffer {
  const head = [
    'MESSAGE sip:b@example.com SIP/2.0',
    'v: SIP/2.0/UDP h;branch=z9hG4bK1',
    'f: <sip:a@h>;tag=1',
    't: <sip:b@h>',
    'i: c1',
    'CSeq: 1 MESSAGE',
    ...extra.map(([header, text]) => `${header}: ${text}`),
    `Content-Length: ${body.length}`,
    '',
    '',
  ];
  return Buffer.concat([bytesOf(head.join('\r\n')), body]);
}

describe('what is parsed and serialized', () => {
  it('is byte for byte what it was: headers nobody knows, bodies of any bytes', () => {
    fc.assert(
      fc.property(fields, fc.uint8Array({ maxLength: 100 }), (extra, body) => {
        const bytes = messageOf(extra, body);
        const parsed = parseMessage(Buffer.from(bytes));
        if (!parsed.ok) throw new Error(parsed.error.reason);
        expect(serializeMessage(parsed.value).equals(bytes)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('an INVITE with SDP loses nothing but the spaces before its Content-Length', () => {
    const parsed = parseMessage(bytesOf(inviteText));
    if (!parsed.ok) throw new Error(parsed.error.reason);
    const expected = inviteText.replace('Content-Length:   250', 'Content-Length: 250');
    expect(serializeMessage(parsed.value).toString('latin1')).toBe(expected);
  });
});

describe('serializeMessage', () => {
  const request = (headers: SipHeaders, body = noBody) =>
    serializeMessage({ type: 'request', method: 'MESSAGE', uri: 'sip:b@h', headers, body }).toString(
      'latin1',
    );

  it('counts bytes into Content-Length, not characters (RFC 3261 §20.14)', () => {
    const body = Buffer.from('Grüße');
    expect(request(new SipHeaders(), body)).toContain('Content-Length: 7\r\n');
  });

  it('puts Content-Length where it stood, in the form it had, and once', () => {
    const headers = new SipHeaders([
      { name: 'l', value: '99' },
      { name: 'Content-Length', value: '98' },
      { name: 'Subject', value: 's' },
    ]);
    expect(request(headers)).toBe('MESSAGE sip:b@h SIP/2.0\r\nl: 0\r\nSubject: s\r\n\r\n');
  });

  it.each(['a\r\nInjected: b', 'a\nb', 'a\rb', 'a\u010db', 'a\u010ab'])(
    'lets nobody add a header by %j',
    (text) => {
      expect(() => request(new SipHeaders([{ name: 'Subject', value: text }]))).toThrow('line end');
    },
  );
});

describe('SipHeaders', () => {
  const headers = (): SipHeaders =>
    new SipHeaders([
      { name: 'v', value: '1' },
      { name: 'X-A', value: 'a' },
      { name: 'Via', value: '2' },
    ]);
  const text = (all: SipHeaders): string => [...all].map((field) => `${field.name}=${field.value}`).join(' ');

  it('are found by canonical name', () => {
    expect(headers().first('via')).toBe('1');
    expect(headers().all('via')).toEqual(['1', '2']);
    expect(headers().count('via')).toBe(2);
    expect(headers().first('x-b')).toBe(null);
  });

  it.each<[string, (all: SipHeaders) => SipHeaders, string]>([
    ['set replaces all at the place of the first', (all) => all.set('Via', '3'), 'Via=3 X-A=a'],
    ['set appends what is not there', (all) => all.set('To', 't'), 'v=1 X-A=a Via=2 To=t'],
    ['setFirst leaves the others', (all) => all.setFirst('Via', '3'), 'v=3 X-A=a Via=2'],
    ['prepend', (all) => all.prepend('Via', '0'), 'Via=0 v=1 X-A=a Via=2'],
    ['remove', (all) => all.remove('via'), 'X-A=a'],
    ['clone is its own', (all) => (all.clone().append('B', 'b'), all), 'v=1 X-A=a Via=2'],
  ])('%s', (_, change, expected) => {
    expect(text(change(headers()))).toBe(expected);
  });
});
