import { beforeEach, describe, expect, it } from 'vitest';
import { createMeter } from '../../../src/kernel/meter.ts';
import { type HopOutcome, outcomeOfResponse } from '../../../src/signalling/peering/hop-outcome.ts';
import { createTargetBoard } from '../../../src/signalling/peering/target-board.ts';
import type { Peer } from '../../../src/signalling/peers.ts';
import { SipHeaders } from '../../../src/sip/message.ts';
import { parseRetryAfter } from '../../../src/sip/retry-after.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';
import { peerOf } from './peers.ts';

const timeout: HopOutcome = { kind: 'failed', cause: 'timeout', retryAfterSeconds: null };

let time: HandSchedule;
let log: string[];

beforeEach(() => {
  time = new HandSchedule();
  log = [];
});

function boardOf(peer: Peer) {
  const write = (event: string, fields = {}): void => {
    log.push(`${event} ${JSON.stringify(fields)}`);
  };
  const logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const board = createTargetBoard({ peers: [peer], clock: time.clock, logger, meter: createMeter() });
  const standings = (): string[] => board.placesOf(peer).map(({ standing }) => standing);
  return { board, standings, hop: board.placesOf(peer)[0]!.target.hop };
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
