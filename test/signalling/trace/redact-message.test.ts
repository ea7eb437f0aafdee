import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactMessage } from '../../../src/signalling/trace/redact-message.ts';

const secret = 'S3CR3T';
const usual = [
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
  'From: "Ann" <sip:+352621123456@pbx.example>;tag=a',
  'To: <sip:bob@198.51.100.1>',
  'Call-ID: abc@pbx',
  'CSeq: 1 INVITE',
];

function redact(
  headers: readonly string[],
  body = '',
  start = 'INVITE sip:bob@198.51.100.1 SIP/2.0',
): string {
  const bytes = Buffer.from([start, ...usual, ...headers, '', body].join('\r\n'), 'latin1');
  const { head, body: shown } = redactMessage(bytes);
  return `${head}\r\n${shown}`;
}

describe('a message that is kept', () => {
  it('keeps every other header byte for byte, 8-bit ones and folded ones too', () => {
    const headers = ['Subject: caf\xc3\xa9', 'X-Folded: one,\r\n\ttwo', 'm: <sip:1@2>', 'k: 100rel'];
    const head = redact(headers).slice(0, -2);
    expect(head).toBe(['INVITE sip:bob@198.51.100.1 SIP/2.0', ...usual, ...headers, ''].join('\r\n'));
  });

  it.each([
    [
      'RFC 7616 §3.4: of credentials the response, nonces, uri and username go',
      `Authorization: Digest username="${secret}", realm="pbx", nonce="${secret}", uri="sip:${secret}", response="${secret}", algorithm=MD5, cnonce="${secret}", opaque="${secret}", qop=auth, nc=00000001`,
      'Authorization: Digest realm="pbx", algorithm=MD5, qop=auth, nc=00000001, [removed]',
    ],
    [
      'RFC 7616 §3.3: of a challenge the nonce and opaque go',
      `WWW-Authenticate: Digest realm="a, nonce=b", nonce="${secret}", opaque="${secret}", stale=TRUE`,
      'WWW-Authenticate: Digest realm="a, nonce=b", stale=TRUE, [removed]',
    ],
    [
      'a quoted string that imitates a parameter shows nothing',
      `Proxy-Authorization: Digest nonce="x realm=${secret}", realm="r"`,
      'Proxy-Authorization: Digest realm="r", [removed]',
    ],
    [
      'RFC 7617: Basic credentials go whole',
      `Authorization: Basic ${secret}==`,
      'Authorization: Basic [removed]',
    ],
    [
      'RFC 8898: a bearer token goes whole',
      `authorization : Bearer ${secret}`,
      'authorization : Bearer [removed]',
    ],
    [
      'RFC 3261 §7.3.1: what is folded goes too',
      `Proxy-Authorization: Digest realm="r",\r\n response="${secret}"`,
      'Proxy-Authorization: Digest realm="r", [removed]',
    ],
    [
      'RFC 7616 §3.5: Authentication-Info',
      `Authentication-Info: nextnonce="${secret}", rspauth="${secret}", qop=auth`,
      'Authentication-Info: qop=auth, [removed]',
    ],
    [
      'RFC 3313: a media authorization token',
      `P-Media-Authorization: ${secret}`,
      'P-Media-Authorization: [removed]',
    ],
    ["a vendor's API key", `X-Api-Key: ${secret}`, 'X-Api-Key: [removed]'],
    ["a vendor's digits", 'X-DTMF: 4711', 'X-DTMF: [removed]'],
    [
      'RFC 3261 §19.1.1: a password in a URI',
      `Contact: <sip:ann:${secret}@192.0.2.1>, <sips:bob:${secret};x=y@b>`,
      'Contact: <sip:ann:[removed]@192.0.2.1>, <sips:bob:[removed]@b>',
    ],
    [
      'RFC 3261 §19.1.1: credentials as headers of a URI',
      `Refer-To: <sip:a@b?Proxy-Authorization=${secret}&Subject=x>`,
      'Refer-To: <sip:a@b?Proxy-Authorization=[removed]&Subject=x>',
    ],
    [
      'RFC 4967: digits after a pause',
      'Refer-To: <sip:+35227001,,47110815#@b;user=dialstring>',
      'Refer-To: <sip:+35227001,[removed]@b;user=dialstring>',
    ],
    [
      'RFC 2806 §2.2: post-dial digits',
      'Refer-To: <tel:+35227;postd=pp4711>',
      'Refer-To: <tel:+35227;postd=[removed]>',
    ],
  ])('%s', (_rule, given, kept) => {
    const text = redact([given]);
    expect(text.split('\r\n')).toContain(kept);
    expect(text).not.toContain(secret);
    expect(text).not.toContain('4711');
  });

  it('redacts the Request-URI too', () => {
    expect(redact([], '', `INVITE sip:a:${secret}@b SIP/2.0`)).toMatch(/^INVITE sip:a:\[removed\]@b SIP/);
  });

  it.each([
    ['sip:127.0.0.1:5060;lr', 'a port is no password'],
    ['sip:user@127.0.0.1:5060', 'a port behind the host'],
    ['sip:100, <sip:2wire@b>', 'a list'],
    ['sip:+352-27.001(2)@b', 'visual separators'],
  ])('leaves %s alone: %s', (uri) => {
    expect(redact([`Route: ${uri}`])).toContain(`Route: ${uri}\r\n`);
  });
});

