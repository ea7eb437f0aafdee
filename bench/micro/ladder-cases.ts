import type { MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import { LadderCollector } from '../../src/signalling/trace/ladder-collector.ts';
import { MessageTrace } from '../../src/signalling/trace/message-observer.ts';
import type { Hop } from '../../src/signalling/transaction-layer.ts';
import type { BenchCase } from '../measure.ts';

const sdp = [
  ...['v=0', 'o=- 3904821 3904821 IN IP4 192.0.2.4', 's=-', 'c=IN IP4 192.0.2.4', 't=0 0'],
  ...['m=audio 16384 RTP/AVP 8 0 101', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:0 PCMU/8000'],
  ...['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16', 'a=ptime:20', 'a=sendrecv', ''],
].join('\r\n');

const hop: Hop = { listener: 'lan', transport: 'udp', address: '192.0.2.4', port: 5060 };

type Passed = readonly [direction: 'in' | 'out', leg: 'a' | 'b', start: string, method: string, body: string];

const invite = 'INVITE sip:+352621000000@192.0.2.2:5060;user=phone SIP/2.0';
const bye = 'BYE sip:101@192.0.2.4:5060 SIP/2.0';
const ack = 'ACK sip:+352621000000@192.0.2.2:5060 SIP/2.0';
const ok = 'SIP/2.0 200 OK';
/** An answered call, hung up by the caller. */
const flow: readonly Passed[] = [
  ['in', 'a', invite, 'INVITE', sdp],
  ['out', 'a', 'SIP/2.0 100 Trying', 'INVITE', ''],
  ['out', 'b', invite, 'INVITE', sdp],
  ['in', 'b', 'SIP/2.0 100 Trying', 'INVITE', ''],
  ['in', 'b', 'SIP/2.0 180 Ringing', 'INVITE', ''],
  ['out', 'a', 'SIP/2.0 180 Ringing', 'INVITE', ''],
  ['in', 'b', ok, 'INVITE', sdp],
  ['out', 'a', ok, 'INVITE', sdp],
  ['in', 'a', ack, 'ACK', ''],
  ['out', 'b', ack, 'ACK', ''],
  ['in', 'a', bye, 'BYE', ''],
  ['out', 'a', ok, 'BYE', ''],
  ['out', 'b', bye, 'BYE', ''],
  ['in', 'b', ok, 'BYE', ''],
];

function bytesOf(serial: number, leg: string, start: string, method: string, body: string): Buffer {
  const via = Math.random().toString(36).slice(2);
  return Buffer.from(
    [
      start,
      `Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK${via};rport=5060;received=192.0.2.4`,
      'Max-Forwards: 69',
      `From: "Alice Example" <sip:101@pbx.example>;tag=9fxced76sl${serial}`,
      `To: <sip:+352621000000@192.0.2.2;user=phone>;tag=${serial}7`,
      `Call-ID: ${leg}${serial}@pbx.example`,
      `CSeq: 1 ${method}`,
      'Contact: <sip:101@192.0.2.4:5060>',
      'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO, UPDATE',
      'Supported: replaces, timer',
      'P-Asserted-Identity: "Alice Example" <sip:101@pbx.example>',
      'User-Agent: Example PBX 4.2',
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );
}

/** Calls made before, so that making them is not timed. */
function calls(
  count: number,
): readonly (readonly { direction: 'in' | 'out'; id: string; bytes: Buffer }[])[] {
  return Array.from({ length: count }, (_, serial) =>
    flow.map(([direction, leg, start, method, body]) => ({
      ...{ direction, id: `${leg}${serial}@pbx.example`, bytes: bytesOf(serial, leg, start, method, body) },
    })),
  );
}

/** The messages of one call through the trace, in turn for some hundred calls. */
function tracing(collector: LadderCollector | null): () => void {
  const trace = new MessageTrace({
    observers:
      collector === null
        ? []
        : [
            (message) => {
              collector.observe(message);
            },
          ],
    clock: { monotonic: () => performance.now() as MonotonicMs, wall: () => Date.now() as WallMs },
    localOf: () => ({ host: '192.0.2.2', port: 5060 }),
    failed: (cause) => {
      throw cause;
    },
  });
  const made = calls(300);
  let next = 0;
  return () => {
    const serial = next++ % made.length;
    const callId = String(serial);
    collector?.claim(callId, { party: 'caller', peerId: 'pbx', sipCallId: `a${serial}@pbx.example` });
    collector?.claim(callId, { party: 'callee', peerId: 'carrier', sipCallId: `b${serial}@pbx.example` });
    for (const { direction, id, bytes } of made[serial] ?? []) {
      if (direction === 'in') trace.received(bytes, hop, id);
      else trace.sent(bytes, hop);
    }
    collector?.over(callId);
    collector?.flush();
  };
}

export const ladderCases: readonly BenchCase[] = [
  {
    name: 'message trace, nobody listens',
    unit: 'one call of 14 messages',
    setUp: () => tracing(null),
  },
  {
    name: 'SIP ladder: gathered, redacted, packed',
    unit: 'one call of 14 messages',
    setUp: () => {
      const collector = new LadderCollector({
        memoryBytes: 64 * 1024 * 1024,
        store: () => undefined,
        schedule: () => () => undefined,
        meter: createMeter(),
        logger: silentLogger,
      });
      return tracing(collector);
    },
  },
];
