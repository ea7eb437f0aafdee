import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeResponse } from '../../../src/sip/response.ts';
import { firstLine, headerOf, rawRequest, rawUdp } from './raw-peer.ts';
import type { RawUdp } from './raw-peer.ts';
import { nextOf, stackUnderTest } from './stack-under-test.ts';
import type { StackUnderTest } from './stack-under-test.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((entries) =>
  entries?.some(({ address }) => address === '::1'),
);

describe('UDP, driven by raw sockets', () => {
  let under: StackUnderTest;
  let peer: RawUdp;
  let other: RawUdp;
  const port = (): number => under.ports['udp'] ?? 0;

  beforeEach(async () => {
    under = await stackUnderTest({ isPeer: (_, address) => address === '127.0.0.1' });
    peer = await rawUdp();
    other = await rawUdp();
  });
  afterEach(async () => {
    peer.close();
    other.close();
    await under.stack.close();
  });

  it('RFC 3261 §18.2.2: without rport the answer goes to the source address and the sent-by port', async () => {
    peer.send(rawRequest(other.port), port());
    expect(firstLine(await other.next())).toBe('SIP/2.0 100 Trying');
    await under.settle();
    expect(peer.waiting).toBe(0);
  });

  it('RFC 3581 §4: with rport it goes to the source port, and rport and received are filled in', async () => {
    const via = `SIP/2.0/UDP 127.0.0.1:${other.port};rport;branch=z9hG4bKr`;
    peer.send(rawRequest(0, { via }), port());
    const trying = await peer.next();
    expect(headerOf(trying, 'Via')).toBe(
      `SIP/2.0/UDP 127.0.0.1:${other.port};rport=${peer.port};branch=z9hG4bKr;received=127.0.0.1`,
    );
  });

  it('RFC 3261 §18.2.1: received is added where the sent-by is not the source, and a claimed one overwritten', async () => {
    const via = `SIP/2.0/UDP pbx.invalid:${peer.port};branch=z9hG4bKn;received=192.0.2.66, SIP/2.0/UDP a;branch=z9hG4bKo`;
    peer.send(rawRequest(0, { via }), port());
    expect(headerOf(await peer.next(), 'Via')).toBe(
      `SIP/2.0/UDP pbx.invalid:${peer.port};branch=z9hG4bKn;received=127.0.0.1, SIP/2.0/UDP a;branch=z9hG4bKo`,
    );
  });

  it('§18.2.2: maddr is not followed', async () => {
    const via = `SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bKm;maddr=127.0.0.2`;
    peer.send(rawRequest(0, { via }), port());
    expect(firstLine(await peer.next())).toBe('SIP/2.0 100 Trying');
  });

  it('§18.3: what exceeds Content-Length is cut off; the user sees the body alone', async () => {
    peer.send(`${rawRequest(peer.port, { body: 'v=0' })}rest`, port());
    const { transaction } = await nextOf(under, 'request');
    expect(Buffer.from(transaction.request.body).toString()).toBe('v=0');
  });

  it('§18.3: a body shorter than Content-Length is answered 400, and reaches nobody', async () => {
    peer.send(rawRequest(peer.port, { body: 'v=0' }).slice(0, -1), port());
    expect(firstLine(await peer.next())).toBe('SIP/2.0 400 Body Shorter Than Content-Length');
    expect(under.told).toHaveLength(0);
    expect(under.dropped('short-body')).toBe(1);
  });

  it('§8.2.7: the To tag of a stateless 400 is the same for the same request', async () => {
    const broken = rawRequest(peer.port, { cseq: 'x INVITE' });
    peer.send(broken, port());
    peer.send(broken, port());
    const first = await peer.next();
    expect(firstLine(first)).toBe('SIP/2.0 400 Bad CSeq');
    expect(headerOf(first, 'To')).toMatch(/;tag=[0-9a-f]{16}$/);
    expect(await peer.next()).toBe(first);
  });

  it.each([
    ['an ACK', (p: number) => rawRequest(p, { method: 'ACK', cseq: 'x' })],
    ['a response', () => 'SIP/2.0 200 OK\r\nVia: x\r\n\r\n'],
    ['noise', () => 'hello'],
  ])('%s that is malformed is dropped without an answer', async (_, text) => {
    peer.send(text(peer.port), port());
    await under.settle();
    expect(peer.waiting).toBe(0);
    expect(under.told).toHaveLength(0);
  });

  it.each(['', '\r\n', '\r\n\r\n', '\0\0\0\0'])('a keep-alive %j is nothing', async (text) => {
    peer.send(text, port());
    await under.settle();
    expect(peer.waiting).toBe(0);
  });

  it('a stranger is told 403 a few times, dialogs nothing, then hears silence until a minute is over', async () => {
    const stranger = await rawUdp('127.0.0.5');
    const via = `SIP/2.0/UDP 127.0.0.5:${stranger.port};branch=z9hG4bKs`;
    const invite = rawRequest(0, { via });
    for (let i = 0; i < 5; i++) {
      stranger.send(invite, port());
      expect(firstLine(await stranger.next())).toBe('SIP/2.0 403 Forbidden');
    }
    stranger.send(invite, port());
    await under.settle();
    expect(stranger.waiting).toBe(0);
    expect(under.dropped('stranger')).toBe(6);
    under.hand.advance(60_000);
    stranger.send(rawRequest(0, { via, method: 'ACK' }), port());
    stranger.send('SIP/2.0 200 OK\r\n\r\n', port());
    await under.settle();
    expect(stranger.waiting).toBe(0);
    stranger.send(invite, port());
    expect(firstLine(await stranger.next())).toBe('SIP/2.0 403 Forbidden');
    expect(under.told).toHaveLength(0);
    expect(under.stack.activeTransactions).toBe(0);
    stranger.close();
  });

  it('messages are counted by direction and transport', async () => {
    peer.send(rawRequest(peer.port, { method: 'OPTIONS' }), port());
    const { transaction } = await nextOf(under, 'request');
    transaction.respond(makeResponse(transaction.request, 200, 'OK', 't'));
    await peer.next();
    const count = (direction: string): number | undefined =>
      under.meter
        .snapshot()
        .find(
          ({ name, labels }) =>
            name === 'onrecord_sip_messages_total' &&
            labels['direction'] === direction &&
            labels['transport'] === 'udp',
        )?.value;
    expect(count('received')).toBe(1);
    expect(count('sent')).toBe(1);
  });

  it.skipIf(!hasIPv6)('IPv6: sent-by in brackets, received without', async () => {
    const six = await stackUnderTest({ address: '::1' });
    const socket = createSocket('udp6');
    const came = new Promise<string>((resolve) => {
      socket.on('message', (bytes) => {
        resolve(bytes.toString('latin1'));
      });
    });
    const via = 'SIP/2.0/UDP [::2];rport;branch=z9hG4bKsix';
    socket.send(rawRequest(0, { via }), six.ports['udp'] ?? 0, '::1');
    expect(headerOf(await came, 'Via')).toMatch(
      /^SIP\/2.0\/UDP \[::2\];rport=\d+;branch=z9hG4bKsix;received=::1$/,
    );
    expect(six.stack.sentBy('udp').host).toBe('[::1]');
    socket.close();
    await six.stack.close();
  });
});
