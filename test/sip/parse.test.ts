import { describe, expect, it } from 'vitest';
import type { SipMessage, SipRequest, SipResponse } from '../../src/sip/message.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { makeResponse } from '../../src/sip/response.ts';
import { bytesOf } from './samples.ts';

const mandatory = [
  'Via: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1',
  'From: <sip:a@example.com>;tag=1',
  'To: <sip:b@example.com>',
  'Call-ID: c1',
  'CSeq: 1 INVITE',
];

interface Edit {
  readonly start?: string;
  /** Instead of the mandatory header of the same name; empty: without it. */
  readonly header?: string;
  readonly without?: string;
  readonly more?: readonly string[];
  readonly body?: string;
  readonly lineEnd?: string;
}

function text(edit: Edit = {}): string {
  const lineEnd = edit.lineEnd ?? '\r\n';
  const name = (line: string): string => line.slice(0, line.indexOf(':')).trim();
  const headers = mandatory
    .map((line) => (edit.header !== undefined && name(edit.header) === name(line) ? edit.header : line))
    .filter((line) => name(line) !== edit.without);
  return [
    edit.start ?? 'INVITE sip:b@example.com SIP/2.0',
    ...headers,
    ...(edit.more ?? []),
    '',
    edit.body ?? '',
  ].join(lineEnd);
}

function parsed(message: string): SipMessage {
  const result = parseMessage(bytesOf(message));
  if (!result.ok) throw new Error(`refused: ${result.error.reason}`);
  return result.value;
}

const request = (message: string): SipRequest => parsed(message) as SipRequest;
const response = (message: string): SipResponse => parsed(message) as SipResponse;

describe('parseMessage takes', () => {
  it('a request line: method, Request-URI, version (RFC 3261 §7.1)', () => {
    const { type, method, uri } = request(text());
    expect({ type, method, uri }).toEqual({ type: 'request', method: 'INVITE', uri: 'sip:b@example.com' });
  });

  it('an extension method of any token characters (RFC 3261 §25.1)', () => {
    const method = "!interesting-Method0123456789_*+`.%indeed'~";
    const message = text({ start: `${method} sip:b@example.com SIP/2.0`, header: `CSeq: 1 ${method}` });
    expect(request(message).method).toBe(method);
  });

  it.each([
    ['SIP/2.0 200 OK', 200, 'OK'],
    ['SIP/2.0 183 Session Progress', 183, 'Session Progress'],
    ['SIP/2.0 100 ', 100, ''],
    ['SIP/2.0 100', 100, ''],
    ['SIP/2.0 200 = 2**3 * 5**2', 200, '= 2**3 * 5**2'],
    ['sip/2.0 486 Busy', 486, 'Busy'],
  ])('the status line %j (RFC 3261 §7.2, RFC 4475 §3.1.1.13)', (start, status, phrase) => {
    expect(response(text({ start }))).toMatchObject({ status, phrase });
  });

  it('header names in any case and in compact form (§7.3.1, §7.3.3)', () => {
    const message =
      'INVITE sip:b@example.com SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@h>;tag=1\r\nt: <sip:b@h>\r\ni: c1\r\ncSEQ: 1 INVITE\r\nl: 0\r\n\r\n';
    const { headers } = request(message);
    expect(headers.first('call-id')).toBe('c1');
    expect(headers.first('via')).toBe('SIP/2.0/UDP h;branch=z9hG4bK1');
    expect([...headers].map(({ name }) => name)).toEqual(['v', 'f', 't', 'i', 'cSEQ', 'l']);
  });

  it('white space before the colon, and around the value (§25.1 HCOLON)', () => {
    expect(request(text({ more: ['Subject \t :  hello there \t'] })).headers.first('subject')).toBe(
      'hello there',
    );
  });

  it('a folded line as one with one space (§7.3.1)', () => {
    const { headers } = request(text({ more: ["Subject: I know\r\n   you're there,\r\n\tpick up"] }));
    expect(headers.first('subject')).toBe("I know you're there, pick up");
  });

  it('a value that begins after the fold, and one of folds alone', () => {
    const { headers } = request(text({ more: ['Subject:\r\n hello', 'Organization:\r\n  \r\n '] }));
    expect(headers.first('subject')).toBe('hello');
    expect(headers.first('organization')).toBe('');
  });

  it('an empty value', () => {
    expect(request(text({ more: ['s:'] })).headers.first('subject')).toBe('');
  });

  it("UTF-8 byte for byte, with the byte A0 at a value's end, which is no white space here", () => {
    const name = Buffer.from('voilà', 'utf8').toString('latin1');
    expect(name.endsWith('\u00a0')).toBe(true);
    expect(request(text({ more: [`Subject: ${name}`] })).headers.first('subject')).toBe(name);
  });

  it('lines that end in LF alone', () => {
    const message = request(text({ lineEnd: '\n', body: 'v=0\n' }));
    expect(message.headers.first('call-id')).toBe('c1');
    expect(Buffer.from(message.body).toString()).toBe('v=0\n');
  });

  it('line ends before the start-line (§7.5)', () => {
    expect(request(`\r\n\r\n${text()}`).method).toBe('INVITE');
  });

  it('several Vias on one line as one value, the order of fields kept (§7.3.1)', () => {
    const { headers } = request(
      text({ header: 'Via: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b', more: ['Via: SIP/2.0/TCP c'] }),
    );
    expect(headers.all('via')).toEqual(['SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b', 'SIP/2.0/TCP c']);
  });

  it('NUL in a quoted-pair, the one place where the grammar has it (§25.1)', () => {
    const message = text({ header: 'To: "NUL:\\\0" <sip:b@example.com>' });
    expect(request(message).headers.first('to')).toBe('"NUL:\\\0" <sip:b@example.com>');
  });

  it('a binary body, whole, without Content-Length (§18.3: to the end of the datagram)', () => {
    const body = Buffer.from([0, 13, 10, 13, 10, 255]);
    const message = parseMessage(Buffer.concat([bytesOf(text()), body]));
    expect(message.ok && Buffer.from(message.value.body).equals(body)).toBe(true);
  });

  it('no more of the body than Content-Length says (§18.3: the rest MUST be discarded)', () => {
    const message = request(text({ more: ['Content-Length: 3'], body: 'abcdef' }));
    expect(Buffer.from(message.body).toString()).toBe('abc');
  });

  it('a message without Max-Forwards or From tag, as RFC 2543 made them', () => {
    expect(request(text({ header: 'From: sip:a@example.com' })).headers.first('from')).toBe(
      'sip:a@example.com',
    );
  });

  it.each([
    'tel:+35220301234',
    'urn:service:sos',
    'sips:b@[2001:db8::1]:5061',
    'soap.beep://192.0.2.103:3002',
  ])("the Request-URI %j: what to do with it is the user's (§8.2.2.1)", (uri) => {
    expect(request(text({ start: `INVITE ${uri} SIP/2.0` })).uri).toBe(uri);
  });
});

