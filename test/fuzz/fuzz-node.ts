import { createHash } from 'node:crypto';
import type { LogFields, Logger } from '../../src/kernel/logger.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import { type B2bua, createB2bua } from '../../src/signalling/b2bua.ts';
import { RequestGate } from '../../src/signalling/defence/request-gate.ts';
import { emergencyNumbers } from '../../src/signalling/emergency-numbers.ts';
import { sipOptions } from '../../src/signalling/options.ts';
import { createPeering } from '../../src/signalling/peering/peering.ts';
import { createPeerBook } from '../../src/signalling/peers.ts';
import type { CallDirector } from '../../src/signalling/ports.ts';
import { createSipStack, type SipStack } from '../../src/signalling/sip-stack.ts';
import { HandSchedule } from '../signalling/transport/hand-schedule.ts';
import { deliver, forget, type SentDatagram, sent } from './memory-dgram.ts';

export const places = {
  node: '127.0.0.1:5060',
  pbx: '127.0.0.1:5070',
  carrier: '127.0.0.1:5080',
  stranger: '127.0.0.9:5090',
} as const;
export type Place = Exclude<keyof typeof places, 'node'>;

/** The stack and the B2BUA over a network in memory, with a clock that is moved by hand: all of it repeatable. */
export interface FuzzNode {
  readonly stack: SipStack;
  readonly b2bua: B2bua;
  readonly hand: HandSchedule;
  /** What was logged as an error: a bug in a call's step ends that call, and is said. */
  readonly errors: string[];
  /** Messages that ended in an exception. */
  bugs(): number;
  /** A datagram of somebody; gives what the node sent because of it, at once. */
  take(bytes: Buffer, from: Place): Promise<readonly SentDatagram[]>;
  pass(ms: number): Promise<readonly SentDatagram[]>;
  close(): Promise<void>;
}

const local = (port: number) => ({ address: '127.0.0.1', rtpPort: port, rtcpPort: port + 1 });

const director: CallDirector = {
  admit: () => Promise.resolve({ kind: 'accept', encodings: null, narrowing: 'must' }),
  openMedia: () =>
    Promise.resolve({
      local: { caller: local(20_000), callee: local(20_002) },
      connect: () => undefined,
      close: () => undefined,
    }),
  early: () => undefined,
  ringing: () => undefined,
  key: () => undefined,
  code: () => undefined,
  control: () => Promise.resolve('done'),
  accepted: () => undefined,
  answered: () => undefined,
  hungUp: () => undefined,
  ended: () => undefined,
};

export async function fuzzNode(): Promise<FuzzNode> {
  const peer = (id: 'pbx' | 'carrier', side: string): object => ({
    ...{ id, side, listener: 'udp', match: [`127.0.0.1/32:${places[id].split(':')[1]}`] },
    ...{ targets: [`sip:${places[id]}`], pinTransport: true, refer: 'relay', redirect: 'follow' },
  });
  const options = sipOptions.parse({
    listeners: [{ id: 'udp', transport: 'udp', address: '127.0.0.1', port: 5060 }],
    peers: [peer('pbx', 'pbx'), peer('carrier', 'trunk')],
    routes: [
      { from: 'pbx', to: ['carrier'] },
      { from: 'carrier', to: ['pbx'] },
    ],
  });
  const peers = createPeerBook(options);
  if (!peers.ok) throw new Error(peers.error.join());
  const hand = new HandSchedule();
  const meter = createMeter();
  const errors: string[] = [];
  const quiet = (): void => undefined;
  const logger: Logger = {
    ...{ debug: quiet, info: quiet, warn: quiet },
    error: (event: string, fields: LogFields = {}) => {
      errors.push(`${event} ${JSON.stringify(fields)}`);
    },
    child: () => logger,
  };
  let drawn = 0;
  const random = (length: number): Uint8Array =>
    createHash('shake256', { outputLength: length }).update(String(drawn++)).digest();
  const shared = { clock: hand.clock, schedule: hand.schedule, random, logger, meter };
  const peering = createPeering({
    ...{ ...shared, peers: peers.value },
    locator: () => Promise.resolve({ kind: 'located', groups: [], refreshAt: null, quality: 'good' }),
  });
  const isEmergency = emergencyNumbers({ numbers: ['112'], country: 'LU', outsideLine: [] });
  const b2bua = createB2bua({
    ...{ ...shared, peers: peering.peers, board: peering.board, director, isEmergency },
  });
  const gate = new RequestGate({
    ...{ ...shared, limits: options.limits, maxCalls: 1000, isEmergency },
    belongsToCall: (request) => b2bua.ownsDialogOf(request),
    activeCalls: () => b2bua.activeCalls,
    activeTransactions: () => stack.activeTransactions,
  });
  const stack: SipStack = createSipStack({
    ...{ ...shared, listeners: options.listeners, limits: options.limits, user: b2bua, gate },
    isPeer: (listener, address, port) => peering.isPeer(listener, address, port),
  });
  b2bua.attach(stack);
  await stack.start();
  forget();
  const settled = async (): Promise<readonly SentDatagram[]> => {
    // Admission and media answer by promises.
    await new Promise(setImmediate);
    return sent.splice(0);
  };
  return {
    ...{ stack, b2bua, hand, errors },
    bugs: () =>
      meter
        .snapshot()
        .filter(
          ({ name, labels }) =>
            name === 'onrecord_sip_dropped_total' && labels['reason'] === 'dispatch-failed',
        )
        .reduce((sum, { value }) => sum + value, 0),
    take: (bytes, from) => {
      deliver(bytes, places[from], places.node);
      return settled();
    },
    pass: (ms) => {
      hand.advance(ms);
      return settled();
    },
    close: () => stack.close(),
  };
}
