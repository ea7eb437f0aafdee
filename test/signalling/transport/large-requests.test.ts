import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SipHeaders } from '../../../src/sip/message.ts';
import type { SipRequest } from '../../../src/sip/message.ts';
import { makeResponse } from '../../../src/sip/response.ts';
import type { Hop } from '../../../src/signalling/transaction-layer.ts';
import { firstLine, headerOf, rawRequest, rawResponse, rawTcpServer, rawUdp } from './raw-peer.ts';
import type { RawTcpServer, RawUdp } from './raw-peer.ts';
import { nextOf, stackUnderTest } from './stack-under-test.ts';
import type { StackUnderTest } from './stack-under-test.ts';

const request = (method: string, bytes: number, callId = 'ours'): SipRequest => ({
  type: 'request',
  method,
  uri: 'sip:them@127.0.0.1',
  headers: new SipHeaders([
    { name: 'From', value: '<sip:us@127.0.0.1>;tag=u1' },
    { name: 'To', value: '<sip:them@127.0.0.1>' },
    { name: 'Call-ID', value: callId },
    { name: 'CSeq', value: `1 ${method}` },
    { name: 'Contact', value: '<sip:us@127.0.0.1>' },
  ]),
  body: Buffer.alloc(bytes, 0x20),
});

let under: StackUnderTest;
let udp: RawUdp;
let pinned = false;
const hop = (): Hop => ({ listener: 'udp', transport: 'udp', address: '127.0.0.1', port: udp.port });
const wentBy = (transport: string): number =>
  under.counted('onrecord_sip_large_requests_total', { transport });

beforeEach(async () => {
  pinned = false;
  under = await stackUnderTest({ isPinned: () => pinned });
  udp = await rawUdp();
});
afterEach(async () => {
  udp.close();
  await under.stack.close();
});

describe('RFC 3261 §18.1.1: a request above 1300 bytes to a peer of UDP alone', () => {
  it('goes by UDP once TCP was refused, and is retransmitted there', async () => {
    under.stack.send(request('INVITE', 1_400), hop(), under.events);
    const sent = await udp.next();
    expect(headerOf(sent, 'Via')).toMatch(/^SIP\/2.0\/UDP /);
    under.hand.advance(500);
    expect(await udp.next()).toBe(sent);
    expect(wentBy('udp')).toBe(1);
    expect(under.logged).toEqual([]);
  });

  it('asks for TCP once in five minutes', async () => {
    const tries = (): number => under.counted('onrecord_sip_connections_lost_total', { transport: 'tcp' });
    for (let i = 0; i < 3; i++) {
      under.stack.send(request('OPTIONS', 1_400, `call-${i}`), hop(), under.events);
      await udp.next();
    }
    expect(tries()).toBe(1);
    under.hand.advance(300_000);
    await under.settle();
    while (udp.waiting > 0) await udp.next();
    under.stack.send(request('OPTIONS', 1_400, 'later'), hop(), under.events);
    await udp.next();
    expect(tries()).toBe(2);
  });

  it('waits no longer than 500 ms for a connection', async () => {
    const server = await rawTcpServer(udp.port);
    under.stack.send(request('OPTIONS', 1_400), hop(), under.events);
    // No event has been served since: the connection is still being made.
    under.hand.advance(500);
    expect(headerOf(await udp.next(), 'Via')).toMatch(/^SIP\/2.0\/UDP /);
    server.close();
  });

  it('that was cancelled meanwhile is cancelled when it may be', async () => {
    const client = under.stack.send(request('INVITE', 1_400), hop(), under.events);
    client.cancel(null);
    const invite = await udp.next();
    udp.send(rawResponse(invite, '180 Ringing'), under.ports['udp'] ?? 0);
    expect(firstLine(await udp.next())).toBe('CANCEL sip:them@127.0.0.1 SIP/2.0');
  });
});

