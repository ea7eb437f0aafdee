import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { noBody, SipHeaders } from '../../../src/sip/message.ts';
import type { SipRequest } from '../../../src/sip/message.ts';
import { makeResponse } from '../../../src/sip/response.ts';
import { firstLine, headerOf, rawRequest, rawResponse } from './raw-peer.ts';
import { nextOf, stackUnderTest } from './stack-under-test.ts';
import type { StackUnderTest } from './stack-under-test.ts';

const certs = join(import.meta.dirname, 'certs');
const via = 'SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKws';
const origin = 'https://app.example.com';
/** Who dials from here is known by its certificate. */
const certified = '127.0.0.7';

const options: SipRequest = {
  type: 'request',
  method: 'OPTIONS',
  uri: 'sip:them@df7jal23ls0d.invalid',
  headers: new SipHeaders([
    { name: 'From', value: '<sip:us@127.0.0.1>;tag=u1' },
    { name: 'To', value: '<sip:them@127.0.0.1>' },
    { name: 'Call-ID', value: 'ours' },
    { name: 'CSeq', value: '1 OPTIONS' },
  ]),
  body: noBody,
};

/** A browser's end: what comes is text or bytes. */
class Browser {
  readonly socket: WebSocket;
  readonly #came: { text: string; binary: boolean }[] = [];
  #waiter: (() => void) | null = null;

  constructor(id: string, clientOptions: ClientOptions & { protocol?: string; address?: string } = {}) {
    const { protocol = 'sip', address, ...rest } = clientOptions;
    const scheme = id === 'wss' ? 'wss' : 'ws';
    const url = `${scheme}://127.0.0.1:${under.ports[id] ?? 0}/`;
    const from = address === undefined ? {} : { localAddress: address };
    this.socket = new WebSocket(url, protocol === '' ? [] : [protocol], {
      rejectUnauthorized: false,
      ...from,
      ...rest,
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data, binary) => {
      this.#came.push({ text: (data as Buffer).toString('latin1'), binary });
      this.#waiter?.();
    });
    browsers.push(this);
  }

  async opened(): Promise<this> {
    await once(this.socket, 'open');
    await under.settle();
    return this;
  }

  async refused(): Promise<number | undefined> {
    const [, response] = (await once(this.socket, 'unexpected-response')) as [
      unknown,
      { statusCode?: number },
    ];
    return response.statusCode;
  }

  async next(): Promise<{ text: string; binary: boolean }> {
    for (let tries = 0; this.#came.length === 0; tries++) {
      if (tries > 20) throw new Error('nothing came');
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
        setTimeout(resolve, 100);
      });
    }
    return this.#came.shift()!;
  }
}

let under: StackUnderTest;
const browsers: Browser[] = [];
afterEach(async () => {
  for (const { socket } of browsers.splice(0)) socket.terminate();
  await under.stack.close();
});

async function start(): Promise<void> {
  const place = { address: '127.0.0.1', port: 0 };
  under = await stackUnderTest({
    isPeer: (_, from) => from !== '127.0.0.5',
    listeners: [
      { id: 'ws', transport: 'ws', ...place },
      { id: 'guarded', transport: 'ws', ...place, origins: [origin] },
      {
        ...{ id: 'wss', transport: 'wss', ...place },
        ...{ cert: join(certs, 'node.pem'), key: join(certs, 'node.key'), ca: join(certs, 'ca.pem') },
      },
    ],
    certificates: {
      required: (_listener, from) => (from === certified ? 'carrier.example' : null),
      accepted: () => [],
    },
  });
}

const lost = (reason: string): number => under.counted('onrecord_sip_connections_lost_total', { reason });