describe('parseMessage answers', () => {
  it.each<[string, Edit, number, string]>([
    ['§8.1.1.5: a CSeq of another method', { header: 'CSeq: 1 BYE' }, 400, 'bad-cseq'],
    ['§8.1.1.5: a CSeq of 2**31 and more', { header: 'CSeq: 2147483648 INVITE' }, 400, 'bad-cseq'],
    ['§8.1.1: without CSeq', { without: 'CSeq' }, 400, 'bad-cseq'],
    ['§8.1.1: without Call-ID', { without: 'Call-ID' }, 400, 'bad-call-id'],
    ['§8.1.1: without From', { without: 'From' }, 400, 'bad-from'],
    ['§8.1.1: without To', { without: 'To' }, 400, 'bad-to'],
    ['§7.3.1: two To fields', { more: ['To: <sip:c@example.com>'] }, 400, 'bad-to'],
    ['§7.3.1: two From fields', { more: ['f: <sip:c@example.com>'] }, 400, 'bad-from'],
    ['§7.3.1: two Call-IDs', { more: ['i: x'] }, 400, 'bad-call-id'],
    ['§7.3.1: two CSeqs', { more: ['CSeq: 1 INVITE'] }, 400, 'bad-cseq'],
    [
      'RFC 4475 §3.1.2.6: an unterminated quoted string',
      { header: 'To: "Mr. J. User <sip:b@example.com>' },
      400,
      'bad-to',
    ],
    [
      'RFC 4475 §3.1.2.15: a display name that may be two names',
      { header: 'From: Bell, Alexander <sip:a@example.com>;tag=1' },
      400,
      'bad-from',
    ],
    [
      'RFC 4475 §3.1.2.11: headers in the Request-URI',
      { start: 'INVITE sip:b@example.com?Route=%3Csip:c%3E SIP/2.0' },
      400,
      'bad-request-uri',
    ],
    ['§20.10: a Contact that is no address', { more: ['m: <sip:b@example.com>;;;;'] }, 400, 'bad-contact'],
    [
      'RFC 4475 §3.1.2.13: a Contact whose URI needs <>',
      { more: ['Contact: sip:b@example.com?Route=x'] },
      400,
      'bad-contact',
    ],
    [
      'RFC 4475 §3.1.2.12: a Date of another zone',
      { more: ['Date: Fri, 01 Jan 2010 16:00:00 EST'] },
      400,
      'bad-date',
    ],
    ['a From without a URI', { header: 'From: Alice' }, 400, 'bad-from'],
    ['§20.22: Max-Forwards of more than 255', { more: ['Max-Forwards: 300'] }, 400, 'bad-max-forwards'],
    ['§20.14: a negative Content-Length', { more: ['Content-Length: -999'] }, 400, 'bad-content-length'],
    ['§20.14: two Content-Lengths', { more: ['l: 0', 'Content-Length: 0'] }, 400, 'bad-content-length'],
    ['§18.3: a body shorter than Content-Length', { more: ['l: 5'], body: 'abcd' }, 400, 'short-body'],
    [
      '§7.1: two spaces in the request line',
      { start: 'INVITE  sip:b@example.com SIP/2.0' },
      400,
      'bad-request-uri',
    ],
    ['§7.1: a space at its end', { start: 'INVITE sip:b@example.com SIP/2.0 ' }, 400, 'bad-start-line'],
    [
      'RFC 4475 §3.1.2.7: a Request-URI in <>',
      { start: 'INVITE <sip:b@example.com> SIP/2.0' },
      400,
      'bad-request-uri',
    ],
    [
      'RFC 4475 §3.1.2.8: a Request-URI with spaces',
      { start: 'INVITE sip:b@example.com; lr SIP/2.0' },
      400,
      'bad-request-uri',
    ],
    ['§19.1.2: a broken escape', { start: 'INVITE sip:b%4@example.com SIP/2.0' }, 400, 'bad-request-uri'],
    ['§21.5.6: another version', { start: 'INVITE sip:b@example.com SIP/7.0' }, 505, 'bad-version'],
    ['a field without a colon', { more: ['nonsense'] }, 400, 'bad-header'],
    ['a name that is no token', { more: ['Some Header: x'] }, 400, 'bad-header'],
    ['a NUL outside a quoted-pair', { more: ['X: a\0b'] }, 400, 'bare-cr-or-nul'],
    [
      'a CR alone, which a laxer reader takes for a line end',
      { more: ['X: a\rInjected: b'] },
      400,
      'bare-cr-or-nul',
    ],
    ['a header of more than 8 KB', { more: [`X: ${'y'.repeat(8200)}`] }, 400, 'header-too-long'],
    ['more than 256 headers', { more: Array.from({ length: 300 }, () => 'X: y') }, 400, 'too-many-headers'],
    [
      'a head of more than 32 KB',
      { more: Array.from({ length: 20 }, () => `X: ${'y'.repeat(2000)}`) },
      513,
      'head-too-long',
    ],
    [
      '§21.4.12: a Request-URI of more than 8 KB',
      { start: `INVITE sip:${'b'.repeat(8200)}@example.com SIP/2.0` },
      414,
      'uri-too-long',
    ],
    [
      'a Via of more than 128 parameters',
      { header: `Via: SIP/2.0/UDP 192.0.2.15${';a=1'.repeat(129)}` },
      400,
      'bad-via',
    ],
    [
      'RFC 4475 §3.1.2.1: a Via with empty parameters',
      { header: 'Via: SIP/2.0/UDP 192.0.2.15;;,;,,' },
      400,
      'bad-via',
    ],
  ])('%s', (_, edit, status, reason) => {
    const result = parseMessage(bytesOf(text(edit)));
    expect(result).toMatchObject({ ok: false, error: { reason, answer: { status } } });
    if (result.ok || result.error.answer === null) return;
    const { request: part, phrase } = result.error.answer;
    const { headers } = makeResponse(part, status, phrase, 't');
    expect(headers.first('via')).toContain('SIP/2.0/UDP 192.0.2.');
    expect(phrase).not.toBe('');
  });

  it('with all fields that could be read, whichever was broken and wherever it stood', () => {
    const start = 'INVITE sip:b@example.com SIP/2.0\r\n';
    const result = parseMessage(bytesOf(text().replace(start, `${start}nonsense\r\n`)));
    expect(result).toMatchObject({ ok: false, error: { reason: 'bad-header', answer: { status: 400 } } });
    if (result.ok || result.error.answer === null) return;
    const names = [...makeResponse(result.error.answer.request, 400, '', 't').headers].map(
      ({ name }) => name,
    );
    expect(names).toEqual(['Via', 'From', 'To', 'Call-ID', 'CSeq']);
  });

  it('a message without its empty line (§7)', () => {
    const result = parseMessage(bytesOf(text().slice(0, -2)));
    expect(result).toMatchObject({ ok: false, error: { reason: 'no-end-of-head', answer: { status: 400 } } });
  });
});

