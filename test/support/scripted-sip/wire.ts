import { createSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** How long `next` waits before it says that nothing came. */
const patienceMs = 5_000;

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** SIP as text (each character a byte) over a socket. It knows where a message ends, and nothing else of SIP. */
export interface Wire {
  readonly transport: 'UDP' | 'TCP';
  readonly local: Endpoint;
  send(message: string): void;
  /** The next message; rejects when none comes. */
  next(): Promise<string>;
  /** Everything that comes within this time. */
  during(ms: number): Promise<string[]>;
  /** Resolves when a stream's other end has closed it. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Messages in the order in which they came. */
class Inbox {
  readonly #messages: string[] = [];
  readonly #waiting: ((message: string) => void)[] = [];

  put(message: string): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#messages.push(message);
    else waiter(message);
  }

  next(waitMs: number): Promise<string> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve, reject) => {
      const give = (came: string): void => {
        clearTimeout(timer);
        resolve(came);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(new Error(`no message came within ${waitMs} ms`));
      }, waitMs);
      this.#waiting.push(give);
    });
  }

  async during(ms: number): Promise<string[]> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.#messages.splice(0);
  }
}

/** A UDP socket at `local` that sends to `remote`, which is asked at each message. */
export async function udpWire(local: Endpoint, remote: () => Endpoint): Promise<Wire> {
  const socket = createSocket(local.address.includes(':') ? 'udp6' : 'udp4');
  const inbox = new Inbox();
  socket.on('message', (bytes) => {
    inbox.put(bytes.toString('latin1'));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(local.port, local.address, resolve);
  });
  return {
    transport: 'UDP',
    local: { address: local.address, port: socket.address().port },
    send: (message) => {
      const { address, port } = remote();
      socket.send(Buffer.from(message, 'latin1'), port, address);
    },
    next: () => inbox.next(patienceMs),
    during: (ms) => inbox.during(ms),
    closed: new Promise(() => undefined),
    close: () => {
      socket.close();
    },
  };
}

/** A connection from `localAddress` to `remote`. */
export async function dialWire(localAddress: string, remote: Endpoint): Promise<Wire> {
  const socket = connect({ host: remote.address, port: remote.port, localAddress });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', resolve);
  });
  return streamWire(socket, new Inbox(), { address: localAddress, port: socket.localPort ?? 0 });
}

/** A listening socket whose connections are one wire: it sends on the newest. */
export async function listeningWire(local: Endpoint): Promise<Wire> {
  const inbox = new Inbox();
  const connections: Wire[] = [];
  const server: Server = createServer((socket) => {
    connections.push(streamWire(socket, inbox, local));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(local.port, local.address, resolve);
  });
  const bound = server.address();
  return {
    transport: 'TCP',
    local: { address: local.address, port: typeof bound === 'object' && bound !== null ? bound.port : 0 },
    send: (message) => {
      connections.at(-1)?.send(message);
    },
    next: () => inbox.next(patienceMs),
    during: (ms) => inbox.during(ms),
    closed: new Promise(() => undefined),
    close: () => {
      for (const connection of connections) connection.close();
      server.close();
    },
  };
}

function streamWire(socket: Socket, inbox: Inbox, local: Endpoint): Wire {
  let waiting = '';
  socket.on('data', (chunk: Buffer) => {
    waiting += chunk.toString('latin1');
    for (let end = endOfMessage(waiting); end > 0; end = endOfMessage(waiting)) {
      inbox.put(waiting.slice(0, end));
      waiting = waiting.slice(end);
    }
  });
  socket.on('error', () => undefined);
  return {
    ...{ transport: 'TCP', local },
    send: (message) => {
      socket.write(Buffer.from(message, 'latin1'));
    },
    next: () => inbox.next(patienceMs),
    during: (ms) => inbox.during(ms),
    closed: new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    }),
    close: () => {
      socket.destroy();
    },
  };
}

/** Where the first message of a stream ends; 0: it is not whole yet. */
function endOfMessage(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const length = /\r\n(?:content-length|l)[ \t]*:[ \t]*(\d+)/i.exec(text.slice(0, headEnd + 2))?.[1] ?? '0';
  const end = headEnd + 4 + Number(length);
  return end <= text.length ? end : 0;
}
