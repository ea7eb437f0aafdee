import type { MonotonicMs } from '../kernel/clock.ts';
import type { RtpView } from '../rtp/rtp-view.ts';
import type { DatagramSource, DatagramTarget } from './datagram-port.ts';
import { dropReason } from './drop-reason.ts';
import type { RememberedStream, StreamMemory } from './stream-memory.ts';

/** 0: accepted; else the drop reason. */
export type SourceVerdict =
  | 0
  | typeof dropReason.stale
  | typeof dropReason.foreignPort
  | typeof dropReason.foreignAddress;

/** A party that draws more SSRCs than this in one call forgets its first ones. */
const heardCapacity = 8;
/** Behind NAT: packets of who is heard, a second of speech, after which nobody else takes the place. */
const openPackets = 50;
/** Whoever has been heard within this time keeps the place, ms. */
const keepsPlaceMs = 500;

/**
 * From where a leg takes RTP. The address is the one that SDP named. The port is learned: the one that SDP
 * named wins whenever it speaks; until then the first other port of that address with a stream nobody has
 * heard here before is taken (a party behind a translator), and no further one while it holds. A lock
 * falls only when SDP names something new.
 *
 * Where the peer is known to be behind NAT, another address is taken too: the first with a stream, as long as
 * nobody else is heard, and anew after SDP has spoken again. The named address wins whenever it speaks, and a
 * known SSRC may come from another port of its address.
 *
 * Streams of the ports' earlier sessions are refused as stale. From another port than the named one, a known
 * SSRC or a known source port is enough; from the named port, the same SSRC has to go on where it was.
 */
export class SourceLock {
  /** The learned place; '' and 0 before there is one. */
  address = '';
  port = 0;
  readonly #memory: StreamMemory;
  /** Whether anything may be sent there. */
  readonly #mayLearn: (address: string, port: number) => boolean;
  #named: DatagramTarget | null = null;
  #nat = false;
  /** For so many packets more another address may take the place. */
  #open = 0;
  /** The stream that spoke last from the locked place. */
  #current: RememberedStream | null = null;
  #heard: RememberedStream[] = [];

  constructor(memory: StreamMemory, mayLearn: (address: string, port: number) => boolean) {
    this.#memory = memory;
    this.#mayLearn = mayLearn;
  }

  /** What SDP says now; null leaves what was learned for when the same is named again. */
  name(target: DatagramTarget | null, nat: boolean): void {
    if (target === null) return;
    if (this.#named?.address !== target.address || this.#named.port !== target.port || this.#nat !== nat) {
      this.address = '';
      this.port = 0;
      this.#current = null;
    }
    this.#named = target;
    this.#nat = nat;
    this.#open = nat ? openPackets : 0;
  }

  /** Whether a datagram from there is looked at; what it takes to be heard is for `judge`. */
  isPossible({ address }: DatagramSource): boolean {
    return address === this.#named?.address || address === this.address || this.#open > 0;
  }

  /** Whether it is the very place that is heard. */
  isLocked({ address, port }: DatagramSource): boolean {
    return port === this.port && address === this.address;
  }

  /** Judges a valid packet, and learns from it. The view's fields are those of the packet. */
  judge(source: DatagramSource, view: RtpView, clockRate: number, now: MonotonicMs): SourceVerdict {
    const current = this.#current;
    if (current === null || !this.isLocked(source) || view.ssrc !== current.ssrc) {
      const verdict = this.#judgeNew(source, view, clockRate, now);
      if (verdict !== 0) return verdict;
    } else if (this.#open > 0) this.#open -= 1;
    const heard = this.#current;
    if (heard === null || heard.address !== source.address) return dropReason.foreignAddress;
    heard.timestamp = view.timestamp;
    heard.clockRate = clockRate;
    heard.at = now;
    return 0;
  }

  /**
   * Judges a datagram of T.38, which has no stream to know it by. What is still RTP comes from the party's voice
   * port and teaches nothing; nor does any teach another address.
   */
  judgeDatagram(source: DatagramSource, isRtp: boolean): SourceVerdict {
    const named = this.#named;
    const isNamed = source.address === named?.address;
    if (!isNamed && source.address !== this.address) return dropReason.foreignAddress;
    if (this.isLocked(source)) return 0;
    if (!isNamed || source.port !== named.port) {
      if (this.port !== 0 || isRtp || !this.#mayLearn(source.address, source.port))
        return dropReason.foreignPort;
    }
    this.address = source.address;
    this.port = source.port;
    return 0;
  }

  /** The session is over: what was heard is remembered with the ports. */
  retire(): void {
    for (const stream of this.#heard) this.#memory.remember(stream);
    this.#heard = [];
    this.#current = null;
  }

  #judgeNew(source: DatagramSource, view: RtpView, clockRate: number, now: MonotonicMs): SourceVerdict {
    const named = this.#named;
    if (named === null) return dropReason.foreignAddress;
    const isElsewhere = source.address !== named.address && source.address !== this.address;
    if (isElsewhere && !this.#mayMove(view, now)) return dropReason.foreignAddress;
    const heard = this.#findHeard(source, view.ssrc);
    if (heard === null && this.#isStale(source, named, view, now)) return dropReason.stale;
    if (this.address === source.address && !this.#mayUsePort(source, named, view)) {
      return dropReason.foreignPort;
    }
    if (!this.isLocked(source) && !this.#mayLearn(source.address, source.port)) return dropReason.foreignPort;
    this.address = source.address;
    this.port = source.port;
    this.#current = heard ?? this.#hear(source, view, clockRate, now);
    if (isElsewhere) this.#open = 0;
    return 0;
  }

  /** Another address takes the place that is free, or that its own SSRC had, or whose holder has fallen silent. */
  #mayMove({ ssrc }: RtpView, now: MonotonicMs): boolean {
    if (this.#open === 0) return false;
    const current = this.#current;
    return current === null || current.ssrc === ssrc || now - current.at >= keepsPlaceMs;
  }

  #mayUsePort({ address, port }: DatagramSource, named: DatagramTarget, { ssrc }: RtpView): boolean {
    if (port === this.port || (port === named.port && address === named.address)) return true;
    return this.#nat && this.#current?.ssrc === ssrc;
  }

  #isStale(source: DatagramSource, named: DatagramTarget, view: RtpView, now: MonotonicMs): boolean {
    const { address, port } = source;
    const { ssrc, timestamp } = view;
    return port === named.port && address === named.address
      ? this.#memory.continues(ssrc, address, port, timestamp, now)
      : this.#memory.knowsSsrc(ssrc) || this.#memory.knowsSource(address, port);
  }

  #findHeard(source: DatagramSource, ssrc: number): RememberedStream | null {
    for (const stream of this.#heard) {
      if (stream.ssrc === ssrc && stream.port === source.port && stream.address === source.address) {
        return stream;
      }
    }
    return null;
  }

  #hear(source: DatagramSource, view: RtpView, clockRate: number, now: MonotonicMs): RememberedStream {
    const { address, port } = source;
    const stream = { ssrc: view.ssrc, address, port, timestamp: view.timestamp, clockRate, at: now };
    this.#heard.push(stream);
    if (this.#heard.length > heardCapacity) this.#heard.shift();
    return stream;
  }
}
