import { type RawTcp, rawUdp } from './transport/raw-peer.ts';

export interface Extras {
  readonly headers?: readonly string[];
  readonly body?: string;
  /** To-tag of a response. */
  readonly tag?: string;
}

/** A header's value in a message's text; null where there is none. */
export function header(message: string, name: string): string | null {
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(message)?.[1]?.trim() ?? null;
}

export function body(message: string): string {
  return message.slice(message.indexOf('\r\n\r\n') + 4);
}

export function startLine(message: string): string {
  return message.slice(0, message.indexOf('\r\n'));
}

export function tagOf(value: string | null): string {
  return /;tag=([^;\s]+)/.exec(value ?? '')?.[1] ?? '';
}

export function audio(port: number, formats = '0 8', ...lines: string[]): string {
  return [
    ...['v=0', 'o=x 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...[`m=audio ${port} RTP/AVP ${formats}`, ...lines, ''],
  ].join('\r\n');
}

function text(start: string, headers: readonly string[], content = ''): string {
  const typed = content === '' || headers.some((line) => /^content-type:/i.test(line));
  const type = typed ? [] : ['Content-Type: application/sdp'];
  return [start, ...headers, ...type, `Content-Length: ${content.length}`, '', content].join('\r\n');
}

let count = 0;

/** A SIP peer of written-down messages: it knows nothing but text, and repeats nothing by itself. */
export class ScriptedPeer {
  /** Everything that came, in order. */
  readonly seen: string[] = [];
  readonly #next: () => Promise<string>;
  readonly #send: (message: string) => void;
  readonly close: () => void;
  readonly port: number;
  readonly transport: 'UDP' | 'TCP';

  private constructor(wire: {
    port: number;
    transport: 'UDP' | 'TCP';
    next: () => Promise<string>;
    send: (message: string) => void;
    close: () => void;
  }) {
    ({
      port: this.port,
      transport: this.transport,
      next: this.#next,
      send: this.#send,
      close: this.close,
    } = wire);
  }

  /** `server` is asked at each message, since the node may be bound later. */
  static async udp(server: () => number): Promise<ScriptedPeer> {
    const socket = await rawUdp();
    return new ScriptedPeer({
      ...{ port: socket.port, transport: 'UDP', next: () => socket.next() },
      send: (message) => {
        socket.send(message, server());
      },
      close: () => {
        socket.close();
      },
    });
  }

  static tcp(connection: RawTcp): ScriptedPeer {
    return new ScriptedPeer({
      ...{ port: connection.port, transport: 'TCP', next: () => connection.next() },
      send: (message) => {
        connection.send(message);
      },
      close: () => {
        connection.socket.destroy();
      },
    });
  }

  send(message: string): void {
    this.#send(message);
  }

  /** The next message whose start line begins so; what comes before it is passed over. */
  async expect(start: string): Promise<string> {
    for (;;) {
      const message = await this.#next().catch(() => {
        const came = this.seen.map(startLine).join(' | ');
        throw new Error(`waited for "${start}" in vain; came: ${came}`);
      });
      this.seen.push(message);
      if (startLine(message).startsWith(start)) return message;
    }
  }

  /** Waits a moment and gives the start lines of what came. */
  async settle(ms: number): Promise<string[]> {
    const until = Date.now() + ms;
    const lines: string[] = [];
    while (Date.now() < until) {
      const message = await Promise.race([
        this.#next(),
        new Promise<null>((resolve) =>
          setTimeout(() => {
            resolve(null);
          }, until - Date.now()),
        ),
      ]);
      if (message === null) break;
      this.seen.push(message);
      lines.push(startLine(message));
    }
    return lines;
  }

  request(method: string, uri: string, headers: readonly string[], content = ''): string {
    const via = `Via: SIP/2.0/${this.transport} 127.0.0.1:${this.port};branch=z9hG4bK-${++count}`;
    const sent = text(`${method} ${uri} SIP/2.0`, [via, ...headers], content);
    this.send(sent);
    return sent;
  }

  invite(uri: string, callId: string, { headers = [], body: content = audio(4000) }: Extras = {}): string {
    return this.request(
      'INVITE',
      uri,
      [
        ...['Max-Forwards: 70', `From: "Ann" <sip:100@pbx.example>;tag=ann-${callId}`, `To: <${uri}>`],
        ...[`Call-ID: ${callId}`, 'CSeq: 1 INVITE', `Contact: <sip:100@127.0.0.1:${this.port}>`, ...headers],
      ],
      content,
    );
  }

  respond(request: string, status: string, { headers = [], body: content = '', tag }: Extras = {}): void {
    const copied = request
      .slice(0, request.indexOf('\r\n\r\n'))
      .split('\r\n')
      .filter((line) => /^(Via|From|To|Call-ID|CSeq|Record-Route):/i.test(line))
      .map((line) =>
        /^To:/i.test(line) && tag !== undefined && !line.includes(';tag=') ? `${line};tag=${tag}` : line,
      );
    const contact = `Contact: <sip:peer@127.0.0.1:${this.port}>`;
    this.send(text(`SIP/2.0 ${status}`, [...copied, contact, ...headers], content));
  }

  /** A request in the dialog that this response or request left us in. `ours` is the peer's own side. */
  inDialog(
    method: string,
    message: string,
    role: 'uac' | 'uas',
    { cseq, target, headers = [], body: content = '' }: Extras & { cseq: number; target?: string },
  ): string {
    const [from, to] = role === 'uac' ? ['From', 'To'] : ['To', 'From'];
    const contact = target ?? header(message, 'Contact') ?? '';
    return this.request(
      method,
      /<([^>]+)>/.exec(contact)?.[1] ?? '',
      [
        ...['Max-Forwards: 70', `From: ${header(message, from) ?? ''}`, `To: ${header(message, to) ?? ''}`],
        ...[`Call-ID: ${header(message, 'Call-ID') ?? ''}`, `CSeq: ${cseq} ${method}`],
        ...[`Contact: <sip:peer@127.0.0.1:${this.port}>`, ...headers],
      ],
      content,
    );
  }
}
