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

/**
 * From where a leg takes RTP. The address is the one that SDP named. The port is learned: the one that SDP
 * named wins whenever it speaks; until then the first other port of that address with a stream nobody has
 * heard here before is taken (a party behind a translator), and no further one while it holds. A lock
 * falls only when SDP names something new.
 *
 * Streams of the ports' earlier sessions are refused as stale. From another port than the named one, a known
 * SSRC or a known source port is enough; from the named port, the same SSRC has to go on where it was.
 */
export class SourceLock {
  readonly #memory: StreamMemory;
  #named: DatagramTarget | null = null;
  /** 0: nothing learned yet. */
  #port = 0;
  /** The stream that spoke last from the locked port. */
  #current: RememberedStream | null = null;
  #heard: RememberedStream[] = [];

  constructor(memory: StreamMemory) {
    this.#memory = memory;
  }

  /** The learned port, 0 before one is. */
  get port(): number {
    return this.#port;
  }

  /** What SDP says now; null leaves what was learned for when the same is named again. */
  name(target: DatagramTarget | null): void {
    if (target === null) return;
    if (this.#named?.address !== target.address || this.#named.port !== target.port) {
      this.#port = 0;
      this.#current = null;
    }
    this.#named = target;
  }

  isNamed(source: DatagramSource): boolean {
    return this.#named?.address === source.address;
  }

  /** Judges a valid packet, and learns from it. The view's fields are those of the packet. */
  judge(source: DatagramSource, view: RtpView, clockRate: number, now: MonotonicMs): SourceVerdict {
    const current = this.#current;
    if (current === null || source.port !== this.#port || view.ssrc !== current.ssrc) {
      const verdict = this.#judgeNew(source, view, clockRate, now);
      if (verdict !== 0) return verdict;
    }
    const heard = this.#current;
    if (heard === null || heard.address !== source.address) return dropReason.foreignAddress;
    heard.timestamp = view.timestamp;
    heard.clockRate = clockRate;
    heard.at = now;
    return 0;
  }

  /**
   * Judges a datagram of T.38, which has no stream to know it by. What is still RTP comes from the party's voice
   * port and teaches nothing.
   */
  judgeDatagram(source: DatagramSource, isRtp: boolean): SourceVerdict {
    const named = this.#named;
    if (named === null || named.address !== source.address) return dropReason.foreignAddress;
    if (source.port !== named.port && source.port !== this.#port) {
      if (this.#port !== 0 || isRtp) return dropReason.foreignPort;
    }
    this.#port = source.port;
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
    if (named === null || named.address !== source.address) return dropReason.foreignAddress;
    const heard = this.#findHeard(source, view.ssrc);
    if (heard === null && this.#isStale(source, named, view, now)) return dropReason.stale;
    if (this.#port !== 0 && source.port !== this.#port && source.port !== named.port) {
      return dropReason.foreignPort;
    }
    this.#port = source.port;
    this.#current = heard ?? this.#hear(source, view, clockRate, now);
    return 0;
  }

  #isStale(source: DatagramSource, named: DatagramTarget, view: RtpView, now: MonotonicMs): boolean {
    const { address, port } = source;
    const { ssrc, timestamp } = view;
    return port === named.port
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
