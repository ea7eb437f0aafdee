/** Joins lines as they stand on the wire. */
export function sdp(...lines: string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
}

export function text(body: Uint8Array): string[] {
  return Buffer.from(body).toString('latin1').split('\r\n').slice(0, -1);
}

/** What a plain desk phone offers. */
export const deskPhone = sdp(
  'v=0',
  'o=alice 2890844526 7 IN IP4 192.0.2.10',
  's=call',
  'c=IN IP4 192.0.2.10',
  't=0 0',
  'm=audio 49170 RTP/AVP 9 8 0 101',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendrecv',
);

/** What a browser-like agent offers: two lines, ICE, bundle, sources. */
export const softPhone = sdp(
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'a=msid-semantic: WMS stream',
  'a=ice-lite',
  'a=x-vendor:keep me',
  'm=audio 40000 RTP/AVP 111 8 110',
  'c=IN IP4 198.51.100.7',
  'b=AS:64',
  'a=rtcp:40009 IN IP4 198.51.100.7',
  'a=candidate:1 1 udp 2130706431 198.51.100.7 40000 typ host',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789012345678901',
  'a=fingerprint:sha-256 AA:BB',
  'a=setup:actpass',
  'a=mid:0',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:secret',
  'a=rtcp-mux',
  'a=rtcp-fb:111 nack',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:110 telephone-event/48000',
  'a=ssrc:1234 cname:x',
  'a=ssrc-group:FID 1234 5678',
  'a=msid:stream track',
  'a=maxptime:60',
  'm=video 40002 RTP/AVP 96',
  'c=IN IP4 198.51.100.7',
  'a=rtpmap:96 VP8/90000',
  'a=mid:1',
);

/** What a desk phone with SRTP offers. */
export const securePhone = sdp(
  'v=0',
  'o=- 1 1 IN IP4 192.0.2.11',
  's=-',
  'c=IN IP4 192.0.2.11',
  't=0 0',
  'm=audio 49180 RTP/SAVP 8 0 101',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:4',
  'a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR',
  'a=rtpmap:101 telephone-event/8000',
  'a=sendrecv',
);
