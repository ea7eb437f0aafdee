import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeRtpHeader } from '../../../src/rtp/rtp-header.ts';
import { LegCrypto } from '../../../src/rtp/srtp/leg-crypto.ts';
import { srtpFault } from '../../../src/rtp/srtp/srtp-fault.ts';
import {
  type MasterKey,
  type SrtpKeys,
  type SrtpSuiteName,
  srtpSuites,
} from '../../../src/rtp/srtp/srtp-suites.ts';

const suites = Object.keys(srtpSuites) as SrtpSuiteName[];
const room = 32;

function master(suite: SrtpSuiteName, seed: number, mkiBytes = 0): MasterKey {
  const { keyBytes, saltBytes } = srtpSuites[suite];
  const fill = (length: number, step: number) => Uint8Array.from({ length }, (_, i) => seed + step * i);
  return { key: fill(keyBytes, 7), salt: fill(saltBytes, 5), ...(mkiBytes > 0 ? { mkiBytes } : {}) };
}

/** Two ends of a leg: what one protects the other unprotects. */
function ends(suite: SrtpSuiteName = 'AES_CM_128_HMAC_SHA1_80'): readonly [LegCrypto, LegCrypto] {
  const keys: SrtpKeys = { suite, ours: master(suite, 1), theirs: master(suite, 101) };
  return [new LegCrypto(keys), new LegCrypto({ suite, ours: keys.theirs, theirs: keys.ours })];
}

function packet(sequence: number, ssrc = 0x11223344, payload: Uint8Array = speech): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length + room);
  writeRtpHeader(bytes, false, 0, sequence & 0xffff, 160 * sequence, ssrc);
  bytes.set(payload, 12);
  return bytes;
}

const speech = Uint8Array.from({ length: 160 }, (_, i) => (31 * i) & 0xff);
const clearBytes = 12 + speech.length;

/** A protected packet: its bytes and their number. */
function sealed(from: LegCrypto, sequence: number, ssrc?: number): { bytes: Uint8Array; length: number } {
  const bytes = packet(sequence, ssrc);
  const length = from.protectRtp(bytes, clearBytes);
  expect(length).toBeGreaterThan(clearBytes);
  return { bytes, length };
}

const open = (at: LegCrypto, { bytes, length }: { bytes: Uint8Array; length: number }): number =>
  at.unprotectRtp(Uint8Array.from(bytes), length);

