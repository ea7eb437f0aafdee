import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionBody } from '../../src/signalling/sdp-body.ts';
import { SipHeaders, type SipMessage } from '../../src/sip/message.ts';

function message(headers: Record<string, string>, body: string): SipMessage {
  const fields = Object.entries(headers).map(([name, value]) => ({ name, value }));
  return {
    type: 'response',
    status: 200,
    phrase: 'OK',
    headers: new SipHeaders(fields),
    body: Buffer.from(body),
  };
}

const sdp = 'v=0\r\ns=-\r\nm=audio 4 RTP/AVP 0\r\n';
const multipart = [
  'preamble',
  '--frontier',
  'Content-Type: application/isup;version=etsi121',
  '',
  '\x01\x02 --not a boundary',
  '--frontier',
  'Content-Disposition: session',
  'content-type: application/sdp ; charset=x',
  '',
  sdp.trimEnd(),
  '--frontier--',
  '',
].join('\r\n');

describe('sessionBody', () => {
  it.each([
    ['application/sdp', { 'Content-Type': 'application/sdp' }, sdp, 1],
    ['the compact form, in capitals, with a parameter', { c: 'Application/SDP;x=y' }, sdp, 1],
    ['no Content-Type at all', {}, sdp, 1],
    [
      'RFC 5621: the SDP part of a multipart body',
      { 'Content-Type': 'multipart/mixed;boundary=frontier' },
      multipart,
      1,
    ],
    ['a quoted boundary', { 'Content-Type': 'multipart/mixed; boundary="frontier"' }, multipart, 1],
    ['no body', { 'Content-Type': 'application/sdp' }, '', null],
    ['another type, of a response', { 'Content-Type': 'application/isup' }, '\x01', null],
    [
      'multipart, of which no part is SDP',
      { 'Content-Type': 'multipart/mixed;boundary=b' },
      '--b\r\n\r\nx\r\n--b--',
      null,
    ],
    [
      'multipart that is encoded',
      { 'Content-Type': 'multipart/mixed;boundary=frontier', 'Content-Encoding': 'gzip' },
      multipart,
      'not-sdp',
    ],
    [
      'an encoding that is not spoken',
      { 'Content-Type': 'application/sdp', 'Content-Encoding': 'gzip' },
      sdp,
      'not-sdp',
    ],
    [
      'multipart that has not its boundary',
      { 'Content-Type': 'multipart/mixed;boundary=other' },
      multipart,
      'not-sdp',
    ],
    ['multipart without a boundary', { 'Content-Type': 'multipart/mixed' }, multipart, 'not-sdp'],
    ['SDP that is none', { 'Content-Type': 'application/sdp' }, 'hello', 'broken'],
  ])('%s', (_name, headers, body, expected) => {
    const read = sessionBody(message(headers, body));
    expect(read.ok ? (read.value?.media.length ?? null) : read.error).toBe(expected);
  });

  it.each([
    ['application/isup;version=etsi121', '', null],
    ['application/qsig', '', null],
    ['text/plain', '', 'not-sdp'],
    ['text/plain', 'render; handling=optional', null],
    ['text/plain', 'render; handling=required', 'not-sdp'],
  ])('RFC 3261 §8.2.3: a request with %s, %j: %s', (type, disposition, expected) => {
    const { headers, body } = message({ 'Content-Type': type, 'Content-Disposition': disposition }, 'x');
    const read = sessionBody({ type: 'request', method: 'INVITE', uri: 'sip:a@b', headers, body });
    expect(read.ok ? read.value : read.error).toBe(expected);
  });

  it('never throws', () => {
    const type = fc.constantFrom(
      'application/sdp',
      'multipart/mixed;boundary=a',
      'multipart/x; boundary=""',
      ';',
    );
    fc.assert(
      fc.property(type, fc.string({ unit: 'binary', maxLength: 200 }), (contentType, body) => {
        sessionBody(message({ 'Content-Type': contentType }, body));
      }),
      { numRuns: 500 },
    );
  });
});
