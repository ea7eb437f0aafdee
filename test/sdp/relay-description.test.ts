import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeSession, newOrigin } from '../../src/sdp/origin.ts';
import { parseSdp } from '../../src/sdp/parse.ts';
import { printSdp } from '../../src/sdp/print.ts';
import { relayAnswer, relayOffer, rejectOffer } from '../../src/sdp/relay-description.ts';
import type { SessionDescription } from '../../src/sdp/session-description.ts';
import { deskPhone, sdp, softPhone, text } from './sample-descriptions.ts';

const local = { address: '203.0.113.5', rtpPort: 20_000, rtcpPort: 20_001 };

function read(body: Uint8Array): SessionDescription {
  const parsed = parseSdp(body);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function offered(body: Uint8Array, encodings: readonly string[] | null = null, at = local): string[] {
  const relayed = relayOffer(read(body), at, encodings);
  return relayed.ok ? text(printSdp(relayed.value.description)) : [relayed.error];
}

function answered(
  offer: Uint8Array,
  answer: Uint8Array,
  encodings: readonly string[] | null = null,
): string[] {
  const open = { offer: read(offer), line: read(offer).media.findIndex(({ kind }) => kind === 'audio') };
  const relayed = relayAnswer(read(answer), open, local, encodings);
  return relayed.ok ? text(printSdp(relayed.value)) : [relayed.error];
}

function audio(...lines: string[]): Uint8Array {
  return sdp('v=0', 'o=- 1 1 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0', ...lines);
}

describe('relayOffer', () => {
  it('takes our address and port, keeps the rest in its order', () => {
    expect(offered(deskPhone)).toEqual([
      'v=0',
      'o=alice 2890844526 7 IN IP4 192.0.2.10',
      's=call',
      'c=IN IP4 203.0.113.5',
      't=0 0',
      'm=audio 20000 RTP/AVP 9 8 0 101',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendrecv',
    ]);
  });

  it('removes what names a transport, passes other attributes, sets video to port 0 in its place', () => {
    expect(offered(softPhone)).toEqual([
      'v=0',
      'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 203.0.113.5',
      't=0 0',
      'a=x-vendor:keep me',
      'm=audio 20000 RTP/AVP 111 8 110',
      'b=AS:64',
      'a=rtcp-fb:111 nack',
      'a=rtpmap:111 opus/48000/2',
      'a=fmtp:111 minptime=10;useinbandfec=1',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:110 telephone-event/48000',
      'a=maxptime:60',
      'a=rtcp-mux',
      'm=video 0 RTP/AVP 96',
    ]);
  });

  it('narrows by name and rate, with the attributes of what went', () => {
    const narrowed = offered(softPhone, ['PCMA/8000', 'PCMU/8000', 'TELEPHONE-EVENT/48000']);
    expect(narrowed.slice(6, 11)).toEqual([
      'm=audio 20000 RTP/AVP 8 110',
      'b=AS:64',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:110 telephone-event/48000',
      'a=maxptime:60',
    ]);
  });

  it.each([
    ['static payload types need no rtpmap (RFC 3551 §6)', ['G722/8000'], 'm=audio 20000 RTP/AVP 9'],
    ['the offer keeps its own order', ['PCMU/8000', 'PCMA/8000'], 'm=audio 20000 RTP/AVP 8 0'],
    [
      'telephone events stay where listed',
      ['PCMU/8000', 'TELEPHONE-EVENT/8000'],
      'm=audio 20000 RTP/AVP 0 101',
    ],
  ])('narrowing: %s', (_name, encodings, line) => {
    expect(offered(deskPhone, encodings)).toContain(line);
  });

  it.each([
    [
      'telephone events alone are no speech',
      audio('m=audio 4000 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000'),
      ['TELEPHONE-EVENT/8000'],
      'no-codec',
    ],
    ['nothing listed is offered', deskPhone, ['G729/8000'], 'no-codec'],
    ['no audio line', audio('m=video 4000 RTP/AVP 96'), null, 'no-audio'],
    ['only a rejected audio line', audio('m=audio 0 RTP/AVP 0'), null, 'no-audio'],
    ['only secure RTP', audio('m=audio 4000 RTP/SAVP 0'), null, 'no-security'],
    [
      'a host name as address',
      sdp('v=0', 'c=IN IP4 media.example', 'm=audio 4000 RTP/AVP 0'),
      null,
      'unusable-address',
    ],
    [
      'a multicast address',
      sdp('v=0', 'c=IN IP4 224.2.1.1/127', 'm=audio 4000 RTP/AVP 0'),
      null,
      'unusable-address',
    ],
    ['no address', sdp('v=0', 'm=audio 4000 RTP/AVP 0'), null, 'unusable-address'],
  ])('cannot use %s', (_name, body, encodings, fault) => {
    expect(offered(body, encodings)).toEqual([fault]);
  });

  it('the first active audio line is used, the others get port 0', () => {
    const lines = offered(
      audio(
        'm=audio 0 RTP/AVP 0',
        'm=audio 4000 RTP/SAVP 0',
        'a=crypto:1 x',
        'm=audio 4002 RTP/AVP 8',
        'm=audio 4004 RTP/AVP 0',
      ),
    );
    expect(lines.slice(5)).toEqual([
      'm=audio 0 RTP/AVP 0',
      'm=audio 0 RTP/SAVP 0',
      'm=audio 20000 RTP/AVP 8',
      'm=audio 0 RTP/AVP 0',
    ]);
  });

  it('RFC 3605 §2.1: says where RTCP is when it is not on the next port', () => {
    expect(offered(deskPhone, null, { ...local, rtcpPort: 30_000 }).at(-1)).toBe('a=rtcp:30000');
  });

  it.each([
    ['sendrecv', 'a=sendonly'],
    ['recvonly', 'a=inactive'],
    ['inactive', 'a=inactive'],
  ])('RFC 3264 §8.4: hold by the null address, written %s, goes on as %s', (written, expected) => {
    const held = sdp('v=0', 'c=IN IP4 0.0.0.0', 'm=audio 4000 RTP/AVP 0', `a=${written}`);
    expect(offered(held)).toEqual(['v=0', 'c=IN IP4 203.0.113.5', 'm=audio 20000 RTP/AVP 0', expected]);
  });

  it('an IPv6 address of ours is written as one', () => {
    expect(offered(deskPhone, null, { ...local, address: '2001:db8::5' })).toContain('c=IN IP6 2001:db8::5');
  });
});

describe('relayAnswer', () => {
  it('RFC 3264 §6: has the lines of the offer in its order, audio ours and the rest rejected', () => {
    const answer = audio('m=audio 6000 RTP/AVP 8', 'a=setup:active', 'm=video 6002 RTP/AVP 96');
    expect(answered(softPhone, answer).slice(3)).toEqual([
      'c=IN IP4 203.0.113.5',
      't=0 0',
      'm=audio 20000 RTP/AVP 8',
      'a=rtcp-mux',
      'm=video 0 RTP/AVP 96',
    ]);
  });

  it('RFC 5761 §5.1.1: agrees to one port for RTP and RTCP with who offered it, and with nobody else', () => {
    const answer = audio('m=audio 6000 RTP/AVP 8', 'a=rtcp-mux');
    expect(answered(softPhone, answer)).toContain('a=rtcp-mux');
    expect(answered(deskPhone, answer)).not.toContain('a=rtcp-mux');
  });

  it('an answer with fewer lines than the offer is made whole', () => {
    expect(answered(softPhone, audio('m=audio 6000 RTP/AVP 8')).at(-1)).toBe('m=video 0 RTP/AVP 96');
  });

  it('a rejected line stays rejected', () => {
    expect(answered(deskPhone, audio('m=audio 0 RTP/AVP 8')).at(-1)).toBe('m=audio 0 RTP/AVP 9 8 0 101');
  });

  it.each([
    ['sendonly', 'sendrecv', 'recvonly'],
    ['sendonly', 'recvonly', 'recvonly'],
    ['recvonly', 'sendrecv', 'sendonly'],
    ['inactive', 'sendrecv', 'inactive'],
    ['sendrecv', 'sendrecv', 'sendrecv'],
    ['sendrecv', 'recvonly', 'recvonly'],
  ])('RFC 3264 §6.1: %s answered with %s becomes %s', (offer, answer, expected) => {
    const lines = answered(
      audio('m=audio 4000 RTP/AVP 0', `a=${offer}`),
      audio('m=audio 6000 RTP/AVP 0', `a=${answer}`),
    );
    expect(lines.at(-1)).toBe(`a=${expected}`);
  });

  it('an answer without a direction to a hold gets one', () => {
    const lines = answered(audio('m=audio 4000 RTP/AVP 0', 'a=sendonly'), audio('m=audio 6000 RTP/AVP 0'));
    expect(lines.at(-1)).toBe('a=recvonly');
  });

  it('an answer outside of what the offer was narrowed to is none', () => {
    expect(answered(deskPhone, audio('m=audio 6000 RTP/AVP 18'), ['PCMA/8000'])).toEqual(['no-codec']);
  });
});

describe('rejectOffer', () => {
  it('rejects every line of the offer', () => {
    const lines = text(printSdp(rejectOffer(read(softPhone), local)));
    expect(lines.filter((line) => line.startsWith('m='))).toEqual([
      'm=audio 0 RTP/AVP 111 8 110',
      'm=video 0 RTP/AVP 96',
    ]);
  });
});

describe('describeSession', () => {
  it('RFC 3264 §8: the version grows by one only when the description differs from the last one sent', () => {
    const versions: string[] = [];
    let origin = newOrigin('1234');
    for (const body of [deskPhone, deskPhone, softPhone, softPhone, deskPhone]) {
      const described = describeSession(origin, '203.0.113.5', read(body));
      origin = described.origin;
      versions.push(text(described.body)[1] ?? '');
    }
    expect(versions).toEqual([1, 1, 2, 2, 3].map((version) => `o=- 1234 ${version} IN IP4 203.0.113.5`));
  });

  it('another version of the same description from the party is no change of ours', () => {
    const first = describeSession(newOrigin('1'), '203.0.113.5', read(audio('m=audio 4 RTP/AVP 0')));
    const again = sdp(
      'v=0',
      'o=- 1 99 IN IP4 192.0.2.9',
      's=-',
      'c=IN IP4 192.0.2.9',
      't=0 0',
      'm=audio 4 RTP/AVP 0',
    );
    expect(text(describeSession(first.origin, '203.0.113.5', read(again)).body)[1]).toBe(
      'o=- 1 1 IN IP4 203.0.113.5',
    );
  });
});

describe('for any description', () => {
  const attribute = fc.constantFrom(
    ...[
      'a=sendonly',
      'a=inactive',
      'a=candidate:1 1 udp 1 198.51.100.7 1 typ host',
      'a=ssrc:1 cname:x',
      'a=rtcp:9',
    ],
    ...[
      'a=rtpmap:96 opus/48000/2',
      'a=fmtp:96 x',
      'a=ptime:30',
      'c=IN IP4 198.51.100.8',
      'k=clear:x',
      'b=AS:1',
    ],
  );
  const media = fc
    .tuple(
      fc.constantFrom('audio', 'video', 'image'),
      fc.constantFrom(0, 9, 4000, 65_535),
      fc.constantFrom('RTP/AVP', 'RTP/SAVP', 'udptl'),
      fc.uniqueArray(fc.constantFrom(0, 8, 13, 18, 96, 101), { maxLength: 5 }),
      fc.array(attribute, { maxLength: 6 }),
    )
    .map(([kind, port, proto, formats, lines]) => [
      `m=${kind} ${port} ${proto} ${formats.join(' ')}`.trim(),
      ...lines,
    ]);
  const description = fc
    .array(media, { maxLength: 4 })
    .map((lines) =>
      sdp('v=0', 'o=- 1 1 IN IP4 198.51.100.7', 's=-', 'c=IN IP4 198.51.100.7', 't=0 0', ...lines.flat()),
    );

  it('no address of the party goes on, the lines keep number and kind, at most one is active', () => {
    fc.assert(
      fc.property(description, fc.option(fc.constant(['PCMA/8000', 'PCMU/8000'])), (body, encodings) => {
        const relayed = relayOffer(read(body), local, encodings);
        if (!relayed.ok) return;
        const printed = text(describeSession(newOrigin('1'), local.address, relayed.value.description).body);
        expect(printed.join()).not.toContain('198.51.100');
        expect(printed.filter((line) => line.startsWith('o='))).toHaveLength(1);
        const mediaLines = printed.filter((line) => line.startsWith('m='));
        const original = text(body).filter((line) => line.startsWith('m='));
        const kindOf = (line: string): string => line.split(' ')[0] ?? '';
        expect(mediaLines.map(kindOf)).toEqual(original.map(kindOf));
        expect(mediaLines.filter((line) => line.split(' ')[1] !== '0')).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });
});
