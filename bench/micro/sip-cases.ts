import { parseMessage } from '../../src/sip/parse.ts';
import { serializeMessage } from '../../src/sip/serialize.ts';
import type { BenchCase } from '../measure.ts';

const sdp = [
  'v=0',
  'o=- 3904821 3904821 IN IP4 192.0.2.4',
  's=-',
  'c=IN IP4 192.0.2.4',
  't=0 0',
  'm=audio 16384 RTP/AVP 8 0 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=ptime:20',
  'a=sendrecv',
  '',
].join('\r\n');

export const sampleInvite = Buffer.from(
  [
    'INVITE sip:+352621000000@192.0.2.2:5060;user=phone SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK74bf9.1;rport',
    'Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK776asdhds;received=192.0.2.9',
    'Max-Forwards: 69',
    'From: "Alice Example" <sip:101@pbx.example>;tag=9fxced76sl',
    'To: <sip:+352621000000@192.0.2.2;user=phone>',
    'Call-ID: 3848276298220188511@pbx.example',
    'CSeq: 1 INVITE',
    'Contact: <sip:101@192.0.2.4:5060>',
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO, UPDATE',
    'Supported: replaces, timer',
    'P-Asserted-Identity: "Alice Example" <sip:101@pbx.example>',
    'User-Agent: Example PBX 4.2',
    'Content-Type: application/sdp',
    `Content-Length: ${Buffer.byteLength(sdp)}`,
    '',
    sdp,
  ].join('\r\n'),
);

export const sipCases: readonly BenchCase[] = [
  {
    name: 'parse',
    unit: 'one INVITE with SDP',
    setUp: () => () => {
      if (!parseMessage(sampleInvite).ok) throw new Error('the INVITE does not parse');
    },
  },
  {
    name: 'serialize',
    unit: 'one INVITE with SDP',
    setUp: () => {
      const parsed = parseMessage(sampleInvite);
      if (!parsed.ok) throw new Error('the INVITE does not parse');
      return () => {
        serializeMessage(parsed.value);
      };
    },
  },
];
