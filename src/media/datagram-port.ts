import type { MonotonicMs } from '../kernel/clock.ts';

/** Who sent a datagram. *Lent until return*: the object and its fields belong to the port. */
export interface DatagramSource {
  /** Canonical text of the address: the form that `DatagramTarget` has. */
  readonly address: string;
  readonly port: number;
}

/** Where datagrams go: made by the port once, when SDP or a lock names it, and then used for each packet. */
export interface DatagramTarget {
  readonly address: string;
  readonly port: number;
}

/** Whoever owns the sockets. */
export interface DatagramReceiver {
  /**
   * *Lends* packet and source until return; the receiver may write into the packet and send it on. `arrivedAt`:
   * when it came to this host, as well as the port knows.
   */
  datagram(
    socket: number,
    packet: Uint8Array,
    length: number,
    source: DatagramSource,
    arrivedAt: MonotonicMs,
  ): void;
}

/**
 * UDP as the relay needs it: sockets are small integers that index arrays, datagrams are handed over in
 * whatever buffer the port fills again and again, and sending names a prepared target. So that a port that
 * polls all its sockets through one system call can take the place of one that is called back for each.
 */
export interface DatagramPort {
  /** Binds a socket; null where the address and port cannot be had. What it sends is marked with the codepoint. */
  open(address: string, port: number, dscp?: number): Promise<number | null>;
  /** No datagram is delivered for the socket afterwards; its number may come again. */
  close(socket: number): void;
  target(address: string, port: number): DatagramTarget;
  /** *Takes* the packet: nobody writes into its first `length` bytes before the next datagram is delivered. */
  send(socket: number, packet: Uint8Array, length: number, target: DatagramTarget): void;
  /** Datagrams that the system refused to send. */
  readonly sendFailures: number;
  /** Sockets that could not be marked. */
  readonly unmarkedSockets: number;
  /** Datagrams that found a socket's queue in the system full, as far as the port can know. */
  readonly overflows: number;
  /** Errors that waited at a socket instead of a datagram, such as an ICMP message's. */
  readonly socketErrors: number;
}

/** Opens a port for its one receiver. */
export type OpenDatagramPort = (receiver: DatagramReceiver) => DatagramPort;
