import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noBody, SipHeaders } from '../../../src/sip/message.ts';
import type { SipRequest } from '../../../src/sip/message.ts';
import type { Hop } from '../../../src/signalling/transaction-layer.ts';
import { firstLine, rawRequest, rawResponse, rawTcp, rawTcpServer } from './raw-peer.ts';
import type { RawTcp, RawTcpServer } from './raw-peer.ts';
import { nextOf, stackUnderTest } from './stack-under-test.ts';
import type { StackUnderTest } from './stack-under-test.ts';

const request = (method: string): SipRequest => ({
  type: 'request',
  method,
  uri: 'sip:them@127.0.0.1',
  headers: new SipHeaders([
    { name: 'From', value: '<sip:us@127.0.0.1>;tag=u1' },
    { name: 'To', value: '<sip:them@127.0.0.1>' },
    { name: 'Call-ID', value: 'ours' },
    { name: 'CSeq', value: `1 ${method}` },
  ]),
  body: noBody,
});

describe('a connection that we dialled', () => {
  let under: StackUnderTest;
  let server: RawTcpServer;
  let peer: RawTcp;
  const hop = (): Hop => ({
    listener: 'tcp',
    transport: 'tcp',
    address: '127.0.0.1',
    port: server.port,
  });
  const lost = (reason: string): number =>
    under.counted('onrecord_sip_connections_lost_total', { transport: 'tcp', reason });
  const send = async (method: string): Promise<string> => {
    under.stack.send(request(method), hop(), under.events);
    peer = await server.next();
    return peer.next();
  };

  beforeEach(async () => {
    under = await stackUnderTest();
    server = await rawTcpServer();
  });
  afterEach(async () => {
    peer.socket.destroy();
    server.close();
    await under.stack.close();
  });

  it.each(['INVITE', 'OPTIONS'])(
    'RFC 3261 §17.1.4: its break fails an unanswered %s at once',
    async (method) => {
      await send(method);
      peer.socket.resetAndDestroy();
      expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
      expect(lost('reset')).toBe(1);
      expect(under.logged.filter((line) => line.startsWith('sip-connection-broken'))).toEqual([
        'sip-connection-broken {"listener":"tcp","transport":"tcp","address":"127.0.0.1","reason":"reset"}',
      ]);
    },
  );

  it('its end in order fails it too, and is no line in the log', async () => {
    await send('OPTIONS');
    peer.socket.end();
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
    expect(lost('ended')).toBe(1);
    expect(under.logged).toEqual([]);
  });

  it('§9.1: an INVITE that has its 100 is given up, and cancelled by a new connection', async () => {
    const invite = await send('INVITE');
    peer.send(rawResponse(invite, '100 Trying', ''));
    await nextOf(under, 'response');
    peer.socket.resetAndDestroy();
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
    peer = await server.next();
    expect(firstLine(await peer.next())).toBe('CANCEL sip:them@127.0.0.1 SIP/2.0');
  });

  it('§18.2.2: an INVITE that rings waits: the other side answers by a new connection', async () => {
    const invite = await send('INVITE');
    peer.send(rawResponse(invite, '180 Ringing'));
    await nextOf(under, 'response');
    peer.socket.resetAndDestroy();
    await under.settle();
    peer = await rawTcp(under.ports['tcp'] ?? 0);
    peer.send(rawResponse(invite, '200 OK', 'b1', ['Contact: <sip:them@127.0.0.1>']));
    expect((await nextOf(under, 'response')).response.status).toBe(200);
  });

  it('who cannot be reached is logged once, and once more when it can', async () => {
    const { port } = server;
    server.close();
    for (let i = 0; i < 3; i++) {
      under.stack.send(request('OPTIONS'), hop(), under.events);
      expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
    }
    expect(under.logged).toEqual([
      `sip-unreachable {"listener":"tcp","transport":"tcp","address":"127.0.0.1","port":${port},"reason":"refused"}`,
    ]);
    expect(lost('refused')).toBe(3);
    server = await rawTcpServer(port);
    await send('OPTIONS');
    expect(under.logged[1]).toMatch(/^sip-reachable /);
  });

  describe('RFC 5626 §4.4.1', () => {
    it('is sent a ping within 50 s, and again while it lives', async () => {
      await send('OPTIONS');
      for (let i = 0; i < 3; i++) {
        under.hand.advance(50_000);
        expect(await peer.next()).toBe('\r\n\r\n');
        peer.send('\r\n');
        await under.settle();
        under.hand.advance(10_000);
      }
      expect(peer.socket.destroyed).toBe(false);
    });

    it('that answered pings and answers none within 10 s is dead', async () => {
      await send('OPTIONS');
      under.hand.advance(50_000);
      peer.send('\r\n');
      await under.settle();
      under.hand.advance(10_000);
      under.stack.send(request('INVITE'), hop(), under.events);
      under.hand.advance(50_000);
      under.hand.advance(10_000);
      await peer.closed;
      expect(lost('ping-timeout')).toBe(1);
      expect(under.told.filter(({ what }) => what === 'failed')).toHaveLength(2);
    });

    it('that never answered a ping is not judged by pings', async () => {
      await send('OPTIONS');
      under.hand.advance(200_000);
      await under.settle();
      expect(lost('ping-timeout')).toBe(0);
      under.stack.send(request('MESSAGE'), hop(), under.events);
      expect(server.accepted).toBe(1);
    });

    it('one that was accepted is not pinged: who dialled asks', async () => {
      await send('OPTIONS');
      const theirs = await rawTcp(under.ports['tcp'] ?? 0);
      theirs.send(rawRequest(0, { via: 'SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKa' }));
      await theirs.next();
      under.hand.advance(100_000);
      await under.settle();
      expect(theirs.waiting).toBe(0);
      theirs.socket.destroy();
    });
  });
});
