/**
 * Packets of about 60 KB, or as large as their kind gets before a limit, that try to cost more than their bytes:
 * each repeats one thing that a reader might look at more than once. For the bench, which times them, and for
 * tests, which send them.
 */
export interface HostilePacket {
  readonly name: string;
  readonly bytes: Buffer;
}

const packetBytes = 60_000;
/** Room for the rest of the head within `limits.headBytes`. */
const headRoom = 31_000;
const headerRoom = 8_000;

interface Parts {
  readonly uri?: string;
  /** Replaces the mandatory field of that name. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Further lines of the head. */
  readonly lines?: readonly string[];
  readonly body?: string;
}

const ordinary: Readonly<Record<string, string>> = {
  Via: 'SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKhostile;rport',
  'Max-Forwards': '70',
  From: '<sip:101@pbx.example>;tag=hostile',
  To: '<sip:202@127.0.0.1>',
  'Call-ID': 'hostile@127.0.0.1',
  CSeq: '1 INVITE',
  Contact: '<sip:101@127.0.0.1:5070>',
};

function packet(name: string, { uri = 'sip:202@127.0.0.1', fields = {}, lines = [], body = '' }: Parts) {
  const head = Object.entries({ ...ordinary, ...fields }).map(([key, value]) => `${key}: ${value}`);
  const type = body === '' ? [] : ['Content-Type: application/sdp'];
  const length = `Content-Length: ${Buffer.byteLength(body, 'latin1')}`;
  const text = [`INVITE ${uri} SIP/2.0`, ...head, ...lines, ...type, length, '', body].join('\r\n');
  return { name, bytes: Buffer.from(text, 'latin1') };
}

const times = (text: string, bytes: number): string => text.repeat(Math.floor(bytes / text.length));

/** As many equal lines as fit, each a header field. */
const fieldLines = (line: string, bytes: number): string[] =>
  Array.from({ length: Math.floor(bytes / (line.length + 2)) }, () => line);

function describeAudio(lines: readonly string[]): string {
  const fixed = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'];
  return [...fixed, 'm=audio 4000 RTP/AVP 8 101', ...lines, ''].join('\r\n');
}

const heads: readonly HostilePacket[] = [
  packet('as many headers as fit', { lines: fieldLines('a:b', packetBytes) }),
  packet('all headers that are allowed', { lines: fieldLines(`X: ${'x'.repeat(110)}`, 240 * 115) }),
  packet('a header of 60 KB', { lines: [`Subject: ${'x'.repeat(packetBytes)}`] }),
  packet('a header name of 30 KB', { lines: [`${'x'.repeat(headRoom - 1000)}: y`] }),
  packet('fold upon fold', { lines: [`Subject: a${times('\r\n b', headerRoom)}`] }),
  packet('folds of nothing', { lines: [`Subject:${times('\r\n ', headerRoom)}`] }),
  packet('bare CRs', { lines: fieldLines(`X: ${'\r'.repeat(100)}`, headRoom - 2000) }),
  packet('NULs', { lines: fieldLines(`X: ${'\0'.repeat(100)}`, headRoom - 2000) }),
];

