import fc from 'fast-check';
import { DigestAuthentication } from 'sip.js/lib/core/messages/digest-authentication.js';
import { describe, expect, it } from 'vitest';
import { readChallenges } from '../../src/sip/digest-challenge.ts';
import { authorize } from '../../src/sip/digest-client.ts';
import { makeNonce, nonceIssuedAt } from '../../src/sip/digest-nonce.ts';
import { parseDigestParams, quoteText } from '../../src/sip/digest-params.ts';
import { challengeValues, type DigestDemand, readProof } from '../../src/sip/digest-server.ts';
import { noBody, SipHeaders, type SipRequest, type SipResponse } from '../../src/sip/message.ts';

const expected: DigestDemand = {
  ...{ username: 'pbx', password: 'hush', realm: 'onrecord' },
  algorithms: ['SHA-256', 'MD5'],
};

function request(...values: readonly string[]): SipRequest {
  const headers = new SipHeaders(values.map((value) => ({ name: 'Proxy-Authorization', value })));
  return { type: 'request', method: 'INVITE', uri: 'sip:112233@example', headers, body: noBody };
}

/** What sip.js answers to this challenge, with something of it replaced. */
function answer(challenge: string, change: (value: string) => string = (value) => value): string {
  const factory = { getLogger: () => ({ warn: () => undefined }) } as unknown as ConstructorParameters<
    typeof DigestAuthentication
  >[0];
  const client = new DigestAuthentication(factory, undefined, expected.username, expected.password);
  const params = parseDigestParams(challenge)!;
  const read = { ...Object.fromEntries(params), ...(params.has('qop') ? { qop: [params.get('qop')] } : {}) };
  client.authenticate({ method: 'INVITE', ruri: 'sip:112233@example' } as never, read);
  return change(client.toString());
}

const md5 = 'Digest realm="onrecord", nonce="n", algorithm=MD5, qop="auth"';

describe('our challenges', () => {
  it('are one for each algorithm, the strongest first, in fields of their own (RFC 8760 §2.3)', () => {
    expect(challengeValues({ ...expected, realm: 'a "realm"' }, 'n', false)).toEqual([
      'Digest realm="a \\"realm\\"", nonce="n", algorithm=SHA-256, qop="auth"',
      'Digest realm="a \\"realm\\"", nonce="n", algorithm=MD5, qop="auth"',
    ]);
  });

  it('say stale only where it is (RFC 7616 §3.3)', () => {
    expect(challengeValues(expected, 'n', true)[0]).toMatch(/, stale=true$/);
  });
});

