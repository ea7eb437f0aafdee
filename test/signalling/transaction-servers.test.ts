import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeResponse } from '../../src/sip/response.ts';
import { firstLine, headerOf, rawRequest, rawUdp } from './transport/raw-peer.ts';
import type { RawUdp } from './transport/raw-peer.ts';
import { nextOf, stackUnderTest } from './transport/stack-under-test.ts';
import type { StackUnderTest } from './transport/stack-under-test.ts';

describe('server transactions over UDP, driven by a raw socket', () => {
  let under: StackUnderTest;
  let peer: RawUdp;
  const send = (text: string): void => {
    peer.send(text, under.ports['udp'] ?? 0);
  };
  const invite = (): string => rawRequest(peer.port);

  beforeEach(async () => {
    under = await stackUnderTest();
    peer = await rawUdp();
  });
  afterEach(async () => {
    peer.close();
    await under.stack.close();
  });

  it('RFC 3261 §17.2.1: an INVITE is answered 100 at once, without a To tag, and reaches the user', async () => {
    send(invite());
    const trying = await peer.next();
    expect(firstLine(trying)).toBe('SIP/2.0 100 Trying');
    expect(headerOf(trying, 'To')).toBe('<sip:bob@127.0.0.1>');
    expect(headerOf(trying, 'Via')).toBe(`SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bKone`);
    const { transaction } = await nextOf(under, 'request');
    expect(transaction.request.uri).toBe('sip:bob@127.0.0.1');
    expect(under.stack.activeTransactions).toBe(1);
  });

  it('§17.2.1: a retransmitted INVITE gets the most recent provisional again and reaches nobody', async () => {
    send(invite());
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    transaction.respond(makeResponse(transaction.request, 180, 'Ringing', 'b1'));
    const ringing = await peer.next();
    send(invite());
    expect(await peer.next()).toBe(ringing);
    await under.settle();
    expect(under.told).toHaveLength(1);
  });

  it('§17.2.1: a 4xx is repeated by Timer G until the ACK, which reaches nobody', async () => {
    send(invite());
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    transaction.respond(makeResponse(transaction.request, 486, 'Busy Here', 'b1'));
    const busy = await peer.next();
    for (const wait of [500, 1000, 2000, 4000, 4000]) {
      under.hand.advance(wait);
      expect(await peer.next()).toBe(busy);
    }
    send(rawRequest(peer.port, { method: 'ACK', to: '<sip:bob@127.0.0.1>;tag=b1' }));
    await under.settle();
    under.hand.advance(4000);
    await under.settle();
    expect(peer.waiting).toBe(0);
    expect(under.told).toHaveLength(1);
    under.hand.advance(5000);
    expect(under.stack.activeTransactions).toBe(0);
    expect(under.hand.pending).toBe(0);
  });

  it('§17.2.1: Timer H without an ACK tells the user', async () => {
    send(invite());
    const { transaction } = await nextOf(under, 'request');
    transaction.respond(makeResponse(transaction.request, 486, 'Busy Here', 'b1'));
    under.hand.advance(32_000);
    expect(await nextOf(under, 'server-failed')).toMatchObject({ cause: 'timeout' });
    expect(under.stack.activeTransactions).toBe(0);
  });

  it('RFC 6026 §7.1: after a 2xx an INVITE is absorbed, the 2xx passes again, the ACK goes to the user', async () => {
    send(invite());
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    const ok = makeResponse(transaction.request, 200, 'OK', 'b1');
    transaction.respond(ok);
    const first = await peer.next();
    send(invite());
    await under.settle();
    expect(peer.waiting).toBe(0);
    transaction.respond(ok);
    expect(await peer.next()).toBe(first);
    send(rawRequest(peer.port, { method: 'ACK', branch: 'z9hG4bKack', to: '<sip:bob@127.0.0.1>;tag=b1' }));
    expect((await nextOf(under, 'ack')).request.method).toBe('ACK');
    under.hand.advance(32_000);
    expect(under.stack.activeTransactions).toBe(0);
  });

  it("§9.2: CANCEL is answered 200 with the INVITE's To tag, and the user is told once, with its Reason", async () => {
    send(invite());
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    transaction.respond(makeResponse(transaction.request, 180, 'Ringing', 'b1'));
    await peer.next();
    const cancel = rawRequest(peer.port, {
      method: 'CANCEL',
      extra: ['Reason: SIP;cause=200', 'Reason: Q.850;cause=26'],
    });
    send(cancel);
    const ok = await peer.next();
    expect(firstLine(ok)).toBe('SIP/2.0 200 OK');
    expect(headerOf(ok, 'CSeq')).toBe('1 CANCEL');
    expect(headerOf(ok, 'To')).toBe('<sip:bob@127.0.0.1>;tag=b1');
    expect((await nextOf(under, 'cancelled')).reason).toBe('SIP;cause=200, Q.850;cause=26');
    send(cancel);
    expect(await peer.next()).toBe(ok);
    await under.settle();
    expect(under.told.filter(({ what }) => what === 'cancelled')).toHaveLength(1);
  });

  it('§9.2: CANCEL after a final response is answered 200 and has no effect', async () => {
    send(invite());
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    transaction.respond(makeResponse(transaction.request, 200, 'OK', 'b1'));
    await peer.next();
    send(rawRequest(peer.port, { method: 'CANCEL' }));
    expect(firstLine(await peer.next())).toBe('SIP/2.0 200 OK');
    await under.settle();
    expect(under.told).toHaveLength(1);
  });

  it('§9.2: CANCEL without its INVITE is answered 481', async () => {
    send(rawRequest(peer.port, { method: 'CANCEL' }));
    expect(firstLine(await peer.next())).toBe('SIP/2.0 481 Call/Transaction Does Not Exist');
    expect(under.told).toHaveLength(0);
  });

  it('§17.2.2: a retransmitted BYE gets the same answer until Timer J, and then is new', async () => {
    const bye = rawRequest(peer.port, { method: 'BYE', to: '<sip:bob@127.0.0.1>;tag=b1' });
    send(bye);
    const { transaction } = await nextOf(under, 'request');
    send(bye);
    await under.settle();
    expect(peer.waiting).toBe(0);
    transaction.respond(makeResponse(transaction.request, 200, 'OK', null));
    const ok = await peer.next();
    send(bye);
    expect(await peer.next()).toBe(ok);
    expect(under.told).toHaveLength(1);
    under.hand.advance(32_000);
    send(bye);
    await nextOf(under, 'request');
  });

  it('RFC 4320 §4.2: a request that the user leaves unanswered is forgotten when its client has given up', async () => {
    send(rawRequest(peer.port, { method: 'INFO', to: '<sip:bob@127.0.0.1>;tag=b1' }));
    await nextOf(under, 'request');
    under.hand.advance(32_000);
    expect(under.stack.activeTransactions).toBe(0);
    expect(under.dropped('request-unanswered')).toBe(1);
    expect(peer.waiting).toBe(0);
  });

  it('§17.2.3: two peers with equal branches have two transactions: the sent-by differs', async () => {
    const other = await rawUdp();
    send(invite());
    other.send(rawRequest(other.port, { callId: 'call-2' }), under.ports['udp'] ?? 0);
    await nextOf(under, 'request');
    await nextOf(under, 'request');
    expect(firstLine(await other.next())).toBe('SIP/2.0 100 Trying');
    expect(under.stack.activeTransactions).toBe(2);
    other.close();
  });

  it('§17.2.3: an RFC 2543 INVITE without branch is matched by its parts, its ACK too', async () => {
    const via = `SIP/2.0/UDP 127.0.0.1:${peer.port}`;
    send(rawRequest(peer.port, { via }));
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    send(rawRequest(peer.port, { via }));
    expect(firstLine(await peer.next())).toBe('SIP/2.0 100 Trying');
    transaction.respond(makeResponse(transaction.request, 404, 'Not Found', 'b1'));
    await peer.next();
    send(rawRequest(peer.port, { via, method: 'ACK', to: '<sip:bob@127.0.0.1>;tag=b1' }));
    await under.settle();
    under.hand.advance(5_000);
    expect(under.stack.activeTransactions).toBe(0);
    expect(under.told).toHaveLength(1);
  });

  it('§8.2.2.2: the same request on another branch while the first is served is answered 482', async () => {
    send(invite());
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    const twin = rawRequest(peer.port, { branch: 'z9hG4bKtwo' });
    send(twin);
    expect(firstLine(await peer.next())).toBe('SIP/2.0 100 Trying');
    expect(firstLine(await peer.next())).toBe('SIP/2.0 482 Loop Detected');
    expect(under.told).toHaveLength(1);
    transaction.respond(makeResponse(transaction.request, 503, 'Service Unavailable', 'b1'));
    await peer.next();
    send(rawRequest(peer.port, { branch: 'z9hG4bKthree' }));
    await nextOf(under, 'request');
  });

  it('a user that throws costs its own request a 500, and is logged without a word of the message', async () => {
    under.onRequest = () => {
      throw new Error('secret sip:alice@127.0.0.1');
    };
    send(rawRequest(peer.port, { method: 'OPTIONS' }));
    expect(firstLine(await peer.next())).toBe('SIP/2.0 500 Server Internal Error');
    expect(under.dropped('dispatch-failed')).toBe(1);
    expect(under.logged.join('\n')).not.toContain('alice');
    under.onRequest = null;
    send(rawRequest(peer.port, { method: 'OPTIONS', branch: 'z9hG4bKnext', cseq: '2 OPTIONS' }));
    await nextOf(under, 'request');
    await nextOf(under, 'request');
  });

  it('§8.2.6: Record-Route is copied into a response that makes a dialog, and into no other', async () => {
    send(rawRequest(peer.port, { extra: ['Record-Route: <sip:p1;lr>', 'Record-Route: <sip:p2;lr>'] }));
    expect(headerOf(await peer.next(), 'Record-Route')).toBe('');
    const { transaction } = await nextOf(under, 'request');
    transaction.respond(makeResponse(transaction.request, 180, 'Ringing', 'b1'));
    const ringing = await peer.next();
    expect(ringing).toContain('\r\nRecord-Route: <sip:p1;lr>\r\nRecord-Route: <sip:p2;lr>\r\n');
    transaction.respond(makeResponse(transaction.request, 486, 'Busy Here', 'b1'));
    expect(headerOf(await peer.next(), 'Record-Route')).toBe('');
  });
});
