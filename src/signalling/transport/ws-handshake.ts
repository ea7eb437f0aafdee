import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Schedule } from '../../kernel/timers.ts';
import type { TransportEvents } from './transport.ts';

export interface WsHandshakeOptions {
  /** Web pages that may connect; null: all, and programs that are no browser. */
  readonly origins: readonly string[] | null;
  readonly messageBytes: number;
  readonly schedule: Schedule;
  readonly events: TransportEvents;
}

/** From the connection to the end of the HTTP request. */
const handshakeTimeoutMs = 5_000;
const maxHeaderBytes = 8_192;
/** RFC 7118 §4.1: what client and server agree on. */
const subprotocol = 'sip';

/** The opening handshake (RFC 6455 §4.2, RFC 7118 §4.1) on sockets that were accepted elsewhere. */
export class WsHandshake {
  readonly #options: WsHandshakeOptions;
  readonly #http: Server;
  readonly #server: WebSocketServer;
  /** Sockets in their handshake. */
  readonly #waiting = new WeakMap<Duplex, (socket: WebSocket) => void>();

  constructor(options: WsHandshakeOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // RFC 7692: a context for each connection costs more memory than the messages themselves.
      perMessageDeflate: false,
      maxPayload: options.messageBytes,
      handleProtocols: () => subprotocol,
    });
    // Never listens: sockets are handed to it.
    this.#http = createServer({ maxHeaderSize: maxHeaderBytes }, (_, response) => {
      response.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Length': 0 }).end();
    });
    this.#http.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head);
    });
    this.#http.on('clientError', (_, socket) => {
      options.events.dropped('ws-handshake');
      socket.destroy();
    });
  }

  /** `opened` is called once the handshake is done; a socket that takes too long is destroyed. */
  accept(socket: Socket, opened: (socket: WebSocket) => void): void {
    const stop = this.#options.schedule(handshakeTimeoutMs, () => {
      this.#options.events.dropped('ws-handshake');
      socket.destroy();
    });
    socket.once('close', stop);
    socket.on('error', () => undefined);
    this.#waiting.set(socket, (websocket) => {
      stop();
      opened(websocket);
    });
    this.#http.emit('connection', socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const opened = this.#waiting.get(socket);
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (opened === undefined || !offered.includes(subprotocol)) this.#refuse(socket, '400 Bad Request');
    else if (!this.#isWelcome(request.headers.origin)) this.#refuse(socket, '403 Forbidden');
    else this.#server.handleUpgrade(request, socket, head, opened);
  }

  /** RFC 6455 §10.2: a browser says which page its script is of; other programs may say what they like. */
  #isWelcome(origin: string | undefined): boolean {
    const { origins } = this.#options;
    return origins === null || (origin !== undefined && origins.includes(origin));
  }

  #refuse(socket: Duplex, status: string): void {
    this.#options.events.dropped('ws-handshake');
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}
