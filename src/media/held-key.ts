import type { MonotonicMs } from '../kernel/clock.ts';
import type { RtpView } from '../rtp/rtp-view.ts';
import { durationOfEvent, endsEvent, eventBytes } from '../rtp/telephone-event.ts';

/** A key that the other party has not been sent yet, as far as its own packets have told of it. */
export class HeldKey {
  readonly event: number;
  /** R bit and volume, as they came. */
  readonly flags: number;
  readonly payloadType: number;
  readonly clockRate: number;
  readonly #timestamp: number;
  #ticks = 0;
  #ended = false;
  #heardAt: MonotonicMs;

  /** *Borrows* the view's packet, whose payload has `eventBytes` at least. */
  constructor(view: RtpView, clockRate: number, now: MonotonicMs) {
    this.event = view.buffer[view.payloadOffset] as number;
    this.flags = view.buffer[view.payloadOffset + 1] as number;
    this.payloadType = view.payloadType;
    this.clockRate = clockRate;
    this.#timestamp = view.timestamp;
    this.#heardAt = now;
    this.hear(view, now);
  }

  /** All packets of an event have the timestamp of its start (RFC 4733 §2.2). */
  isOf(view: RtpView): boolean {
    return view.timestamp === this.#timestamp;
  }

  /** Another packet of it. *Borrows* the view's packet. */
  hear({ buffer, payloadOffset, payloadLength }: RtpView, now: MonotonicMs): void {
    if (payloadLength < eventBytes) return;
    this.#ticks = Math.max(this.#ticks, durationOfEvent(buffer, payloadOffset));
    this.#ended ||= endsEvent(buffer, payloadOffset);
    this.#heardAt = now;
  }

  get ticks(): number {
    return this.#ticks;
  }

  /** It is up, or was not heard of for so long that the packets which said so must have been lost. */
  isUp(now: MonotonicMs, silentMs: number): boolean {
    return this.#ended || now - this.#heardAt >= silentMs;
  }
}
