import type { DatagramSource, DatagramTarget } from './datagram-port.ts';
import { dropReason } from './drop-reason.ts';

/**
 * From which port of a party's address RTCP is taken. The one that SDP named is always good; another is learned,
 * once, from a datagram of the party's known SSRC (a party behind a translator). What is learned falls when SDP
 * names something new.
 */
export class ControlSource {
  #named: DatagramTarget | null = null;
  /** 0: nothing learned. */
  #learned = 0;

  /** Where RTCP goes to; 0: nowhere. */
  get port(): number {
    return this.#learned === 0 ? (this.#named?.port ?? 0) : this.#learned;
  }

  name(target: DatagramTarget | null): void {
    if (target?.address !== this.#named?.address || target?.port !== this.#named?.port) this.#learned = 0;
    this.#named = target;
  }

  /** Of a datagram from the party's address; `known`: its sender's SSRC is one that we hear from the party. 0: good. */
  judge({ port }: DatagramSource, known: boolean): 0 | typeof dropReason.foreignPort {
    if (port === this.#named?.port) {
      this.#learned = 0;
      return 0;
    }
    if (this.#learned === 0 && known) this.#learned = port;
    return port === this.#learned ? 0 : dropReason.foreignPort;
  }
}
