import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Agents of nothing but text: one that answers every INVITE with the same final response, one that places calls. */

async function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function copied(request: string): string[] {
  const head = request.slice(0, request.indexOf('\r\n\r\n')).split('\r\n');
  return head.filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
}

export class RefusingServer {
  /** Call-IDs of the INVITEs that came, each once. */
  readonly calls = new Set<string>();
  status = '486 Busy Here';
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, from) => {
      const request = bytes.toString('latin1');
      if (!/^(INVITE|OPTIONS) /.test(request)) return;
      const callId = /^Call-ID: *(.*)$/im.exec(request)?.[1] ?? '';
      if (request.startsWith('INVITE')) this.calls.add(callId);
      const lines = copied(request).map((line) => (/^To:/i.test(line) ? `${line};tag=plain` : line));
      socket.send(
        [`SIP/2.0 ${this.status}`, ...lines, 'Content-Length: 0', '', ''].join('\r\n'),
        from.port,
        from.address,
      );
    });
  }

  static async start(port = 0): Promise<RefusingServer> {
    return new RefusingServer(await bound(port));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }
}

export class PlainCaller {
  readonly #socket: Socket;
  #calls = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async start(): Promise<PlainCaller> {
    return new PlainCaller(await bound(0));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** The status of the final response, and how long it took. */
  async call(server: number): Promise<{ status: number; ms: number }> {
    const number = ++this.#calls;
    const callId = `plain-${this.port}-${number}`;
    const body = [
      ...['v=0', 'o=x 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
      ...['m=audio 4000 RTP/AVP 8', ''],
    ].join('\r\n');
    const invite = (method: string): string[] => [
      `${method} sip:352123@127.0.0.1:${server} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=z9hG4bK-plain-${number}`,
      ...['Max-Forwards: 70', 'From: <sip:100@127.0.0.1>;tag=plain', 'To: <sip:352123@127.0.0.1>'],
      ...[`Call-ID: ${callId}`, `CSeq: 1 ${method}`],
    ];
    const started = performance.now();
    const answered = new Promise<number>((resolve) => {
      const look = (bytes: Buffer): void => {
        const response = bytes.toString('latin1');
        const status = Number(/^SIP\/2\.0 (\d{3})/.exec(response)?.[1] ?? 0);
        if (status < 200 || !response.includes(callId)) return;
        this.#socket.off('message', look);
        this.#socket.send([...invite('ACK'), 'Content-Length: 0', '', ''].join('\r\n'), server, '127.0.0.1');
        resolve(status);
      };
      this.#socket.on('message', look);
    });
    const headers = [`Contact: <sip:100@127.0.0.1:${this.port}>`, 'Content-Type: application/sdp'];
    this.#socket.send(
      [...invite('INVITE'), ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n'),
      ...([server, '127.0.0.1'] as const),
    );
    return { status: await answered, ms: performance.now() - started };
  }

  close(): void {
    this.#socket.close();
  }
}
