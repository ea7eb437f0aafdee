import type { Expectation, TortureCase } from './torture-case.ts';

/** A case with its message, written down from the RFC. */
export interface Ipv6Case extends TortureCase {
  readonly lines: readonly string[];
  readonly body?: readonly string[];
}

const answered = (status: number, ...has: RegExp[]): Expectation => ({ is: 'answered', status, has });
/** We are no registrar: RFC 3261 §8.2.1. What matters is that the message was read to its end. */
const notServed = answered(405, /^Allow: .*INVITE/m);
/** A BYE of no dialog (RFC 3261 §15.1.2); as above. */
const noSuchCall = answered(481);

const registration = (uri: string): readonly string[] => [
  `REGISTER ${uri} SIP/2.0`,
  'To: sip:user@example.com',
  'From: sip:user@example.com;tag=81x2',
  'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111',
  'Call-ID: SSG9559905523997077@hlau_4100',
  'Max-Forwards: 70',
  'Contact: "Caller" <sip:caller@[2001:db8::1]>',
  'CSeq: 98176 REGISTER',
];

const options = (host: string): readonly string[] => [
  `OPTIONS sip:user@${host} SIP/2.0`,
  `To: sip:user@${host}`,
  'From: sip:user@example.com;tag=810x2',
  'Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111',
  'Call-ID: G9559905523997077@hlau_4100',
  'CSeq: 689 OPTIONS',
  'Max-Forwards: 70',
];

const media = ['m=audio 6000 RTP/AVP 2', 'a=rtpmap:2 G726-32/8000'] as const;
const video = ['m=video 6024 RTP/AVP 107', 'a=rtpmap:107 H263-1998/90000'] as const;

