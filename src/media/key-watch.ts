import type { RtpView } from '../rtp/rtp-view.ts';
import { keyOfEvent } from '../rtp/telephone-event.ts';

/**
 * The keys that one party presses, by telephone events of any payload type and clock. Whose a key is, the other
 * party's or ours, is decided at the first packet of its event and holds to the last: nobody hears half a key.
 */
export class KeyWatch {
  /** The party answers a question of ours. */
  asking = false;
  /** Hears of each key of ours once, when it goes down. */
  pressed: (key: string) => void = () => undefined;
  /** The event under way: all its packets have the timestamp of its start (RFC 4733 §2.2). */
  #ssrc = -1;
  #timestamp = -1;
  #ours = false;

  /** A packet of an event. True: it is ours, and goes no further. *Borrows* the view's packet. */
  takes(view: RtpView): boolean {
    if (view.ssrc === this.#ssrc && view.timestamp === this.#timestamp) return this.#ours;
    this.#ssrc = view.ssrc;
    this.#timestamp = view.timestamp;
    this.#ours = this.asking;
    if (!this.#ours) return false;
    const key = keyOfEvent(view.buffer, view.payloadOffset, view.payloadLength);
    if (key !== null) this.pressed(key);
    return true;
  }
}
