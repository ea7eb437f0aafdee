import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TracedMessage } from '../../../src/signalling/trace/message-observer.ts';
import { makeResponse } from '../../../src/sip/response.ts';
import { firstLine, rawRequest, type RawUdp, rawUdp } from '../transport/raw-peer.ts';
import { nextOf, type StackUnderTest, stackUnderTest } from '../transport/stack-under-test.ts';

describe('the message trace', () => {
  let under: StackUnderTest;
  let peer: RawUdp;
  const seen: TracedMessage[] = [];
  const lines = (): string[] =>
    seen.map(
      ({ direction, hop, sipCallId, bytes }) =>
        `${direction} ${firstLine(bytes.toString('latin1'))} ${sipCallId} ${hop.transport} ${hop.port === peer.port ? 'peer' : hop.port}`,
    );
  const total = (name: string, labels: Record<string, string>): number =>
    under.meter
      .snapshot()
      .filter((one) => one.name === name)
      .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);

  beforeEach(async () => {
    seen.length = 0;
    under = await stackUnderTest({
      observers: [
        (message) => {
          seen.push(message);
        },
      ],
    });
    peer = await rawUdp();
  });
  afterEach(async () => {
    peer.close();
    await under.stack.close();
  });

  const call = async (): Promise<void> => {
    peer.send(rawRequest(peer.port), under.ports['udp'] ?? 0);
    expect(firstLine(await peer.next())).toBe('SIP/2.0 100 Trying');
  };

  it('sees what comes in and what goes out, with its hop, our own side and the bytes of the wire', async () => {
    await call();
    expect(lines()).toEqual([
      'received INVITE sip:bob@127.0.0.1 SIP/2.0 call-1 udp peer',
      'sent SIP/2.0 100 Trying call-1 udp peer',
    ]);
    expect(seen[0]?.bytes.toString('latin1')).toBe(rawRequest(peer.port));
    expect(seen[0]?.local).toMatchObject({ host: '127.0.0.1', port: under.ports['udp'] });
  });

  it('sees retransmissions of either side, and counts them', async () => {
    await call();
    const { transaction } = await nextOf(under, 'request');
    await call();
    const busy = makeResponse(transaction.request, 486, 'Busy Here', 'tag');
    transaction.respond(busy);
    under.hand.advance(500);
    await peer.next();
    await peer.next();
    expect(lines().slice(2)).toEqual([
      'received INVITE sip:bob@127.0.0.1 SIP/2.0 call-1 udp peer',
      'sent SIP/2.0 100 Trying call-1 udp peer',
      'sent SIP/2.0 486 Busy Here call-1 udp peer',
      'sent SIP/2.0 486 Busy Here call-1 udp peer',
    ]);
    const name = 'onrecord_sip_retransmissions_total';
    expect(total(name, { direction: 'received' })).toBe(1);
    expect(total(name, { direction: 'sent' })).toBe(2);
  });

  it('RFC 3261 §13.3.1.4: a 2xx that its user sends again is a retransmission', async () => {
    await call();
    const { transaction } = await nextOf(under, 'request');
    const ok = makeResponse(transaction.request, 200, 'OK', 'tag');
    transaction.respond(ok);
    transaction.respond(ok);
    await peer.next();
    expect(total('onrecord_sip_retransmissions_total', { direction: 'sent' })).toBe(1);
  });

  it('counts by method and class, and never by a word that a peer made up', async () => {
    await call();
    peer.send(rawRequest(peer.port, { method: 'EVIL1', branch: 'z9hG4bKe' }), under.ports['udp'] ?? 0);
    await nextOf(under, 'request');
    await nextOf(under, 'request');
    expect(total('onrecord_sip_requests_total', { direction: 'received', method: 'INVITE' })).toBe(1);
    expect(total('onrecord_sip_requests_total', { direction: 'received', method: 'other' })).toBe(1);
    expect(total('onrecord_sip_responses_total', { direction: 'sent', class: '1xx' })).toBe(1);
    expect(JSON.stringify(under.meter.snapshot())).not.toContain('EVIL');
  });

  it('shows a broken request beside the 400 that it gets', async () => {
    peer.send(rawRequest(peer.port, { cseq: 'x INVITE' }), under.ports['udp'] ?? 0);
    await peer.next();
    expect(lines()).toEqual([
      'received INVITE sip:bob@127.0.0.1 SIP/2.0 call-1 udp peer',
      'sent SIP/2.0 400 Bad CSeq call-1 udp peer',
    ]);
  });
});
