import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Clock, MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { createTapBuffer } from '../../src/kernel/tap-ring.ts';
import type { DatagramPort, DatagramReceiver, DatagramTarget } from '../../src/media/datagram-port.ts';
import type { LegIndex } from '../../src/media/protocol.ts';
import { MediaRelay } from '../../src/media/relay.ts';
import { rtpPacket } from '../media/party.ts';
import { promptOf, speechFormats } from '../media/relay-fixture.ts';

const ours = '203.0.113.1';
const range = { first: 20_000, last: 20_007 };
/** A PBX may stand on our host. */
const addresses = ['192.0.2.1', '192.0.2.2', '198.51.100.7', ours] as const;
/** Nothing may ever go there: groups, nobody, everybody, loopback from outside. */
const forbidden: readonly string[] = ['224.0.0.1', '0.0.0.0', '255.255.255.255', '127.0.0.1'];

const somewhere = fc.record({
  address: fc.constantFrom(...addresses, ...forbidden),
  port: fc.constantFrom(4000, 4002, range.first, range.last, 65_535),
});
const leg = fc.constantFrom<LegIndex>(0, 1);
type Place = typeof somewhere extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  fc.record({
    kind: fc.constant('sdp' as const),
    leg,
    remote: fc.option(somewhere, { freq: 6 }),
    nat: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('datagram' as const),
    leg,
    from: somewhere,
    ssrc: fc.integer({ min: 1, max: 3 }),
    what: fc.constantFrom('speech', 'unknown', 'junk', 'rtcp'),
    control: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('speech' as const),
    leg,
    from: somewhere,
    ssrc: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('prompt' as const), leg }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 600, 6000) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const report = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1);

/** What may be sent to a leg, kept by the rule and not by what the relay does. */
interface Allowed {
  named: string;
  nat: boolean;
  /** Who sent a packet, since the last change of NAT, that could have been the party's. */
  readonly speakers: Set<string>;
}

