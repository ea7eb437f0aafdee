import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControlDigest } from '../../src/rtp/control-digest.ts';
import { ReportBlock } from '../../src/rtp/report-block.ts';
import { writeBye, writeCname, writeReceiverReport, writeSenderReport } from '../../src/rtp/rtcp-writer.ts';
import { rtcpFault, RtcpView } from '../../src/rtp/rtcp-view.ts';
import { SenderInfo } from '../../src/rtp/sender-info.ts';
import { cname, nack, report } from '../media/control-packets.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const block = '11111111 05000003 00010007 0000002c 12345678 0000028f';
const info = 'e0000000 80000000 000000a0 0000000a 00000640';

/** What each datagram is, or which rule it breaks. */
const rows = [
  { name: 'an empty RR', hex: '80c90001 deadbeef', fault: 'none', types: [201] },
  { name: 'an RR with a block', hex: `81c90007 deadbeef ${block}`, fault: 'none', types: [201] },
  { name: 'an SR without a block', hex: `80c80006 deadbeef ${info}`, fault: 'none', types: [200] },
  {
    name: 'an SR, its CNAME and BYE',
    hex: `81c8000c deadbeef ${info} ${block} 81ca0003 deadbeef 01036162 63000000 81cb0001 deadbeef`,
    fault: 'none',
    types: [200, 202, 203],
  },
  {
    name: '§6.4.1: what a profile adds behind the blocks',
    hex: '80c90002 deadbeef 00000001',
    fault: 'none',
    types: [201],
  },
  {
    name: '§6.5: an SDES without chunks is of no use, but legal',
    hex: '80ca0000',
    fault: 'none',
    types: [202],
  },
  { name: '§6.6: a BYE without sources too', hex: '80cb0000', fault: 'none', types: [203] },
  {
    name: '§6.5: a second chunk without the null octet that ends it',
    hex: '82ca0004 deadbeef 01016100 00000001 01026162',
    fault: 'content',
  },
  {
    name: '§6.5: two chunks',
    hex: '82ca0005 deadbeef 01016100 00000001 01026162 00000000',
    fault: 'none',
    types: [202],
  },
  {
    name: 'RFC 5506: feedback alone',
    hex: '81cd0003 deadbeef 11111111 00050001',
    fault: 'none',
    types: [205],
  },
  { name: 'RFC 3611: XR', hex: '80cf0001 deadbeef', fault: 'none', types: [207] },
  { name: 'padding in the only packet', hex: 'a0c90002 deadbeef 00000004', fault: 'none', types: [201] },
  {
    name: '§6.4.1: padding in the last packet',
    hex: '80c90001 deadbeef a1cb0002 deadbeef 00000004',
    fault: 'none',
    types: [201, 203],
  },
  {
    name: '§6.4.1: padding before the last',
    hex: 'a0c90002 deadbeef 00000004 80c90001 deadbeef',
    fault: 'padding',
  },
  { name: 'padding of no octets', hex: 'a0c90002 deadbeef 00000000', fault: 'padding' },
  { name: 'padding beyond the packet', hex: 'a0c90002 deadbeef 00000010', fault: 'padding' },
  { name: 'padding that is not in words', hex: 'a0c90002 deadbeef 00000003', fault: 'padding' },
  { name: 'nothing', hex: '', fault: 'short' },
  { name: 'three bytes', hex: '80c900', fault: 'short' },
  { name: '§A.2: a wrong version', hex: '40c90001 deadbeef', fault: 'version' },
  { name: '§A.2: a wrong version further on', hex: '80c90001 deadbeef 00000000', fault: 'version' },
  { name: 'an RTP packet', hex: '80000001 000000a0 deadbeef', fault: 'type' },
  { name: '§A.2: a length beyond the end', hex: '80c90002 deadbeef', fault: 'length' },
  { name: '§A.2: bytes behind the last packet', hex: '80c90001 deadbeef 8000', fault: 'length' },
  { name: 'more blocks than there is room for', hex: '82c90001 deadbeef', fault: 'content' },
  { name: 'an SR without sender info', hex: '80c80001 deadbeef', fault: 'content' },
  { name: 'an SDES item beyond its packet', hex: '81ca0002 deadbeef 01ff6162', fault: 'content' },
  { name: 'an SDES chunk that does not end', hex: '81ca0002 deadbeef 01026162', fault: 'content' },
  { name: 'more sources in a BYE than there is room for', hex: '82cb0001 deadbeef', fault: 'content' },
  { name: 'feedback without a media source', hex: '81cd0001 deadbeef', fault: 'content' },
  { name: 'an APP without a name', hex: '80cc0001 deadbeef', fault: 'content' },
] as const;

