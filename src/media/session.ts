import type { Clock, MonotonicMs } from '../kernel/clock.ts';
import type { ControlDigest } from '../rtp/control-digest.ts';
import { rtcpFault, type RtcpView } from '../rtp/rtcp-view.ts';
import { type RtpView, rtpFault, rtpHeaderBytes } from '../rtp/rtp-view.ts';
import type { Beeper } from './beeper.ts';
import { relayControl } from './control-relay.ts';
import type { MediaCounters } from './counters.ts';
import type { DatagramSource, DatagramTarget } from './datagram-port.ts';
import { dropReason, strangerOf } from './drop-reason.ts';
import type { Leg } from './leg.ts';
import type { OwnReporter } from './own-reporter.ts';
import { mapPayloadTypes } from './payload-map.ts';
import type { LegIndex, LegMedia } from './protocol.ts';
import { type RecordingTap, tappedFormats } from './recording-tap.ts';

/** No telephony packet comes near; what does is nothing to forward. */
const longestPacketBytes = 2048;

/** What the sessions of a worker share. */
export interface SessionTools {
  readonly clock: Clock;
  readonly counters: MediaCounters;
  /** Bound to the packet that is being handled. */
  readonly view: RtpView;
  /** Room for a packet's header as it came. */
  readonly head: Uint8Array;
  /** Bound to the RTCP datagram that is being handled, what it says, and room for what is made of it. */
  readonly control: RtcpView;
  readonly digest: ControlDigest;
  readonly controlOut: Uint8Array;
  readonly reporter: OwnReporter;
}

/** One call's media: two legs, a gate between them, and the tap of its recording. */
export class MediaSession {
  readonly id: number;
  readonly legs: readonly [Leg, Leg];
  /** Said `silent`, and nobody has spoken since. */
  saidSilent = false;
  tap: RecordingTap | null = null;
  /** Of the recording that runs. */
  beeper: Beeper | null = null;
  #gateOpen = true;
  readonly #tools: SessionTools;

  constructor(id: number, legs: readonly [Leg, Leg], tools: SessionTools) {
    this.id = id;
    this.legs = legs;
    this.#tools = tools;
  }

  connect(
    index: LegIndex,
    media: LegMedia,
    remote: DatagramTarget | null,
    control: DatagramTarget | null,
  ): void {
    const now = this.#tools.clock.monotonic();
    const leg = this.legs[index];
    const before = leg.media;
    leg.connect(media, remote, control, now);
    const [caller, callee] = this.legs;
    mapPayloadTypes(caller.media, callee.media, caller.payloadTypes);
    mapPayloadTypes(callee.media, caller.media, callee.payloadTypes);
    if (leg.control.dueAt === Number.POSITIVE_INFINITY) this.#tools.reporter.putOff(leg, now);
    this.saidSilent = false;
    if (this.tap === null || leg.isFax) return;
    if (before === null || !isSameBytes(tappedFormats(before), tappedFormats(media))) {
      this.tap.formats(index, now);
      // What is played to this party stands in the other one's channel.
      if (this.tap.hasPrompts) this.tap.formats(index === 0 ? 1 : 0, now);
    }
    if (before?.sends !== media.sends) this.tap.hold(index, now);
  }

