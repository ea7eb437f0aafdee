import type { SipTransport } from '../../sip/transport-name.ts';
import type { Hop } from '../transaction-layer.ts';

/** Bytes on their way up from a socket. */
export interface TransportEvents {
  /**
   * One message, whole, from where it came. *Gives* the bytes. `trusted`: a connection to or from a configured
   * peer; what is not trusted gets at most one answer.
   */
  message(bytes: Buffer, source: Hop, trusted: boolean): void;
  /** Something was thrown away; a slug for a counter. */
  dropped(reason: string): void;
  /** A peer's connection, of this hop, is gone; `reason` is a slug, `ended` where it was closed in order. */
  lost(hop: Hop, reason: string): void;
}

/** One listener's socket. */
export interface Transport {
  readonly kind: SipTransport;
  /** Rejects with one clear sentence. */
  start(): Promise<{ readonly address: string; readonly port: number }>;
  /**
   * *Takes* the bytes. `failed` is called at most once, never before this returns. Gives the connection that they
   * go by; null: there is none.
   */
  send(bytes: Buffer, hop: Hop, failed: () => void): number | null;
  /** Whether that connection still takes messages. */
  isUsable(connection: number): boolean;
  /** The newest connection that somebody of these has opened; null: there is none. */
  connectionFrom(isTheirs: (address: string, port: number) => boolean): Hop | null;
  /** Looks whether its certificate's files have changed. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** What a socket on `::` calls `::ffff:192.0.2.1` is the IPv4 address 192.0.2.1 to everybody else. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** One clear sentence for a socket that could not be bound. */
export function bindError(id: string, kind: string, address: string, port: number, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  const mend =
    code === 'EADDRINUSE'
      ? 'another program uses this port; stop it or choose another port'
      : code === 'EADDRNOTAVAIL'
        ? 'this host has no such address; correct sip.listeners'
        : 'correct sip.listeners';
  return new Error(`sip listener ${id} cannot use ${kind} ${address} port ${port} (${code}): ${mend}`, {
    cause,
  });
}