describe.each(suites)('%s', (suite) => {
  it('gives back every packet, of any payload, extension and CSRC list, and shows none of it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1500 }),
        fc.nat(15),
        fc.option(fc.nat(20)),
        fc.nat(0xffff),
        fc.nat(0xffff_ffff),
        (payload, csrcs, words, sequence, ssrc) => {
          const [a, b] = ends(suite);
          const head = headOf(csrcs, words, sequence, ssrc);
          const clear = Uint8Array.from([...head, ...payload]);
          const bytes = Uint8Array.from([...clear, ...new Uint8Array(room)]);
          const length = a.protectRtp(bytes, clear.length);
          expect(length).toBe(clear.length + srtpSuites[suite].tagBytes);
          expect(bytes.subarray(0, head.length)).toEqual(head);
          if (payload.length > 8) expect(bytes.subarray(head.length, clear.length)).not.toEqual(payload);
          expect(b.unprotectRtp(bytes, length)).toBe(clear.length);
          expect(bytes.subarray(0, clear.length)).toEqual(clear);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives back every compound report', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 1400 }), (clear) => {
        const [a, b] = ends(suite);
        const bytes = Uint8Array.from([...clear, ...new Uint8Array(room)]);
        const length = a.protectRtcp(bytes, clear.length);
        expect(length).toBe(clear.length + 4 + srtpSuites[suite].rtcpTagBytes);
        expect(b.unprotectRtcp(bytes, length)).toBe(clear.length);
        expect(bytes.subarray(0, clear.length)).toEqual(clear);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a packet or report with a bit of any byte flipped, and leaves it as it came', () => {
    const [a, b] = ends(suite);
    const { bytes, length } = sealed(a, 1);
    const report = Uint8Array.from([...new Uint8Array(28), ...new Uint8Array(room)]);
    const reportLength = a.protectRtcp(report, 28);
    for (const [whole, end, open] of [
      [bytes, length, (of: Uint8Array) => b.unprotectRtp(of, length)],
      [report, reportLength, (of: Uint8Array) => b.unprotectRtcp(of, reportLength)],
    ] as const) {
      for (let bit = 0; bit < 8 * end; bit += 9) {
        const flipped = Uint8Array.from(whole);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const before = Uint8Array.from(flipped);
        expect(open(flipped), `bit ${bit}`).toBeLessThan(0);
        expect(flipped).toEqual(before);
      }
      expect(open(Uint8Array.from(whole))).toBeGreaterThan(0);
    }
  });

  it('refuses what another key protected', () => {
    const [a] = ends(suite);
    const stranger = new LegCrypto({ suite, ours: master(suite, 1), theirs: master(suite, 2) });
    expect(open(stranger, sealed(a, 1))).toBe(-srtpFault.authentication);
  });

  it('skips a master key identifier', () => {
    const [a] = ends(suite);
    const { bytes, length } = sealed(a, 1);
    const { tagBytes, mode } = srtpSuites[suite];
    const at = mode === 'gcm' ? length : length - tagBytes;
    const withMki = Uint8Array.from([...bytes.subarray(0, at), 9, 9, 9, 9, ...bytes.subarray(at, length)]);
    const b = new LegCrypto({ suite, ours: master(suite, 101), theirs: master(suite, 1, 4) });
    expect(b.unprotectRtp(withMki, withMki.length)).toBe(clearBytes);
    expect(withMki.subarray(12, clearBytes)).toEqual(speech);
  });

  it('never throws on a datagram', () => {
    const [, b] = ends(suite);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2100 }), fc.boolean(), (bytes, isRtp) => {
        if (isRtp && bytes.length > 0) bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
        expect(b.unprotectRtp(bytes, bytes.length)).toBeLessThan(0);
        expect(b.unprotectRtcp(bytes, bytes.length)).toBeLessThan(0);
        expect(b.protectRtcp(bytes, bytes.length)).toBeLessThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

function headOf(csrcs: number, words: number | null, sequence: number, ssrc: number): Uint8Array {
  const head = new Uint8Array(12 + 4 * csrcs + (words === null ? 0 : 4 + 4 * words));
  writeRtpHeader(head, true, 96, sequence, 1, ssrc);
  head[0] = 0x80 | csrcs | (words === null ? 0 : 0x10);
  if (words !== null) head[12 + 4 * csrcs + 3] = words;
  return head;
}

describe('the roll-over counter (RFC 3711 §3.3.1)', () => {
  const rows = [
    { name: 'in order over the wrap', sent: [65_533, 65_534, 65_535, 65_536, 65_537] },
    { name: 'with the packets around the wrap lost', sent: [65_000, 66_500, 66_501] },
    { name: 'a late packet from before the wrap', sent: [65_530, 65_537, 65_531, 65_538] },
    { name: 'over two wraps', sent: Array.from({ length: 14 }, (_, i) => 65_000 + 10_000 * i) },
    { name: 'a loss of ten minutes', sent: [100, 30_100, 60_100, 90_100] },
  ];
  it.each(rows)('$name', ({ sent }) => {
    const [a, b] = ends();
    for (const sequence of sent) expect(open(b, sealed(a, sequence))).toBe(clearBytes);
  });

  it('is found where the first packets, and the first wrap with them, were lost', () => {
    const [a, b] = ends();
    sealed(a, 65_535);
    expect(open(b, sealed(a, 65_540))).toBe(clearBytes);
    expect(open(b, sealed(a, 65_541))).toBe(clearBytes);
  });

  it('is counted by each SSRC alone', () => {
    const [a, b] = ends();
    for (const sequence of [65_000, 66_000]) expect(open(b, sealed(a, sequence, 1))).toBe(clearBytes);
    expect(open(b, sealed(a, 5, 2))).toBe(clearBytes);
    expect(open(b, sealed(a, 66_001, 1))).toBe(clearBytes);
  });
});

describe('replays (RFC 3711 §3.3.2)', () => {
  it('refuses a packet that was there, and takes late ones within the window once', () => {
    const [a, b] = ends();
    const early = sealed(a, 10);
    const late = sealed(a, 11);
    expect(open(b, early)).toBe(clearBytes);
    expect(open(b, early)).toBe(-srtpFault.replayed);
    expect(open(b, sealed(a, 12))).toBe(clearBytes);
    expect(open(b, late)).toBe(clearBytes);
    expect(open(b, late)).toBe(-srtpFault.replayed);
  });

  it('refuses what is behind the window', () => {
    const [a, b] = ends();
    const first = sealed(a, 10);
    expect(open(b, sealed(a, 11))).toBe(clearBytes);
    expect(open(b, sealed(a, 200))).toBe(clearBytes);
    expect(open(b, first)).toBe(-srtpFault.tooOld);
  });

  it('a forged packet moves nothing', () => {
    const [a, b] = ends();
    expect(open(b, sealed(a, 10))).toBe(clearBytes);
    const forged = packet(30_000);
    expect(b.unprotectRtp(forged, forged.length)).toBe(-srtpFault.authentication);
    expect(open(b, sealed(a, 11))).toBe(clearBytes);
  });

  it('refuses a repeated report', () => {
    const [a, b] = ends();
    const report = new Uint8Array(28 + room);
    const length = a.protectRtcp(report, 28);
    expect(b.unprotectRtcp(Uint8Array.from(report), length)).toBe(28);
    expect(b.unprotectRtcp(Uint8Array.from(report), length)).toBe(-srtpFault.replayed);
  });

  it('nothing is protected twice under one index (RFC 3711 §9.1)', () => {
    const [a] = ends();
    sealed(a, 10);
    expect(a.protectRtp(packet(10), clearBytes)).toBe(-srtpFault.replayed);
    sealed(a, 9);
    sealed(a, 1000);
    expect(a.protectRtp(packet(11), clearBytes)).toBe(-srtpFault.tooOld);
  });
});

describe('new keys in mid-call', () => {
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  const [ours, theirs, others] = [master(suite, 1), master(suite, 101), master(suite, 55)];

  it('the same keys again keep counters and windows', () => {
    const [a, b] = ends();
    const old = sealed(a, 65_000);
    expect(open(b, old)).toBe(clearBytes);
    expect(open(b, sealed(a, 66_000))).toBe(clearBytes);
    const again = new LegCrypto(b.keys, b);
    const sender = new LegCrypto(a.keys, a);
    expect(open(again, old)).toBe(-srtpFault.tooOld);
    expect(open(again, sealed(sender, 66_001))).toBe(clearBytes);
  });

  it.each([
    { name: 'a party that begins to count anew', first: 464 },
    { name: 'a party that counts on (RFC 3711 §3.3.1)', first: 66_000 },
  ])('$name', ({ first }) => {
    const [a, b] = ends();
    for (const sequence of [65_000, 65_999]) expect(open(b, sealed(a, sequence))).toBe(clearBytes);
    // What the party does with its counter when its key changes.
    const sender = new LegCrypto({ suite, ours: others, theirs });
    if (first > 0xffff) sealed(sender, 65_999);
    const receiver = new LegCrypto({ suite, ours: theirs, theirs: others }, b);
    expect(open(receiver, sealed(sender, first))).toBe(clearBytes);
    expect(open(receiver, sealed(sender, first + 1))).toBe(clearBytes);
    expect(open(receiver, sealed(a, 66_050))).toBe(-srtpFault.authentication);
  });

  it('where only the party changes its key, ours goes on and never repeats an index', () => {
    const [a] = ends();
    sealed(a, 65_000);
    sealed(a, 66_000);
    const next = new LegCrypto({ suite, ours, theirs: others }, a);
    expect(next.protectRtp(packet(66_000), clearBytes)).toBe(-srtpFault.replayed);
    const { bytes, length } = sealed(next, 66_001);
    const listener = new LegCrypto({ suite, ours: others, theirs: ours });
    // Who has heard nothing before begins at 1 where it has to.
    expect(listener.unprotectRtp(bytes, length)).toBe(clearBytes);
  });
});
