import { LegCrypto } from '../rtp/srtp/leg-crypto.ts';
import type { SrtpKeys } from '../rtp/srtp/srtp-suites.ts';
import { srtpDrop } from './drop-reason.ts';
import type { SealRoom } from './seal-room.ts';

const nothing = new Uint8Array(0);

/**
 * Whether a leg's packets are SRTP, and what makes them so. All methods say a length, or a negated drop reason. While a leg
 * is in clear for some time, by hold or fax, its counters wait.
 */
export class LegSecurity {
  /** What `sealRtp` and `sealRtcp` made, *lent* until 31 packets more were sealed by the worker. */
  sealed: Uint8Array = nothing;
  readonly #room: SealRoom;
  #crypto: LegCrypto | null = null;
  /** The last that there was. */
  #known: LegCrypto | null = null;

  constructor(room: SealRoom) {
    this.#room = room;
  }

  get isOn(): boolean {
    return this.#crypto !== null;
  }

  /** What SDP says now; absent: in clear. True: under other keys than before. */
  connect(keys: SrtpKeys | undefined): boolean {
    const before = this.#known;
    this.#crypto = keys === undefined ? null : new LegCrypto(keys, before);
    if (this.#crypto === null) return false;
    this.#known = this.#crypto;
    return before !== null && !this.#crypto.keepsKeysOf(before);
  }

  /** In place. *Borrows* the packet until return. */
  openRtp(packet: Uint8Array, length: number): number {
    return this.#crypto === null ? length : worked(this.#crypto.unprotectRtp(packet, length));
  }

  openRtcp(packet: Uint8Array, length: number): number {
    return this.#crypto === null ? length : worked(this.#crypto.unprotectRtcp(packet, length));
  }

  /** Into `sealed`. *Borrows* the packet until return. */
  sealRtp(packet: Uint8Array, length: number): number {
    if (this.#crypto === null) return this.#leave(packet, length);
    this.sealed = this.#room.copy(packet, length);
    return worked(this.#crypto.protectRtp(this.sealed, length));
  }

  sealRtcp(packet: Uint8Array, length: number): number {
    if (this.#crypto === null) return this.#leave(packet, length);
    this.sealed = this.#room.copy(packet, length);
    return worked(this.#crypto.protectRtcp(this.sealed, length));
  }

  #leave(packet: Uint8Array, length: number): number {
    this.sealed = packet;
    return length;
  }
}

function worked(length: number): number {
  return length < 0 ? -srtpDrop(-length) : length;
}