describe('the proof in a request', () => {
  it.each([
    ['by sip.js', (): string[] => [answer(md5)], 'right'],
    [
      'without a qop (RFC 3261 §22.4 item 8)',
      (): string[] => [answer('Digest realm="onrecord", nonce="n"')],
      'right',
    ],
    [
      'in capitals',
      (): string[] => [
        answer(md5, (v) =>
          v.replace(/response="(.*?)"/, (s) => s.toUpperCase().replace('RESPONSE', 'response')),
        ),
      ],
      'right',
    ],
    [
      'after one for another realm (RFC 3261 §22.3)',
      (): string[] => [answer(md5, (v) => v.replace('onrecord', 'x')), answer(md5)],
      'right',
    ],
    ['none', (): string[] => [], 'none'],
    ['of another scheme', (): string[] => ['Basic cGJ4Omh1c2g='], 'none'],
    ['for another realm only', (): string[] => [answer(md5, (v) => v.replace('onrecord', 'x'))], 'none'],
    ['of another user', (): string[] => [answer(md5, (v) => v.replace('"pbx"', '"PBX"'))], 'wrong'],
    ['without a user', (): string[] => [answer(md5, (v) => v.replace(/username="pbx", /, ''))], 'wrong'],
    ['for another nonce', (): string[] => [answer(md5, (v) => v.replace('nonce="n"', 'nonce="m"'))], 'wrong'],
    [
      'with another count',
      (): string[] => [answer(md5, (v) => v.replace('nc=00000001', 'nc=00000002'))],
      'wrong',
    ],
    [
      'with a count that is none',
      (): string[] => [answer(md5, (v) => v.replace('nc=00000001', 'nc=1'))],
      'wrong',
    ],
    [
      'with a qop that we did not offer',
      (): string[] => [answer(md5, (v) => v.replace('qop=auth', 'qop=auth-int'))],
      'wrong',
    ],
    [
      'in an algorithm that we did not offer',
      (): string[] => [answer(md5, (v) => v.replace('=MD5', '=MD5-sess'))],
      'wrong',
    ],
    ['in the other one', (): string[] => [answer(md5, (v) => v.replace('=MD5', '=SHA-256'))], 'wrong'],
    ['cut short', (): string[] => [answer(md5, (v) => v.replace(/response="../, 'response="'))], 'wrong'],
    ['empty', (): string[] => ['Digest realm="onrecord"'], 'wrong'],
  ])('%s', (_what, values, kind) => {
    expect(readProof(request(...values()), expected).kind).toBe(kind);
  });

  it('in MD5, named or not, is none where only SHA-256 is offered', () => {
    const strict: DigestDemand = { ...expected, algorithms: ['SHA-256'] };
    const unnamed = answer(md5, (value) => value.replace('algorithm=MD5, ', ''));
    for (const value of [answer(md5), unnamed]) {
      expect(readProof(request(value), expected).kind).toBe('right');
      expect(readProof(request(value), strict).kind).toBe('wrong');
    }
  });

  it('holds for this method alone', () => {
    const proven = request(answer(md5));
    expect(readProof({ ...proven, method: 'MESSAGE' }, expected)).toEqual({ kind: 'wrong' });
  });

  it('in SHA-256, by names and passwords of any language', () => {
    const unicode = { ...expected, username: 'Jürgen', password: 'pässwörd', realm: 'Bürö "1"' };
    const headers = new SipHeaders();
    for (const value of challengeValues(unicode, 'n', false)) headers.append('Proxy-Authenticate', value);
    const asked: SipResponse = { type: 'response', status: 407, phrase: '', headers, body: noBody };
    const [challenge] = readChallenges(asked, unicode.realm).chosen;
    expect(challenge?.algorithm.hash).toBe('SHA-256');
    const session = { challenge: challenge!, clientNonce: 'c', uses: 0x1f };
    const proven = authorize(session, unicode, request()).request;
    expect(readProof(proven, unicode)).toEqual({ kind: 'right', nonce: 'n', count: 0x20 });
    expect(readProof(proven, { ...unicode, password: 'x' })).toEqual({ kind: 'wrong' });
  });

  it('never throws, whatever is written there, and nobody guesses it', () => {
    const part = fc.constantFrom(
      'realm="onrecord"',
      'nonce="n"',
      'qop=auth',
      'nc=00000001',
      'cnonce=""',
      ',',
      '"',
    );
    const value = fc
      .array(fc.oneof(part, fc.string({ maxLength: 12 })), { maxLength: 8 })
      .map((parts) => `Digest ${parts.join(', ')}`);
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), (values) => {
        expect(readProof(request(...values), expected).kind).not.toBe('right');
      }),
      { numRuns: 2000 },
    );
  });

  it('any text comes through its quotes as it was', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(text, (value) => {
        const written = value.replace(/[\r\n]/g, '');
        expect(parseDigestParams(`Digest a=${quoteText(written)}, b=c`)?.get('a')).toBe(written);
      }),
    );
  });
});

describe('a nonce', () => {
  const key = { secret: Buffer.alloc(32, 1), purpose: 'pbx' };
  const nonce = makeNonce(key, 1_234_567_890_123, Buffer.from('01234567'));

  it('says when it was made', () => {
    expect(nonceIssuedAt(key, nonce)).toBe(1_234_567_890_123);
  });

  it.each([
    ['of another peer', { ...key, purpose: 'other' }, nonce],
    ['of another process', { ...key, secret: Buffer.alloc(32, 2) }, nonce],
    ['dated later', key, nonce.replace(/^..../, 'ffff')],
    ['cut short', key, nonce.slice(2)],
    ['with more behind it', key, `${nonce}00`],
    ['in capitals', key, nonce.toUpperCase()],
    ['of no hexadecimal digits', key, 'z'.repeat(nonce.length)],
    ['empty', key, ''],
  ])('%s is not ours', (_what, used, text) => {
    expect(nonceIssuedAt(used, text)).toBeNull();
  });
});
