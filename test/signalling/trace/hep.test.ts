import { beforeEach, describe, expect, it } from 'vitest';
import type { MonotonicMs, WallMs } from '../../../src/kernel/clock.ts';
import { silentLogger } from '../../../src/kernel/logger.ts';
import { createMeter, type Meter } from '../../../src/kernel/meter.ts';
import { HepExporter } from '../../../src/signalling/trace/hep-exporter.ts';
import { encodeHep, type HepCapture } from '../../../src/signalling/trace/hep-packet.ts';
import { HepSender } from '../../../src/signalling/trace/hep-sender.ts';
import type { TracedMessage } from '../../../src/signalling/trace/message-observer.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';
import { rawUdp } from '../transport/raw-peer.ts';

/** Chunks by type, read by the tables of the HEP3 document. */
function chunks(packet: Buffer): Map<number, Buffer> {
  expect(packet.toString('latin1', 0, 4)).toBe('HEP3');
  expect(packet.readUInt16BE(4)).toBe(packet.length);
  const found = new Map<number, Buffer>();
  for (let at = 6; at < packet.length; ) {
    expect(packet.readUInt16BE(at)).toBe(0);
    const length = packet.readUInt16BE(at + 4);
    found.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + length));
    at += length;
  }
  return found;
}

const capture: HepCapture = {
  ...{ source: { address: '192.0.2.4', port: 5061 }, destination: { address: '192.0.2.2', port: 5060 } },
  ...{ protocol: 17, at: Date.UTC(2026, 10, 27, 18, 6, 12) + 345, captureId: 2001, password: 'pass' },
  ...{ correlation: 'a@pbx', payload: Buffer.from('OPTIONS sip:x SIP/2.0\r\n\r\n') },
};

describe('a HEP3 packet', () => {
  const hex = (packet: Buffer | null): Record<number, string> =>
    Object.fromEntries([...chunks(packet!)].map(([type, value]) => [type, value.toString('hex')]));

  it('has the chunks of an IPv4 message: family, protocol, places, time, type, id, key, correlation, payload', () => {
    expect(hex(encodeHep(capture))).toEqual({
      ...{ 0x01: '02', 0x02: '11', 0x03: 'c0000204', 0x04: 'c0000202', 0x07: '13c5', 0x08: '13c4' },
      ...{ 0x09: (Date.UTC(2026, 10, 27, 18, 6, 12) / 1000).toString(16), 0x0a: '000543a8' },
      ...{ 0x0b: '01', 0x0c: '000007d1', 0x0e: Buffer.from('pass').toString('hex') },
      ...{ 0x11: Buffer.from('a@pbx').toString('hex'), 0x0f: capture.payload.toString('hex') },
    });
  });

  it('has IPv6 places in chunks of their own, and an IPv4 one among them mapped (RFC 4291 §2.5.5.2)', () => {
    const source = { address: '2001:db8::1', port: 5060 };
    expect(hex(encodeHep({ ...capture, source }))).toMatchObject({
      ...{ 0x01: '0a', 0x05: '20010db8000000000000000000000001', 0x06: '00000000000000000000ffffc0000202' },
    });
    const bracketed = hex(encodeHep({ ...capture, source: { address: '[2001:db8::1]', port: 1 } }));
    expect(bracketed).toMatchObject({ 0x05: '20010db8000000000000000000000001' });
  });

  it('a name that we are advertised by is the unspecified address', () => {
    const source = { address: 'sip.example', port: 5060 };
    expect(hex(encodeHep({ ...capture, source }))).toMatchObject({ 0x03: '00000000' });
  });

  it('without a password there is no key chunk', () => {
    expect(hex(encodeHep({ ...capture, password: null }))).not.toHaveProperty(String(0x0e));
  });

  it('what does not fit into 16 bits of length is no packet', () => {
    expect(encodeHep({ ...capture, payload: Buffer.alloc(65_300) })).not.toBeNull();
    expect(encodeHep({ ...capture, payload: Buffer.alloc(65_500) })).toBeNull();
    expect(encodeHep({ ...capture, correlation: 'x'.repeat(70_000) })).toBeNull();
  });
});

