/** An INVITE with SDP as a PBX sends it, byte for byte. */
export const inviteText = [
  'INVITE sip:+35220301234@192.0.2.10:5060;user=phone SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.4:5060;rport;branch=z9hG4bKPj6f0ad3e2c5d94a4f9d1b',
  'From: "Alice Müller" <sip:201@pbx.example.com>;tag=8ac3e1f7',
  'To: <sip:+35220301234@192.0.2.10;user=phone>',
  'Contact: <sip:201@192.0.2.4:5060>',
  'Call-ID: 7d5c2ab8-15a9-4b4b-a2f0-6a1a6e1cf8b1',
  'CSeq: 20412 INVITE',
  'Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, MESSAGE, REFER',
  'Supported: 100rel, timer, replaces, norefersub',
  'Session-Expires: 1800',
  'Min-SE: 90',
  'P-Asserted-Identity: "Alice" <sip:201@pbx.example.com>',
  'Max-Forwards: 70',
  'User-Agent: PBX 18.1',
  'Content-Type: application/sdp',
  'Content-Length:   250',
  '',
  'v=0',
  'o=- 1821420123 1821420123 IN IP4 192.0.2.4',
  's=PBX',
  'c=IN IP4 192.0.2.4',
  't=0 0',
  'm=audio 14402 RTP/AVP 8 0 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=ptime:20',
  'a=maxptime:150',
  'a=sendrecv',
  '',
].join('\r\n');

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
