import { describe, expect, it } from 'vitest';
import { answerHere } from '../../src/sdp/answer-here.ts';
import { keepLines } from '../../src/sdp/keep-lines.ts';
import { parseSdp } from '../../src/sdp/parse.ts';
import { printSdp } from '../../src/sdp/print.ts';
import type { SessionDescription } from '../../src/sdp/session-description.ts';
import { deskPhone, sdp, softPhone, text } from './sample-descriptions.ts';

const local = { address: '203.0.113.1', rtpPort: 20_000, rtcpPort: 20_001 };

function read(body: Uint8Array): SessionDescription {
  const parsed = parseSdp(body);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function answer(offer: Uint8Array, theirs: Uint8Array): string[] | string {
  const made = answerHere(read(offer), read(theirs), local);
  return made.ok ? text(printSdp(made.value.answer)) : made.error;
}

function theirs(direction: string, address = '192.0.2.9'): Uint8Array {
  return sdp('v=0', 's=-', `c=IN IP4 ${address}`, 't=0 0', 'm=audio 5000 RTP/AVP 8', `a=${direction}`);
}

describe('answerHere', () => {
  it('has the numbers and parameters of the offer, of the encodings that the other party knows', () => {
    expect(answer(softPhone, deskPhone)).toEqual([
      'v=0',
      'o=alice 2890844526 7 IN IP4 192.0.2.10',
      's=call',
      'c=IN IP4 203.0.113.1',
      't=0 0',
      'm=audio 20000 RTP/AVP 8',
      'a=sendrecv',
      'a=rtpmap:8 PCMA/8000',
      'a=maxptime:60',
      'a=rtcp-mux',
      'm=video 0 RTP/AVP 96',
    ]);
  });

  it.each([
    ['sendrecv', 'a=sendrecv'],
    ['recvonly', 'a=recvonly'],
    ['sendonly', 'a=sendonly'],
    ['inactive', 'a=inactive'],
  ])('says %s where the other party said so', (said, line) => {
    expect(answer(deskPhone, theirs(said))).toContain(line);
  });

  it('RFC 3264 §6.1: a sendonly offer is answered recvonly, whatever the other party said', () => {
    const hold = sdp('v=0', 's=-', 'c=IN IP4 192.0.2.10', 't=0 0', 'm=audio 4 RTP/AVP 8', 'a=sendonly');
    expect(answer(hold, theirs('sendrecv'))).toContain('a=recvonly');
  });

  it.each([
    [
      'nothing in common',
      sdp('v=0', 's=-', 'c=IN IP4 192.0.2.10', 't=0 0', 'm=audio 4 RTP/AVP 18'),
      'no-codec',
    ],
    ['no audio', sdp('v=0', 's=-', 'c=IN IP4 192.0.2.10', 't=0 0', 'm=audio 0 RTP/AVP 8'), 'no-audio'],
    ['a fax', sdp('v=0', 's=-', 'c=IN IP4 192.0.2.10', 't=0 0', 'm=image 4 udptl t38'), 'no-audio'],
    [
      'a name for an address',
      sdp('v=0', 's=-', 'c=IN IP4 a.example', 't=0 0', 'm=audio 4 RTP/AVP 8'),
      'unusable-address',
    ],
  ])('with %s there is none', (_name, offer, fault) => {
    expect(answer(offer, theirs('sendrecv'))).toBe(fault);
  });
});

describe('keepLines', () => {
  it('RFC 3264 §8: a line that the other party has seen stays in its place, rejected', () => {
    const kept = keepLines(read(deskPhone), read(softPhone));
    expect(kept.media.map(({ kind, port }) => `${kind} ${port}`)).toEqual(['audio 49170', 'video 0']);
    expect(text(printSdp(kept)).at(-1)).toBe('m=video 0 RTP/AVP 96');
  });

  it.each([
    ['nothing was seen before', null],
    ['no more was seen', deskPhone],
  ])('changes nothing where %s', (_name, before) => {
    const offer = read(softPhone);
    expect(keepLines(offer, before === null ? null : read(before))).toBe(offer);
  });
});
