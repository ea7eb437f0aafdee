import type { MonotonicMs } from '../kernel/clock.ts';
import type { Schedule } from '../kernel/timers.ts';
import { ArrivalJitter } from '../rtp/arrival-jitter.ts';
import { beginsLull, type LullRule, lullRule, lullRuleOf } from '../rtp/lull.ts';
import { Reception } from '../rtp/reception.ts';
import { rewriteRtpHeader, writeRtpHeader } from '../rtp/rtp-header.ts';
import { type RtpView, rtpHeaderBytes } from '../rtp/rtp-view.ts';
import { ControlChannel } from './control-channel.ts';
import type { MediaCounters } from './counters.ts';
import type { DatagramPort, DatagramTarget } from './datagram-port.ts';
import { KeyWatch } from './key-watch.ts';
import { qualityOf } from './leg-quality.ts';
import type { OutgoingStream } from './outgoing-stream.ts';
import type { PortPair } from './port-pool.ts';
import { type PromptFormat, promptFormat } from './prompt-shelf.ts';
import type { PromptLine, PromptPlayer } from './prompt-player.ts';
import { LegSecurity } from './leg-security.ts';
import type { LegCounts, LegIndex, LegMedia, PlayReported } from './protocol.ts';
import type { SealRoom } from './seal-room.ts';
import { law, ToneMix } from './tone-mix.ts';
import { SourceLock } from './source-lock.ts';

/** Packets outside these times are neither sent nor common. */
const shortestPacketMs = 10;
const longestPacketMs = 60;

/** Formats that go beside a codec of speech. */
const notSpeech: ReadonlySet<string> = new Set(['TELEPHONE-EVENT', 'CN']);

/** The sockets that a leg has for its party. */
export interface LegSockets {
  readonly interfaceId: string;
  readonly pair: PortPair;
  readonly rtp: number;
  readonly rtcp: number;
}

/** What the legs of a worker share. */
export interface LegTools {
  readonly port: DatagramPort;
  readonly counters: MediaCounters;
  readonly room: SealRoom;
  /** Of its own: what is in it is in clear. */
  readonly toneRoom: SealRoom;
  readonly schedule: Schedule;
  /** A stream with numbers of its own. */
  readonly newStream: () => OutgoingStream;
  readonly newCname: () => Uint8Array;
  /** Whether something may be sent there from an interface of ours. */
  readonly maySend: (interfaceId: string, address: string, port: number) => boolean;
}

/** One party's end of a session: where it is, what may pass from and to it, and the stream it hears. */
export class Leg implements PromptLine {
  readonly index: LegIndex;
  readonly sockets: LegSockets;
  readonly lock: SourceLock;
  readonly security: LegSecurity;
  /** What the party hears. Another one, of another SSRC, where SRTP begins anew. */
  out: OutgoingStream;
  readonly control: ControlChannel;
  readonly keys: KeyWatch;
  readonly reception = new Reception();
  readonly jitter = new ArrivalJitter();
  /** By payload type; 0: never negotiated. */
  readonly clockRates = new Uint32Array(128);
  /** By payload type: the number under which the other party is sent it. */
  readonly payloadTypes = new Uint8Array(128);
  /** By payload type; 1: telephone events (RFC 4733). */
  readonly isEvent = new Uint8Array(128);
  media: LegMedia | null = null;
  /** Remote known and receiving. */
  canHear = false;
  /** T.38: datagrams instead of RTP. */
  isFax = false;
  promptFormat: PromptFormat | null = null;
  ptimeMs = 20;
  player: PromptPlayer | null = null;
  /** A recorder tone over what it hears. */
  readonly tone: ToneMix;
  /** By payload type: one of `law`. */
  readonly laws = new Uint8Array(128);
  /** The last packet of G.711, and the last telephone event. */
  spokeAt = Number.NEGATIVE_INFINITY as MonotonicMs;
  keyHeardAt = Number.NEGATIVE_INFINITY as MonotonicMs;
  /** The last valid packet, or when the party came to be allowed to send. */
  heardAt: MonotonicMs;
  packetsDropped = 0;
  datagramsReceived = 0;
  packetsSent = 0;
  /** Of payload in this stream, as an SR counts them (RFC 3550 §6.4.1). */
  octetsSent = 0;
  /** Of what came last, and of the speech in it; empty before any. */
  clockRate = 0;
  encoding = '';
  #packetsBefore = 0;
  /** By payload type: how it tells of silence, and the name of a codec of speech, else empty. */
  readonly #lullRules = new Uint8Array(128);
  readonly #speech = new Array<string>(128).fill('');
  /** The party's last word was that it falls silent. */
  #inLull = false;
  #target: DatagramTarget | null = null;
  #controlTarget: DatagramTarget | null = null;
  /** The last one that was known, also while the party is on hold. */
  #lastTarget: DatagramTarget | null = null;
  readonly #port: DatagramPort;
  readonly #counters: MediaCounters;
  readonly #newStream: () => OutgoingStream;
  readonly #maySend: (address: string, port: number) => boolean;

