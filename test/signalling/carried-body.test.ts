import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carryBody } from '../../src/signalling/carried-body.ts';
import { sessionBody } from '../../src/signalling/sdp-body.ts';
import { SipHeaders, type SipMessage } from '../../src/sip/message.ts';

function message(type: string, body: string, extra: Record<string, string> = {}): SipMessage {
  const fields = Object.entries({ 'Content-Type': type, ...extra });
  const headers = new SipHeaders(fields.map(([name, value]) => ({ name, value })));
  return { type: 'response', status: 183, phrase: 'X', headers, body: Buffer.from(body, 'latin1') };
}

const ours = 'v=0\r\ns=ours\r\n';
const theirs = 'v=0\r\ns=theirs\r\n';

function carried(source: SipMessage | null, sdp = ours): { text: string; passes: boolean; type: string } {
  const { body, bodyPasses, bodyType } = carryBody(source, Buffer.from(sdp));
  return { text: Buffer.from(body).toString('latin1'), passes: bodyPasses, type: bodyType };
}

const isup =
  'Content-Type: application/isup;version=etsi121\r\nContent-Disposition: signal;handling=optional';
const sip_i = (sdp: string): string =>
  `pre\r\n--b\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b\r\n${isup}\r\n\r\n\x01\x00\xff\r\n--b--\r\npost`;
const alone = `pre\r\n--b\r\n${isup}\r\n\r\n\x01\x00\xff\r\n--b--\r\npost`;

describe('carryBody', () => {
  it.each([
    ['nothing', null],
    ['a description', message('application/sdp', theirs)],
    ['a multipart/alternative', message('multipart/alternative;boundary=b', sip_i(theirs))],
    ['a multipart that cannot be read', message('multipart/mixed', sip_i(theirs))],
  ])('of %s: our description alone', (_name, source) => {
    expect(carried(source)).toEqual({ text: ours, passes: false, type: 'application/sdp' });
    expect(carried(source, '').text).toBe('');
  });

  it('RFC 3204: in multipart/mixed our description takes the place of theirs, byte for byte the rest stays', () => {
    const source = message('multipart/mixed; boundary="b"', sip_i(theirs));
    expect(carried(source)).toMatchObject({ text: sip_i(ours), passes: true });
  });

  it('without a description of ours theirs is cut out', () => {
    expect(carried(message('multipart/mixed;boundary=b', sip_i(theirs)), '')).toMatchObject({
      text: alone,
      passes: true,
    });
  });

  it('of a multipart with nothing but a description nothing is left', () => {
    const source = message(
      'multipart/mixed;boundary=b',
      `--b\r\nContent-Type: application/sdp\r\n\r\n${theirs}\r\n--b--`,
    );
    expect(carried(source, '')).toMatchObject({ text: '', passes: false });
  });

  it('a multipart without a description passes, and gets ours where there is one', () => {
    const source = message('multipart/mixed;boundary=b', alone);
    expect(carried(source, '')).toMatchObject({ text: alone, passes: true });
    expect(carried(source)).toMatchObject({ text: sip_i(ours), passes: true });
  });

  it('a Content-Length that a gateway wrote into the part goes with the content that it counts', () => {
    const counted = sip_i(theirs).replace('application/sdp\r\n', 'application/sdp\r\nContent-Length: 15\r\n');
    expect(carried(message('multipart/mixed;boundary=b', counted)).text).toBe(sip_i(ours));
  });

  it('another body alone passes; with a description of ours both are parts', () => {
    const source = message('application/isup', '\x01\x00\xff', { 'Content-Disposition': 'signal' });
    expect(carried(source, '')).toMatchObject({ text: '\x01\x00\xff', passes: true });
    const { text, passes, type } = carried(source);
    const boundary = /^multipart\/mixed;boundary=([0-9a-f]{32})$/.exec(type)![1]!;
    expect(passes).toBe(false);
    expect(text.split(`--${boundary}`)).toEqual([
      '',
      `\r\nContent-Type: application/sdp\r\n\r\n${ours}\r\n`,
      '\r\nContent-Type: application/isup\r\nContent-Disposition: signal\r\n\r\n\x01\x00\xff\r\n',
      '--\r\n',
    ]);
  });

  it('what it makes has our description in it, whatever came', () => {
    const type = fc.constantFrom(
      'multipart/mixed;boundary=b',
      'multipart/mixed;boundary="b b"',
      'text/plain',
      'multipart/x',
    );
    const line = fc.constantFrom('--b', '--b--', '--bb', 'Content-Type: application/sdp', '', 'v=0', 'x');
    fc.assert(
      fc.property(type, fc.array(line, { maxLength: 12 }), (contentType, lines) => {
        const made = carryBody(message(contentType, lines.join('\r\n')), Buffer.from(ours));
        const again = message(
          made.bodyPasses ? contentType : made.bodyType,
          Buffer.from(made.body).toString('latin1'),
        );
        const read = sessionBody(again);
        expect(read.ok ? read.value?.lines.at(-1)?.value : read.error).toBe('ours');
      }),
      { numRuns: 2000 },
    );
  });
});
