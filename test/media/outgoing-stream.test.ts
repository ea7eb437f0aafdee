import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { OutgoingStream } from '../../src/media/outgoing-stream.ts';
import { RtpView } from '../../src/rtp/rtp-view.ts';
import { rtpPacket } from './party.ts';

const at = (ms: number): MonotonicMs => ms as MonotonicMs;
const packet = (sequence: number, timestamp = sequence * 160, ssrc = 1): RtpView => {
  const view = new RtpView();
  const bytes = rtpPacket({ sequence, timestamp, ssrc });
  view.bind(bytes, bytes.length);
  return view;
};
const relay = (out: OutgoingStream, view: RtpView, now: number): readonly [number, number, boolean] | null =>
  out.relay(view, 8000, at(now)) ? [out.sequence, out.timestamp, out.marker] : null;

describe('OutgoingStream', () => {
  it('starts at its own numbers, with the marker', () => {
    expect(relay(new OutgoingStream(7, 65_535, 4_294_967_290), packet(100), 0)).toEqual([
      65_535,
      4_294_967_290,
      true,
    ]);
  });

  it('a source that starts its numbers anew a little below its first loses nothing (RFC 3550 §A.1)', () => {
    const out = new OutgoingStream(7, 1000, 0);
    const passed = [200, 99, 100, 101].map((sequence) => relay(out, packet(sequence), 0)?.[0]);
    expect(passed).toEqual([1000, 899, 900, 901]);
    // Nor does one that has gone on before, so that its new numbers are no further below.
    const later = [210, 220, 119, 120].map(
      (sequence) => relay(out, packet(sequence, sequence * 160, 8), 0)?.[0],
    );
    expect(later).toEqual([902, 912, 811, 812]);
  });

  it('over both wraps the offset stays constant', () => {
    const out = new OutgoingStream(7, 65_535, 4_294_967_290);
    relay(out, packet(100), 0);
    expect(relay(out, packet(101), 20)).toEqual([0, 154, false]);
    expect(relay(out, packet(65_000), 0)?.[0]).toBe((65_535 + 64_900) & 0xffff);
  });

  it.each([
    { name: 'at once: one packet time', after: 0, ticks: 160 },
    { name: 'after 21.5 ms', after: 21.5, ticks: 172 },
    { name: 'after an hour', after: 3_600_000, ticks: 28_800_000 },
  ])('a new SSRC goes on by the time gone by: $name', ({ after, ticks }) => {
    const out = new OutgoingStream(7, 0, 1000);
    relay(out, packet(5), 50);
    expect(relay(out, packet(900, 77, 2), 50 + after)).toEqual([1, 1000 + ticks, true]);
  });

  it('drops what is older than the first packet of a source, up to 100 of them, and no more', () => {
    const out = new OutgoingStream(7, 500, 0);
    relay(out, packet(1000), 0);
    expect(relay(out, packet(999), 1)).toBeNull();
    expect(relay(out, packet(900), 1)).toBeNull();
    // RFC 3550 §A.1: further back it is a sender that starts anew.
    expect(relay(out, packet(899), 1)?.[0]).toBe(399);
    for (let i = 0; i < 100; i++) relay(out, packet(1001 + i), 2);
    expect(relay(out, packet(999), 3)).not.toBeNull();
  });

  it('a late packet does not pull back where the next source starts', () => {
    const out = new OutgoingStream(7, 0, 0);
    for (const sequence of [10, 12, 11]) relay(out, packet(sequence), 0);
    out.interrupt();
    expect(relay(out, packet(11), 0)?.[0]).toBe(3);
  });

  it('the packets of one telephone event do not hold back the clock (RFC 4733 §2.2)', () => {
    const out = new OutgoingStream(7, 0, 0);
    for (let i = 0; i < 10; i++) relay(out, packet(i, 800), 100 + 20 * i);
    out.interrupt();
    expect(relay(out, packet(50, 0), 300)?.[1]).toBe(1600);
  });

  it('own packets follow each other by their samples, and live speech by the time', () => {
    const out = new OutgoingStream(7, 0, 0);
    out.own(true, 160, 8000, at(0));
    out.own(false, 160, 8000, at(20));
    expect([out.sequence, out.timestamp, out.marker]).toEqual([1, 160, false]);
    expect(relay(out, packet(4000, 3), 45)).toEqual([2, 360, true]);
    out.own(true, 160, 8000, at(65));
    expect([out.sequence, out.timestamp, out.marker]).toEqual([3, 520, true]);
  });

  it('no two sources ever share a sequence number while packets come at most 50 out of place', () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('live' as const), back: fc.nat(50) }),
      fc.record({ kind: fc.constant('own' as const) }),
      fc.record({ kind: fc.constant('interrupt' as const) }),
      fc.record({ kind: fc.constant('ssrc' as const), start: fc.nat(0xffff) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), (events) => {
        const out = new OutgoingStream(7, 65_000, 0);
        const owner = new Map<number, number>();
        let source = 0;
        let ssrc = 1;
        let next = 100;
        let now = 0;
        let fresh = true;
        for (const each of events) {
          now += 20;
          if (each.kind === 'interrupt') out.interrupt();
          if (each.kind === 'ssrc') {
            ssrc += 1;
            next = each.start;
          }
          if (each.kind === 'own') out.own(true, 160, 8000, at(now));
          if (each.kind !== 'live') fresh = true;
          if (
            each.kind === 'live' &&
            !out.relay(packet((next - each.back) & 0xffff, next * 160, ssrc), 8000, at(now))
          )
            continue;
          if (each.kind === 'live') next += 1;
          if (each.kind !== 'live' && each.kind !== 'own') continue;
          if (fresh) source += 1;
          fresh = false;
          expect(owner.get(out.sequence) ?? source).toBe(source);
          owner.set(out.sequence, source);
        }
      }),
    );
  });
});
