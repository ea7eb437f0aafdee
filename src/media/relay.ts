import type { Clock, MonotonicMs } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { Schedule } from '../kernel/timers.ts';
import { ControlDigest } from '../rtp/control-digest.ts';
import { RtcpView } from '../rtp/rtcp-view.ts';
import { rtpHeaderBytes, RtpView } from '../rtp/rtp-view.ts';
import { delayBounds, MediaCounters } from './counters.ts';
import type {
  DatagramPort,
  DatagramReceiver,
  DatagramSource,
  DatagramTarget,
  OpenDatagramPort,
} from './datagram-port.ts';
import { Leg, type LegSockets, type LegTools } from './leg.ts';
import { OutgoingStream } from './outgoing-stream.ts';
import { OwnReporter } from './own-reporter.ts';
import { usableAddress } from './peer-address.ts';
import { Playback } from './playback.ts';
import type {
  LegIndex,
  LegMedia,
  LegPorts,
  MediaCommand,
  MediaEvent,
  MediaStats,
  MediaWorkerOptions,
} from './protocol.ts';
import { RecordingTap } from './recording-tap.ts';
import { SealRoom } from './seal-room.ts';
import { MediaSession, type SessionTools } from './session.ts';
import { SocketAllocator } from './socket-allocator.ts';
import { TapOutlet } from './tap-outlet.ts';

/** How often sessions are looked at for silence. */
const silenceCheckMs = 1000;
/** One report, a CNAME and what asks for lost packets. */
const longestControlBytes = 256;

/** What a relay needs of the world. */
export interface RelayPorts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly schedule: Schedule;
  readonly openPort: OpenDatagramPort;
  readonly emit: (event: MediaEvent) => void;
}

type CommandOf<Type extends MediaCommand['type']> = Extract<MediaCommand, { readonly type: Type }>;

/** A media worker: carries out commands, moves packets, and says what came of it. */
export class MediaRelay implements DatagramReceiver {
  readonly #rtpTimeoutMs: number;
  readonly #ports: RelayPorts;
  readonly #port: DatagramPort;
  readonly #allocator: SocketAllocator;
  readonly #counters = new MediaCounters();
  readonly #tools: SessionTools;
  readonly #legTools: LegTools;
  readonly #taps: readonly TapOutlet[];
  readonly #playback: Playback;
  readonly #sessions = new Map<number, MediaSession>();
  /** Sessions whose sockets are being opened; true: closed meanwhile. */
  readonly #opening = new Map<number, boolean>();
  /** By socket. */
  readonly #legs: (Leg | undefined)[] = [];
  readonly #sessionOf: (MediaSession | undefined)[] = [];
  #cancelSilence: (() => void) | null = null;