const values: readonly HostilePacket[] = [
  packet('Via parameters', { fields: { Via: `${ordinary.Via ?? ''}${times(';a=1', headerRoom - 100)}` } }),
  packet('Vias in one field', {
    fields: { Via: times(`${ordinary.Via ?? ''}, `, headerRoom) + (ordinary.Via ?? '') },
  }),
  packet('Via fields', { lines: fieldLines(`Via: ${ordinary.Via ?? ''}`, 200 * 70) }),
  packet('spaces in the sent-by', {
    fields: { Via: `SIP/2.0/UDP ${' '.repeat(headerRoom - 100)}h;branch=x` },
  }),
  packet('spaces in the sent-protocol', { fields: { Via: `SIP/${' '.repeat(headerRoom - 100)}2.0/UDP h` } }),
  packet('From parameters', { fields: { From: `<sip:a@b>${times(';a', headerRoom)};tag=x` } }),
  packet('a quoted string of escapes', { fields: { From: `"${times('\\"', headerRoom)}" <sip:a@b>;tag=x` } }),
  packet('quotes that never close', { fields: { From: `${times('"', headerRoom - 1)}<sip:a@b>;tag=x` } }),
  packet('brackets that never close', { fields: { Contact: times('<', headerRoom) } }),
  packet('commas', { fields: { Contact: times(',', headerRoom) } }),
  packet('Record-Routes', {
    lines: fieldLines(`Record-Route: ${times('<sip:a;lr>,', 7900)}<sip:a;lr>`, 28_000),
  }),
  packet('a Route of quotes', { lines: [`Route: ${times('"",', headerRoom)}<sip:a>`] }),
  packet('Require: commas around one word', {
    lines: fieldLines(`Require: a${times(',', headerRoom)}a`, headRoom - 1000),
  }),
  packet('Require: spaces around one word', {
    lines: fieldLines(`Require: a${times(' ', headerRoom - 10)}a`, headRoom - 1000),
  }),
  packet('identities', {
    lines: fieldLines(`P-Asserted-Identity: ${times('<sip:a@b>,', 7900)}<sip:a@b>`, 28_000),
  }),
  packet('identities and what they ask for', {
    lines: [
      ...fieldLines(`Privacy: ${times('a;', 7900)}`, 24_000),
      ...fieldLines('P-Asserted-Identity: <sip:a@b>', 6_000),
    ],
  }),
  packet('Require: one word after the other', {
    lines: fieldLines(`Require: ${times('a,', headerRoom)}a`, 28_000),
  }),
  packet('passwords in URIs', { lines: fieldLines(`X: ${times('sip:a:b@', headerRoom)}`, 28_000) }),
  packet('digits after digits', { lines: fieldLines(`X: tel:${times('1p', headerRoom)}x`, 28_000) }),
  packet('challenges answered', {
    lines: fieldLines(`Authorization: Digest ${times('a="b\\\\"",', 7_900)}`, 28_000),
  }),
  packet('a long Request-URI', { uri: `sip:${'a'.repeat(headRoom - 1000)}@127.0.0.1` }),
  packet('URI parameters', { uri: `sip:a@127.0.0.1${times(';a=1', headRoom - 1000)}` }),
  packet('URI escapes', { uri: `sip:${times('%41', headRoom - 1000)}@127.0.0.1` }),
  packet('URI at-signs', { uri: `sip:${times('a@', headRoom - 1000)}127.0.0.1` }),
  packet('a tel: of separators', { uri: `tel:${times('-', headRoom - 1000)}1` }),
  packet('SIP versions in the start-line', { uri: times('sip:a SIP/2.0 ', headRoom - 1000) }),
  packet('digits', { fields: { CSeq: `${times('1', headerRoom)} INVITE` } }),
];

const bodyRoom = packetBytes - 1000;
const bodies: readonly HostilePacket[] = [
  packet('SDP: lines', { body: describeAudio(fieldLines('a=x', 1950 * 5)) }),
  packet('SDP: too many lines', { body: describeAudio(fieldLines('a=x', bodyRoom)) }),
  packet('SDP: rtpmaps', { body: describeAudio(fieldLines('a=rtpmap:101 x/8000', 1950 * 21)) }),
  packet('SDP: spaces in rtpmap', { body: describeAudio([`a=rtpmap:8${' '.repeat(bodyRoom)}x`]) }),
  packet('SDP: spaces in c=', { body: describeAudio([`c=IN IP4 127.0.0.1${' '.repeat(bodyRoom)}x`]) }),
  packet('SDP: media lines', { body: describeAudio(fieldLines('m=audio 1 RTP/AVP 0', bodyRoom)) }),
  packet('SDP: formats', { body: describeAudio([`m=audio 1 RTP/AVP ${times('1 ', bodyRoom)}`]) }),
  packet('SDP: one long line', { body: describeAudio([`a=fmtp:101 ${'0,'.repeat(bodyRoom / 2)}`]) }),
  packet('SDP: allowed lines of all kinds', {
    body: describeAudio([
      ...fieldLines('a=fmtp:101 0-15', 900 * 17),
      ...fieldLines('m=audio 1 RTP/AVP 0', 30 * 21),
    ]),
  }),
];

function multipart(name: string, body: string): HostilePacket {
  const made = packet(name, { body });
  const text = made.bytes.toString('latin1').replace('application/sdp', 'multipart/mixed;boundary=b');
  return { name, bytes: Buffer.from(text, 'latin1') };
}

export const hostilePackets: readonly HostilePacket[] = [
  ...heads,
  ...values,
  ...bodies,
  multipart('multipart: boundaries', times('\r\n--b', bodyRoom)),
  multipart('multipart: headers of parts', `\r\n--b\r\n${times('content-type\n', bodyRoom)}\r\n\r\n`),
  multipart('multipart: one header of spaces', `\r\n--b\r\ncontent-type:${' '.repeat(bodyRoom)}x\r\n\r\n`),
  { name: 'line feeds alone', bytes: Buffer.alloc(packetBytes, '\n') },
  { name: 'zeros', bytes: Buffer.alloc(packetBytes) },
  { name: 'spaces', bytes: Buffer.alloc(packetBytes, ' ') },
  { name: 'a status line of spaces', bytes: Buffer.from(`SIP/2.0 200 ${' '.repeat(packetBytes)}`) },
];
