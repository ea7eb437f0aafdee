import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noBody, SipHeaders } from '../../src/sip/message.ts';
import type { SipRequest } from '../../src/sip/message.ts';
import type { Hop } from '../../src/signalling/transaction-layer.ts';
import { firstLine, headerOf, rawResponse, rawTcpServer, rawUdp } from './transport/raw-peer.ts';
import type { RawUdp } from './transport/raw-peer.ts';
import { nextOf, stackUnderTest } from './transport/stack-under-test.ts';
import type { StackUnderTest } from './transport/stack-under-test.ts';

function request(method: string): SipRequest {
  const headers = new SipHeaders([
    { name: 'Route', value: '<sip:r1.example;lr>' },
    { name: 'Route', value: '<sip:r2.example;lr>' },
    { name: 'Max-Forwards', value: '70' },
    { name: 'From', value: '<sip:us@127.0.0.1>;tag=u1' },
    { name: 'To', value: '<sip:them@127.0.0.1>' },
    { name: 'Call-ID', value: 'ours-1' },
    { name: 'CSeq', value: `7 ${method}` },
    { name: 'Contact', value: '<sip:us@127.0.0.1>' },
  ]);
  return { type: 'request', method, uri: 'sip:them@127.0.0.1', headers, body: noBody };
}