describe('RtcpView (RFC 3550 §6 and §A.2)', () => {
  it.each(rows)('$name: $fault', (row) => {
    const view = new RtcpView();
    const datagram = bytes(row.hex);
    expect(view.bind(datagram, datagram.length)).toBe(rtcpFault[row.fault]);
    const types: number[] = [];
    while (view.next()) types.push(view.type);
    expect(types).toEqual('types' in row ? row.types : []);
  });

  it('reads no further than it was told', () => {
    const datagram = bytes('80c90001 deadbeef ffffffff');
    const view = new RtcpView();
    expect(view.bind(datagram, 8)).toBe(rtcpFault.none);
    expect(view.bind(datagram, 13)).toBe(rtcpFault.short);
  });
});

describe('what nobody meant as RTCP', () => {
  /** Headers that may be right, lengths that mostly are not. */
  const chunk = fc
    .tuple(
      fc.constantFrom(0x80, 0x81, 0x82, 0x9f, 0xa1, 0xc0),
      fc.integer({ min: 190, max: 225 }),
      fc.nat(9),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([first, type, words, rest]) => Buffer.from([first, type, 0, words, ...rest]));
  const datagrams = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc.array(chunk, { minLength: 1, maxLength: 4 }).map((chunks) => Uint8Array.from(Buffer.concat(chunks))),
    // Real ones with some bytes changed.
    fc
      .tuple(
        fc.constantFrom(...rows.map(({ hex }) => hex)),
        fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }),
      )
      .map(([hex, edits]) => {
        const datagram = bytes(hex);
        for (const [at, value] of edits) if (at < datagram.length) datagram[at] = value;
        return datagram;
      }),
  );

  it('neither throws nor is read beyond its end, and its packets fill it', () => {
    const view = new RtcpView();
    const digest = new ControlDigest();
    let good = 0;
    fc.assert(
      fc.property(datagrams, (datagram) => {
        // Whoever reads beyond the datagram finds what would be a length.
        const room = new Uint8Array(datagram.length + 64).fill(0xff);
        room.set(datagram);
        if (view.bind(room, datagram.length) !== rtcpFault.none) return;
        good += 1;
        digest.read(view, 0x1111_1111);
        view.rewind();
        let behind = 0;
        while (view.next()) {
          expect(view.offset).toBe(behind);
          expect(view.end).toBeLessThanOrEqual(datagram.length);
          expect(view.end).toBeGreaterThanOrEqual(view.offset + 4);
          behind = view.offset + 4 * (1 + (room[view.offset + 2]! << 8) + room[view.offset + 3]!);
        }
        expect(behind).toBe(datagram.length);
      }),
      { numRuns: 20_000 },
    );
    expect(good).toBeGreaterThan(1000);
  });
});

