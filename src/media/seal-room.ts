/** Above the longest packet that is relayed, with any trailer of SRTP. */
const packetBytes = 2048 + 64;
/** A port may hold on to what it was given until the system takes it. */
const packets = 32;

/** Where packets are protected before they go out: what came in stays in clear for the tap. */
export class SealRoom {
  readonly #slots: readonly Uint8Array[] = Array.from({ length: packets }, () => new Uint8Array(packetBytes));
  #next = 0;

  /** A copy of the packet with room behind it, *lent* until 31 more were asked for. *Borrows* the packet until return. */
  copy(packet: Uint8Array, length: number): Uint8Array {
    const slot = this.#slots[this.#next] as Uint8Array;
    this.#next = (this.#next + 1) % packets;
    slot.set(length === packet.length ? packet : packet.subarray(0, length));
    return slot;
  }
}