describe('RFC 7118: SIP over WebSocket', () => {
  it.each(['ws', 'wss'] as const)('%s: a request is answered on its connection, as text', async (id) => {
    await start();
    const browser = await new Browser(id).opened();
    expect(browser.socket.protocol).toBe('sip');
    browser.socket.send(rawRequest(0, { via: via.replace('WS', id.toUpperCase()) }));
    const { text, binary } = await browser.next();
    expect([firstLine(text), binary]).toEqual(['SIP/2.0 100 Trying', false]);
    expect(headerOf(text, 'Via')).toMatch(/;received=127\.0\.0\.1$/);
    expect((await nextOf(under, 'request')).transaction.source.transport).toBe(id);
  });

  it('§5.2.4: a message in a binary frame is one too, and bytes that are no UTF-8 go out as such', async () => {
    await start();
    const browser = await new Browser('ws').opened();
    const request = rawRequest(0, { via, from: '"J\xf6rg" <sip:joerg@127.0.0.1>;tag=a1' });
    browser.socket.send(Buffer.from(request, 'latin1'));
    const { text, binary } = await browser.next();
    expect(binary).toBe(true);
    expect(headerOf(text, 'From')).toContain('J\xf6rg');
  });

  it('§5: a request of ours goes by the connection that they opened, with their kind of Via', async () => {
    await start();
    const browser = await new Browser('ws').opened();
    browser.socket.send(rawRequest(0, { via }));
    await browser.next();
    const { transaction } = await nextOf(under, 'request');
    under.stack.send(options, transaction.source, under.events);
    const { text } = await browser.next();
    expect(headerOf(text, 'Via')).toMatch(/^SIP\/2.0\/WS 127.0.0.1:\d+;branch=/);
    browser.socket.send(rawResponse(text, '200 OK'));
    expect((await nextOf(under, 'response')).response.status).toBe(200);
  });

  it('§5: nobody is dialled: once the connection is gone, answers and requests fail', async () => {
    await start();
    const browser = await new Browser('ws').opened();
    browser.socket.send(rawRequest(0, { via }));
    await browser.next();
    const { transaction } = await nextOf(under, 'request');
    browser.socket.terminate();
    await under.settle();
    transaction.respond(makeResponse(transaction.request, 200, 'OK', 'b1'));
    expect(await nextOf(under, 'server-failed')).toMatchObject({ cause: 'transport' });
    under.stack.send(options, transaction.source, under.events);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
  });

  it('what waits for an answer when the connection breaks fails at once', async () => {
    await start();
    const browser = await new Browser('ws').opened();
    browser.socket.send(rawRequest(0, { via }));
    await browser.next();
    const { transaction } = await nextOf(under, 'request');
    under.stack.send(options, transaction.source, under.events);
    await browser.next();
    browser.socket.terminate();
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
  });

  it('§6: pings are sent, and who does not answer is gone', async () => {
    await start();
    const browser = await new Browser('ws').opened();
    const pinged = once(browser.socket, 'ping');
    under.hand.advance(25_000);
    await pinged;
    // Its pong was sent before this, and so has come before the answer.
    browser.socket.send('\r\n\r\n');
    await browser.next();
    under.hand.advance(10_000);
    await under.settle();
    expect(browser.socket.readyState).toBe(WebSocket.OPEN);
    browser.socket.pause();
    under.hand.advance(25_000);
    await under.settle();
    under.hand.advance(10_000);
    await under.settle();
    expect(lost('ping-timeout')).toBe(1);
  });

  it('RFC 5626 §4.4.1: a double CRLF is answered with one', async () => {
    await start();
    const browser = await new Browser('ws').opened();
    browser.socket.send('\r\n\r\n');
    expect((await browser.next()).text).toBe('\r\n');
  });

  it('a message above the limit ends the connection', async () => {
    await start();
    const browser = await new Browser('ws').opened();
    browser.socket.send(rawRequest(0, { via, body: 'x'.repeat(70_000) }));
    await once(browser.socket, 'close');
    expect(under.dropped('ws-protocol')).toBe(1);
    expect(under.told).toHaveLength(0);
  });

  it('a stranger is told 403 and the connection ended', async () => {
    await start();
    const browser = await new Browser('ws', { address: '127.0.0.5' }).opened();
    browser.socket.send(rawRequest(0, { via }));
    expect(firstLine((await browser.next()).text)).toBe('SIP/2.0 403 Forbidden');
    await once(browser.socket, 'close');
    expect(under.told).toHaveLength(0);
  });

  it('over wss a peer that is known by its certificate is itself only with it', async () => {
    await start();
    const bare = await new Browser('wss', { address: certified }).opened();
    bare.socket.send(rawRequest(0, { via }));
    expect(firstLine((await bare.next()).text)).toBe('SIP/2.0 403 Forbidden');
    const shown = await new Browser('wss', {
      ...{ address: certified, cert: readFileSync(join(certs, 'carrier.pem')) },
      key: readFileSync(join(certs, 'carrier.key')),
    }).opened();
    shown.socket.send(rawRequest(0, { via }));
    expect(firstLine((await shown.next()).text)).toBe('SIP/2.0 100 Trying');
  });
});

describe('the opening handshake (RFC 6455 §4.2, RFC 7118 §4.1)', () => {
  it.each([
    ['without the subprotocol', 'ws', { protocol: '' }, 400],
    ['with another subprotocol', 'ws', { protocol: 'xmpp' }, 400],
    ['from a page that is not named', 'guarded', { origin: 'https://evil.example.com' }, 403],
    ['from no page where pages are named', 'guarded', {}, 403],
  ] as const)('%s is refused', async (_what, id, clientOptions, status) => {
    await start();
    expect(await new Browser(id, clientOptions).refused()).toBe(status);
    expect(under.dropped('ws-handshake')).toBe(1);
  });

  it('from a page that is named is served', async () => {
    await start();
    const browser = await new Browser('guarded', { origin }).opened();
    browser.socket.send(rawRequest(0, { via }));
    await browser.next();
  });

  it.each([
    ['plain HTTP is told to upgrade', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 426 /],
    ['no HTTP at all is cut off', 'OPTIONS sip:x SIP/2.0\r\n\r\n', /^$/],
  ])('%s', async (_what, text, expected) => {
    await start();
    const socket = connect({ host: '127.0.0.1', port: under.ports['ws'] ?? 0 });
    socket.on('error', () => undefined);
    let came = '';
    socket.on('data', (chunk: Buffer) => {
      came += chunk.toString('latin1');
    });
    socket.write(text);
    await once(socket, 'close');
    expect(came).toMatch(expected);
  });

  it('that trickles in has 5 s', async () => {
    await start();
    const socket = connect({ host: '127.0.0.1', port: under.ports['ws'] ?? 0 });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    await under.settle();
    const closed = once(socket, 'close');
    for (const byte of 'GET /') {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
      under.hand.advance(1_000);
    }
    await closed;
    expect(under.dropped('ws-handshake')).toBe(1);
  });
});