describe('report blocks and sender info', () => {
  const uint32 = fc.nat(0xffffffff);
  const fields = fc.record({
    ssrc: uint32,
    fractionLost: fc.nat(255),
    cumulativeLost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
    highest: uint32,
    jitter: uint32,
    lastSr: uint32,
    delaySinceLastSr: uint32,
  });

  it('come back as they were written, whole packets with them', () => {
    const sender = fc.record({
      ntpSeconds: uint32,
      ntpFraction: uint32,
      timestamp: uint32,
      packets: uint32,
      octets: uint32,
    });
    fc.assert(
      fc.property(fields, sender, fc.string({ maxLength: 60 }), (values, said, name) => {
        const target = new Uint8Array(512).fill(0xff);
        const text = Buffer.from(name);
        let at = writeSenderReport(
          target,
          0,
          1,
          Object.assign(new SenderInfo(), said),
          Object.assign(new ReportBlock(), values),
        );
        at = writeReceiverReport(target, at, 1, Object.assign(new ReportBlock(), values));
        at = writeReceiverReport(target, at, 1, null);
        at = writeCname(target, at, 1, text);
        at = writeBye(target, at, 1);
        const view = new RtcpView();
        expect(view.bind(target, at)).toBe(rtcpFault.none);
        const types: number[] = [];
        const [read, readInfo] = [new ReportBlock(), new SenderInfo()];
        while (view.next()) {
          types.push(view.type);
          expect(view.ssrc).toBe(1);
          if (view.type === 200) readInfo.read(target, view.offset + 8);
          if (view.count === 1 && view.type < 202) {
            read.read(target, view.firstBlock);
            expect(read).toMatchObject(values);
          }
          if (view.type === 202) {
            expect(
              Buffer.from(target.subarray(view.offset + 10, view.offset + 10 + target[view.offset + 9]!)),
            ).toEqual(text);
          }
        }
        expect(readInfo).toMatchObject(said);
        expect(types).toEqual([200, 201, 201, 202, 203]);
      }),
    );
  });

  it.each([
    { lost: 0x80_0000, said: 0x7f_ffff },
    { lost: -0x80_0001, said: -0x80_0000 },
  ])('§A.3: a loss of $lost is clamped to 24 bits', ({ lost, said }) => {
    const target = new Uint8Array(24);
    const written = new ReportBlock();
    written.cumulativeLost = lost;
    written.fractionLost = 255;
    written.write(target, 0);
    const read = new ReportBlock();
    read.read(target, 0);
    expect([read.cumulativeLost, read.fractionLost]).toEqual([said, 255]);
  });

  it('§4: the time is NTP, and its middle is what comes back as LSR', () => {
    const at = new SenderInfo();
    at.setTime(Date.UTC(2026, 10, 27) + 500.25);
    expect(at.ntpSeconds).toBe(Date.UTC(2026, 10, 27) / 1000 + 2_208_988_800);
    expect(at.ntpFraction / 2 ** 32).toBeCloseTo(0.500_25, 6);
    expect(at.middle).toBe((((at.ntpSeconds & 0xffff) << 16) | (at.ntpFraction >>> 16)) >>> 0);
  });

  it('§4: the seconds wrap in 2036, as NTP has it', () => {
    const at = new SenderInfo();
    at.setTime(Date.UTC(2036, 1, 7, 6, 28, 16));
    expect(at.ntpSeconds).toBe(0);
  });
});

describe('ControlDigest: what concerns one stream', () => {
  const read = (...packets: readonly Buffer[]): ControlDigest => {
    const view = new RtcpView();
    const datagram = Buffer.concat(packets);
    expect(view.bind(datagram, datagram.length)).toBe(rtcpFault.none);
    const digest = new ControlDigest();
    // What the last datagram said is forgotten.
    digest.hasInfo = digest.hasBlock = digest.hasReport = true;
    digest.nacks = digest.foreign = digest.blocks = 7;
    digest.read(view, 0x77);
    return digest;
  };

  it.each([
    {
      name: 'an empty RR',
      packets: [report(1, null)],
      says: { hasReport: true, hasBlock: false, blocks: 0 },
    },
    {
      name: 'a block among those about others',
      packets: [report(1, null, { ssrc: 5 }, { ssrc: 0x77, lost: -2, highest: 9 }, { ssrc: 6 })],
      says: { hasBlock: true, blocks: 3, foreign: 2, block: { ssrc: 0x77, cumulativeLost: -2, highest: 9 } },
    },
    {
      name: 'the first of two blocks about us',
      packets: [report(1, null, { ssrc: 0x77, lost: 1 }), report(1, null, { ssrc: 0x77, lost: 2 })],
      says: { foreign: 1, block: { cumulativeLost: 1 } },
    },
    {
      name: 'an SR',
      packets: [report(9, { timestamp: 160, packets: 3 }), cname(9, 'x')],
      says: { sender: 9, hasInfo: true, info: { timestamp: 160, packets: 3 }, foreign: 0 },
    },
    {
      name: 'an SR of another source behind the first report, as a mixer sends it',
      packets: [report(9, null), report(10, { timestamp: 160 })],
      says: { sender: 9, hasInfo: false },
    },
    {
      name: 'NACKs, and those about others',
      packets: [nack(1, 0x77, [5, 3], [9, 0]), nack(1, 0x78, [1, 1])],
      says: { sender: 1, hasReport: false, nacks: 2, foreign: 1 },
    },
  ])('$name', ({ packets, says }) => {
    expect(read(...packets)).toMatchObject(says);
  });

  it('keeps no more NACKs than it has room for', () => {
    const words = Array.from({ length: 60 }, (_, n) => [n, 0] as const);
    expect(read(nack(1, 0x77, ...words)).nacks).toBe(16);
  });
});