/** A relay whose network is this test: what is sent is looked at, and goes nowhere. */
class Watched {
  readonly wrong: string[] = [];
  sent = 0;
  readonly #legs: readonly [Allowed, Allowed] = [
    { named: '', nat: false, speakers: new Set() },
    { named: '', nat: false, speakers: new Set() },
  ];
  readonly #waiting: { at: number; run: () => void }[] = [];
  readonly #relay: MediaRelay;
  #receiver: DatagramReceiver | null = null;
  #now = 1000;
  #sequence = 0;

  constructor() {
    const clock: Clock = { monotonic: () => this.#now as MonotonicMs, wall: () => this.#now as WallMs };
    this.#relay = new MediaRelay(
      {
        interfaces: [{ id: 'main', address: ours, firstPort: 20_000, lastPort: 20_003, range }],
        prompts: [promptOf('told', new Int16Array(1600))],
        taps: [createTapBuffer(1 << 17)],
        ...{ rtpTimeoutSeconds: 60, portRestMs: 0 },
        ...{ io: 'dgram', pollMs: 2, descriptors: new SharedArrayBuffer(0) },
      },
      {
        clock,
        random: (length) => Uint8Array.from({ length }, (_, i) => i),
        schedule: (delayMs, run) => {
          const entry = { at: this.#now + delayMs, run };
          this.#waiting.push(entry);
          return () => this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        },
        openPort: (receiver) => {
          this.#receiver = receiver;
          return this.#port();
        },
        emit: () => undefined,
      },
    );
  }

  async open(): Promise<void> {
    this.#relay.command({ type: 'open', session: 1, interfaces: ['main', 'main'] });
    await new Promise(setImmediate);
  }

  take(one: Step): void {
    if (one.kind === 'wait') this.#wait(one.ms);
    else if (one.kind === 'prompt')
      this.#relay.command({ type: 'play', session: 1, leg: one.leg, prompt: 'told' });
    else if (one.kind === 'sdp') this.sdp(one.leg, one.remote, one.nat);
    else if (one.kind === 'speech') this.#speak(one.leg, one.from, one.ssrc);
    else this.#disturb(one);
    // Whatever it was, the other party says something, which is sent to where this one is now.
    const other = 'leg' in one && one.leg === 0 ? 1 : 0;
    this.#speak(other, { address: this.#legs[other].named, port: 4000 }, 50 + other);
  }

  sdp(index: LegIndex, remote: Place | null, nat: boolean): void {
    const allowed = this.#legs[index];
    if (remote !== null) allowed.named = remote.address;
    if (remote !== null && nat !== allowed.nat) allowed.speakers.clear();
    if (remote !== null) allowed.nat = nat;
    this.#relay.command({
      ...{ type: 'connect', session: 1, leg: index },
      media: {
        ...{ transport: 'rtp', receives: true, sends: true, ptimeMs: 20, rtcpMux: false },
        ...{ formats: speechFormats, nat: allowed.nat },
        remote: remote === null ? null : { ...remote, rtcpPort: remote.port + 1 },
      },
    });
  }

  close(): void {
    this.#relay.command({ type: 'close', session: 1 });
  }

  #speak(index: LegIndex, from: Place, ssrc: number): void {
    this.#legs[index].speakers.add(from.address);
    this.#deliver(2 * index, rtpPacket({ sequence: this.#sequence++, ssrc }), from);
  }

  #disturb({ leg: index, from, ssrc, what, control }: Extract<Step, { kind: 'datagram' }>): void {
    if (what === 'speech' && !control) this.#speak(index, from, ssrc);
    const unknown = rtpPacket({ sequence: this.#sequence++, ssrc, payloadType: 77 });
    const bytes = {
      speech: unknown,
      unknown,
      junk: Buffer.of(this.#sequence & 0xff),
      rtcp: Buffer.from(report),
    };
    this.#deliver(2 * index + (control ? 1 : 0), bytes[what], from);
  }

  #deliver(socket: number, packet: Buffer, from: Place): void {
    this.#now += 20;
    this.#receiver?.datagram(socket, packet, packet.length, from, this.#now as MonotonicMs);
  }

  #wait(ms: number): void {
    this.#now += ms;
    for (const due of this.#waiting.filter(({ at }) => at <= this.#now)) {
      this.#waiting.splice(this.#waiting.indexOf(due), 1);
      due.run();
    }
  }

  #look(index: LegIndex, { address, port }: DatagramTarget): void {
    this.sent += 1;
    const { named, nat, speakers } = this.#legs[index];
    const isKnown = address === named || (nat && speakers.has(address));
    const isOurs = address === ours && port >= range.first && port <= range.last;
    if (!isKnown || isOurs || forbidden.includes(address)) this.wrong.push(`${index} to ${address}:${port}`);
  }

  #port(): DatagramPort {
    return {
      // Sockets 0 and 1 are the caller's, 2 and 3 the callee's.
      open: (_address, port) => Promise.resolve(port - range.first),
      close: () => undefined,
      target: (address, port) => ({ address, port }),
      send: (socket, _packet, _length, target) => {
        this.#look(socket < 2 ? 0 : 1, target);
      },
      ...{ sendFailures: 0, unmarkedSockets: 0, overflows: 0, socketErrors: 0 },
    };
  }
}

it('no datagram goes to an address that neither SDP nor the lock named, nor to a group or ourselves', async () => {
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(somewhere, somewhere),
      fc.boolean(),
      fc.array(step, { minLength: 5, maxLength: 50 }),
      async (remotes, nat, steps) => {
        const watched = new Watched();
        await watched.open();
        for (const index of [0, 1] as const) watched.sdp(index, remotes[index], nat);
        for (const one of steps) watched.take(one);
        watched.close();
        sent += watched.sent;
        expect(watched.wrong).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
  expect(sent).toBeGreaterThan(500);
});
