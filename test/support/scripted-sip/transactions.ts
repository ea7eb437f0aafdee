import { compose, header, methodOf, numberOf, param, respondTo, statusOf, uriIn } from './text.ts';
import { Repeater } from './timers.ts';
import type { Endpoint, Wire } from './wire.ts';

/** What is told to whoever sent a request. `failed`: nothing final came in 64*T1. */
export interface ClientListener {
  provisional?(response: string): void;
  /** Once; a repeated final is absorbed, and to an INVITE acknowledged again. */
  final(response: string): void;
  failed(): void;
}

export interface RequestListener {
  /** A request for the first time; its repetitions are answered alike. */
  request(request: string, respond: (response: string) => void): void;
  /** The ACK to a final answer that was given. */
  acknowledged(ack: string): void;
  /** No ACK came to a final answer in 64*T1. */
  unacknowledged(callId: string): void;
}

interface Client {
  readonly request: string;
  readonly repeater: Repeater;
  readonly listener: ClientListener;
  /** What each repeated final is acknowledged with. */
  ack: string | null;
  over: boolean;
}

interface Server {
  response: string | null;
  repeater: Repeater | null;
}

/**
 * The transactions of RFC 3261 §17 over UDP for a peer that behaves, the 2xx of §13.3.1.4 among them, written
 * for the tests and owing nothing to the product. It calls itself by `contact`, which may be a relay's address.
 */
export class ScriptedTransactions {
  readonly #wire: Wire;
  readonly #contact: Endpoint;
  readonly #listener: RequestListener;
  readonly #clients = new Map<string, Client>();
  readonly #servers = new Map<string, Server>();
  #branches = 0;
  #open = true;

  constructor(wire: Wire, contact: Endpoint, listener: RequestListener) {
    this.#wire = wire;
    this.#contact = contact;
    this.#listener = listener;
    void this.#listen();
  }

  async #listen(): Promise<void> {
    while (this.#open) {
      const message = await this.#wire.next().catch(() => null);
      if (message === null) continue;
      if (statusOf(message) > 0) this.#response(message);
      else this.#request(message);
    }
  }

  /** Sends a request; `fields` have no Via yet. */
  send(start: string, fields: readonly string[], body: string, listener: ClientListener): void {
    this.#branches += 1;
    const branch = `z9hG4bK${this.#contact.port}x${this.#branches}`;
    const via = `Via: SIP/2.0/UDP ${this.#contact.address}:${this.#contact.port};branch=${branch};rport`;
    const request = compose(`${start} SIP/2.0`, [via, ...fields], body);
    const invite = request.startsWith('INVITE ');
    const repeater = new Repeater(
      () => {
        this.#wire.send(request);
      },
      {
        capped: !invite,
        gaveUp: () => {
          listener.failed();
        },
      },
    );
    this.#clients.set(branch, { request, repeater, listener, ack: null, over: false });
  }

  #response(response: string): void {
    const client = this.#clients.get(param(header(response, 'Via'), 'branch'));
    if (client === undefined) return;
    const status = statusOf(response);
    if (status < 200) {
      if (methodOf(client.request) === 'INVITE') client.repeater.stop();
      if (!client.over) client.listener.provisional?.(response);
      return;
    }
    client.repeater.stop();
    if (methodOf(client.request) === 'INVITE') this.#acknowledge(client, response, status);
    if (client.over) return;
    client.over = true;
    client.listener.final(response);
  }

  #acknowledge(client: Client, response: string, status: number): void {
    const { request } = client;
    const own = status < 300;
    if (own) this.#branches += 1;
    const via = own
      ? `SIP/2.0/UDP ${this.#contact.address}:${this.#contact.port};branch=z9hG4bK${this.#contact.port}a${this.#branches};rport`
      : header(request, 'Via');
    const uri = own ? uriIn(header(response, 'Contact')) : (request.split(' ', 2)[1] ?? '');
    client.ack ??= compose(`ACK ${uri} SIP/2.0`, [
      ...[`Via: ${via}`, 'Max-Forwards: 70', `From: ${header(request, 'From')}`],
      ...[`To: ${header(response, 'To')}`, `Call-ID: ${header(request, 'Call-ID')}`],
      `CSeq: ${numberOf(header(request, 'CSeq'))} ACK`,
    ]);
    this.#wire.send(client.ack);
  }

  #request(request: string): void {
    const callId = header(request, 'Call-ID');
    if (methodOf(request) === 'ACK') {
      const key = `INVITE ${callId} ${numberOf(header(request, 'CSeq'))}`;
      const server = this.#servers.get(key);
      if (server === undefined || server.repeater === null) return;
      server.repeater.stop();
      server.repeater = null;
      this.#listener.acknowledged(request);
      return;
    }
    const key = `${methodOf(request)} ${callId} ${numberOf(header(request, 'CSeq'))}`;
    const known = this.#servers.get(key);
    if (known !== undefined) {
      if (known.response !== null) this.#wire.send(known.response);
      return;
    }
    const server: Server = { response: null, repeater: null };
    this.#servers.set(key, server);
    this.#listener.request(request, (response) => {
      this.#respond(server, request, response);
    });
  }

  #respond(server: Server, request: string, response: string): void {
    server.response = response;
    if (methodOf(request) !== 'INVITE' || statusOf(response) < 200) {
      this.#wire.send(response);
      return;
    }
    server.repeater = new Repeater(
      () => {
        this.#wire.send(response);
      },
      {
        capped: true,
        gaveUp: () => {
          this.#listener.unacknowledged(header(request, 'Call-ID'));
        },
      },
    );
  }

  close(): void {
    this.#open = false;
    for (const { repeater } of this.#clients.values()) repeater.stop();
    for (const { repeater } of this.#servers.values()) repeater?.stop();
    this.#wire.close();
  }
}

/** A final answer to what nobody asked for. */
export function refuse(request: string, respond: (response: string) => void, status: string): void {
  respond(respondTo(request, status, { tag: 'refused' }));
}