describe('client transactions over UDP, answered by a raw socket', () => {
  let under: StackUnderTest;
  let peer: RawUdp;
  let hop: Hop;
  const answer = (text: string): void => {
    peer.send(text, under.ports['udp'] ?? 0);
  };

  beforeEach(async () => {
    under = await stackUnderTest();
    peer = await rawUdp();
    hop = { listener: 'udp', transport: 'udp', address: '127.0.0.1', port: peer.port };
  });
  afterEach(async () => {
    peer.close();
    await under.stack.close();
  });

  it('§8.1.1.7: our Via goes on top with a cookie branch, our sent-by and rport; the request is left alone', async () => {
    const invite = request('INVITE');
    under.stack.send(invite, hop, under.events);
    const sent = await peer.next();
    expect(headerOf(sent, 'Via')).toMatch(
      new RegExp(`^SIP/2.0/UDP 127.0.0.1:${under.ports['udp'] ?? 0};branch=z9hG4bK[0-9a-f]{24};rport$`),
    );
    expect(sent.indexOf('Via:')).toBe(sent.indexOf('\r\n') + 2);
    expect(invite.headers.first('via')).toBe(null);
  });

  it('§17.1.1.2: over UDP the INVITE is repeated after 500, 1000, 2000 ms ... and Timer B ends it', async () => {
    under.stack.send(request('INVITE'), hop, under.events);
    const first = await peer.next();
    for (const wait of [500, 1000, 2000, 4000, 8000, 16_000]) {
      under.hand.advance(wait - 1);
      await under.settle();
      expect(peer.waiting).toBe(0);
      under.hand.advance(1);
      expect(await peer.next()).toBe(first);
    }
    expect(under.told).toHaveLength(0);
    under.hand.advance(500);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'timeout' });
    expect(under.stack.activeTransactions).toBe(0);
    expect(under.hand.pending).toBe(0);
  });

  it('a provisional stops the retransmissions; each is told; then it may ring for ever', async () => {
    under.stack.send(request('INVITE'), hop, under.events, 4000);
    const sent = await peer.next();
    answer(rawResponse(sent, '180 Ringing'));
    answer(rawResponse(sent, '180 Ringing'));
    expect((await nextOf(under, 'response')).response.status).toBe(180);
    expect((await nextOf(under, 'response')).response.status).toBe(180);
    under.hand.advance(600_000);
    await under.settle();
    expect(peer.waiting).toBe(0);
    expect(under.told).toHaveLength(2);
  });

  it('§17.1.1.3: a failure is ACKed with the branch, the whole route set and the To of the response', async () => {
    under.stack.send(request('INVITE'), hop, under.events);
    const sent = await peer.next();
    answer(rawResponse(sent, '486 Busy Here'));
    const ack = await peer.next();
    expect(firstLine(ack)).toBe('ACK sip:them@127.0.0.1 SIP/2.0');
    for (const name of ['Via', 'From', 'Call-ID']) expect(headerOf(ack, name)).toBe(headerOf(sent, name));
    expect(headerOf(ack, 'To')).toBe('<sip:them@127.0.0.1>;tag=b1');
    expect(headerOf(ack, 'CSeq')).toBe('7 ACK');
    expect(ack).toContain('\r\nRoute: <sip:r1.example;lr>\r\nRoute: <sip:r2.example;lr>\r\n');
    answer(rawResponse(sent, '486 Busy Here'));
    expect(await peer.next()).toBe(ack);
    await under.settle();
    expect(under.told).toHaveLength(1);
    under.hand.advance(32_000);
    expect(under.stack.activeTransactions).toBe(0);
  });

  it('RFC 6026 §7.2: each repeated 2xx, and the 2xx of another fork, is told', async () => {
    under.stack.send(request('INVITE'), hop, under.events);
    const sent = await peer.next();
    answer(rawResponse(sent, '200 OK', 'b1'));
    answer(rawResponse(sent, '200 OK', 'b1'));
    answer(rawResponse(sent, '200 OK', 'b2'));
    for (const tag of ['b1', 'b1', 'b2']) {
      const { response } = await nextOf(under, 'response');
      expect(response.headers.first('to')).toContain(`tag=${tag}`);
    }
    under.hand.advance(32_000);
    answer(rawResponse(sent, '200 OK', 'b1'));
    await under.settle();
    expect(under.told).toHaveLength(3);
    expect(under.dropped('stray-response')).toBe(1);
  });

  it('§9.1: a CANCEL waits for the first provisional, has the branch, and goes out once', async () => {
    const transaction = under.stack.send(request('INVITE'), hop, under.events);
    const sent = await peer.next();
    transaction.cancel('Q.850;cause=16');
    await under.settle();
    expect(peer.waiting).toBe(0);
    answer(rawResponse(sent, '100 Trying', ''));
    const cancel = await peer.next();
    transaction.cancel(null);
    expect(firstLine(cancel)).toBe('CANCEL sip:them@127.0.0.1 SIP/2.0');
    for (const name of ['Via', 'From', 'To', 'Call-ID']) {
      expect(headerOf(cancel, name)).toBe(headerOf(sent, name));
    }
    expect(headerOf(cancel, 'CSeq')).toBe('7 CANCEL');
    expect(headerOf(cancel, 'Reason')).toBe('Q.850;cause=16');
    expect(cancel.match(/\r\nVia:/g)).toHaveLength(1);
    answer(rawResponse(cancel, '200 OK'));
    answer(rawResponse(sent, '487 Request Terminated'));
    expect(firstLine(await peer.next())).toMatch(/^ACK/);
    await nextOf(under, 'response');
    expect((await nextOf(under, 'response')).response.status).toBe(487);
  });

  it('§9.1: without a final response 64*T1 after the CANCEL, the transaction is taken to be cancelled', async () => {
    const transaction = under.stack.send(request('INVITE'), hop, under.events);
    const sent = await peer.next();
    answer(rawResponse(sent, '180 Ringing'));
    await nextOf(under, 'response');
    transaction.cancel(null);
    under.hand.advance(32_000);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'timeout' });
    expect(under.stack.activeTransactions).toBe(0);
  });

  it('CANCEL crossing a 200: the 200 is told, so that the user can ACK and hang up', async () => {
    const transaction = under.stack.send(request('INVITE'), hop, under.events);
    const sent = await peer.next();
    answer(rawResponse(sent, '180 Ringing'));
    await nextOf(under, 'response');
    transaction.cancel(null);
    await peer.next();
    answer(rawResponse(sent, '200 OK'));
    expect((await nextOf(under, 'response')).response.status).toBe(200);
  });

  it('inviteTimeoutMs without any response fails it, and what comes late is cancelled', async () => {
    under.stack.send(request('INVITE'), hop, under.events, 1200);
    const sent = await peer.next();
    under.hand.advance(1200);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'timeout' });
    await peer.next();
    under.hand.advance(5000);
    await under.settle();
    expect(peer.waiting).toBe(0);
    answer(rawResponse(sent, '180 Ringing'));
    expect(firstLine(await peer.next())).toMatch(/^CANCEL/);
    expect(under.told).toHaveLength(1);
  });

  it('a 200 that comes after inviteTimeoutMs is ACKed and hung up, or the other side would stay up', async () => {
    under.stack.send(request('INVITE'), hop, under.events, 400);
    const sent = await peer.next();
    under.hand.advance(400);
    await nextOf(under, 'failed');
    answer(rawResponse(sent, '200 OK', 'b9', ['Contact: <sip:them@127.0.0.1:9>']));
    const ack = await peer.next();
    const bye = await peer.next();
    expect(firstLine(ack)).toBe('ACK sip:them@127.0.0.1:9 SIP/2.0');
    expect(headerOf(ack, 'CSeq')).toBe('7 ACK');
    expect(firstLine(bye)).toBe('BYE sip:them@127.0.0.1:9 SIP/2.0');
    expect(headerOf(bye, 'To')).toContain('tag=b9');
    expect(headerOf(bye, 'CSeq')).toBe('8 BYE');
    expect(under.told).toHaveLength(1);
  });

  it('§17.1.2.2: a BYE is repeated after 500, 1000, 2000, 4000, 4000 ms ... and Timer F ends it', async () => {
    under.stack.send(request('BYE'), hop, under.events);
    const first = await peer.next();
    for (const wait of [500, 1000, 2000, 4000, 4000]) {
      under.hand.advance(wait);
      expect(await peer.next()).toBe(first);
    }
    under.hand.advance(32_000 - 11_500);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'timeout' });
  });

  it('§17.1.2.2: a final response is told once, and its retransmissions are buffered by Timer K', async () => {
    under.stack.send(request('BYE'), hop, under.events);
    const sent = await peer.next();
    answer(rawResponse(sent, '200 OK'));
    answer(rawResponse(sent, '200 OK'));
    await nextOf(under, 'response');
    await under.settle();
    expect(under.told).toHaveLength(1);
    under.hand.advance(5_000);
    expect(under.stack.activeTransactions).toBe(0);
  });

  it('§17.1.3: a response on a branch that is not ours is dropped and counted', async () => {
    under.stack.send(request('BYE'), hop, under.events);
    const sent = await peer.next();
    answer(rawResponse(sent, '200 OK').replace(/branch=z9hG4bK./, 'branch=z9hG4bKx'));
    await under.settle();
    expect(under.told).toHaveLength(0);
    expect(under.dropped('stray-response')).toBe(1);
  });

  it('§8.1.3.3: a response with a second Via was meant for somebody else', async () => {
    under.stack.send(request('BYE'), hop, under.events);
    const sent = await peer.next();
    answer(rawResponse(sent, '200 OK', 'b1', ['Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKx']));
    await under.settle();
    expect(under.told).toHaveLength(0);
    expect(under.dropped('stray-response')).toBe(1);
  });

  it('§17.1.4: what cannot be sent fails, after send has returned', async () => {
    let returned = false;
    under.stack.send(
      request('INVITE'),
      { ...hop, port: 0 },
      {
        response: () => undefined,
        failed: (cause) => {
          under.events.failed(cause);
          expect(returned).toBe(true);
        },
      },
    );
    returned = true;
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
    expect(under.stack.activeTransactions).toBe(0);
  });

  it('a header with a line end in it never goes out', () => {
    const bad = request('OPTIONS');
    bad.headers.append('Subject', 'x\u010aInjected: yes');
    expect(() => under.stack.send(bad, hop, under.events)).toThrow('line end');
  });

  it('§17.1.1.2: over TCP nothing is repeated, and a refused connection fails the INVITE', async () => {
    const server = await rawTcpServer();
    const tcp: Hop = { listener: 'tcp', transport: 'tcp', address: '127.0.0.1', port: server.port };
    under.stack.send(request('INVITE'), tcp, under.events);
    const connection = await server.next();
    const sent = await connection.next();
    under.hand.advance(20_000);
    connection.send(rawResponse(sent, '100 Trying', ''));
    await nextOf(under, 'response');
    server.close();
    connection.socket.destroy();
    await connection.closed;
    await under.settle();
    under.stack.send(request('INVITE'), tcp, under.events);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
  });
});
