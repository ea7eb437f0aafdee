import fc from 'fast-check';
import { Parser } from 'sip.js/lib/core/messages/parser.js';
import { Grammar } from 'sip.js/lib/grammar/index.js';
import { describe, expect, it } from 'vitest';
import { parseCSeq } from '../../src/sip/cseq.ts';
import { displayText, parseNameAddr, tagOf } from '../../src/sip/name-addr.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { decodeUser, parseSipUri } from '../../src/sip/uri.ts';
import { branchOf, parseVia } from '../../src/sip/via.ts';
import { bytesOf, inviteText } from './samples.ts';

// sip.js is somebody else's reading of RFC 3261: where a message is valid, both must read the same.
const logger = {
  debug: () => undefined,
  log: () => undefined,
  warn: () => undefined,
  error: () => undefined,
} as unknown as Parameters<typeof Parser.parseMessage>[1];

const word = fc.string({ unit: fc.constantFrom(...Array.from('abcxyz0189')), minLength: 1, maxLength: 8 });
const host = fc.oneof(
  fc.tuple(word, word).map(([a, b]) => `h${a}.h${b}`),
  fc.ipV4(),
);
const user = fc.oneof(word, fc.constantFrom('+352-20', "a!b'c", 'x%40y', 'caf%C3%A9', '1;day=2', 'a/b?c&d'));
const uri = fc
  .tuple(fc.constantFrom('sip', 'sips'), user, host, fc.option(fc.integer({ min: 1, max: 65535 })), word)
  .map(([scheme, who, where, port, param]) => ({
    text: `${scheme}:${who}@${where}${port === null ? '' : `:${port}`};p${param}=${param};lr`,
    param: `p${param}`,
  }));
const display = fc.oneof(
  fc.constant(''),
  word,
  fc.tuple(word, word).map(([a, b]) => `${a} ${b}`),
  // No quoted-pairs: sip.js leaves their backslashes where they are.
  fc.constantFrom('"A, B; <c>"', '"A. G. Bell"', '"tag=no"'),
);

describe('sip.js reads the same', () => {
  it('URIs', () => {
    fc.assert(
      fc.property(uri, ({ text, param }) => {
        const ours = parseSipUri(text);
        const theirs = Grammar.URIParse(text);
        expect(ours?.scheme).toBe(theirs?.scheme);
        expect(ours?.host.toLowerCase()).toBe(theirs?.host.toLowerCase());
        expect(ours?.port ?? undefined).toBe(theirs?.port);
        expect(ours && decodeUser(ours)).toBe(decodeURIComponent(theirs?.user ?? ''));
        expect(ours?.params.map(({ name }) => name)).toEqual([param, 'lr']);
        expect(theirs?.hasParam(param) && theirs.hasParam('lr')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('From values', () => {
    fc.assert(
      fc.property(display, uri, word, (name, { text }, tag) => {
        const value = `${name === '' ? '' : `${name} `}<${text}>;tag=${tag};x="a;b"`;
        const ours = parseNameAddr(value);
        const theirs = Grammar.nameAddrHeaderParse(value);
        expect(ours && displayText(ours)).toBe(theirs?.displayName ?? '');
        expect(tagOf(value)).toBe(theirs?.getParam('tag'));
        const [ourUri, theirUri] = [parseSipUri(ours?.uri ?? ''), theirs?.uri];
        expect(ourUri?.host.toLowerCase()).toBe(theirUri?.host.toLowerCase());
      }),
      { numRuns: 200 },
    );
  });

  it('a whole INVITE', () => {
    const theirs = Parser.parseMessage(inviteText, logger);
    const parsed = parseMessage(bytesOf(inviteText));
    if (!parsed.ok || parsed.value.type !== 'request' || theirs === undefined) throw new Error('not parsed');
    const { headers, method, body } = parsed.value;
    expect(method).toBe(theirs.method);
    expect(headers.first('call-id')).toBe(theirs.callId);
    expect(parseCSeq(headers.first('cseq') ?? '')).toEqual({ number: theirs.cseq, method: theirs.method });
    expect(tagOf(headers.first('from') ?? '')).toBe(theirs.fromTag);
    const via = parseVia(headers.first('via') ?? '');
    expect(via && branchOf(via)).toBe(theirs.viaBranch);
    expect(Buffer.from(body).toString('latin1')).toBe(theirs.body);
    for (const { name, value } of headers) expect(value).toBe(theirs.getHeader(name)?.trim());
  });

  it('the same INVITE folded, in compact form, with white space before colons', () => {
    const text = inviteText
      .replace('Via: SIP/2.0/UDP 192.0.2.4:5060;rport', 'v : SIP/2.0/UDP 192.0.2.4:5060\r\n ;rport')
      .replace('From:', 'f  :')
      .replace('Call-ID:', 'i:');
    const theirs = Parser.parseMessage(text, logger);
    const parsed = parseMessage(bytesOf(text));
    if (!parsed.ok || theirs === undefined) throw new Error('not parsed');
    const { headers } = parsed.value;
    const via = parseVia(headers.first('via') ?? '');
    expect(via && branchOf(via)).toBe(theirs.viaBranch);
    expect(headers.first('call-id')).toBe(theirs.callId);
    expect(tagOf(headers.first('from') ?? '')).toBe(theirs.fromTag);
  });
});
