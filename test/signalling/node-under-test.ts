import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { createMeter, type Meter } from '../../src/kernel/meter.ts';
import { type Schedule, systemSchedule } from '../../src/kernel/timers.ts';
import type { Party } from '../../src/records/call-record.ts';
import { type B2bua, createB2bua } from '../../src/signalling/b2bua.ts';
import { RequestGate } from '../../src/signalling/defence/request-gate.ts';
import { emergencyNumbers } from '../../src/signalling/emergency-numbers.ts';
import { sipOptions } from '../../src/signalling/options.ts';
import type { Locator } from '../../src/signalling/locate/locator.ts';
import { createPeering, type Peering } from '../../src/signalling/peering/peering.ts';
import { createPeerBook } from '../../src/signalling/peers.ts';
import type {
  Admission,
  CallDirector,
  CallEnd,
  CallFacts,
  Controlled,
  NegotiatedMedia,
} from '../../src/signalling/ports.ts';
import { createSipStack, type SipStack } from '../../src/signalling/sip-stack.ts';
import type { RawTcp } from './transport/raw-peer.ts';
import { rawTcp } from './transport/raw-peer.ts';
import { ScriptedPeer } from './scripted-peer.ts';

/** Says yes, and writes down what it is told. */
class FakeDirector implements CallDirector {
  readonly admitted: CallFacts[] = [];
  readonly connected: { party: Party; media: NegotiatedMedia }[] = [];
  readonly earlyCalls: string[] = [];
  readonly ringingCalls: string[] = [];
  readonly answeredCalls: string[] = [];
  readonly hungUpCalls: string[] = [];
  readonly controls: string[] = [];
  controlled: Controlled = 'done';
  readonly keys: string[] = [];
  readonly ends: CallEnd[] = [];
  closed = 0;
  /** Our media's address towards the caller. */
  nearMedia = '127.0.0.1';
  admission: Admission = { kind: 'accept', encodings: null, narrowing: 'must' };
  #onEnd: (() => void)[] = [];

  admit(call: CallFacts): Promise<Admission> {
    this.admitted.push(call);
    return Promise.resolve(this.admission);
  }

  openMedia(): ReturnType<CallDirector['openMedia']> {
    return Promise.resolve({
      local: {
        caller: { address: this.nearMedia, rtpPort: 20_000, rtcpPort: 20_001 },
        callee: { address: '127.0.0.1', rtpPort: 20_002, rtcpPort: 20_003 },
      },
      connect: (party, media) => {
        this.connected.push({ party, media });
      },
      close: () => {
        this.closed += 1;
      },
    });
  }

  early(callId: string): void {
    this.earlyCalls.push(callId);
  }

  ringing(callId: string): void {
    this.ringingCalls.push(callId);
  }

  key(callId: string, party: Party, key: string): void {
    this.keys.push(`${callId} ${party} ${key}`);
  }

  code(callId: string, party: Party, code: string): void {
    this.keys.push(`${callId} ${party} ${code}`);
  }

  control(_callId: string, party: Party, action: string, by: string): Promise<Controlled> {
    this.controls.push(`${action} ${party} by ${by}`);
    return Promise.resolve(this.controlled);
  }

  accepted(): void {
    return;
  }

  answered(callId: string): void {
    this.answeredCalls.push(callId);
  }

  hungUp(callId: string): void {
    this.hungUpCalls.push(callId);
  }