describe('parseMessage drops', () => {
  it.each<[string, string, string]>([
    ['what has no SIP version', 'GET / HTTP/1.1\r\n\r\n', 'not-sip'],
    ['noise', '\x00\x01\x02', 'not-sip'],
    ['a keep-alive', '\r\n\r\n', 'keep-alive'],
    ['nothing', '', 'keep-alive'],
    ['a request whose way back cannot be read', text({ header: 'Via: nonsense' }), 'bad-via'],
    ['a request without Via', text({ without: 'Via' }), 'bad-via'],
    ['an ACK, which is never answered', text({ start: 'ACK sip:b@example.com SIP/2.0' }), 'bad-cseq'],
    ['a status of four digits and more', text({ start: 'SIP/2.0 4294967301 better not' }), 'bad-status-line'],
    ['a status above 699', text({ start: 'SIP/2.0 700 no' }), 'bad-status-line'],
    ['a response with a broken CSeq', text({ start: 'SIP/2.0 200 OK', header: 'CSeq: x' }), 'bad-cseq'],
    ['§18.3: a response with a short body', text({ start: 'SIP/2.0 200 OK', more: ['l: 1'] }), 'short-body'],
  ])('%s', (_, message, reason) => {
    expect(parseMessage(bytesOf(message))).toEqual({ ok: false, error: { reason, answer: null } });
  });
});

