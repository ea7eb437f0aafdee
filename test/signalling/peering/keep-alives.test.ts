import { beforeEach, describe, expect, it } from 'vitest';
import { createMeter, type Meter } from '../../../src/kernel/meter.ts';
import type { LogFields } from '../../../src/kernel/logger.ts';
import type { KnownHop } from '../../../src/signalling/peering/known-hop.ts';
import { createTargetBoard, type TargetBoard } from '../../../src/signalling/peering/target-board.ts';
import type { Peer } from '../../../src/signalling/peers.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';
import { bookOf } from './peers.ts';

let time: HandSchedule;
let meter: Meter;
let log: string[];
let pings: { hop: string; told: (alive: boolean) => void }[];
/** What hops answer at once; null: nothing. */
let alive: ((hop: string) => boolean) | null;

const addressOf = ({ target: { hop } }: KnownHop): string => hop.address;

beforeEach(() => {
  time = new HandSchedule();
  meter = createMeter();
  log = [];
  pings = [];
  alive = () => true;
});

function boardOf(...peers: readonly Peer[]): TargetBoard {
  const write = (event: string, fields: LogFields = {}): void => {
    log.push(`${event} ${String(fields['hop'] ?? fields['peer'])}`);
  };
  const logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const board = createTargetBoard({
    ...{ peers, clock: time.clock, schedule: time.schedule, logger, meter },
    locator: () => Promise.resolve({ kind: 'located', groups: [], refreshAt: null, quality: 'good' }),
    random: (length) => new Uint8Array(length).fill(128),
  });
  board.watch((hop, told) => {
    pings.push({ hop: addressOf(hop), told });
    if (alive !== null) told(alive(addressOf(hop)));
  });
  return board;
}

const up = (): unknown[] =>
  meter.snapshot().flatMap(({ name, value }) => (name === 'onrecord_peer_up' ? [value] : []));

describe('keep-alive by OPTIONS', () => {
  const watched = bookOf(
    { optionsSeconds: 30, targets: ['sip:192.0.2.1', 'sip:192.0.2.2'] },
    { targets: ['sip:192.0.2.3'] },
  ).all;

  it('asks each hop of the peers that want it, the first time soon, then about each 30 s', () => {
    boardOf(...watched);
    time.advance(2000);
    expect(pings.map(({ hop }) => hop)).toEqual(['192.0.2.1', '192.0.2.2']);
    time.advance(90_000);
    expect(pings).toHaveLength(6 + 2);
  });

  it('a hop that stays silent goes down after three misses and is tried last; the peer lives on the other', () => {
    const board = boardOf(...watched);
    alive = (hop) => hop !== '192.0.2.1';
    time.advance(15_000);
    expect(board.placesOf(watched[0]!).map(({ standing }) => standing)).toEqual(['down', 'well']);
    expect([log, up()]).toEqual([['hop-down 192.0.2.1:5060'], [1, 1]]);
  });

  it('a peer is down with all its hops, and up again with one: said each time', () => {
    boardOf(...watched);
    alive = () => false;
    time.advance(15_000);
    expect(up()).toEqual([0, 1]);
    alive = (hop) => hop === '192.0.2.2';
    time.advance(60_000);
    expect(up()).toEqual([1, 1]);
    expect(log).toEqual([
      ...['hop-down 192.0.2.1:5060', 'hop-down 192.0.2.2:5060', 'peer-down a'],
      ...['hop-up 192.0.2.2:5060', 'peer-up a'],
    ]);
  });

  it('no answer within inviteTimeoutMs is a miss, and the answer that comes later means nothing', () => {
    const board = boardOf(...watched);
    alive = null;
    time.advance(2000 + 4000 + 5500 + 4000 + 5500 + 4000);
    expect(board.placesOf(watched[0]!).map(({ standing }) => standing)).toEqual(['down', 'down']);
    for (const { told } of pings) told(true);
    time.advance(1);
    expect(board.placesOf(watched[0]!).map(({ standing }) => standing)).toEqual(['down', 'down']);
  });

  it('a call that is answered brings a hop up', () => {
    const board = boardOf(...watched);
    alive = () => false;
    time.advance(15_000);
    const [place] = board.placesOf(watched[0]!);
    board.heard(place!.target.hop, { kind: 'alive' });
    expect(board.placesOf(watched[0]!)[0]!.standing).toBe('well');
    expect(log.slice(-2)).toEqual(['hop-up 192.0.2.1:5060', 'peer-up a']);
  });

  it('a hop of two peers is asked once, as often as the one wants that asks more, and is up or down for both', () => {
    const targets = ['sip:192.0.2.1'];
    const both = bookOf({ optionsSeconds: 60, targets }, { optionsSeconds: 30, targets }, {}).all;
    boardOf(both[0]!, both[1]!);
    time.advance(2000 + 60_000);
    expect(pings).toHaveLength(3);
    alive = () => false;
    time.advance(60_000);
    expect(up()).toEqual([0, 0]);
  });

  it('asks nobody after the end', () => {
    const board = boardOf(...watched);
    time.advance(10_000);
    board.close();
    expect(time.pending).toBe(0);
  });
});