  gate(open: boolean): void {
    if (open && !this.#gateOpen) for (const leg of this.legs) leg.out.interrupt();
    this.#gateOpen = open;
    this.tap?.gate(open, this.#tools.clock.monotonic());
  }

  /** Opens the gate and begins the tap at one instant. One that holds prompts begins before that. */
  begin(tap: RecordingTap): void {
    const now = this.#tools.clock.monotonic();
    this.end(now);
    if (!tap.hasPrompts) this.gate(true);
    this.tap = tap;
    tap.begin(now, this.#gateOpen);
  }

  /** Ends the tap, where there is one. */
  end(at: MonotonicMs): void {
    this.tap?.end(at);
    this.tap = null;
    this.beeper?.stop();
    this.beeper = null;
  }

  /** A datagram on a leg's RTP socket: forwarded first, tapped second. *Borrows* it until return. */
  receive(
    leg: Leg,
    packet: Uint8Array,
    length: number,
    source: DatagramSource,
    arrivedAt: MonotonicMs,
  ): void {
    const { clock, counters, view, head } = this.#tools;
    if (leg.isFax) {
      this.#relayDatagram(leg, packet, length, source);
      counters.delay(clock.monotonic() - arrivedAt);
      return;
    }
    const refused = this.#refusal(leg, packet, length, source, arrivedAt);
    if (refused !== 0) {
      leg.drop(refused);
      return;
    }
    const other = this.legs[leg.index === 0 ? 1 : 0];
    const clockRate = leg.clockRates[view.payloadType] as number;
    if (leg.isEvent[view.payloadType] === 1 && leg.keys.takes(view, clockRate, arrivedAt)) {
      this.#withhold(leg, other, dropReason.keyTaken, packet, arrivedAt);
      return;
    }
    if (other.player?.kind === 'beep' && leg.outlastsBeep(view.payloadType)) other.player.stop();
    const stopped = this.obstacle(other);
    if (stopped === dropReason.beepPlaying) {
      this.#withhold(leg, other, stopped, packet, arrivedAt);
      return;
    }
    if (stopped !== 0) {
      leg.drop(stopped);
      return;
    }
    if (leg.keys.queue.length > 0) {
      this.#withhold(leg, other, dropReason.behindKeys, packet, arrivedAt);
      return;
    }
    if (!other.out.relay(view, clockRate, arrivedAt)) {
      leg.drop(dropReason.beforeRebase);
      return;
    }
    for (let i = 0; i < rtpHeaderBytes; i++) head[i] = packet[i] as number;
    const heard = other.tone.over(packet, view, leg.laws[view.payloadType] as number);
    other.sendLive(heard, view, leg.payloadTypes[view.payloadType] as number);
    counters.delay(clock.monotonic() - arrivedAt);
    if (this.tap !== null) this.tap.packet(leg.index, arrivedAt, packet, view.length, head);
  }

  /** A packet that goes into the recording alone, which would miss it. *Borrows* it until return. */
  #withhold(leg: Leg, other: Leg, reason: number, packet: Uint8Array, arrivedAt: MonotonicMs): void {
    const { view, head } = this.#tools;
    // What the other party misses is no loss: its numbers go on.
    other.out.interrupt();
    leg.drop(reason);
    if (this.tap === null) return;
    for (let i = 0; i < rtpHeaderBytes; i++) head[i] = packet[i] as number;
    this.tap.packet(leg.index, arrivedAt, packet, view.length, head);
  }

  /** A datagram of RTCP, on whichever socket: heeded, rewritten, and sent on. *Borrows* it until return. */
  receiveControl(
    leg: Leg,
    packet: Uint8Array,
    length: number,
    source: DatagramSource,
    now: MonotonicMs,
  ): void {
    const { counters, digest, controlOut, reporter } = this.#tools;
    const refused = this.#controlRefusal(leg, packet, length, source);
    if (refused !== 0) {
      counters.drop(refused);
      return;
    }
    counters.controlIn += 1;
    if (digest.sender === leg.reception.ssrc) {
      leg.heardAt = now;
      this.saidSilent = false;
    }
    leg.control.hear(digest, leg.out, now);
    const other = this.legs[leg.index === 0 ? 1 : 0];
    const bytes = relayControl(leg, other, digest, controlOut, now);
    if (digest.foreign > 0 || bytes === 0) counters.drop(dropReason.rtcpUnmapped);
    if (bytes > 0 && other.sendControl(controlOut, bytes)) reporter.putOff(other, now);
  }

  #controlRefusal(leg: Leg, packet: Uint8Array, length: number, source: DatagramSource): number {
    const { control, digest } = this.#tools;
    if (leg.isFax || !leg.hasRemote) return dropReason.noRemote;
    if (!leg.lock.isPossible(source)) return dropReason.foreignAddress;
    const stranger = strangerOf(packet, length);
    if (stranger !== 0) return stranger;
    if (length > longestPacketBytes) return dropReason.notRtcp;
    const clearLength = leg.security.openRtcp(packet, length);
    if (clearLength < 0) return -clearLength;
    if (control.bind(packet, clearLength) !== rtcpFault.none) return dropReason.notRtcp;
    digest.read(control, leg.out.ssrc);
    const known = digest.sender === leg.reception.ssrc;
    if (leg.isMuxed) return leg.lock.isLocked(source) ? 0 : dropReason.foreignPort;
    return leg.control.source.judge(source, known);
  }

  /** What reports of our own are due. */
  tendReports(now: MonotonicMs): void {
    const [caller, callee] = this.legs;
    this.#tools.reporter.tend(caller, callee, now);
    this.#tools.reporter.tend(callee, caller, now);
  }

  /** Says good-bye to who has been sent something. */
  leave(): void {
    const { clock, reporter } = this.#tools;
    const [caller, callee] = this.legs;
    reporter.bye(caller, callee, clock.monotonic());
    reporter.bye(callee, caller, clock.monotonic());
  }

  /** A datagram of T.38: no speech, so no gate holds it and no tap gets it. */
  #relayDatagram(leg: Leg, packet: Uint8Array, length: number, source: DatagramSource): void {
    const other = this.legs[leg.index === 0 ? 1 : 0];
    const refused = this.#datagramRefusal(leg, other, packet, length, source);
    if (refused !== 0) {
      leg.drop(refused);
      return;
    }
    leg.followLock();
    leg.datagramsReceived += 1;
    this.#tools.counters.packetsIn += 1;
    other.sendDatagram(packet, length);
  }