describe('a body that is kept', () => {
  const withBody = (type: string, body: string, more: readonly string[] = []): string =>
    redact([`Content-Type: ${type}`, `Content-Length: ${body.length}`, ...more], body).split('\r\n\r\n')[1] ??
    '';

  it.each([
    [
      'RFC 4568: the key of a=crypto',
      `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${secret}|2^20|1:4 KDR=1`,
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:[removed]',
    ],
    [
      'RFC 4568 §9.1: another key method',
      `a=crypto:1 F8_128_HMAC_SHA1_80 uri:${secret}`,
      'a=crypto:1 F8_128_HMAC_SHA1_80 [removed]',
    ],
    ['RFC 8866 §5.12: k=', `k=clear:${secret}`, 'k=[removed]'],
    ['RFC 4567: key-mgmt', `a=key-mgmt:mikey ${secret}`, 'a=key-mgmt:[removed]'],
    ['RFC 8839 §5.4: ice-pwd', `a=ice-pwd:${secret}`, 'a=ice-pwd:[removed]'],
  ])('%s goes', (_rule, line, kept) => {
    expect(withBody('application/sdp', `v=0\r\n${line}\r\na=sendrecv\r\n`)).toBe(
      `v=0\r\n${kept}\r\na=sendrecv\r\n`,
    );
    expect(withBody('APPLICATION/SDP;x=y', `v=0\n${line}\n`)).not.toContain(secret);
  });

  it('RFC 8122: a fingerprint is no secret', () => {
    const body = 'v=0\r\na=fingerprint:sha-256 AA:BB\r\na=ice-ufrag:x\r\n';
    expect(withBody('application/sdp', body)).toBe(body);
  });

  it.each([
    ['RFC 6086: DTMF by INFO', 'application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n'],
    ['DTMF by INFO', 'application/dtmf', '5'],
    ['RFC 4730: KPML', 'application/kpml-response+xml', '<kpml-response digits="4711"/>'],
    ['RFC 3428: a message', 'text/plain', 'my PIN is 4711'],
    ['RFC 3420: a message in a message', 'message/sip', 'INFO sip:x SIP/2.0\r\n\r\n4711'],
  ])('%s: type and size alone stay', (_rule, type, body) => {
    expect(withBody(type, body)).toBe(`[${type}, ${body.length} bytes]`);
  });

  it('RFC 3515 §2.4.5: of a sipfrag the status stays, so that a transfer can be read', () => {
    expect(withBody('message/sipfrag;version=2.0', 'SIP/2.0 486 Busy 4711\r\nX: 4711')).toBe(
      '[message/sipfrag, 30 bytes] SIP/2.0 486',
    );
  });

  it('RFC 5621: of a multipart body the SDP part stays', () => {
    const body = `--b\r\nContent-Type: application/isup\r\n\r\n4711\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nk=clear:${secret}\r\n--b--\r\n`;
    expect(withBody('multipart/mixed;boundary=b', body)).toBe(
      `[multipart/mixed, ${body.length} bytes]\r\nv=0\r\nk=[removed]`,
    );
  });

  it('RFC 3261 §20.12: what is compressed cannot be looked into', () => {
    expect(withBody('application/sdp', 'v=0\r\n', ['Content-Encoding: gzip'])).toBe(
      '[application/sdp, 5 bytes]',
    );
  });

  it('RFC 3261 §18.3: what exceeds Content-Length is no body', () => {
    expect(redact(['c: text/plain', 'l: 0'], '4711')).not.toContain('4711');
    expect(redact(['c: application/sdp', 'Content-Length: 5'], 'v=0\r\n4711')).not.toContain('4711');
  });

  it('a type that is no type is not repeated', () => {
    expect(withBody('x y\x1b[2J', 'zz')).toBe('[unknown, 2 bytes]');
  });

  it('without a type, what is no SDP is not kept', () => {
    expect(redact([], '4711')).not.toContain('4711');
    expect(redact([], 'v=0\r\nk=4711\r\n')).toContain('v=0\r\nk=[removed]');
  });
});

describe('whatever comes', () => {
  it('never throws, and a secret in a credential never comes through', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.string({ maxLength: 60 }), (bytes, parameters) => {
        redactMessage(Buffer.from(bytes));
        const nonce = Buffer.from(bytes)
          .toString('latin1')
          .replace(/["\\\r\n]/g, '');
        const text = redact([`Authorization: Digest ${parameters}, nonce="${nonce}${secret}"`]);
        expect(text).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['sip: again and again', 'sip:'.repeat(8000)],
    ['@ again and again', '@:'.repeat(16_000)],
    ['auth again and again', `?${'auth'.repeat(8000)}`],
    ['digits without end', `tel:1,${'1'.repeat(30_000)}x`],
    ['keys without end', `a=${'key'.repeat(10_000)}`],
  ])('a hostile packet costs no time: %s', (_name, text) => {
    const bytes = Buffer.from(
      ['INVITE x SIP/2.0', ...usual, `X: ${text}`, '', `v=0\r\n${text}`].join('\r\n'),
    );
    redactMessage(bytes);
    const { user } = process.cpuUsage();
    for (let i = 0; i < 5; i++) redactMessage(bytes);
    expect(process.cpuUsage().user - user).toBeLessThan(5 * 20_000);
  });
});