  constructor(
    index: LegIndex,
    sockets: LegSockets,
    { port, counters, room, toneRoom, schedule, newStream, newCname, maySend }: LegTools,
    now: MonotonicMs,
  ) {
    this.index = index;
    this.sockets = sockets;
    this.#maySend = (address, port) => maySend(sockets.interfaceId, address, port);
    this.lock = new SourceLock(sockets.pair.memory, this.#maySend);
    this.security = new LegSecurity(room);
    this.tone = new ToneMix(toneRoom);
    this.keys = new KeyWatch(schedule);
    this.out = newStream();
    this.control = new ControlChannel(newCname());
    this.#port = port;
    this.#counters = counters;
    this.#newStream = newStream;
    this.heardAt = now;
  }

  get reported(): PlayReported | null {
    return this.control.hearing?.reported ?? null;
  }

  get hasRemote(): boolean {
    return this.#target !== null;
  }

  /** It has a remote and did not say that it sends nothing. */
  maySend(): boolean {
    return this.#target !== null && this.media?.sends === true && !this.isFax;
  }

  /** It may send, and nothing says that its silence is discontinuous transmission (RFC 3389 §1). */
  isExpectedToSend(): boolean {
    return this.maySend() && !this.#inLull && this.media?.suppressesSilence !== true;
  }

  /** What SDP says of it now. `remote` and `control` (RTCP) are what of its addresses may be used. */
  connect(
    media: LegMedia,
    remote: DatagramTarget | null,
    control: DatagramTarget | null,
    now: MonotonicMs,
  ): void {
    const mightSend = this.maySend();
    const before = this.#target;
    const couldHear = this.canHear;
    const wasFax = this.isFax;
    this.media = media;
    this.isFax = media.transport === 'udptl';
    this.lock.name(remote, media.nat === true);
    this.#target = remote === null ? null : this.#heardAtTarget(remote);
    this.control.source.name(control);
    this.#controlTarget = control;
    this.canHear = this.#target !== null && media.receives;
    this.ptimeMs = Math.min(longestPacketMs, Math.max(shortestPacketMs, media.ptimeMs));
    this.#secure(media);
    this.out.packetMs = this.ptimeMs;
    this.#learnFormats(media);
    const isSame = couldHear && wasFax === this.isFax && isSameTarget(before, this.#target);
    if (this.canHear && !isSame) this.out.interrupt();
    if (this.isFax) this.player?.stop();
    if (!mightSend && this.maySend()) {
      this.heardAt = now;
      this.#inLull = false;
    }
    this.#tellAgainElsewhere();
  }

  /**
   * Under other keys, or at another address, there may be somebody who knows nothing of our roll-over counter: a new SSRC
   * begins at 0 for both (RFC 3711 §3.3.1), and no index comes twice under one key (§9.1).
   */
  #secure({ security }: LegMedia): void {
    const wasOn = this.security.isOn;
    const rekeyed = this.security.connect(security);
    const moved = wasOn && !isSameTarget(this.#lastTarget, this.#target ?? this.#lastTarget);
    if (this.security.isOn && (rekeyed || moved)) this.#beginStream();
    this.out.orderly = this.security.isOn;
  }

  /** RFC 3550 §6.4.1: counts are "reset if the sender changes its SSRC identifier". */
  #beginStream(): void {
    this.out = this.#newStream();
    this.control.hearing?.restart();
    this.octetsSent = 0;
    this.#packetsBefore = this.packetsSent;
  }

  /** As an SR counts them. */
  get packetsOfStream(): number {
    return this.packetsSent - this.#packetsBefore;
  }

  /** A prompt that was begun at one address does not count for another one. */
  #tellAgainElsewhere(): void {
    if (this.#target === null) return;
    if (this.player !== null && this.#lastTarget !== null && !isSameTarget(this.#lastTarget, this.#target)) {
      this.player.restart();
      this.control.hearing?.restart();
    }
    this.#lastTarget = this.#target;
  }

  /** The lock has moved: symmetric RTP (RFC 4961 §3), what is heard from a port is answered there. */
  followLock(): void {
    if (this.#target === null || this.lock.isLocked(this.#target)) return;
    this.#target = this.#heardAtTarget(this.#target);
    this.#lastTarget = this.#target;
  }

  #heardAtTarget(named: DatagramTarget): DatagramTarget {
    const { address, port } = this.lock;
    return port === 0 || this.lock.isLocked(named) ? named : this.#port.target(address, port);
  }

  /** RTP and RTCP on one port (RFC 5761). */
  get isMuxed(): boolean {
    return this.media?.rtcpMux === true;
  }

  /** A packet of the party's has been taken. The view's fields are those of the packet. */
  hear(view: RtpView, clockRate: number, now: MonotonicMs): void {
    this.heardAt = now;
    const rule = this.#lullRules[view.payloadType] as LullRule;
    if (rule !== lullRule.unrelated) {
      this.#inLull = beginsLull(rule, view.buffer, view.payloadOffset, view.payloadLength);
    }
    const speech = this.#speech[view.payloadType] as string;
    if (speech !== '') this.encoding = speech;
    if (this.laws[view.payloadType] !== law.none) this.spokeAt = now;
    if (this.isEvent[view.payloadType] === 1) this.keyHeardAt = now;
    this.clockRate = clockRate;
    if (!this.reception.count(view.ssrc, view.sequence)) this.jitter.restart();
    this.jitter.count(view.timestamp, clockRate, now);
  }

  /** What it sends is heard beside a recorder tone, or before one: G.711, over which that is laid, and keys, which are not torn. */
  outlastsBeep(payloadType: number): boolean {
    return this.isEvent[payloadType] === 1 || this.laws[payloadType] !== law.none;
  }

  drop(reason: number): void {
    this.packetsDropped += 1;
    this.#counters.drop(reason);
  }

  /** Sends the other party's packet on with the numbers that `out` gave. *Takes* the packet, rewritten. */
  sendLive(packet: Uint8Array, view: RtpView, payloadType: number): void {
    const { out } = this;
    rewriteRtpHeader(packet, out.marker, payloadType, out.sequence, out.timestamp, out.ssrc);
    this.octetsSent += view.payloadLength;
    this.#send(packet, view.length);
  }

  /** Sends a datagram of T.38 on as it is. *Takes* the packet. */
  sendDatagram(packet: Uint8Array, length: number): void {
    this.#send(packet, length);
  }

  sendOwn(
    packet: Uint8Array,
    format: Pick<PromptFormat, 'payloadType' | 'clockRate'>,
    first: boolean,
    lengthMs: number,
    due: MonotonicMs,
  ): void {
    const { out } = this;
    out.own(first, (lengthMs * format.clockRate) / 1000, format.clockRate, due);
    writeRtpHeader(packet, out.marker, format.payloadType, out.sequence, out.timestamp, out.ssrc);
    this.octetsSent += packet.length - rtpHeaderBytes;
    this.control.hearing?.sent(out.extended);
    this.#send(packet, packet.length);
  }

  /** Sends RTCP; false: there is nowhere to send it. *Takes* the packet. */
  sendControl(packet: Uint8Array, length: number): boolean {
    const target = this.isMuxed ? this.#target : this.#whereControl();
    if (target === null || this.isFax) return false;
    const sealedLength = this.security.sealRtcp(packet, length);
    if (sealedLength < 0) {
      this.#counters.drop(-sealedLength);
      return false;
    }
    const socket = this.isMuxed ? this.sockets.rtp : this.sockets.rtcp;
    this.#port.send(socket, this.security.sealed, sealedLength, target);
    this.#counters.controlOut += 1;
    return true;
  }

  /** The learned port, at the address where the party is heard. */
  #whereControl(): DatagramTarget | null {
    const target = this.#controlTarget;
    if (target === null) return null;
    const { port } = this.control.source;
    const address = this.lock.address === '' ? target.address : this.lock.address;
    if (port !== target.port || address !== target.address) {
      this.#controlTarget = this.#maySend(address, port) ? this.#port.target(address, port) : null;
    }
    return this.#controlTarget;
  }

