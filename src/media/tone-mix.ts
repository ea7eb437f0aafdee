import { addToALaw, addToMuLaw } from '../audio/g711.ts';
import { recorderTone } from '../audio/recorder-tone.ts';
import type { RtpView } from '../rtp/rtp-view.ts';
import type { SealRoom } from './seal-room.ts';

/** How a packet's octets are read; 0: they are no G.711. */
export const law = { none: 0, mu: 1, a: 2 } as const;

const tone = recorderTone().samples;

/** One recorder tone over what a party hears, in G.711: a sample an octet, so that no speech is lost to it. */
export class ToneMix {
  #isSounding = false;
  /** The stream it is laid over, from which of its timestamps on; -1: the next one that comes. */
  #ssrc = -1;
  #begin = 0;
  readonly #room: SealRoom;

  constructor(room: SealRoom) {
    this.#room = room;
  }

  start(): void {
    this.#isSounding = true;
    this.#ssrc = -1;
  }

  stop(): void {
    this.#isSounding = false;
  }

  /** The packet, or a copy of it with the tone in it: the tap gets what was said. *Borrows* it until return. */
  over(packet: Uint8Array, view: RtpView, spoken: number): Uint8Array {
    if (!this.#isSounding || spoken === law.none) return packet;
    if (this.#ssrc === -1) {
      this.#ssrc = view.ssrc;
      this.#begin = view.timestamp;
    }
    const from = (view.timestamp - this.#begin) | 0;
    if (view.ssrc !== this.#ssrc || from >= tone.length) {
      this.#isSounding = false;
      return packet;
    }
    if (from < 0) return packet;
    const copy = this.#room.copy(packet, view.length);
    const count = Math.min(view.payloadLength, tone.length - from);
    const add = spoken === law.mu ? addToMuLaw : addToALaw;
    add(copy, view.payloadOffset, count, tone, from);
    return copy;
  }
}
