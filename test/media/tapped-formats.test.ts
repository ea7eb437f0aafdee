import { describe, expect, it } from 'vitest';
import { codecId } from '../../src/audio/codec-id.ts';
import { tappedFormats, undecodedSdp } from '../../src/media/recording-tap.ts';

const format = (payloadType: number, encoding: string, clockRate: number) => ({
  payloadType,
  encoding,
  clockRate,
});

describe('the formats that the recorder is told of', () => {
  it.each([
    ['G.711 at its only clock', format(8, 'PCMA', 8000), [8, codecId.pcma, 8]],
    [
      'G.711 at another clock is not the G.711 of telephony',
      format(96, 'PCMU', 16_000),
      [96, codecId.undecoded, 16],
    ],
    ['RFC 3551 §4.5.2: G722 says 8000 although it samples at 16000', format(9, 'G722', 8000), [9, 5, 8]],
    [
      'G722 with the clock that it ought to have had',
      format(96, 'G722', 16_000),
      [96, codecId.undecoded, 16],
    ],
    ['RFC 7587 §4.1: the clock of Opus is always 48000', format(111, 'OPUS', 48_000), [111, 6, 48]],
    ['events on the clock of Opus', format(110, 'TELEPHONE-EVENT', 48_000), [110, 3, 48]],
    ['events on the clock of G.711', format(101, 'TELEPHONE-EVENT', 8000), [101, 3, 8]],
    ['wide comfort noise', format(98, 'CN', 16_000), [98, 4, 16]],
    ['what we do not decode, and keep', format(18, 'G729', 8000), [18, codecId.undecoded, 8]],
    ['what we do not decode, on a clock of its own', format(11, 'L16', 44_100), [11, codecId.undecoded, 44]],
    ['redundancy is no speech', format(121, 'RED', 8000), []],
  ])('%s', (_, spoken, bytes) => {
    const media = {
      transport: 'rtp' as const,
      remote: null,
      rtcpMux: false,
      suppressesSilence: false,
      receives: true,
      sends: true,
      formats: [spoken],
      ptimeMs: 20,
    };
    expect(Array.from(tappedFormats(media))).toEqual(bytes);
  });
});

describe('the SDP that is kept with packets that nobody decodes', () => {
  const media = (
    ...formats: { payloadType: number; encoding: string; clockRate: number; fmtp?: string }[]
  ) => ({
    ...{ transport: 'rtp' as const, remote: null, rtcpMux: false, receives: true, sends: true, ptimeMs: 20 },
    formats,
  });

  it('names payload types, encodings, clocks and parameters of those formats alone', () => {
    const sdp = undecodedSdp(
      media(
        { ...format(18, 'G729', 8000), fmtp: 'annexb=no' },
        format(8, 'PCMA', 8000),
        { ...format(96, 'AMR', 8000), fmtp: 'octet-align=1; mode-set=0,2' },
        format(101, 'TELEPHONE-EVENT', 8000),
      ),
    );
    expect(sdp?.split('\r\n')).toEqual([
      'm=audio 5004 RTP/AVP 18 96',
      'a=rtpmap:18 G729/8000',
      'a=fmtp:18 annexb=no',
      'a=rtpmap:96 AMR/8000',
      'a=fmtp:96 octet-align=1; mode-set=0,2',
      '',
    ]);
  });

  it('is not written where all is spoken', () => {
    expect(undecodedSdp(media(format(8, 'PCMA', 8000), format(101, 'TELEPHONE-EVENT', 8000)))).toBeNull();
  });
});