describe('the export to Homer', () => {
  let sent: Buffer[];
  let hand: HandSchedule;
  let exporter: HepExporter;
  let meter: Meter;

  beforeEach(() => {
    sent = [];
    hand = new HandSchedule();
    meter = createMeter();
    exporter = new HepExporter({
      ...{ hep: { captureId: 7, password: undefined }, schedule: hand.schedule, meter },
      send: (packet) => void sent.push(packet),
    });
  });

  const see = (sipCallId: string, text: string, change: Partial<TracedMessage> = {}): Map<number, Buffer> => {
    exporter.observe({
      ...{ direction: 'received', sipCallId, wall: 1_000 as WallMs, at: 0 as MonotonicMs },
      hop: { listener: 'lan', transport: 'udp', address: '192.0.2.4', port: 1 },
      ...{ local: { host: '192.0.2.2', port: 2 }, bytes: Buffer.from(text, 'latin1'), ...change },
    });
    return chunks(sent.at(-1)!);
  };
  const text = (packet: Map<number, Buffer>, type: number): string =>
    packet.get(type)?.toString('latin1') ?? '';

  it('turns source and destination by direction', () => {
    const ports = (packet: Map<number, Buffer>) => [
      packet.get(0x07)?.readUInt16BE(),
      packet.get(0x08)?.readUInt16BE(),
    ];
    expect(ports(see('a', 'x'))).toEqual([1, 2]);
    expect(ports(see('a', 'x', { direction: 'sent' }))).toEqual([2, 1]);
  });

  it.each([
    ['udp', 17],
    ['tcp', 6],
    ['tls', 6],
    ['ws', 6],
  ] as const)('SIP over %s is protocol %i', (transport, protocol) => {
    const hop = { listener: 'lan', transport, address: '192.0.2.4', port: 1 };
    expect([...(see('a', 'x', { hop }).get(0x02) ?? [])]).toEqual([protocol]);
  });

  it('has credentials, keys and digits removed, and a Content-Length that says so', () => {
    const invite = text(
      see(
        'a',
        'INVITE sip:x SIP/2.0\r\nAuthorization: Basic S3CR3T\r\nc: application/sdp\r\nl: 19\r\n\r\nv=0\r\nk=clear:S3CR3T',
      ),
      0x0f,
    );
    expect(invite).toBe(
      'INVITE sip:x SIP/2.0\r\nAuthorization: Basic [removed]\r\nc: application/sdp\r\nl: 16\r\n\r\nv=0\r\nk=[removed]',
    );
    const info = text(
      see('a', 'INFO sip:x SIP/2.0\r\nContent-Type: application/dtmf\r\nContent-Length: 1\r\n\r\n5'),
      0x0f,
    );
    expect(info).toContain('Content-Length: 27\r\n\r\n[application/dtmf, 1 bytes]');
  });

  it("joins both legs by the caller's Call-ID, for as long as messages of a call may come", () => {
    const correlation = (sipCallId: string): string => text(see(sipCallId, 'x'), 0x11);
    expect(correlation('a')).toBe('a');
    const leg = (party: 'caller' | 'callee', sipCallId: string) => ({ party, peerId: 'x', sipCallId });
    exporter.claim('call', leg('caller', 'a'));
    exporter.claim('call', leg('callee', 'b'));
    exporter.claim('call', leg('callee', 'b-1'));
    expect(['a', 'b', 'b-1', 'c'].map(correlation)).toEqual(['a', 'a', 'a', 'c']);
    exporter.over('call');
    hand.advance(4_999);
    expect(correlation('b')).toBe('a');
    hand.advance(1);
    expect(correlation('b')).toBe('b');
    expect(hand.pending).toBe(0);
  });

  it('tells apart messages of one millisecond, and follows a wall clock that is set', () => {
    const time = (wall: number, at: number): number => {
      const packet = see('a', 'x', { wall: wall as WallMs, at: at as MonotonicMs });
      return (packet.get(0x09)?.readUInt32BE() ?? 0) * 1e6 + (packet.get(0x0a)?.readUInt32BE() ?? 0);
    };
    expect(time(1_000, 50.25)).toBe(1_000_000);
    expect(time(1_000, 50.75)).toBe(1_000_500);
    expect(time(1_001, 51.125)).toBe(1_000_875);
    expect(time(9_000, 52)).toBe(9_000_000);
    expect(time(9_000, 52.5)).toBe(9_000_500);
  });

  it('counts what was sent and what did not fit', () => {
    see('a', 'x');
    exporter.observe({
      ...{ direction: 'received', sipCallId: 'a', wall: 1 as WallMs, at: 0 as MonotonicMs },
      hop: { listener: 'lan', transport: 'tcp', address: '192.0.2.4', port: 1 },
      ...{ local: { host: '192.0.2.2', port: 2 }, bytes: Buffer.alloc(65_530, 'x') },
    });
    const values = meter.snapshot().map(({ name, labels, value }) => [name, labels, value]);
    expect(values).toContainEqual(['onrecord_hep_packets_total', {}, 1]);
    expect(values).toContainEqual(['onrecord_hep_dropped_total', { reason: 'too-long' }, 1]);
  });
});

describe('the way to the collector', () => {
  let dropped: string[];
  const sender = (address: string, port: number): HepSender =>
    new HepSender({
      ...{ address, port, schedule: new HandSchedule().schedule, logger: silentLogger },
      dropped: (reason) => void dropped.push(reason),
    });
  beforeEach(() => {
    dropped = [];
  });

  it.each(['127.0.0.1', 'localhost'])('sends to %s', async (address) => {
    const collector = await rawUdp();
    const one = sender(address, collector.port);
    const arrived = collector.next();
    // A name is looked up first; what comes before it is known is counted and gone.
    const again = setInterval(() => {
      one.send(Buffer.from('HEP3'));
    }, 20);
    expect(await arrived).toBe('HEP3');
    clearInterval(again);
    if (address === '127.0.0.1') expect(dropped).toEqual([]);
    one.close();
    collector.close();
  });

  it('holds at most a thousand packets that the system has not taken', () => {
    const one = sender('127.0.0.1', 9);
    for (let i = 0; i < 1_500; i++) one.send(Buffer.from('x'));
    expect(dropped.length).toBe(500);
    expect(new Set(dropped)).toEqual(new Set(['queue-full']));
    one.close();
  });

  it('a name that nobody knows costs packets and nothing else', async () => {
    const one = sender('nowhere.invalid', 9060);
    await new Promise((resolve) => setImmediate(resolve));
    one.send(Buffer.from('x'));
    expect(dropped).toEqual(['not-found']);
    one.close();
    one.send(Buffer.from('x'));
    expect(dropped).toEqual(['not-found', 'not-found']);
  });
});
