import { beforeEach, describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../../src/kernel/clock.ts';
import { silentLogger } from '../../../src/kernel/logger.ts';
import { createMeter, type Meter } from '../../../src/kernel/meter.ts';
import { type HopOutcome, outcomeOfResponse } from '../../../src/signalling/peering/hop-outcome.ts';
import { createTargetBoard } from '../../../src/signalling/peering/target-board.ts';
import type { Located, LocateQuestion, Server } from '../../../src/signalling/locate/locate.ts';
import type { Locator } from '../../../src/signalling/locate/locator.ts';
import type { Peer } from '../../../src/signalling/peers.ts';
import type { Hop } from '../../../src/signalling/transaction-layer.ts';
import { SipHeaders } from '../../../src/sip/message.ts';
import { parseRetryAfter } from '../../../src/sip/retry-after.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';
import { bookOf, peerOf } from './peers.ts';

const timeout: HopOutcome = { kind: 'failed', cause: 'timeout', retryAfterSeconds: null };

let time: HandSchedule;
let log: string[];
let meter: Meter;

beforeEach(() => {
  time = new HandSchedule();
  log = [];
  looked = 0;
  answers = null;
  meter = createMeter();
});

/** What DNS says from now on; null: nothing is looked up. */
let answers: ((question: LocateQuestion) => Located) | null;
let looked: number;

function boardOf(peer: Peer, ...more: Peer[]) {
  const write = (event: string, fields = {}): void => {
    log.push(`${event} ${JSON.stringify(fields)}`);
  };
  const logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const locator: Locator = (question) => {
    looked += 1;
    return answers === null ? new Promise(() => undefined) : Promise.resolve(answers(question));
  };
  const board = createTargetBoard({
    ...{ peers: [peer, ...more], locator, clock: time.clock, schedule: time.schedule, logger, meter },
    random: (length) => new Uint8Array(length),
  });
  const standings = (): string[] => board.placesOf(peer).map(({ standing }) => standing);
  const hops = (): string[] =>
    board.placesOf(peer).map(({ target: { hop } }) => `${hop.address}:${hop.port}`);
  return { board, standings, hops, hop: board.placesOf(peer)[0]?.target.hop ?? noHop };
}

const noHop: Hop = { listener: '', transport: 'udp', address: '', port: 0 };

/** Lets promises that are settled run on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function response(status: number, ...headers: [string, string][]) {
  return {
    ...{ type: 'response' as const, status, phrase: '', body: new Uint8Array() },
    headers: new SipHeaders(headers.map(([name, value]) => ({ name, value }))),
  };
}

describe('a hop that failed', () => {
  it('is penalised for `penaltySeconds`, said once, and is itself again after it', () => {
    const { board, standings, hop } = boardOf(peerOf({ targets: ['sip:192.0.2.7', 'sip:192.0.2.8'] }));
    board.heard(hop, timeout);
    board.heard(hop, timeout);
    expect(standings()).toEqual(['penalised', 'well']);
    expect(log).toEqual([
      'hop-failed {"peer":"a","transport":"udp","hop":"192.0.2.7:5060","cause":"timeout","triedLastForSeconds":30}',
    ]);
    time.advance(29_999);
    expect(standings()[0]).toBe('penalised');
    time.advance(1);
    expect(standings()[0]).toBe('well');
  });

  it.each([
    ['RFC 3261 §21.5.4: a 503 says for how long', 30, 7, 7000],
    ['its Retry-After is no longer than an hour', 30, 80_000, 3_600_000],
    ['without Retry-After', 30, null, 30_000],
    ['penaltySeconds 0: never', 0, 100, 0],
  ])('%s', (_name, penaltySeconds, retryAfterSeconds, ms) => {
    const { board, standings, hop } = boardOf(peerOf({ penaltySeconds }));
    board.heard(hop, { kind: 'failed', cause: 'unavailable', retryAfterSeconds });
    if (ms > 0) {
      time.advance(ms - 1);
      expect(standings()).toEqual(['penalised']);
      time.advance(1);
    }
    expect(standings()).toEqual(['well']);
  });

  it('is itself again as soon as it answers', () => {
    const { board, standings, hop } = boardOf(peerOf({}));
    board.heard(hop, timeout);
    board.heard(hop, { kind: 'alive' });
    board.heard(hop, { kind: 'alive' });
    expect(standings()).toEqual(['well']);
    expect(log.slice(1)).toEqual(['hop-back {"peer":"a","transport":"udp","hop":"198.51.100.1:5060"}']);
  });

  it('nothing is kept of a hop that is no target', () => {
    const { board, hop } = boardOf(peerOf({}));
    board.heard({ ...hop, port: 9 }, timeout);
    expect(log).toEqual([]);
  });
});

describe('a target that is a name', () => {
  const named = peerOf({ targets: ['sip:carrier.example', 'sip:192.0.2.9'] });
  const server = (address: string, weight = 0): Server => ({ weight, port: 5060, addresses: [address] });
  const says = (quality: Located['quality'], ...groups: Server[][]): void => {
    answers = () => ({
      ...{ kind: 'located', groups, quality },
      refreshAt: quality === 'good' ? ((time.now + 60_000) as MonotonicMs) : null,
    });
  };
  const gauges = (): unknown[] =>
    meter
      .snapshot()
      .flatMap(({ name, value }) => (name.startsWith('onrecord_targets') ? [[name.slice(17), value]] : []));

  it('is not there until DNS has answered; the start waits three seconds and no longer', async () => {
    const { board, hops } = boardOf(named);
    let started = false;
    void board.start().then(() => {
      started = true;
    });
    await settle();
    expect([started, hops(), gauges()]).toEqual([
      false,
      ['192.0.2.9:5060'],
      [
        ['stale', 0],
        ['unresolved', 1],
      ],
    ]);
    time.advance(3000);
    await settle();
    expect(started).toBe(true);
  });

  it('gives its servers group by group, before the next target', async () => {
    says('good', [server('192.0.2.1')], [server('192.0.2.2'), server('192.0.2.9')]);
    const { board, hops } = boardOf(named);
    await board.start();
    expect(hops()).toEqual(['192.0.2.1:5060', '192.0.2.2:5060', '192.0.2.9:5060']);
    expect(board.placesOf(named)[0]!.target).toMatchObject({ host: 'carrier.example', port: null });
  });

  it('is looked up ahead of its end, and what came from its former address still answers us', async () => {
    says('good', [server('192.0.2.1')]);
    const { board, hops } = boardOf(named);
    await board.start();
    says('good', [server('192.0.2.2')]);
    time.advance(59_999);
    expect(looked).toBe(1);
    time.advance(1);
    await settle();
    expect([looked, hops()]).toEqual([2, ['192.0.2.2:5060', '192.0.2.9:5060']]);
    const known = ['192.0.2.1', '192.0.2.2', '192.0.2.9', '192.0.2.3'].map((one) => board.knows('lan', one));
    expect([...known, board.knows('wan', '192.0.2.1')]).toEqual([true, true, true, false, false]);
  });

  it('keeps its servers when DNS stops answering: said once, shown, and said when it is over', async () => {
    says('good', [server('192.0.2.1')]);
    const { board, hops } = boardOf(named);
    await board.start();
    says('stale', [server('192.0.2.1')]);
    for (const ms of [60_000, 2000, 4000]) {
      time.advance(ms);
      await settle();
    }
    expect([looked, hops(), gauges()]).toEqual([
      ...[4, ['192.0.2.1:5060', '192.0.2.9:5060']],
      [
        ['stale', 1],
        ['unresolved', 0],
      ],
    ]);
    says('good', [server('192.0.2.1')]);
    time.advance(8000);
    await settle();
    expect(log.map((line) => line.split(' ')[0])).toEqual([
      'target-resolved',
      'target-stale',
      'target-resolved',
    ]);
  });

  it('a penalty outlives the next answer, and goes with its hop', async () => {
    says('good', [server('192.0.2.1')]);
    const { board, standings } = boardOf(named);
    await board.start();
    const { hop } = board.placesOf(named)[0]!.target;
    board.heard(hop, { kind: 'failed', cause: 'timeout', retryAfterSeconds: 3600 });
    time.advance(60_000);
    await settle();
    expect(standings()[0]).toBe('penalised');
    for (const address of ['192.0.2.2', '192.0.2.1']) {
      says('good', [server(address)]);
      time.advance(60_000);
      await settle();
    }
    expect(standings()[0]).toBe('well');
  });

  it('nothing is looked up after the end', async () => {
    says('good', [server('192.0.2.1')]);
    const { board } = boardOf(named);
    await board.start();
    board.close();
    expect(time.pending).toBe(0);
  });

  it('weights are drawn for each call', async () => {
    says('good', [server('192.0.2.1', 1), server('192.0.2.2', 1)]);
    let next = 0;
    const board = createTargetBoard({
      ...{ peers: [named], clock: time.clock, schedule: time.schedule, logger: silentLogger, meter },
      locator: (question) => Promise.resolve(answers!(question)),
      random: (length) => new Uint8Array(length).fill((next = (next + 97) % 256)),
    });
    await board.start();
    const first = Array.from({ length: 50 }, () => board.placesOf(named)[0]!.target.hop.address);
    expect(new Set(first)).toEqual(new Set(['192.0.2.1', '192.0.2.2']));
  });
});

describe('peers that we register with', () => {
  const register = { aor: 'sip:me@carrier.example' };
  const [first, second, third] = bookOf(
    { targets: ['sip:192.0.2.1', 'sip:192.0.2.9'], register },
    { targets: ['sip:192.0.2.2'] },
    { targets: ['sip:192.0.2.9'], register },
  ).all as [Peer, Peer, Peer];

  it('are known by the address of their registrar, unless two have the same', () => {
    const { board } = boardOf(first, second, third);
    const at = (address: string): string | undefined => board.registrarAt('lan', address)?.id;
    expect(['192.0.2.1', '192.0.2.2', '192.0.2.9', '192.0.2.7'].map(at)).toEqual([
      'a',
      undefined,
      undefined,
      undefined,
    ]);
    expect(board.registrarAt('wan', '192.0.2.1')).toBe(null);
  });

  it('get their calls where we are registered, by its routes', () => {
    const { board } = boardOf(first);
    const { hop } = board.placesOf(first)[1]!.target;
    board.bound(first, hop, ['<sip:edge.example;lr>']);
    expect(board.placesOf(first).map(({ target, routes }) => [target.hop.address, routes])).toEqual([
      ['192.0.2.9', ['<sip:edge.example;lr>']],
      ['192.0.2.1', []],
    ]);
    board.unbound(first);
    expect(board.placesOf(first)[0]).toMatchObject({ target: { hop: { address: '192.0.2.1' } }, routes: [] });
  });
});

describe('what a response shows', () => {
  it.each([
    [100, null],
    [180, 'alive'],
    [200, 'alive'],
    [404, 'alive'],
    [408, null],
    [486, 'alive'],
    [500, 'alive'],
    [503, 'failed'],
    [603, 'alive'],
  ])('%i: %s', (status, expected) => {
    expect(outcomeOfResponse(response(status))?.kind ?? null).toBe(expected);
  });

  it('503 with Retry-After', () => {
    expect(outcomeOfResponse(response(503, ['Retry-After', '120 (busy)']))).toEqual({
      ...{ kind: 'failed', cause: 'unavailable', retryAfterSeconds: 120 },
    });
  });

  it.each([
    ['18000;duration=3600', 18_000],
    ['120 (I am in a meeting)', 120],
    ['0', 0],
    ['', null],
    ['-1', null],
    ['12x', null],
    ['99999999999999999999', null],
    ['86401', null],
  ])('RFC 3261 §20.33: Retry-After "%s"', (text, expected) => {
    expect(parseRetryAfter(text)).toBe(expected);
  });
});
