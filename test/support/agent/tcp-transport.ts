import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Core, EmitterImpl, type Transport, TransportState } from 'sip.js';

export interface TcpTransportOptions {
  readonly address: string;
  /** Where requests outside a dialog go. */
  readonly proxy: { readonly host: string; readonly port: number } | null;
  /** Called with each message in the order it passed, for those who look at the signalling itself. */
  readonly trace?: (direction: 'in' | 'out', message: string) => void;
}

/**
 * SIP over TCP for sip.js (RFC 3261 §18): listens, dials the proxy when it must, frames by Content-Length.
 * A call stays on the connection that it began on, since sip.js announces no port in its Contact.
 */
export class TcpTransport implements Transport {
  onConnect: (() => void) | undefined;
  onDisconnect: ((error?: Error) => void) | undefined;
  onMessage: ((message: string) => void) | undefined;
  readonly protocol = 'TCP';
  readonly #options: TcpTransportOptions;
  readonly #stateEmitter = new EmitterImpl<TransportState>();
  readonly #connections = new Set<Socket>();
  readonly #byCall = new Map<string, Socket>();
  #state = TransportState.Disconnected;
  #server: Server | null = null;
  #dialled: Socket | null = null;

  constructor(_logger: Core.Logger, options: TcpTransportOptions) {
    this.#options = options;
  }

  get state(): TransportState {
    return this.#state;
  }

  get stateChange(): EmitterImpl<TransportState> {
    return this.#stateEmitter;
  }

  /** The port that it listens on; 0 before `connect`. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  connect(): Promise<void> {
    const server = createServer((socket) => {
      this.#adopt(socket);
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, this.#options.address, () => {
        this.#enter(TransportState.Connected);
        this.onConnect?.();
        resolve();
      });
    });
  }

  disconnect(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    const server = this.#server;
    this.#server = null;
    this.#enter(TransportState.Disconnected);
    return new Promise((resolve) => {
      if (server === null) resolve();
      else
        server.close(() => {
          resolve();
        });
    });
  }

  dispose(): Promise<void> {
    return this.disconnect();
  }

  isConnected(): boolean {
    return this.#state === TransportState.Connected;
  }

  async send(message: string): Promise<void> {
    const callId = callIdOf(message);
    let socket = this.#byCall.get(callId);
    if (socket === undefined || socket.destroyed) {
      socket = await this.#dial();
      this.#byCall.set(callId, socket);
    }
    this.#options.trace?.('out', message);
    socket.write(message);
  }

  async #dial(): Promise<Socket> {
    if (this.#dialled !== null && !this.#dialled.destroyed) return this.#dialled;
    const { proxy, address } = this.#options;
    if (proxy === null) throw new Error('this user agent has no proxy to send requests to');
    const socket = connect({ host: proxy.host, port: proxy.port, localAddress: address });
    this.#dialled = socket;
    this.#adopt(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return socket;
  }

  #adopt(socket: Socket): void {
    socket.setNoDelay(true);
    this.#connections.add(socket);
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (let cut = nextMessage(pending); cut !== null; cut = nextMessage(pending)) {
        pending = pending.subarray(cut.skip);
        const message = pending.subarray(0, cut.length).toString('utf8');
        // Each in its own turn: sip.js is still busy with an ACK when the re-INVITE of the same segment comes.
        setImmediate(() => {
          this.#deliver(message, socket);
        });
        pending = pending.subarray(cut.length);
      }
    });
    socket.on('close', () => {
      this.#connections.delete(socket);
    });
    socket.on('error', () => {
      socket.destroy();
    });
  }

  #deliver(message: string, socket: Socket): void {
    this.#byCall.set(callIdOf(message), socket);
    this.#options.trace?.('in', message);
    this.onMessage?.(message);
  }

  #enter(state: TransportState): void {
    this.#state = state;
    this.#stateEmitter.emit(state);
  }
}

/** Where the next whole message lies; blank lines before it are keep-alives (RFC 5626 §3.5.1). */
function nextMessage(pending: Buffer): { readonly skip: number; readonly length: number } | null {
  let skip = 0;
  while (pending[skip] === 13 || pending[skip] === 10) skip++;
  const end = pending.indexOf('\r\n\r\n', skip);
  if (end === -1) return null;
  const head = pending.subarray(skip, end).toString('latin1');
  const body = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(head)?.[1] ?? 0);
  const length = end + 4 + body - skip;
  return skip + length <= pending.length ? { skip, length } : null;
}

function callIdOf(message: string): string {
  return /^(?:call-id|i)\s*:\s*(\S+)/im.exec(message)?.[1] ?? '';
}