/** RFC 5118 §4, each section's messages. */
export const rfc5118Cases: readonly Ipv6Case[] = [
  {
    ...{ name: 'ipv6-good', section: '4.1', validity: 'valid' },
    says: 'The request below is well-formatted according to the grammar in [RFC3261].',
    lines: registration('sip:[2001:db8::10]'),
    expect: notServed,
  },
  {
    ...{ name: 'ipv6-bad', section: '4.2', validity: 'invalid' },
    says: 'A SIP implementation receiving this request should respond with a 400 Bad Request error.',
    lines: registration('sip:2001:db8::10'),
    expect: answered(400, /^SIP\/2\.0 400 Bad Request-URI\r$/m),
  },
  {
    ...{ name: 'port-ambiguous', section: '4.3', validity: 'valid' },
    says: 'From a parsing perspective, the request below is well-formed. However, from a semantic point of view, it will not yield the desired result.',
    lines: registration('sip:[2001:db8::10:5070]'),
    expect: notServed,
  },
  {
    ...{ name: 'port-unambiguous', section: '4.4', validity: 'valid' },
    says: 'This REGISTER request is well formatted per the grammar in [RFC3261].',
    lines: registration('sip:[2001:db8::10]:5070'),
    expect: notServed,
  },
  {
    ...{ name: 'via-received-param-with-delim', section: '4.5', validity: 'valid' },
    says: "Implementations must follow the Robustness Principle [RFC1122] and be liberal in accepting a 'received' parameter with or without the delimiting '[' and ']' tokens.",
    lines: [
      'BYE sip:[2001:db8::10] SIP/2.0',
      'To: sip:user@example.com;tag=bd76ya',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111',
      'Call-ID: SSG9559905523997077@hlau_4100',
      'Max-Forwards: 70',
      'CSeq: 321 BYE',
    ],
    // What the sender claimed is overwritten, by an address without brackets (RFC 3261 §25.1, via-received).
    expect: answered(481, /^Via: [^\r]*;received=::1[;\r]/m),
  },
  {
    ...{ name: 'via-received-param-no-delim', section: '4.5', validity: 'valid' },
    says: 'This request is valid according to the grammar in [RFC3261].',
    lines: [
      'OPTIONS sip:[2001:db8::10] SIP/2.0',
      'To: sip:user@example.com',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3',
      'Call-ID: SSG95523997077@hlau_4100',
      'Max-Forwards: 70',
      'Contact: "Caller" <sip:caller@[2001:db8::9:1]>',
      'CSeq: 921 OPTIONS',
    ],
    expect: answered(200, /^Via: [^\r]*;received=::1[;\r]/m),
  },
  {
    ...{ name: 'ipv6-in-sdp', section: '4.6', validity: 'valid' },
    says: 'This request below is valid and well-formed according to the grammar in [RFC3261]. Note that the IPv6 addresses in the SDP body do not have the delimiting "[" and "]".',
    lines: [
      'INVITE sip:user@[2001:db8::10] SIP/2.0',
      'To: sip:user@[2001:db8::10]',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111',
      'Call-ID: SSG9559905523997077@hlau_4100',
      'Contact: "Caller" <sip:caller@[2001:db8::20]>',
      'CSeq: 8612 INVITE',
      'Max-Forwards: 70',
    ],
    body: [
      'v=0',
      'o=assistant 971731711378798081 0 IN IP6 2001:db8::20',
      "s=Live video feed for today's meeting",
      'c=IN IP6 2001:db8::20',
      't=3338481189 3370017201',
      ...[...media, ...video],
    ],
    expect: { is: 'relayed', user: 'user' },
  },
  {
    ...{ name: 'mult-ip-in-header', section: '4.7', validity: 'valid' },
    says: 'The Via list contains a mix of IPv4 addresses and IPv6 references.',
    lines: [
      'BYE sip:user@host.example.net SIP/2.0',
      'Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111',
      'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144',
      'Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200',
      'Call-ID: 997077@lau_4100',
      'Max-Forwards: 70',
      'CSeq: 89187 BYE',
      'To: sip:user@example.net;tag=9817--94',
      'From: sip:user@example.com;tag=81x2',
    ],
    expect: noSuchCall,
  },
  {
    ...{ name: 'mult-ip-in-sdp', section: '4.8', validity: 'valid' },
    says: 'The SDP contains multiple media lines, and each media line is identified by a different network connection address.',
    lines: [
      'INVITE sip:user@[2001:db8::10] SIP/2.0',
      'To: sip:user@[2001:db8::10]',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111',
      'Call-ID: SSG9559905523997077@hlau_4100',
      'Contact: "Caller" <sip:caller@[2001:db8::9:1]>',
      'Max-Forwards: 70',
      'CSeq: 8912 INVITE',
    ],
    body: [
      ...['v=0', 'o=bob 280744730 28977631 IN IP4 host.example.com', 's=', 't=0 0'],
      ...['m=audio 22334 RTP/AVP 0', 'c=IN IP4 192.0.2.1'],
      ...['m=video 6024 RTP/AVP 107', 'c=IN IP6 2001:db8::1', 'a=rtpmap:107 H263-1998/90000'],
    ],
    expect: { is: 'relayed', user: 'user' },
  },
  {
    ...{ name: 'ipv4-mapped-ipv6', section: '4.9', validity: 'valid' },
    says: 'A SIP implementation receiving a message that contains such a mapped address must be prepared to parse it successfully.',
    lines: [
      'INVITE sip:user@example.com SIP/2.0',
      'To: sip:user@example.com',
      'From: sip:user@east.example.com;tag=81x2',
      'Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19',
      'Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111',
      'Call-ID: SSG9559905523997077@hlau_4100',
      'Contact: "T. desk phone" <sip:ted@[::ffff:192.0.2.2]>',
      'CSeq: 612 INVITE',
      'Max-Forwards: 70',
    ],
    body: [
      'v=0',
      'o=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2',
      's=Call me soon, please!',
      'c=IN IP6 ::ffff:192.0.2.2',
      't=3338481189 3370017201',
      ...[...media, ...video],
    ],
    expect: { is: 'relayed', user: 'user' },
  },
  {
    ...{ name: 'ipv6-bug-abnf-3-colons', section: '4.10', validity: 'valid' },
    says: 'Following the Robustness Principle [RFC1122], an implementation must tolerate both of the above constructs.',
    lines: options('[2001:db8:::192.0.2.1]'),
    expect: answered(200),
  },
  {
    ...{ name: 'ipv6-correct-abnf-2-colons', section: '4.10', validity: 'valid' },
    says: 'The next message has the correct syntax for the IPv6 reference in the R-URI.',
    lines: options('[2001:db8::192.0.2.1]'),
    expect: answered(200),
  },
  {
    // Not a message of the RFC: what §4.2 is about, in the place where it decides where the answer goes.
    ...{ name: 'sent-by-without-brackets', section: '4.2', validity: 'invalid' },
    says: 'The IPv6 reference in the R-URI does not contain the mandated delimiters for an IPv6 reference ("[" and "]").',
    lines: [
      'OPTIONS sip:user@[2001:db8::10] SIP/2.0',
      'To: sip:user@example.com',
      'From: sip:user@example.com;tag=81x2',
      'Via: SIP/2.0/UDP 2001:db8::9:1;branch=z9hG4bKas3-111',
      'Call-ID: bare-sent-by@example.com',
      'Max-Forwards: 70',
      'CSeq: 1 OPTIONS',
    ],
    expect: { is: 'ignored' },
  },
];