  counts(): LegCounts {
    return {
      packetsReceived: this.reception.received + this.datagramsReceived,
      packetsSent: this.packetsSent,
      packetsLost: this.reception.lost,
      packetsDropped: this.packetsDropped,
      quality: qualityOf(this),
    };
  }

  #send(packet: Uint8Array, length: number): void {
    if (this.#target === null) return;
    const sealedLength = this.security.sealRtp(packet, length);
    if (sealedLength < 0) {
      this.#counters.drop(-sealedLength);
      return;
    }
    this.#port.send(this.sockets.rtp, this.security.sealed, sealedLength, this.#target);
    this.packetsSent += 1;
    this.#counters.packetsOut += 1;
  }

  #learnFormats({ formats }: LegMedia): void {
    this.clockRates.fill(0);
    this.isEvent.fill(0);
    this.laws.fill(law.none);
    this.#lullRules.fill(lullRule.none);
    this.#speech.fill('');
    this.promptFormat = null;
    for (const { payloadType, encoding, clockRate } of formats) {
      if (payloadType < 0 || payloadType > 127 || clockRate <= 0) continue;
      this.clockRates[payloadType] = clockRate;
      if (encoding === 'TELEPHONE-EVENT') this.isEvent[payloadType] = 1;
      if (encoding === 'PCMU' && clockRate === 8000) this.laws[payloadType] = law.mu;
      if (encoding === 'PCMA' && clockRate === 8000) this.laws[payloadType] = law.a;
      this.#lullRules[payloadType] = lullRuleOf(encoding);
      if (!notSpeech.has(encoding)) this.#speech[payloadType] = encoding;
      this.promptFormat ??= promptFormat(payloadType, encoding, clockRate);
    }
  }
}

function isSameTarget(one: DatagramTarget | null, other: DatagramTarget | null): boolean {
  return one?.address === other?.address && one?.port === other?.port;
}
