import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noBody, SipHeaders } from '../../../src/sip/message.ts';
import type { SipRequest } from '../../../src/sip/message.ts';
import { makeResponse } from '../../../src/sip/response.ts';
import type { Hop } from '../../../src/signalling/transaction-layer.ts';
import { firstLine, headerOf, rawRequest, rawResponse, rawTcp, rawTcpServer } from './raw-peer.ts';
import type { RawTcp } from './raw-peer.ts';
import { nextOf, stackUnderTest } from './stack-under-test.ts';
import type { StackUnderTest } from './stack-under-test.ts';

const options = (callId = 'ours'): SipRequest => ({
  type: 'request',
  method: 'OPTIONS',
  uri: 'sip:them@127.0.0.1',
  headers: new SipHeaders([
    { name: 'From', value: '<sip:us@127.0.0.1>;tag=u1' },
    { name: 'To', value: '<sip:them@127.0.0.1>' },
    { name: 'Call-ID', value: callId },
    { name: 'CSeq', value: '1 OPTIONS' },
  ]),
  body: noBody,
});

describe('TCP, driven by raw sockets', () => {
  let under: StackUnderTest;
  let peer: RawTcp;
  const via = 'SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKtcp';

  beforeEach(async () => {
    under = await stackUnderTest({ isPeer: (_, address) => address === '127.0.0.1' });
    peer = await rawTcp(under.ports['tcp'] ?? 0);
  });
  afterEach(async () => {
    peer.socket.destroy();
    await under.stack.close();
  });

  it('RFC 3261 §18.2.2: the answer goes back on the connection that the request came on', async () => {
    peer.send(rawRequest(0, { via }));
    expect(firstLine(await peer.next())).toBe('SIP/2.0 100 Trying');
    const { transaction } = await nextOf(under, 'request');
    expect(transaction.source).toMatchObject({ transport: 'tcp', port: peer.port });
    expect(transaction.source.connection).toBeTypeOf('number');
  });

  it('§18.3: messages in one chunk and in many are the same messages', async () => {
    const first = rawRequest(0, { via, method: 'MESSAGE', body: 'one\r\n\r\n' });
    const second = rawRequest(0, { via: `${via}2`, method: 'MESSAGE', cseq: '2 MESSAGE', body: 'two' });
    const text = first + second;
    for (let at = 0; at < text.length; at += 40) {
      peer.send(text.slice(at, at + 40));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const bodies = [await nextOf(under, 'request'), await nextOf(under, 'request')].map(({ transaction }) =>
      Buffer.from(transaction.request.body).toString(),
    );
    expect(bodies).toEqual(['one\r\n\r\n', 'two']);
  });

  it('§18: a request to the hop of a received message goes out on its connection', async () => {
    peer.send(rawRequest(0, { via }));
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    under.stack.send(options(), transaction.source, under.events);
    const sent = await peer.next();
    expect(firstLine(sent)).toBe('OPTIONS sip:them@127.0.0.1 SIP/2.0');
    expect(headerOf(sent, 'Via')).toMatch(/^SIP\/2.0\/TCP 127.0.0.1:\d+;branch=/);
    peer.send(rawResponse(sent, '200 OK'));
    expect((await nextOf(under, 'response')).response.status).toBe(200);
  });

  it('§18.2.2: once that connection is gone, the answer goes to the source address and the sent-by port', async () => {
    const server = await rawTcpServer();
    peer.send(rawRequest(0, { via: `SIP/2.0/TCP 127.0.0.1:${server.port};branch=z9hG4bKtcp` }));
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    peer.socket.destroy();
    await peer.closed;
    await under.settle();
    transaction.respond(makeResponse(transaction.request, 200, 'OK', 'b1'));
    const again = await server.next();
    expect(firstLine(await again.next())).toBe('SIP/2.0 200 OK');
    again.socket.destroy();
    server.close();
  });

  it('RFC 6026 §8.8: where that fails too, the user is told, and the transaction lives on', async () => {
    const server = await rawTcpServer();
    server.close();
    peer.send(rawRequest(0, { via: `SIP/2.0/TCP 127.0.0.1:${server.port};branch=z9hG4bKtcp` }));
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    peer.socket.destroy();
    await peer.closed;
    await under.settle();
    transaction.respond(makeResponse(transaction.request, 200, 'OK', 'b1'));
    expect(await nextOf(under, 'server-failed')).toMatchObject({ cause: 'transport' });
    expect(under.stack.activeTransactions).toBe(1);
  });

  it('a dialled connection is used again for the same place', async () => {
    const server = await rawTcpServer();
    const hop: Hop = { listener: 'tcp', transport: 'tcp', address: '127.0.0.1', port: server.port };
    under.stack.send(options('one'), hop, under.events);
    under.stack.send(options('two'), hop, under.events);
    const connection = await server.next();
    await connection.next();
    const second = await connection.next();
    expect(headerOf(second, 'Call-ID')).toBe('two');
    expect(server.accepted).toBe(1);
    connection.send(rawResponse(second, '200 OK'));
    const { source } = await nextOf(under, 'response');
    under.stack.send(options('three'), source, under.events);
    expect(headerOf(await connection.next(), 'Call-ID')).toBe('three');
    connection.socket.destroy();
    server.close();
  });

  it('a Content-Length that is no number ends the connection (§18.3), and another is taken', async () => {
    peer.send(rawRequest(0, { via }).replace('Content-Length: 0', 'Content-Length: -1'));
    await peer.closed;
    expect(under.dropped('stream-bad-content-length')).toBe(1);
    peer = await rawTcp(under.ports['tcp'] ?? 0);
    peer.send(rawRequest(0, { via }));
    await nextOf(under, 'request');
  });

  it('a message that is not complete within 10 s ends the connection', async () => {
    peer.send(rawRequest(0, { via }).slice(0, 100));
    await under.settle();
    under.hand.advance(9_999);
    await under.settle();
    expect(peer.socket.destroyed).toBe(false);
    under.hand.advance(1);
    await peer.closed;
    expect(under.dropped('stream-message-timeout')).toBe(1);
  });

  it('bytes that trickle in do not put that off', async () => {
    const text = rawRequest(0, { via });
    for (let second = 0; second < 10; second++) {
      peer.send(text.slice(second, second + 1));
      await under.settle();
      under.hand.advance(second === 0 ? 500 : 1_000);
    }
    expect(peer.socket.destroyed).toBe(false);
    under.hand.advance(500);
    await peer.closed;
    expect(under.dropped('stream-message-timeout')).toBe(1);
  });

  it('and each message has its own 10 s', async () => {
    const first = rawRequest(0, { via, method: 'OPTIONS' });
    const second = rawRequest(0, { via: `${via}2`, method: 'OPTIONS', cseq: '2 OPTIONS' });
    peer.send(first.slice(0, 100));
    await under.settle();
    under.hand.advance(9_000);
    peer.send(first.slice(100) + second.slice(0, 100));
    await nextOf(under, 'request');
    under.hand.advance(9_000);
    peer.send(second.slice(100));
    await nextOf(under, 'request');
    expect(under.hand.pending).toBe(2);
  });

  it('RFC 5626 §4.4.1: a double CRLF is answered with one', async () => {
    peer.send('\r\n\r\n');
    expect(await peer.next()).toBe('\r\n');
  });

  it('a head without end is cut off at 32 KB', async () => {
    peer.send(`INVITE sip:bob@127.0.0.1 SIP/2.0\r\n${'X: y\r\n'.repeat(8000)}`);
    await peer.closed;
    expect(under.dropped('stream-head-too-long')).toBe(1);
  });

  it('a peer that does not read is given 1 MB, then its connection ends and what waits fails', async () => {
    peer.send(rawRequest(0, { via }));
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    peer.socket.pause();
    const large = { ...options(), body: Buffer.alloc(60_000, 0x20) };
    for (let i = 0; i < 200; i++) {
      under.stack.send(large, transaction.source, under.events);
      if (under.dropped('tcp-write-queue-full') > 0) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(under.dropped('tcp-write-queue-full')).toBe(1);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
  });

  it('a stranger is told 403 and the connection ended', async () => {
    const stranger = await rawTcp(under.ports['tcp'] ?? 0, '127.0.0.5');
    stranger.send(rawRequest(0, { via }));
    expect(firstLine(await stranger.next())).toBe('SIP/2.0 403 Forbidden');
    await stranger.closed;
    expect(under.told).toHaveLength(0);
  });

  it('strangers get 16 connections and 5 s each', async () => {
    const strangers = await Promise.all(
      Array.from({ length: 17 }, () => rawTcp(under.ports['tcp'] ?? 0, '127.0.0.5')),
    );
    await Promise.race(strangers.map(({ closed }) => closed));
    expect(under.dropped('tcp-connections-full')).toBe(1);
    peer.send(rawRequest(0, { via }));
    await nextOf(under, 'request');
    under.hand.advance(5_000);
    await Promise.all(strangers.map(({ closed }) => closed));
  });

  it('a place that takes no connection within 4 s fails', async () => {
    const server = await rawTcpServer();
    const hop: Hop = { listener: 'tcp', transport: 'tcp', address: '127.0.0.1', port: server.port };
    under.stack.send(options(), hop, under.events);
    // No event has been served since: the connection is still being made.
    under.hand.advance(4_000);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
    server.close();
  });

  it('close ends connections', async () => {
    await under.stack.close();
    await peer.closed;
  });

  it('an address that this host does not have is one clear sentence', async () => {
    const { createSipStack } = await import('../../../src/signalling/sip-stack.ts');
    const { createMeter } = await import('../../../src/kernel/meter.ts');
    const { silentLogger } = await import('../../../src/kernel/logger.ts');
    for (const transport of ['udp', 'tcp'] as const) {
      const stack = createSipStack({
        listeners: [{ id: 'lan', transport, address: '192.0.2.1', port: 5060 }],
        isPeer: () => true,
        user: {
          request: () => undefined,
          cancelled: () => undefined,
          ack: () => undefined,
          serverFailed: () => undefined,
        },
        clock: under.hand.clock,
        schedule: under.hand.schedule,
        random: (length) => new Uint8Array(length),
        logger: silentLogger,
        meter: createMeter(),
      });
      await expect(stack.start()).rejects.toThrow(
        `sip listener lan cannot use ${transport} 192.0.2.1 port 5060 (EADDRNOTAVAIL): this host has no such address; correct sip.listeners`,
      );
    }
  });
});
