import { describe, expect, it } from 'vitest';
import { negotiatedMedia, type PartyMedia } from '../../src/sdp/negotiated-media.ts';
import { parseSdp } from '../../src/sdp/parse.ts';
import { sdp } from './sample-descriptions.ts';

function agree(
  offer: string[],
  answer: string[],
  encodings: string[] | null = null,
): [PartyMedia, PartyMedia] {
  const [offered, answered] = [offer, answer].map((lines) => {
    const session = lines[0]?.startsWith('c=') ? lines : ['c=IN IP4 192.0.2.1', ...lines];
    const parsed = parseSdp(sdp('v=0', ...session));
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value;
  });
  const agreement = { offer: offered!, answer: answered!, line: 0, encodings };
  return [negotiatedMedia(agreement, 'offerer'), negotiatedMedia(agreement, 'answerer')];
}

function numbers({ formats }: PartyMedia): number[] {
  return formats.map(({ payloadType }) => payloadType);
}

describe('negotiatedMedia', () => {
  it('RFC 3362: T.38 has a place and no formats, whatever it is narrowed to', () => {
    const [offerer, answerer] = agree(
      ['c=IN IP4 192.0.2.1', 'm=image 4000 udptl t38', 'a=T38FaxVersion:0'],
      ['c=IN IP4 192.0.2.2', 'm=image 6000 UDPTL t38'],
      ['PCMA/8000'],
    );
    expect(offerer).toEqual({
      ...{ transport: 'udptl', receives: true, sends: true, formats: [], ptimeMs: 20 },
      remote: { address: '192.0.2.1', port: 4000, rtcpPort: 4001 },
      rtcpMux: false,
      suppressesSilence: false,
    });
    expect(answerer).toMatchObject({ transport: 'udptl', remote: { address: '192.0.2.2', port: 6000 } });
  });

  it('names address, RTP and the next port, direction, formats and packet time of each side', () => {
    const [offerer, answerer] = agree(
      ['c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0 8', 'a=ptime:30'],
      ['c=IN IP4 192.0.2.2', 'm=audio 6000 RTP/AVP 8', 'a=rtcp:7000'],
    );
    const formats = [{ payloadType: 8, encoding: 'PCMA', clockRate: 8000 }];
    expect(offerer).toEqual({
      transport: 'rtp',
      remote: { address: '192.0.2.1', port: 4000, rtcpPort: 4001 },
      rtcpMux: false,
      suppressesSilence: false,
      receives: true,
      sends: true,
      formats,
      ptimeMs: 30,
    });
    expect(answerer).toEqual({
      transport: 'rtp',
      remote: { address: '192.0.2.2', port: 6000, rtcpPort: 7000 },
      rtcpMux: false,
      suppressesSilence: false,
      receives: true,
      sends: true,
      formats,
      ptimeMs: 20,
    });
  });

  it('gives the parameters of a codec of speech, and of nothing else', () => {
    const [offerer] = agree(
      [
        'm=audio 4000 RTP/AVP 18 101',
        'a=fmtp:18 annexb=no',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
      ],
      ['m=audio 6000 RTP/AVP 18 101', 'a=rtpmap:101 telephone-event/8000'],
    );
    expect(offerer.formats).toEqual([
      { payloadType: 18, encoding: 'G729', clockRate: 8000, fmtp: 'annexb=no' },
      { payloadType: 101, encoding: 'TELEPHONE-EVENT', clockRate: 8000 },
    ]);
  });

  it.each([
    { attributes: [], ptimeMs: 20 },
    { attributes: ['a=ptime:40'], ptimeMs: 40 },
    { attributes: ['a=maxptime:10'], ptimeMs: 10 },
    { attributes: ['a=maxptime:40'], ptimeMs: 20 },
    { attributes: ['a=ptime:60', 'a=maxptime:40'], ptimeMs: 40 },
    { attributes: ['a=maxptime:0', 'a=ptime:many'], ptimeMs: 20 },
  ])('RFC 8866 §6.4, §6.5: $attributes is packets of $ptimeMs ms', ({ attributes, ptimeMs }) => {
    const [offerer] = agree(['m=audio 4000 RTP/AVP 0', ...attributes], ['m=audio 6000 RTP/AVP 0']);
    expect(offerer.ptimeMs).toBe(ptimeMs);
  });

  it.each([
    { name: 'neither', offer: [], answer: [], muxed: [false, false] },
    { name: 'both', offer: ['a=rtcp-mux'], answer: ['a=rtcp-mux'], muxed: [true, true] },
    {
      name: 'the offerer alone, whom we agree with',
      offer: ['a=rtcp-mux'],
      answer: [],
      muxed: [true, false],
    },
    { name: 'an answerer who was not offered it', offer: [], answer: ['a=rtcp-mux'], muxed: [false, false] },
  ])('RFC 5761 §5.1.1: RTP and RTCP on one port, said by $name', ({ offer, answer, muxed }) => {
    const parties = agree(['m=audio 4000 RTP/AVP 0', ...offer], ['m=audio 6000 RTP/AVP 0', ...answer]);
    expect(parties.map(({ rtcpMux }) => rtcpMux)).toEqual(muxed);
  });

  it.each([
    ['sendonly', 'recvonly', { offerer: [false, true], answerer: [true, false] }],
    ['recvonly', 'sendonly', { offerer: [true, false], answerer: [false, true] }],
    ['inactive', 'inactive', { offerer: [false, false], answerer: [false, false] }],
    ['sendrecv', 'recvonly', { offerer: [false, true], answerer: [true, false] }],
    ['sendonly', 'sendrecv', { offerer: [false, true], answerer: [true, false] }],
  ])('RFC 3264 §6.1: %s answered %s', (offer, answer, expected) => {
    const [offerer, answerer] = agree(
      ['m=audio 4000 RTP/AVP 0', `a=${offer}`],
      ['m=audio 6000 RTP/AVP 0', `a=${answer}`],
    );
    expect({
      offerer: [offerer.receives, offerer.sends],
      answerer: [answerer.receives, answerer.sends],
    }).toEqual(expected);
  });

  it('RFC 3264 §8.4: the null address holds: no remote, and the other one is not expected to send', () => {
    const [offerer, answerer] = agree(
      ['c=IN IP4 0.0.0.0', 'm=audio 4000 RTP/AVP 0'],
      ['m=audio 6000 RTP/AVP 0'],
    );
    expect([offerer.remote, offerer.receives, answerer.sends, answerer.receives]).toEqual([
      null,
      false,
      false,
      true,
    ]);
  });

  it('a rejected line leaves both without media', () => {
    const sides = agree(['m=audio 4000 RTP/AVP 0'], ['m=audio 0 RTP/AVP 0']);
    expect(sides.map(({ remote, formats }) => [remote, formats.length])).toEqual([
      [null, 0],
      [null, 0],
    ]);
  });

  it('formats come in the order of the answer', () => {
    const sides = agree(['m=audio 4000 RTP/AVP 0 8 9'], ['m=audio 6000 RTP/AVP 9 0']);
    expect(sides.map(numbers)).toEqual([
      [9, 0],
      [9, 0],
    ]);
  });

  it('RFC 3264 §5.1: each side is sent its own payload type for an encoding; the other number stands last', () => {
    const sides = agree(
      ['m=audio 4000 RTP/AVP 111 8', 'a=rtpmap:111 opus/48000/2'],
      ['m=audio 6000 RTP/AVP 96 8', 'a=rtpmap:96 OPUS/48000/2'],
    );
    expect(sides.map(numbers)).toEqual([
      [111, 8, 96],
      [96, 8, 111],
    ]);
  });

  it('what the offer was narrowed to bounds the formats', () => {
    const sides = agree(['m=audio 4000 RTP/AVP 0 8 18'], ['m=audio 6000 RTP/AVP 8 18'], ['PCMA/8000']);
    expect(sides.map(numbers)).toEqual([[8], [8]]);
  });
});
