import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewriteRtpHeader, writeRtpHeader } from '../../src/rtp/rtp-header.ts';
import { rtpFault, rtpFaultNames, RtpView } from '../../src/rtp/rtp-view.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));

const fixed = '0001 000000a0 deadbeef';

/** What each packet is, or which rule it breaks. */
const rows = [
  { name: 'a plain PCMU packet', hex: `8000${fixed} ffff`, fault: 'none', payload: [12, 2] },
  { name: 'no payload at all is legal', hex: `8000${fixed}`, fault: 'none', payload: [12, 0] },
  { name: 'marker and payload type 101', hex: `80e5${fixed} 01`, fault: 'none', payload: [12, 1] },
  {
    name: 'payload type 127 with marker is not RTCP',
    hex: `80ff${fixed} 01`,
    fault: 'none',
    payload: [12, 1],
  },
  { name: 'payload type 63 with marker', hex: `80bf${fixed} 01`, fault: 'none', payload: [12, 1] },
  { name: 'payload type 64 without marker', hex: `8040${fixed} 01`, fault: 'none', payload: [12, 1] },
  {
    name: 'CSRC identifiers count in words',
    hex: `8200${fixed} 0000000100000002 aa`,
    fault: 'none',
    payload: [20, 1],
  },
  {
    name: 'an extension is skipped',
    hex: `9000${fixed} bede0001 00000000 aabb`,
    fault: 'none',
    payload: [20, 2],
  },
  { name: 'an extension of no words', hex: `9000${fixed} bede0000 aa`, fault: 'none', payload: [16, 1] },
  { name: 'padding is cut off', hex: `a000${fixed} aabb 000003`, fault: 'none', payload: [12, 2] },
  { name: 'padding may be the whole payload', hex: `a000${fixed} 01`, fault: 'none', payload: [12, 0] },
  {
    name: 'CSRC, extension and padding together',
    hex: `b100${fixed} 00000001 bede0001 00000000 aa 0002`,
    fault: 'none',
    payload: [24, 1],
  },
  { name: 'nothing', hex: '', fault: 'short' },
  { name: 'eleven bytes', hex: '80000001000000a0deadbe', fault: 'short' },
  { name: 'version 0 (STUN starts so)', hex: `0001${fixed}`, fault: 'version' },
  { name: 'version 1', hex: `4000${fixed}`, fault: 'version' },
  { name: 'version 3', hex: `c000${fixed}`, fault: 'version' },
  { name: 'a sender report (200)', hex: `80c8${fixed}`, fault: 'rtcp' },
  { name: 'packet type 192', hex: `80c0${fixed}`, fault: 'rtcp' },
  { name: 'packet type 223', hex: `80df${fixed}`, fault: 'rtcp' },
  { name: 'CSRC count beyond the end', hex: `8f00${fixed} 00000001`, fault: 'csrc' },
  { name: 'extension header cut off', hex: `9000${fixed} bede00`, fault: 'extension' },
  { name: 'extension length beyond the end', hex: `9000${fixed} bedeffff 00`, fault: 'extension' },
  { name: 'padding of zero octets', hex: `a000${fixed} aa00`, fault: 'padding' },
  { name: 'padding longer than the payload', hex: `a000${fixed} aa03`, fault: 'padding' },
  { name: 'padding bit without a payload', hex: `a000${fixed}`, fault: 'padding' },
] as const;

describe('RtpView (RFC 3550 §5.1)', () => {
  it.each(rows)('$name: $fault', (row) => {
    const packet = bytes(row.hex);
    const view = new RtpView();
    expect(view.bind(packet, packet.length)).toBe(rtpFault[row.fault]);
    if ('payload' in row) expect([view.payloadOffset, view.payloadLength]).toEqual(row.payload);
  });

  it('reads the fields', () => {
    const view = new RtpView();
    expect(view.bind(bytes('80e5 fffe fffffffd 80000001 00'), 13)).toBe(rtpFault.none);
    const { marker, payloadType, sequence, timestamp, ssrc } = view;
    expect({ marker, payloadType, sequence, timestamp, ssrc }).toEqual({
      marker: true,
      payloadType: 101,
      sequence: 0xfffe,
      timestamp: 0xfffffffd,
      ssrc: 0x80000001,
    });
  });

  it('believes the given length, not the buffer', () => {
    const view = new RtpView();
    expect(view.bind(bytes(`8000${fixed} ffffffff`), 14)).toBe(rtpFault.none);
    expect(view.payloadLength).toBe(2);
    expect(view.bind(new Uint8Array(4), 14)).toBe(rtpFault.short);
  });

  it('has a name for each fault', () => {
    expect(rtpFaultNames).toHaveLength(Object.keys(rtpFault).length);
  });

  it('neither throws nor reaches beyond the packet, whatever comes', () => {
    const view = new RtpView();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(15), fc.boolean(), (packet, csrc, extended) => {
        if (packet.length > 1) packet[0] = 0x80 | ((packet[0] ?? 0) & 0x20) | (extended ? 0x10 : 0) | csrc;
        if (view.bind(packet, packet.length) !== rtpFault.none) return;
        expect(view.payloadOffset).toBeGreaterThanOrEqual(12);
        expect(view.payloadLength).toBeGreaterThanOrEqual(0);
        expect(view.payloadOffset + view.payloadLength).toBeLessThanOrEqual(packet.length);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('RTP headers', () => {
  const header = fc.record({
    marker: fc.boolean(),
    payloadType: fc.nat(63),
    sequence: fc.nat(0xffff),
    timestamp: fc.nat(0xffffffff),
    ssrc: fc.nat(0xffffffff),
  });

  it('are laid out as the RFC draws them', () => {
    const target = new Uint8Array(12);
    writeRtpHeader(target, true, 8, 0x0102, 0xf3040506, 0xf708090a);
    expect(Buffer.from(target).toString('hex')).toBe('80880102f3040506f708090a');
  });

  it('are rewritten without touching anything else', () => {
    fc.assert(
      fc.property(header, header, fc.uint8Array({ maxLength: 20 }), (before, after, rest) => {
        const packet = new Uint8Array(12 + rest.length);
        writeRtpHeader(
          packet,
          before.marker,
          before.payloadType,
          before.sequence,
          before.timestamp,
          before.ssrc,
        );
        packet.set(rest, 12);
        rewriteRtpHeader(
          packet,
          after.marker,
          after.payloadType,
          after.sequence,
          after.timestamp,
          after.ssrc,
        );
        const view = new RtpView();
        expect(view.bind(packet, packet.length)).toBe(rtpFault.none);
        expect(view).toMatchObject(after);
        expect(Buffer.from(packet.subarray(12)).equals(Buffer.from(rest))).toBe(true);
      }),
    );
  });
});