describe('the cost of a parse is linear and capped', () => {
  const hostile = (unit: string): string => unit.repeat(Math.floor(60_000 / unit.length));
  it.each<[string, string]>([
    ['one header', `X: ${hostile('y')}`],
    ['folds', `X: y\r\n${hostile(' \r\n')} z`],
    ['quotes', `To: ${hostile('"\\')}`],
    ['brackets', `Contact: ${hostile('<')}`],
    ['parameters', `Via: SIP/2.0/UDP h${hostile(';a')}`],
    ['headers', hostile('X:y\r\n')],
    ['carriage returns', `X: ${hostile('\r')}`],
    ['NULs', `X: ${hostile('\\\0')}`],
    ['spaces', `X: ${hostile(' ')}y`],
    ['commas', `Via: ${hostile('SIP/2.0/UDP h,')}`],
  ])('60 KB of %s take less than 20 ms', (_, header) => {
    const bytes = bytesOf(text({ more: [header] }));
    // The best of three: other tests share this machine.
    const times = [1, 2, 3].map(() => {
      const before = performance.now();
      parseMessage(bytes);
      return performance.now() - before;
    });
    expect(Math.min(...times)).toBeLessThan(20);
  });
});

describe('limits that are configured', () => {
  const limits = { messageBytes: 600, headBytes: 500, headerBytes: 100, headers: 10, bodyBytes: 50 };
  it.each<[string, Edit, string | null]>([
    ['a message within them', {}, null],
    ['too many headers', { more: Array.from({ length: 6 }, () => 'X: y') }, 'too-many-headers'],
    ['a header that is too long', { more: [`X: ${'y'.repeat(100)}`] }, 'header-too-long'],
    [
      'a head that is too long',
      { more: Array.from({ length: 5 }, () => `X: ${'y'.repeat(80)}`) },
      'head-too-long',
    ],
    ['RFC 3261 §21.4.11: a body that is too long', { body: 'x'.repeat(51) }, 'body-too-long'],
    ['RFC 3261 §21.5.14: a message that is too long', { body: 'x'.repeat(500) }, 'too-long'],
  ])('%s', (_name, edit, expected) => {
    const result = parseMessage(bytesOf(text(edit)), limits);
    expect(result.ok ? null : result.error.reason).toBe(expected);
  });
});
