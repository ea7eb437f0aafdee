import { constants, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { isIP, isIPv6 } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { ListenerOptions } from '../options.ts';
import type { Hop } from '../transaction-layer.ts';
import { breakReason } from './break-reason.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { domainIdentities, provesOneOf } from './tls-identity.ts';
import { tlsFilesOf, type TlsMaterial } from './tls-material.ts';

export interface TlsGateOptions {
  readonly listener: ListenerOptions;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** A socket whose handshake is done. `names`: what its certificate proves; null: it showed none that holds. */
type Secured = (socket: TLSSocket, names: readonly string[] | null) => void;

/** From the first byte to the end of the handshake; the stream's own limits begin after it. */
const handshakeTimeoutMs = 5_000;

const shared = {
  minVersion: 'TLSv1.2',
  // A resumed session would outlive the certificates that it was begun with.
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const;

/** TLS of one listener, both ways: handshakes, our certificate as it changes, and what others prove. */
export class TlsGate {
  readonly #options: TlsGateOptions;
  #watch: CertificateWatch | null = null;
  #server: Server | null = null;
  /** Accepted sockets in their handshake, by their two ends. */
  readonly #waiting = new Map<string, Secured>();

  constructor(options: TlsGateOptions) {
    this.#options = options;
  }

  /** Rejects with one sentence where the certificate cannot be used. */
  async open(): Promise<void> {
    const { listener } = this.#options;
    const files = tlsFilesOf(listener);
    if (files === null)
      throw new Error(`sip listener ${listener.id}: give cert and key, the files of its certificate`);
    this.#watch = new CertificateWatch({
      ...this.#options,
      listener: listener.id,
      files,
      changed: ({ context }) => {
        this.#server?.setSecureContext({ ...context, ...shared });
      },
    });
    this.#server = this.#newServer(this.#watch.material);
    await this.#watch.start();
  }

  /** Never listens: accepted sockets are handed to it. Who shows no certificate, or a bad one, is judged later. */
  #newServer({ context }: TlsMaterial): Server {
    const server = createServer({ ...context, ...shared, requestCert: true, rejectUnauthorized: false });
    server.on('secureConnection', (socket) => {
      const end = endOf(socket);
      const secured = this.#waiting.get(end);
      this.#waiting.delete(end);
      if (secured === undefined) socket.destroy();
      else secured(socket, this.#namesOf(socket));
    });
    server.on('tlsClientError', (error, socket) => {
      if (this.#waiting.delete(endOf(socket))) this.#failed('accepted', breakReason(error));
      socket.destroy();
    });
    return server;
  }

  #namesOf(socket: TLSSocket): readonly string[] | null {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return null;
    if (socket.authorized) return domainIdentities(certificate);
    this.#failed('accepted', breakReason(Object.assign(new Error(), { code: socket.authorizationError })));
    return null;
  }

  /** Begins the handshake on an accepted socket; a socket that does not end it in time is destroyed. */
  accept(raw: Socket, secured: Secured): void {
    const end = endOf(raw);
    const stop = this.#options.schedule(handshakeTimeoutMs, () => {
      if (!this.#waiting.delete(end)) return;
      this.#failed('accepted', 'timeout');
      raw.destroy();
    });
    raw.once('close', () => {
      stop();
      this.#waiting.delete(end);
    });
    raw.on('error', () => undefined);
    this.#waiting.set(end, (socket, names) => {
      stop();
      secured(socket, names);
    });
    this.#server?.emit('connection', raw);
  }

  /** A connection on its way; it fails where the other side's certificate proves none of `wanted`. */
  dial(hop: Hop, wanted: readonly string[]): TLSSocket | null {
    const { address } = this.#options.listener;
    const everywhere = address === '0.0.0.0' || address === '::';
    const from = everywhere || isIPv6(address) !== isIPv6(hop.address) ? {} : { localAddress: address };
    const asked = wanted.find((name) => isIP(name) === 0);
    try {
      const socket = connect({
        ...{ host: hop.address, port: hop.port, ...from },
        ...{ ...this.#watch?.material.context, ...shared },
        // RFC 6066 §3: a name, never an address.
        ...(asked === undefined ? {} : { servername: asked }),
        checkServerIdentity: (_, { raw }) => identityFault(raw, wanted),
      });
      socket.on('error', (error) => {
        const reason = breakReason(error);
        if (/^(?:tls|certificate)-/.test(reason)) this.#failed('dialled', reason);
      });
      return socket;
    } catch {
      // Port 0 and the like: net throws for what it can see itself.
      return null;
    }
  }

  #failed(side: 'accepted' | 'dialled', reason: string): void {
    const { meter, listener, logger } = this.#options;
    meter
      .counter('onrecord_tls_handshake_failures_total', 'TLS handshakes and certificates that failed', {
        ...{ listener: listener.id, side, reason },
      })
      .add();
    logger.debug('tls-handshake-failed', { listener: listener.id, side, reason });
  }

  /** Looks whether the certificate's files have changed. */
  async reload(): Promise<void> {
    await this.#watch?.check();
  }

  close(): void {
    this.#watch?.stop();
  }
}

/** RFC 5922 §7.3: "If there is no match [...] the client MUST [...] close the TLS connection". */
function identityFault(raw: Buffer, wanted: readonly string[]): Error | undefined {
  if (provesOneOf(domainIdentities(new X509Certificate(raw)), wanted)) return undefined;
  const fault = new Error(`the certificate names none of ${wanted.join(', ')}`);
  return Object.assign(fault, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

/** Both ends of a socket: no two that live have them. */
function endOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0} ${localAddress ?? ''} ${localPort ?? 0}`;
}