  ended(_callId: string, end: CallEnd): void {
    this.ends.push(end);
    for (const resolve of this.#onEnd.splice(0)) resolve();
  }

  /** When this many calls have ended. */
  async hasEnded(count: number): Promise<void> {
    while (this.ends.length < count) {
      await new Promise<void>((resolve) => this.#onEnd.push(resolve));
    }
  }

  get outcomes(): string[] {
    return this.ends.map(({ outcome, reason }) => `${outcome}/${reason}`);
  }
}

export interface NodeUnderTest {
  readonly b2bua: B2bua;
  readonly stack: SipStack;
  /** Not begun: it sends nothing by itself. */
  readonly peering: Peering;
  readonly director: FakeDirector;
  readonly pbx: ScriptedPeer;
  readonly carrier: ScriptedPeer;
  readonly second: ScriptedPeer;
  /** Port of the UDP listener, and `sip:...` of a user there. */
  readonly port: number;
  uri(user: string): string;
  /** The port that a listener was given. */
  portOf(listener: string): number;
  readonly meter: Meter;
  readonly gate: RequestGate;
  /** A PBX that comes by TCP. */
  tcpPbx(): Promise<{ peer: ScriptedPeer; connection: RawTcp }>;
  close(): Promise<void>;
}

export interface NodeOptions {
  readonly ringMs?: number;
  /** Further keys of both trunk peers. */
  readonly trunk?: {
    readonly maxCalls?: number;
    readonly callsPerSecond?: number;
    readonly inviteTimeoutMs?: number;
    readonly penaltySeconds?: number;
  };
  /** Further entries of the `sip` section. */
  readonly more?: Readonly<Record<'listeners' | 'peers' | 'routes', readonly object[]>>;
  readonly schedule?: Schedule;
  /** Further keys of `sip.limits`, and how many calls there may be. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly maxCalls?: number;
  /** Further keys of single peers. */
  readonly peers?: Readonly<Partial<Record<ScriptedId, Readonly<Record<string, unknown>>>>>;
}

type ScriptedId = 'pbx' | 'carrier' | 'second';
const nowhere: Locator = () =>
  Promise.resolve({ kind: 'located', groups: [], refreshAt: null, quality: 'good' });

/** The real stack and B2BUA on loopback between three scripted peers, told apart by port. */
export async function nodeUnderTest({
  ringMs,
  trunk = {},
  more = { listeners: [], peers: [], routes: [] },
  schedule = systemSchedule,
  limits = {},
  maxCalls = 1_000,
  peers: keys = {},
}: NodeOptions = {}): Promise<NodeUnderTest> {
  let port = 0;
  const [pbx, carrier, second] = await Promise.all([
    ScriptedPeer.udp(() => port),
    ScriptedPeer.udp(() => port),
    ScriptedPeer.udp(() => port),
  ]);
  const peer = (id: ScriptedId, side: 'pbx' | 'trunk', to: ScriptedPeer): Record<string, unknown> => ({
    ...{ id, side, listener: 'udp', match: [`127.0.0.1/32:${to.port}`] },
    ...{ targets: [`sip:127.0.0.1:${to.port}`], ...(side === 'trunk' ? trunk : {}), ...keys[id] },
  });
  const options = sipOptions.parse({
    listeners: [
      { id: 'udp', transport: 'udp', address: '127.0.0.1', port: 0 },
      { id: 'tcp', transport: 'tcp', address: '127.0.0.1', port: 0 },
      ...more.listeners,
    ],
    peers: [
      { ...peer('pbx', 'pbx', pbx), domain: 'pbx.example' },
      { ...peer('carrier', 'trunk', carrier), domain: 'carrier.example' },
      peer('second', 'trunk', second),
      {
        id: 'tcp-pbx',
        side: 'pbx',
        listener: 'tcp',
        match: ['127.0.0.1/32'],
        targets: ['sip:127.0.0.1:5060'],
      },
      ...more.peers,
    ],
    routes: [
      { from: 'pbx', to: ['carrier', 'second'] },
      { from: 'tcp-pbx', to: ['carrier'] },
      { from: 'carrier', to: ['pbx'] },
      ...more.routes,
    ],
    limits,
  });
  const peers = createPeerBook(options);
  if (!peers.ok) throw new Error(peers.error.join());
  const director = new FakeDirector();
  const meter = createMeter();
  const shared = {
    ...{ clock: systemClock(), schedule, random: systemRandom },
    ...{ logger: silentLogger, meter },
  };
  const peering = createPeering({ ...shared, locator: nowhere, peers: peers.value });
  const isEmergency = emergencyNumbers({
    ...{ numbers: options.emergency, country: 'LU', outsideLine: options.outsideLine },
  });
  const b2bua = createB2bua({
    ...{ ...shared, peers: peering.peers, board: peering.board, director, isEmergency },
    ...(ringMs === undefined ? {} : { ringMs }),
  });
  const gate = new RequestGate({
    ...{ ...shared, limits: options.limits, maxCalls, isEmergency },
    belongsToCall: (request) => b2bua.ownsDialogOf(request),
    activeCalls: () => b2bua.activeCalls,
    activeTransactions: () => stack.activeTransactions,
  });
  const stack: SipStack = createSipStack({
    ...{ ...shared, listeners: options.listeners, limits: options.limits, user: b2bua, gate },
    isPeer: (listener, address, from) => peering.isPeer(listener, address, from),
  });
  b2bua.attach(stack);
  const bound = await stack.start();
  port = bound.find(({ id }) => id === 'udp')?.port ?? 0;
  const tcpPort = bound.find(({ id }) => id === 'tcp')?.port ?? 0;
  const connections: RawTcp[] = [];
  return {
    ...{ b2bua, stack, peering, director, pbx, carrier, second, port, meter, gate },
    portOf: (listener) => bound.find(({ id }) => id === listener)?.port ?? 0,
    uri: (user) => `sip:${user}@127.0.0.1:${port}`,
    tcpPbx: async () => {
      const connection = await rawTcp(tcpPort);
      connections.push(connection);
      return { peer: ScriptedPeer.tcp(connection), connection };
    },
    close: async () => {
      for (const one of [pbx, carrier, second]) one.close();
      for (const { socket } of connections) socket.destroy();
      await stack.close();
    },
  };
}
