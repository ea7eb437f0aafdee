import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GateVerdict } from '../../../src/signalling/defence/request-gate.ts';
import { firstLine, headerOf, rawRequest, rawUdp, type RawUdp } from '../transport/raw-peer.ts';
import { nextOf, type StackUnderTest, stackUnderTest } from '../transport/stack-under-test.ts';

describe('a stack with a gate', () => {
  let under: StackUnderTest;
  let peer: RawUdp;
  let verdict: GateVerdict;
  let charged: boolean;
  const send = (text: string): void => {
    peer.send(text, under.ports['udp'] ?? 0);
  };

  beforeEach(async () => {
    verdict = 'serve';
    charged = true;
    under = await stackUnderTest({ gate: { charge: () => charged, judge: () => verdict } });
    peer = await rawUdp();
  });
  afterEach(async () => {
    peer.close();
    await under.stack.close();
  });

  it('RFC 3261 §21.5.4: who is refused gets 503 with Retry-After, and leaves nothing behind', async () => {
    verdict = { retryAfterSeconds: 7 };
    send(rawRequest(peer.port));
    const refused = await peer.next();
    expect(firstLine(refused)).toBe('SIP/2.0 503 Service Unavailable');
    expect(headerOf(refused, 'Retry-After')).toBe('7');
    expect(under.stack.activeTransactions).toBe(0);
    expect(under.hand.pending).toBe(0);
    send(rawRequest(peer.port, { method: 'ACK', to: headerOf(refused, 'To') }));
    await under.settle();
    expect(under.told.filter(({ what }) => what === 'request')).toEqual([]);
  });

  it('RFC 3261 §8.2.7: the same refusal for a retransmission, tag included', async () => {
    verdict = { retryAfterSeconds: 7 };
    send(rawRequest(peer.port));
    const first = await peer.next();
    send(rawRequest(peer.port));
    expect(await peer.next()).toBe(first);
  });

  it('silence is silence, and counted', async () => {
    verdict = 'silence';
    send(rawRequest(peer.port));
    await under.settle();
    expect([peer.waiting, under.dropped('rate'), under.told.length]).toEqual([0, 1, 0]);
  });

  it('a retransmission beyond the budget is not answered again', async () => {
    send(rawRequest(peer.port));
    await peer.next();
    await nextOf(under, 'request');
    charged = false;
    for (let i = 0; i < 20; i++) send(rawRequest(peer.port));
    await under.settle();
    expect([peer.waiting, under.dropped('rate')]).toEqual([0, 20]);
  });

  it('a CANCEL of a call that is being set up needs no verdict', async () => {
    send(rawRequest(peer.port));
    await peer.next();
    await nextOf(under, 'request');
    [verdict, charged] = ['silence', false];
    send(rawRequest(peer.port, { method: 'CANCEL' }));
    expect(firstLine(await peer.next())).toBe('SIP/2.0 200 OK');
    await nextOf(under, 'cancelled');
  });

  it('RFC 3261 §9.2: a CANCEL of nothing leaves nothing behind', async () => {
    send(rawRequest(peer.port, { method: 'CANCEL' }));
    expect(firstLine(await peer.next())).toBe('SIP/2.0 481 Call/Transaction Does Not Exist');
    expect(under.stack.activeTransactions).toBe(0);
    charged = false;
    send(rawRequest(peer.port, { method: 'CANCEL' }));
    await under.settle();
    expect(peer.waiting).toBe(0);
  });

  it('broken requests come out of the same budget', async () => {
    const broken = rawRequest(peer.port).replace('CSeq:', 'X-CSeq:');
    send(broken);
    expect(firstLine(await peer.next())).toBe('SIP/2.0 400 Bad CSeq');
    charged = false;
    send(broken);
    await under.settle();
    expect(peer.waiting).toBe(0);
  });
});
