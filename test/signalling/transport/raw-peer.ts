import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6 } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect as tlsConnect, createServer as createTlsServer } from 'node:tls';
import type { ConnectionOptions, TlsOptions } from 'node:tls';

const patienceMs = 2_000;

/** What came in, in order, to be waited for. */
class Inbox {
  readonly #waiting: ((text: string) => void)[] = [];
  readonly #texts: string[] = [];

  put(text: string): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#texts.push(text);
    else waiter(text);
  }

  get length(): number {
    return this.#texts.length;
  }

  next(): Promise<string> {
    const text = this.#texts.shift();
    if (text !== undefined) return Promise.resolve(text);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error('nothing came'));
      }, patienceMs);
      this.#waiting.push((came) => {
        clearTimeout(timer);
        resolve(came);
      });
    });
  }
}

/** A UDP socket that knows nothing of SIP but text. */
export interface RawUdp {
  readonly address: string;
  readonly port: number;
  send(text: string | Uint8Array, port: number, address?: string): void;
  next(): Promise<string>;
  /** How many messages came that nobody asked for yet. */
  readonly waiting: number;
  close(): void;
}

export async function rawUdp(address = '127.0.0.1'): Promise<RawUdp> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const inbox = new Inbox();
  socket.on('message', (bytes) => {
    inbox.put(bytes.toString('latin1'));
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, address, resolve);
  });
  return {
    address,
    port: socket.address().port,
    send: (text, port, to = '127.0.0.1') => {
      socket.send(typeof text === 'string' ? Buffer.from(text, 'latin1') : text, port, to);
    },
    next: () => inbox.next(),
    get waiting() {
      return inbox.length;
    },
    close: () => {
      socket.close();
    },
  };
}

/** A TCP connection; what comes is given message by message, cut by a regular expression and Content-Length. */
export interface RawTcp {
  readonly socket: Socket;
  readonly port: number;
  send(text: string): void;
  next(): Promise<string>;
  /** How many messages came that nobody asked for yet. */
  readonly waiting: number;
  readonly closed: Promise<void>;
}

function overSocket(socket: Socket): RawTcp {
  const inbox = new Inbox();
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1');
    for (;;) {
      const match = /^([^]*?\r\n\r\n)/.exec(rest);
      if (match === null) break;
      const length = Number(/\r\nContent-Length: *(\d+)/i.exec(match[1] ?? '')?.[1] ?? 0);
      const total = (match[1] ?? '').length + length;
      if (rest.length < total) break;
      inbox.put(rest.slice(0, total));
      rest = rest.slice(total);
    }
    if (rest === '\r\n') {
      inbox.put(rest);
      rest = '';
    }
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      resolve();
    });
  });
  return {
    socket,
    port: socket.localPort ?? 0,
    send: (text) => {
      socket.write(Buffer.from(text, 'latin1'));
    },
    next: () => inbox.next(),
    get waiting() {
      return inbox.length;
    },
    closed,
  };
}

export function rawTcp(port: number, address = '127.0.0.1'): Promise<RawTcp> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: isIPv6(address) ? address : '127.0.0.1', port, localAddress: address });
    socket.once('error', reject);
    socket.once('connect', () => {
      resolve(overSocket(socket));
    });
  });
}

/** A TLS client; `names` and the like of what the other side shows are not looked at unless the options say so. */
export function rawTls(port: number, options: ConnectionOptions = {}): Promise<RawTcp> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(overSocket(socket));
    });
  });
}

export interface RawTcpServer {
  readonly port: number;
  readonly accepted: number;
  next(): Promise<RawTcp>;
  close(): void;
}

export function rawTcpServer(port = 0, address = '127.0.0.1'): Promise<RawTcpServer> {
  return serverOf((accept) => createServer(accept), port, address);
}

export function rawTlsServer(options: TlsOptions, address = '127.0.0.1'): Promise<RawTcpServer> {
  return serverOf((accept) => createTlsServer(options, accept), 0, address);
}

async function serverOf(
  create: (accept: (socket: Socket) => void) => Server,
  port: number,
  address: string,
): Promise<RawTcpServer> {
  const connections: RawTcp[] = [];
  const waiting: ((connection: RawTcp) => void)[] = [];
  let accepted = 0;
  const server = create((socket) => {
    accepted += 1;
    const connection = overSocket(socket);
    const waiter = waiting.shift();
    if (waiter === undefined) connections.push(connection);
    else waiter(connection);
  });
  await new Promise<void>((resolve) => {
    server.listen(port, address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    next: () => {
      const connection = connections.shift();
      if (connection !== undefined) return Promise.resolve(connection);
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
    close: () => {
      server.close();
    },
  };
}

export interface RawRequest {
  readonly method?: string;
  readonly uri?: string;
  readonly via?: string;
  readonly branch?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: string;
  readonly extra?: readonly string[];
  readonly body?: string;
}

/** A request written by hand. */
export function rawRequest(port: number, request: RawRequest = {}): string {
  const { method = 'INVITE', branch = 'z9hG4bKone', body = '', extra = [] } = request;
  const via = request.via ?? `SIP/2.0/UDP 127.0.0.1:${port};branch=${branch}`;
  return [
    `${method} ${request.uri ?? 'sip:bob@127.0.0.1'} SIP/2.0`,
    `Via: ${via}`,
    'Max-Forwards: 70',
    `From: ${request.from ?? '<sip:alice@127.0.0.1>;tag=a1'}`,
    `To: ${request.to ?? '<sip:bob@127.0.0.1>'}`,
    `Call-ID: ${request.callId ?? 'call-1'}`,
    `CSeq: ${request.cseq ?? `1 ${method}`}`,
    ...extra,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** A response written by hand to a request as it came over the wire. */
export function rawResponse(
  request: string,
  status: string,
  tag = 'b1',
  extra: readonly string[] = [],
): string {
  const line = (name: string): string => new RegExp(`\\r\\n(${name}: [^\\r]*)`, 'i').exec(request)?.[1] ?? '';
  const to = line('To');
  return [
    `SIP/2.0 ${status}`,
    line('Via'),
    line('From'),
    to.includes(';tag=') || tag === '' ? to : `${to};tag=${tag}`,
    line('Call-ID'),
    line('CSeq'),
    ...extra,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** The value of a header in a message as text; empty: it is not there. */
export function headerOf(message: string, name: string): string {
  return new RegExp(`\\r\\n${name}: ([^\\r]*)`, 'i').exec(message)?.[1] ?? '';
}

export function firstLine(message: string): string {
  return message.slice(0, message.indexOf('\r\n'));
}
