import { describe, expect, it } from 'vitest';
import { codecId } from '../../src/audio/codec-id.ts';
import { tappedFormats } from '../../src/media/recording-tap.ts';

const format = (payloadType: number, encoding: string, clockRate: number) => ({
  payloadType,
  encoding,
  clockRate,
});

describe('the formats that the recorder is told of', () => {
  it.each([
    ['G.711 at its only clock', format(8, 'PCMA', 8000), [8, codecId.pcma, 8]],
    ['G.711 at another clock is not the G.711 of telephony', format(96, 'PCMU', 16_000), []],
    ['RFC 3551 §4.5.2: G722 says 8000 although it samples at 16000', format(9, 'G722', 8000), [9, 5, 8]],
    ['G722 with the clock that it ought to have had', format(96, 'G722', 16_000), []],
    ['RFC 7587 §4.1: the clock of Opus is always 48000', format(111, 'OPUS', 48_000), [111, 6, 48]],
    ['events on the clock of Opus', format(110, 'TELEPHONE-EVENT', 48_000), [110, 3, 48]],
    ['events on the clock of G.711', format(101, 'TELEPHONE-EVENT', 8000), [101, 3, 8]],
    ['wide comfort noise', format(98, 'CN', 16_000), [98, 4, 16]],
    ['what we do not decode', format(18, 'G729', 8000), []],
  ])('%s', (_, spoken, bytes) => {
    const media = {
      transport: 'rtp' as const,
      remote: null,
      rtcpMux: false,
      receives: true,
      sends: true,
      formats: [spoken],
      ptimeMs: 20,
    };
    expect(Array.from(tappedFormats(media))).toEqual(bytes);
  });
});
