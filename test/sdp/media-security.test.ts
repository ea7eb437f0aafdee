import { describe, expect, it } from 'vitest';
import { activeLine } from '../../src/sdp/active-line.ts';
import {
  agreedKeys,
  chosenCrypto,
  isSecuredAnswer,
  type SrtpPolicy,
  withSecurity,
} from '../../src/sdp/media-security.ts';
import type { MediaDescription } from '../../src/sdp/session-description.ts';

const keyOf = (letter: string): string => Buffer.alloc(30, letter).toString('base64');
const longKeyOf = (letter: string): string => Buffer.alloc(46, letter).toString('base64');
const line = (tag: number, letter: string): string =>
  `${tag} AES_CM_128_HMAC_SHA1_80 inline:${keyOf(letter)}`;
const long = (tag: number, letter: string): string =>
  `${tag} AES_256_CM_HMAC_SHA1_80 inline:${longKeyOf(letter)}`;
const f8 = `1 F8_128_HMAC_SHA1_80 inline:${keyOf('f')}`;

function media(proto: string, ...crypto: string[]): MediaDescription {
  const lines = crypto.map((value) => ({ type: 'a', value: `crypto:${value}` }));
  return { kind: 'audio', port: 4000, portCount: null, proto, formats: ['0'], lines };
}

describe('what an offer is answered with', () => {
  const rows: readonly [string, MediaDescription, Record<SrtpPolicy, number | null | 'refused'>][] = [
    ['RTP/AVP', media('RTP/AVP'), { off: null, prefer: null, require: 'refused' }],
    ['RTP/AVP with a key (RFC 8643)', media('RTP/AVP', line(1, 'a')), { off: null, prefer: 1, require: 1 }],
    ['RTP/SAVP', media('RTP/SAVP', line(3, 'a')), { off: 'refused', prefer: 3, require: 3 }],
    [
      'the first that is known',
      media('RTP/SAVP', f8, long(2, 'a'), line(3, 'b')),
      { off: 'refused', prefer: 2, require: 2 },
    ],
    ['RTP/SAVP without a key', media('RTP/SAVP'), { off: 'refused', prefer: 'refused', require: 'refused' }],
    [
      'RTP/SAVP of F8 alone',
      media('RTP/SAVP', f8),
      { off: 'refused', prefer: 'refused', require: 'refused' },
    ],
    ['RTP/AVP of F8 alone', media('RTP/AVP', f8), { off: null, prefer: null, require: 'refused' }],
  ];
  it.each(rows)('%s', (_name, offered, expected) => {
    for (const policy of ['off', 'prefer', 'require'] as const) {
      const chosen = chosenCrypto(offered, policy);
      expect(chosen.ok ? (chosen.value?.tag ?? null) : 'refused', policy).toBe(expected[policy]);
    }
  });
});

describe('which of two lines is used', () => {
  const two = { lines: [], media: [media('RTP/SAVP', line(1, 'a')), media('RTP/AVP')] };
  it.each([
    ['off', 1],
    ['prefer', 0],
    ['require', 0],
  ] as const)('%s', (policy, expected) => {
    expect(activeLine(two, policy)).toBe(expected);
  });
});

describe('what an answer settles on', () => {
  const said = media('RTP/AVP', line(1, 'o'), long(2, 'p'));
  const rows: readonly [string, MediaDescription, string | null, Record<SrtpPolicy, boolean>][] = [
    ['the first line', media('RTP/AVP', line(1, 't')), 'ot', { off: true, prefer: true, require: true }],
    ['the second line', media('RTP/SAVP', long(2, 't')), 'pt', { off: true, prefer: true, require: true }],
    ['none', media('RTP/AVP'), null, { off: true, prefer: true, require: false }],
    [
      'a tag that was not offered',
      media('RTP/AVP', line(7, 't')),
      null,
      { off: false, prefer: false, require: false },
    ],
    [
      'a tag with another suite',
      media('RTP/AVP', line(2, 't')),
      null,
      { off: false, prefer: false, require: false },
    ],
    ['RTP/SAVP without a key', media('RTP/SAVP'), null, { off: false, prefer: false, require: false }],
    ['a rejected line', { ...media('RTP/SAVP'), port: 0 }, null, { off: true, prefer: true, require: true }],
  ];
  it.each(rows)('%s (RFC 4568 §5.1.3)', (_name, answer, letters, stands) => {
    const keys = agreedKeys(said, answer);
    const first = (bytes: Uint8Array): string => String.fromCharCode(bytes[0] ?? 0);
    expect(keys === null ? null : first(keys.ours.key) + first(keys.theirs.key)).toBe(letters);
    for (const policy of ['off', 'prefer', 'require'] as const) {
      expect(isSecuredAnswer(said, answer, policy), policy).toBe(stands[policy]);
    }
  });
});

it.each([
  ['RTP/AVP', true, 'RTP/SAVP'],
  ['RTP/AVPF', true, 'RTP/SAVPF'],
  ['RTP/SAVPF', false, 'RTP/AVPF'],
  ['RTP/SAVP', true, 'RTP/SAVP'],
  ['udptl', true, 'udptl'],
] as const)('%s with security %s is %s', (proto, isSecure, expected) => {
  expect(withSecurity(proto, isSecure)).toBe(expected);
});
