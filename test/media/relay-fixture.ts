import { encodePrompt } from '../../src/audio/encoded-prompt.ts';
import type { Clock, MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { createTapBuffer, TapReader, type TapRecord } from '../../src/kernel/tap-ring.ts';
import type { Schedule } from '../../src/kernel/timers.ts';
import type { OpenDatagramPort } from '../../src/media/datagram-port.ts';
import type { LegIndex, LegMedia, LegPorts, MediaEvent, PromptAudio } from '../../src/media/protocol.ts';
import { MediaRelay } from '../../src/media/relay.ts';
import { Party } from './party.ts';
import { portOf } from './port-kinds.ts';

/** Time that moves only when it is told to, with what was scheduled on it. */
class HandClock implements Clock {
  now = 5_000_000;
  #waiting: { at: number; run: () => void }[] = [];

  monotonic(): MonotonicMs {
    return this.now as MonotonicMs;
  }

  wall(): WallMs {
    return this.now as WallMs;
  }

  readonly schedule: Schedule = (delayMs, run) => {
    const entry = { at: this.now + delayMs, run };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  };

  get scheduled(): number {
    return this.#waiting.length;
  }

  /** Runs everything due on the way, at its time (or `late` ms after it). */
  advance(ms: number, late = 0): void {
    const until = this.now + ms;
    for (;;) {
      const next = this.#waiting.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at + late > until) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.now = Math.max(this.now, next.at + late);
      next.run();
    }
    this.now = until;
  }
}

type EventOf<Type extends MediaEvent['type']> = Extract<MediaEvent, { readonly type: Type }>;

/** A relay in this thread, on real sockets and a clock of ours, with what it said. */
export class RelayFixture {
  readonly clock = new HandClock();
  readonly events: MediaEvent[] = [];
  readonly relay: MediaRelay;
  readonly tap: TapReader;
  readonly #parties: Party[] = [];
  #wake: (() => void) | null = null;
  #sessions = 0;

  constructor(
    options: {
      readonly ports?: readonly [number, number];
      readonly address?: string;
      readonly prompts?: readonly PromptAudio[];
      readonly restMs?: number;
      /** In the place of real sockets. */
      readonly openPort?: OpenDatagramPort;
    } = {},
  ) {
    const [firstPort, lastPort] = options.ports ?? [17_000, 17_199];
    const tap = createTapBuffer(1 << 18);
    this.tap = new TapReader(tap);
    this.relay = new MediaRelay(
      {
        interfaces: [{ id: 'main', address: options.address ?? '127.0.0.1', firstPort, lastPort }],
        prompts: options.prompts ?? [],
        taps: [tap],
        rtpTimeoutSeconds: 60,
        portRestMs: options.restMs ?? 0,
        // For the worker that opens the port; here the fixture does.
        ...{ io: 'dgram', pollMs: 2, descriptors: new SharedArrayBuffer(0) },
      },
      {
        clock: this.clock,
        random: systemRandom,
        schedule: this.clock.schedule,
        openPort: options.openPort ?? portOf(this.clock),
        emit: (event) => {
          this.events.push(event);
          this.#wake?.();
        },
      },
    );
  }

  async party(address?: string): Promise<Party> {
    const party = await Party.at(address);
    this.#parties.push(party);
    return party;
  }

  async open(): Promise<{ session: number; legs: readonly [LegPorts, LegPorts] }> {
    const session = (this.#sessions += 1);
    this.relay.command({ type: 'open', session, interfaces: ['main', 'main'] });
    const { legs } = await this.said('opened', session);
    return { session, legs };
  }

  /** A session whose parties are two of ours, both directions, PCMU, PCMA and events. */
  async call(): Promise<{
    session: number;
    legs: readonly [LegPorts, LegPorts];
    parties: readonly [Party, Party];
  }> {
    const opened = await this.open();
    const parties = [await this.party(), await this.party()] as const;
    this.connect(opened.session, 0, parties[0]);
    this.connect(opened.session, 1, parties[1]);
    return { ...opened, parties };
  }

  connect(
    session: number,
    leg: LegIndex,
    party: Pick<Party, 'address' | 'port'> | null,
    change: Partial<LegMedia> = {},
  ): void {
    const remote =
      party === null ? null : { address: party.address, port: party.port, rtcpPort: party.port + 1 };
    this.relay.command({
      type: 'connect',
      session,
      leg,
      media: {
        transport: 'rtp',
        remote,
        rtcpMux: false,
        suppressesSilence: false,
        receives: true,
        sends: true,
        formats: speechFormats,
        ptimeMs: 20,
        ...change,
      },
    });
  }

  /** The first event of the kind for the session. */
  async said<Type extends MediaEvent['type']>(type: Type, session?: number): Promise<EventOf<Type>> {
    for (;;) {
      const found = this.events.find(
        (event) =>
          event.type === type && (session === undefined || ('session' in event && event.session === session)),
      );
      if (found !== undefined) return found as EventOf<Type>;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  stats(): EventOf<'stats'>['stats'] {
    this.relay.command({ type: 'stats' });
    const last = this.events.pop();
    if (last?.type !== 'stats') throw new Error('stats were not answered at once');
    return last.stats;
  }

  /** Waits until the relay has counted so many drops of a reason: a datagram's way has no other end to watch. */
  async drops(reason: string, count: number): Promise<void> {
    while ((this.stats().drops[reason] ?? 0) < count) await new Promise((resolve) => setImmediate(resolve));
  }

  tapped(): TapRecord[] {
    const records: TapRecord[] = [];
    this.tap.read(1000, (record) => {
      records.push({ ...record, bytes: Uint8Array.from(record.bytes) });
    });
    return records;
  }

  stop(): void {
    this.relay.stop();
    for (const party of this.#parties) party.close();
  }
}

/** A prompt of samples at 8000 Hz. */
export function promptOf(id: string, samples: Int16Array): PromptAudio {
  const durationMs = samples.length / 8;
  return { id, sound: encodePrompt({ samples, sampleRate: 8000, durationMs, sha256: '' }) };
}

export const speechFormats = [
  { payloadType: 0, encoding: 'PCMU', clockRate: 8000 },
  { payloadType: 8, encoding: 'PCMA', clockRate: 8000 },
  { payloadType: 101, encoding: 'TELEPHONE-EVENT', clockRate: 8000 },
];
