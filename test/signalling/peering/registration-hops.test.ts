import { beforeEach, describe, expect, it } from 'vitest';
import type { LogFields } from '../../../src/kernel/logger.ts';
import { createMeter } from '../../../src/kernel/meter.ts';
import { Registration } from '../../../src/signalling/peering/registration.ts';
import { createTargetBoard, type TargetBoard } from '../../../src/signalling/peering/target-board.ts';
import type { Peer } from '../../../src/signalling/peers.ts';
import type { ClientEvents, TransactionLayer } from '../../../src/signalling/transaction-layer.ts';
import { SipHeaders, type SipRequest } from '../../../src/sip/message.ts';
import { makeResponse } from '../../../src/sip/response.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';
import { bookOf } from './peers.ts';

interface Sent {
  readonly to: string;
  readonly request: SipRequest;
  readonly events: ClientEvents;
}

let time: HandSchedule;
let sent: Sent[];
let log: string[];
let board: TargetBoard;
let peer: Peer;
let registration: Registration;

beforeEach(() => {
  time = new HandSchedule();
  sent = [];
  log = [];
  const write = (event: string, fields: LogFields = {}): void => {
    log.push(`${event} ${String(fields['hop'] ?? fields['fault'] ?? fields['status'] ?? '')}`.trim());
  };
  const logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const shared = {
    ...{ clock: time.clock, schedule: time.schedule, logger, meter: createMeter() },
    random: (length: number) => new Uint8Array(length).fill(255),
  };
  [peer] = bookOf(
    { targets: ['sip:192.0.2.1', 'sip:192.0.2.2'], register: { aor: 'sip:me@carrier.example' } },
    {},
  ).all as [Peer];
  board = createTargetBoard({
    ...{ ...shared, peers: [peer] },
    locator: () => Promise.resolve({ kind: 'located', groups: [], refreshAt: null, quality: 'good' }),
  });
  const layer: TransactionLayer = {
    send: (request, hop, events) => {
      sent.push({ to: hop.address, request, events });
      return { id: '', request, cancel: () => undefined };
    },
    sendAck: () => undefined,
    connectionFrom: () => null,
    sentBy: () => ({ host: '192.0.2.100', port: 5060, transport: 'udp' }),
    activeTransactions: 0,
  };
  registration = new Registration({ ...shared, peer, plan: peer.registration!, board, layer });
  registration.start();
});

function answer(status: number, ...headers: [string, string][]): void {
  const { request, events, to } = sent.at(-1)!;
  const response = makeResponse(request, status, '', 'tag');
  for (const header of new SipHeaders(headers.map(([name, value]) => ({ name, value })))) {
    response.headers.append(header.name, header.value);
  }
  events.response(response, { listener: 'lan', transport: 'udp', address: to, port: 5060 });
}

const tried = (): string[] => sent.map(({ to }) => to);

describe('a registration over the hops of its peer', () => {
  it('RFC 3263 §4.3: 503 and silence lead to the next; calls go where it is bound, and so do refreshes', () => {
    answer(503);
    answer(200, ['Expires', '600']);
    expect(tried()).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(board.placesOf(peer).map(({ target }) => target.hop.address)).toEqual(['192.0.2.2', '192.0.2.1']);
    time.advance(540_000);
    expect(tried()[2]).toBe('192.0.2.2');
    time.advance(10_000);
    expect(tried()[3]).toBe('192.0.2.1');
    answer(200, ['Expires', '600']);
    expect(board.placesOf(peer)[0]!.target.hop.address).toBe('192.0.2.1');
    expect(log).toEqual([
      ...['hop-failed 192.0.2.1:5060', 'registered 192.0.2.2:5060', 'hop-failed 192.0.2.2:5060'],
    ]);
  });

  it('nobody there: again after a while, from the first; the binding lapses when its time is over, and is said to', () => {
    answer(200, ['Expires', '100']);
    time.advance(90_000);
    time.advance(20_000);
    expect(tried()).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.2']);
    expect(log.filter((line) => line.startsWith('registration'))).toEqual([
      ...['registration-lapsed', 'registration-failed unreachable'],
    ]);
    time.advance(5000);
    expect(tried()[3]).toBe('192.0.2.1');
    answer(200);
    expect(log.at(-1)).toBe('registered 192.0.2.1:5060');
  });

  it('an answer that comes after its time means nothing', () => {
    const [late] = sent;
    time.advance(10_000);
    late!.events.response(makeResponse(late!.request, 200, '', 'tag'), {
      ...{ listener: 'lan', transport: 'udp', address: '192.0.2.1', port: 5060 },
    });
    late!.events.failed('timeout');
    expect(tried()).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(log).toEqual(['hop-failed 192.0.2.1:5060']);
  });

  it('without a hop it tries again later', async () => {
    const nowhere = bookOf({ targets: ['sip:carrier.example'], register: { aor: 'sip:me@carrier.example' } })
      .all[0]!;
    sent = [];
    const other = new Registration({
      ...{ peer: nowhere, plan: nowhere.registration!, board, schedule: time.schedule, meter: createMeter() },
      layer: { send: () => expect.unreachable() } as unknown as TransactionLayer,
      random: (length) => new Uint8Array(length),
      logger: {
        debug() {},
        info() {},
        warn: (event) => log.push(event),
        error() {},
        child: () => expect.unreachable(),
      },
    });
    other.start();
    await Promise.resolve();
    expect(log).toEqual(['registration-failed']);
  });

  it('is taken back where it is bound; a registrar that does not answer holds nobody up', async () => {
    answer(200, ['Expires', '600']);
    let closed = false;
    void registration.close().then(() => {
      closed = true;
    });
    expect([sent.at(-1)!.to, sent.at(-1)!.request.headers.first('expires')]).toEqual(['192.0.2.1', '0']);
    time.advance(1999);
    await Promise.resolve();
    expect(closed).toBe(false);
    time.advance(1);
    await Promise.resolve();
    expect([closed, time.pending]).toEqual([true, 0]);
  });
});