describe('RFC 3261 §18.1.1: a request above 1300 bytes to a peer that takes TCP', () => {
  let server: RawTcpServer;

  beforeEach(async () => {
    server = await rawTcpServer(udp.port);
  });
  afterEach(() => {
    server.close();
  });

  it('goes by TCP: "the value in the top Via MUST be changed", and nothing is retransmitted', async () => {
    under.stack.send(request('INVITE', 1_400), hop(), under.events);
    const peer = await server.next();
    const invite = await peer.next();
    expect(headerOf(invite, 'Via')).toMatch(/^SIP\/2.0\/TCP 127.0.0.1:\d+;branch=/);
    under.hand.advance(4_000);
    await under.settle();
    expect([peer.waiting, udp.waiting]).toEqual([0, 0]);
    peer.send(rawResponse(invite, '486 Busy Here'));
    expect((await nextOf(under, 'response')).response.status).toBe(486);
    expect(firstLine(await peer.next())).toBe('ACK sip:them@127.0.0.1 SIP/2.0');
    expect(wentBy('tcp')).toBe(1);
    peer.socket.destroy();
  });

  it('CANCEL follows it, and the next large request takes the same connection', async () => {
    const client = under.stack.send(request('INVITE', 1_400), hop(), under.events);
    const peer = await server.next();
    const invite = await peer.next();
    peer.send(rawResponse(invite, '180 Ringing'));
    await nextOf(under, 'response');
    client.cancel(null);
    expect(firstLine(await peer.next())).toBe('CANCEL sip:them@127.0.0.1 SIP/2.0');
    under.stack.send(request('MESSAGE', 1_400, 'second'), hop(), under.events);
    expect(firstLine(await peer.next())).toBe('MESSAGE sip:them@127.0.0.1 SIP/2.0');
    expect(server.accepted).toBe(1);
    peer.socket.destroy();
  });

  it('an ACK of that size too', async () => {
    under.stack.sendAck(request('ACK', 1_400), hop());
    const peer = await server.next();
    expect(headerOf(await peer.next(), 'Via')).toMatch(/^SIP\/2.0\/TCP /);
    peer.socket.destroy();
  });

  it('the peer may use that connection for requests of its own, and gets its answers there', async () => {
    under.stack.send(request('INVITE', 1_400), hop(), under.events);
    const peer = await server.next();
    await peer.next();
    peer.send(rawRequest(0, { method: 'INFO', via: 'SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKback' }));
    const { transaction } = await nextOf(under, 'request');
    expect(transaction.source).toMatchObject({ listener: 'udp', transport: 'tcp' });
    transaction.respond(makeResponse(transaction.request, 200, 'OK', 'b1'));
    expect(firstLine(await peer.next())).toBe('SIP/2.0 200 OK');
    peer.socket.destroy();
  });

  it('"TCP reset [...] the element SHOULD retry the request, using UDP", and does not ask for TCP again', async () => {
    under.stack.send(request('INVITE', 1_400), hop(), under.events);
    const peer = await server.next();
    await peer.next();
    peer.socket.resetAndDestroy();
    const invite = await udp.next();
    expect(headerOf(invite, 'Via')).toMatch(/^SIP\/2.0\/UDP /);
    udp.send(rawResponse(invite, '486 Busy Here'), under.ports['udp'] ?? 0);
    expect((await nextOf(under, 'response')).response.status).toBe(486);
    under.stack.send(request('OPTIONS', 1_400, 'next'), hop(), under.events);
    while (!firstLine(await udp.next()).startsWith('OPTIONS'));
    expect(server.accepted).toBe(1);
  });

  it('one that breaks after a response fails its request', async () => {
    under.stack.send(request('MESSAGE', 1_400), hop(), under.events);
    const peer = await server.next();
    peer.send(rawResponse(await peer.next(), '100 Trying', ''));
    await nextOf(under, 'response');
    peer.socket.resetAndDestroy();
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
  });

  it('one that breaks under a cancelled INVITE fails it', async () => {
    const client = under.stack.send(request('INVITE', 1_400), hop(), under.events);
    const peer = await server.next();
    await peer.next();
    client.cancel(null);
    peer.socket.resetAndDestroy();
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
    expect(udp.waiting).toBe(0);
  });

  it('a request up to 1300 bytes stays on UDP', async () => {
    under.stack.send(request('INVITE', 900), hop(), under.events);
    expect(headerOf(await udp.next(), 'Via')).toMatch(/^SIP\/2.0\/UDP /);
    expect(server.accepted).toBe(0);
  });

  it('a peer that is pinned gets UDP whatever the size', async () => {
    pinned = true;
    under.stack.send(request('INVITE', 1_400), hop(), under.events);
    expect(headerOf(await udp.next(), 'Via')).toMatch(/^SIP\/2.0\/UDP /);
    expect([server.accepted, wentBy('udp')]).toEqual([0, 1]);
  });
});
