import { describe, expect, it } from 'vitest';
import { mapPayloadTypes } from '../../src/media/payload-map.ts';
import type { LegMedia } from '../../src/media/protocol.ts';

const media = (...formats: [number, string, number?][]): LegMedia => ({
  ...{ transport: 'rtp', remote: null, rtcpMux: false, receives: true, sends: true, ptimeMs: 20 },
  formats: formats.map(([payloadType, encoding, clockRate = 8000]) => ({ payloadType, encoding, clockRate })),
});
const events = 'TELEPHONE-EVENT';

describe('numbers of payload types from one leg to the other', () => {
  const rows: [string, LegMedia | null, LegMedia | null, [number, number][]][] = [
    ['nobody is there yet: as they come', media([8, 'PCMA']), null, [[8, 8]]],
    [
      'one has answered the other: as they come, whichever of the two numbers is sent',
      media([8, 'PCMA'], [101, events], [96, events]),
      media([8, 'PCMA'], [96, events], [101, events]),
      [
        [101, 101],
        [96, 96],
      ],
    ],
    [
      'RFC 3264 §6.1: we have answered the caller with its own number, and the callee wants another',
      media([8, 'PCMA'], [101, events]),
      media([8, 'PCMA'], [96, events], [101, events]),
      [
        [8, 8],
        [101, 96],
      ],
    ],
    [
      'back again: by the number of the offer, or by its own',
      media([8, 'PCMA'], [96, events], [101, events]),
      media([8, 'PCMA'], [101, events]),
      [
        [101, 101],
        [96, 101],
      ],
    ],
    [
      'RFC 4733 §2.1: events of another clock are something else',
      media([111, 'OPUS', 48_000], [110, events, 48_000]),
      media([96, 'OPUS', 48_000], [101, events]),
      [
        [111, 96],
        [110, 110],
      ],
    ],
    ['what the other does not have passes as it is', media([18, 'G729']), media([8, 'PCMA']), [[18, 18]]],
  ];
  it.each(rows)('%s', (_name, from, to, pairs) => {
    const map = new Uint8Array(128);
    mapPayloadTypes(from, to, map);
    expect(pairs.map(([number]) => [number, map[number]])).toEqual(pairs);
  });
});