  constructor(options: MediaWorkerOptions, ports: RelayPorts) {
    this.#rtpTimeoutMs = options.rtpTimeoutSeconds * 1000;
    this.#ports = ports;
    this.#port = ports.openPort(this);
    this.#allocator = new SocketAllocator(options.interfaces, options.portRestMs, this.#port, ports.clock);
    this.#tools = {
      clock: ports.clock,
      counters: this.#counters,
      view: new RtpView(),
      head: new Uint8Array(rtpHeaderBytes),
      control: new RtcpView(),
      digest: new ControlDigest(),
      controlOut: new Uint8Array(longestControlBytes),
      reporter: new OwnReporter(ports.clock, ports.random),
    };
    this.#legTools = {
      port: this.#port,
      counters: this.#counters,
      room: new SealRoom(),
      toneRoom: new SealRoom(),
      schedule: ports.schedule,
      newStream: () => this.#newStream(),
      newCname: () => cnameOf(ports.random),
      maySend: (interfaceId, address, port) => this.#usable(interfaceId, address, port) !== null,
    };
    this.#taps = options.taps.map((tap) => new TapOutlet(tap, this.#counters, ports.schedule));
    this.#playback = new Playback(options.prompts, {
      ...ports,
      fault: (session) => {
        this.#fault(session);
      },
    });
  }

  /** Carries out a command. An exception of ours costs the session it was for, and no other. */
  command(command: MediaCommand): void {
    if (command.type === 'stats') {
      this.#ports.emit({ type: 'stats', stats: this.#stats() });
      return;
    }
    if (command.type === 'prompts') {
      this.#playback.shelve(command.add, command.keep);
      return;
    }
    if (command.type === 'open') {
      void this.#open(command);
      return;
    }
    const session = this.#sessions.get(command.session);
    if (session === undefined) {
      if (command.type === 'close' && this.#opening.has(command.session)) {
        this.#opening.set(command.session, true);
      }
      return;
    }
    try {
      this.#commandTo(session, command);
    } catch {
      this.#fault(session);
    }
  }

  datagram(
    socket: number,
    packet: Uint8Array,
    length: number,
    source: DatagramSource,
    arrivedAt: MonotonicMs,
  ): void {
    const leg = this.#legs[socket];
    const session = this.#sessionOf[socket];
    if (leg === undefined || session === undefined) return;
    try {
      if (socket === leg.sockets.rtcp || (leg.isMuxed && isControl(packet, length)))
        session.receiveControl(leg, packet, length, source, arrivedAt);
      else session.receive(leg, packet, length, source, arrivedAt);
    } catch {
      this.#fault(session);
    }
  }

  /** Closes every session, saying so. */
  stop(): void {
    for (const session of this.#sessions.values()) this.#close(session);
    this.#playback.stop();
  }

  async #open({ session: id, interfaces, urgent = false }: CommandOf<'open'>): Promise<void> {
    this.#opening.set(id, false);
    const [caller, callee] = await Promise.all([
      this.#allocator.open(interfaces[0], urgent),
      this.#allocator.open(interfaces[1], urgent),
    ]);
    const wanted = this.#opening.get(id) === false;
    this.#opening.delete(id);
    if (caller === null || callee === null || !wanted) {
      if (caller !== null) this.#allocator.close(caller);
      if (callee !== null) this.#allocator.close(callee);
      this.#ports.emit({ type: 'refused', session: id, reason: 'no-ports' });
      return;
    }
    const legs = [this.#newLeg(id, 0, caller), this.#newLeg(id, 1, callee)] as const;
    const session = new MediaSession(id, legs, this.#tools);
    this.#sessions.set(id, session);
    for (const leg of session.legs) this.#route(leg, session);
    this.#watchSilence();
    this.#ports.emit({ type: 'opened', session: id, legs: [portsOf(caller), portsOf(callee)] });
  }

  #commandTo(
    session: MediaSession,
    command: Exclude<MediaCommand, { readonly type: 'stats' | 'open' | 'prompts' }>,
  ): void {
    switch (command.type) {
      case 'connect':
        this.#connect(session, command.leg, command.media);
        return;
      case 'gate':
        session.gate(command.open);
        return;
      case 'play':
        this.#playback.play(session, command.leg, command.prompt);
        return;
      case 'ring':
        this.#playback.ring(session, command.leg, command.prompt);
        return;
      case 'stop-play':
        session.legs[command.leg].player?.stop();
        return;
      case 'ask':
        session.legs[command.leg].keys.asking = command.on;
        return;
      case 'codes':
        session.legs[command.leg].keys.codes = command.codes;
        return;
      case 'begin':
        this.#begin(session, command);
        return;
      case 'keep':
      case 'pause':
      case 'resume':
      case 'end':
        this.#mark(session, command);
        return;
      case 'close':
        this.#close(session);
        return;
    }
  }

  #connect(session: MediaSession, index: LegIndex, media: LegMedia): void {
    const { interfaceId } = session.legs[index].sockets;
    const { remote } = media;
    const target = (port: number): DatagramTarget | null => {
      const address = this.#usable(interfaceId, remote?.address ?? '', port);
      return address === null ? null : this.#port.target(address, port);
    };
    const speech = remote === null ? null : target(remote.port);
    if (remote !== null && speech === null) this.#counters.remotesRefused += 1;
    session.connect(index, media, speech, speech === null ? null : target(remote?.rtcpPort ?? 0));
  }

  /** The canonical form of an address that something may be sent to from this interface; null: nothing may. */
  #usable(interfaceId: string, address: string, port: number): string | null {
    const usable = usableAddress(address, this.#allocator.addressOf(interfaceId));
    return usable !== null && isPort(port) && !this.#allocator.isOurs(usable, port) ? usable : null;
  }

  #begin(session: MediaSession, begin: CommandOf<'begin'>): void {
    const { recording } = begin;
    const outlet = this.#taps[recording % this.#taps.length];
    if (outlet === undefined) throw new Error('begin without a tap');
    session.begin(
      new RecordingTap(begin, session.legs, outlet, (mark, at) => {
        this.#ports.emit({ type: 'tapped', session: session.id, recording, mark, at });
      }),
    );
    if (begin.beep !== undefined) session.beeper = this.#playback.beep(session, begin.beep);
  }

  #mark(session: MediaSession, command: CommandOf<'keep' | 'pause' | 'resume' | 'end'>): void {
    const { tap } = session;
    if (tap?.recording !== command.recording) return;
    const at = tap.instantOf(command, this.#ports.clock.monotonic());
    if (command.type === 'end') {
      session.end(at);
      return;
    }
    tap[command.type](at);
    if (command.type === 'pause') session.beeper?.hush();
  }

  #close(session: MediaSession): void {
    session.end(this.#ports.clock.monotonic());
    session.leave();
    for (const leg of session.legs) {
      leg.player?.stop();
      leg.keys.forget();
      leg.lock.retire();
      this.#legs[leg.sockets.rtp] = this.#legs[leg.sockets.rtcp] = undefined;
      this.#sessionOf[leg.sockets.rtp] = this.#sessionOf[leg.sockets.rtcp] = undefined;
      this.#allocator.close(leg.sockets);
      this.#counters.packetsLost += leg.reception.lost;
    }
    this.#sessions.delete(session.id);
    const [caller, callee] = session.legs;
    this.#ports.emit({ type: 'closed', session: session.id, legs: [caller.counts(), callee.counts()] });
  }

  /** Our own bug, met while serving one session. */
  #fault(session: MediaSession): void {
    this.#counters.sessionFaults += 1;
    if (this.#sessions.has(session.id)) this.#close(session);
  }

  #newLeg(session: number, index: LegIndex, sockets: LegSockets): Leg {
    const leg = new Leg(index, sockets, this.#legTools, this.#ports.clock.monotonic());
    leg.keys.pressed = (key) => {
      this.#ports.emit({ type: 'key', session, leg: index, key });
    };
    leg.keys.dialled = (code) => {
      this.#ports.emit({ type: 'code', session, leg: index, code });
    };
    leg.keys.queued = () => {
      const held = this.#sessions.get(session);
      if (held !== undefined) this.#playback.replay(held, leg);
    };
    return leg;
  }

  /** The upper half of the sequence numbers is left to the stream: a receiver that misses the start takes no wrap for it. */
  #newStream(): OutgoingStream {
    const random = new DataView(this.#ports.random(10).slice().buffer);
    return new OutgoingStream(random.getUint32(0), random.getUint16(4) & 0x7fff, random.getUint32(6));
  }

  #route(leg: Leg, session: MediaSession): void {
    for (const socket of [leg.sockets.rtp, leg.sockets.rtcp]) {
      this.#legs[socket] = leg;
      this.#sessionOf[socket] = session;
    }
  }

  #watchSilence(): void {
    if (this.#cancelSilence !== null || this.#sessions.size === 0) return;
    this.#cancelSilence = this.#ports.schedule(silenceCheckMs, () => {
      this.#cancelSilence = null;
      const now = this.#ports.clock.monotonic();
      for (const session of this.#sessions.values()) {
        session.tendReports(now);
        const since = session.silentSince();
        if (since === null || session.saidSilent || now - since < this.#rtpTimeoutMs) continue;
        session.saidSilent = true;
        this.#ports.emit({ type: 'silent', session: session.id });
      }
      this.#watchSilence();
    });
  }

  #drops(): Record<string, number> {
    const drops = this.#counters.namedDrops();
    if (this.#port.overflows > 0) drops['socket-overflow'] = this.#port.overflows;
    return drops;
  }

  #stats(): MediaStats {
    const counters = this.#counters;
    let packetsLost = counters.packetsLost;
    for (const { legs } of this.#sessions.values()) {
      packetsLost += legs[0].reception.lost + legs[1].reception.lost;
    }
    return {
      packetsIn: counters.packetsIn,
      packetsOut: counters.packetsOut,
      controlIn: counters.controlIn,
      controlOut: counters.controlOut,
      packetsLost,
      tapDropped: counters.tapDropped,
      drops: this.#drops(),
      delayBounds,
      delayBuckets: counters.cumulativeDelays(),
      delaySum: counters.delaySum,
      delayCount: counters.delayCount,
      sessions: this.#sessions.size,
      bindFailures: this.#allocator.bindFailures,
      remotesRefused: counters.remotesRefused,
      sendFailures: this.#port.sendFailures,
      unmarkedSockets: this.#port.unmarkedSockets,
      socketErrors: this.#port.socketErrors,
      marksLost: counters.marksLost,
      sessionFaults: counters.sessionFaults,
    };
  }
}

function portsOf({ pair }: LegSockets): LegPorts {
  return { rtpPort: pair.rtpPort, rtcpPort: pair.rtcpPort };
}

/** RFC 5761 §4: the second octet tells RTCP from RTP on one port. */
function isControl(packet: Uint8Array, length: number): boolean {
  const type = length < 2 ? 0 : (packet[1] as number);
  return type >= 192 && type <= 223;
}

/** RFC 7022 §4.2: 96 random bits in base64, kept for one session. */
function cnameOf(random: RandomBytes): Uint8Array {
  return Buffer.from(Buffer.from(random(12)).toString('base64'));
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