  #datagramRefusal(leg: Leg, other: Leg, packet: Uint8Array, length: number, source: DatagramSource): number {
    if (length > longestPacketBytes) return dropReason.oversized;
    if (!leg.hasRemote) return dropReason.noRemote;
    const verdict = leg.lock.judgeDatagram(source, this.#tools.view.bind(packet, length) === rtpFault.none);
    if (verdict !== 0) return verdict;
    return other.canHear && other.isFax ? 0 : dropReason.notReceiving;
  }

  /**
   * The instant since which no party has been heard; null where none is expected to send. Who may be silent is not
   * missed, but what it sends all the same, RTCP among it, shows that there is somebody.
   */
  silentSince(): MonotonicMs | null {
    const [caller, callee] = this.legs;
    if (!caller.isExpectedToSend() && !callee.isExpectedToSend()) return null;
    let last: MonotonicMs | null = null;
    for (const leg of this.legs) {
      if (leg.maySend() && (last === null || leg.heardAt > last)) last = leg.heardAt;
    }
    return last;
  }

  /** Whether it is a packet of the party's; 0, or the reason why not. */
  #refusal(leg: Leg, packet: Uint8Array, length: number, source: DatagramSource, now: MonotonicMs): number {
    const { counters, view } = this.#tools;
    if (!leg.hasRemote) return dropReason.noRemote;
    // Before anything is looked into: whoever is nowhere near costs nothing more.
    if (!leg.lock.isPossible(source)) return dropReason.foreignAddress;
    const stranger = strangerOf(packet, length);
    if (stranger !== 0) return stranger;
    if (length > longestPacketBytes) return dropReason.oversized;
    const clearLength = leg.security.openRtp(packet, length);
    if (clearLength < 0) return -clearLength;
    const fault = view.bind(packet, clearLength);
    if (fault !== rtpFault.none) return fault;
    const clockRate = leg.clockRates[view.payloadType] as number;
    if (clockRate === 0) return dropReason.unknownPayloadType;
    const verdict = leg.lock.judge(source, view, clockRate, now);
    if (verdict !== 0) return verdict;
    leg.followLock();
    leg.hear(view, clockRate, now);
    this.saidSilent = false;
    counters.packetsIn += 1;
    return 0;
  }

  /** A recorder tone may sound: what is said is recorded, nobody is on hold or at a fax, and nothing else is played. */
  get mayBeep(): boolean {
    if (this.tap?.isRunning !== true || !this.#gateOpen) return false;
    return this.legs.every(
      (leg) => leg.canHear && leg.maySend() && leg.player === null && leg.keys.queue.length === 0,
    );
  }

  /** What keeps a party's packet from the other one; 0: nothing. */
  obstacle(other: Leg): number {
    if (!this.#gateOpen) return dropReason.gateClosed;
    if (!other.canHear || other.isFax) return dropReason.notReceiving;
    switch (other.player?.kind) {
      case undefined:
        return 0;
      case 'prompt':
        return dropReason.promptPlaying;
      case 'beep':
        return dropReason.beepPlaying;
      case 'ringing':
        // Whoever is heard rings no more.
        other.player.stop();
        return 0;
    }
  }
}

function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
