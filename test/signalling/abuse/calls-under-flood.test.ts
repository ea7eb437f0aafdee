import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from '../node-under-test.ts';
import { audio } from '../scripted-peer.ts';
import { rawRequest, rawUdp, type RawUdp } from '../transport/raw-peer.ts';
import { flood, untilAnswered } from './flood.ts';

let node: NodeUnderTest;
let other: RawUdp;

beforeEach(async () => {
  other = await rawUdp('127.0.0.9');
  const third = {
    ...{ id: 'third', side: 'pbx', listener: 'udp', match: ['127.0.0.9/32'] },
    targets: [`sip:127.0.0.9:${other.port}`],
  };
  node = await nodeUnderTest({
    limits: { requestsPerSecond: 100, transactions: 500 },
    maxCalls: 20,
    more: { listeners: [], peers: [third], routes: [{ from: 'third', to: ['second'] }] },
  });
});

afterEach(async () => {
  other.close();
  await node.close();
});

/** A call from the PBX to the carrier that is up. */
async function establish(): Promise<string> {
  const { pbx, carrier } = node;
  pbx.invite(node.uri('352123'), 'running');
  const invite = await carrier.expect('INVITE');
  carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
  const ok = await pbx.expect('SIP/2.0 200');
  pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
  await carrier.expect('ACK');
  return ok;
}

function invites(count: number, source: RawUdp, user = '200'): Promise<void> {
  return flood(count, (n) => {
    const sent = rawRequest(source.port, {
      ...{ uri: node.uri(user), branch: `z9hG4bKflood${n}`, callId: `flood-${n}` },
      via: `SIP/2.0/UDP ${source.address}:${source.port};branch=z9hG4bKflood${n}`,
      from: `<sip:flood@127.0.0.9>;tag=f${n}`,
    });
    source.send(sent, node.port);
  });
}

const refused = (reason: string): number =>
  node.meter
    .snapshot()
    .filter(({ name, labels }) => name === 'onrecord_requests_refused_total' && labels['reason'] === reason)
    .reduce((sum, { value }) => sum + value, 0);

describe('while a peer floods with INVITEs', () => {
  it('calls and transactions stay within their bounds', async () => {
    await invites(3_000, other);
    expect(node.b2bua.activeCalls).toBeLessThanOrEqual(20);
    expect(node.stack.activeTransactions).toBeLessThanOrEqual(500);
    expect(refused('calls') + refused('rate')).toBeGreaterThan(0);
  });

  it('a call that is up is ended within a second', async () => {
    const ok = await establish();
    const { pbx, carrier } = node;
    const flooding = invites(4_000, other);
    const began = performance.now();
    const bye = pbx.inDialog('BYE', ok, 'uac', { cseq: 2 });
    const passed = await untilAnswered(() => {
      pbx.send(bye);
    }, carrier.expect('BYE'));
    carrier.respond(passed, '200 OK');
    await untilAnswered(() => {
      pbx.send(bye);
    }, pbx.expect('SIP/2.0 200'));
    expect(performance.now() - began).toBeLessThan(1_000);
    await flooding;
  });

  it('its own source too: a call of it still ends', async () => {
    const ok = await establish();
    for (let n = 0; n < 200; n++)
      node.gate.charge({ listener: 'udp', transport: 'udp', address: '127.0.0.1', port: 1 });
    const { pbx, carrier } = node;
    pbx.inDialog('BYE', ok, 'uac', { cseq: 2 });
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await pbx.expect('SIP/2.0 200');
  });

  it('an emergency call gets through, whoever makes it', async () => {
    const flooding = invites(2_000, other);
    const { pbx, carrier, second } = node;
    const invite = pbx.invite(node.uri('112'), 'help');
    const came = await untilAnswered(() => {
      pbx.send(invite);
    }, carrier.expect('INVITE'));
    expect(came).toMatch(/^INVITE sip:112@/);
    await flooding;
    const mine = rawRequest(other.port, {
      ...{ uri: node.uri('112'), branch: 'z9hG4bKhelp', callId: 'help-2' },
      via: `SIP/2.0/UDP 127.0.0.9:${other.port};branch=z9hG4bKhelp`,
      from: '<sip:flood@127.0.0.9>;tag=help',
    });
    let rang = '';
    while (!rang.startsWith('INVITE sip:112@')) {
      rang = await untilAnswered(() => {
        other.send(mine, node.port);
      }, second.expect('INVITE'));
    }
  });
});

describe('under overload', () => {
  beforeEach(() => {
    // Refused are all but emergency calls from the first sample on.
    node.gate.feel({ resource: 'memory', value: 2 });
  });

  it('a new call gets 503 with Retry-After and leaves nothing', async () => {
    const { pbx } = node;
    pbx.invite(node.uri('352123'), 'late');
    const answer = await pbx.expect('SIP/2.0');
    expect(answer).toMatch(/^SIP\/2.0 503 [^]*\r\nRetry-After: \d+\r\n/);
    expect([node.b2bua.activeCalls, node.stack.activeTransactions]).toEqual([0, 0]);
    expect(refused('overload')).toBe(1);
  });

  it('an emergency call is dialled', async () => {
    node.pbx.invite(node.uri('+352112'), 'help');
    await node.carrier.expect('INVITE');
  });

  it('OPTIONS is answered', async () => {
    node.pbx.request('OPTIONS', node.uri('x'), [
      ...['Max-Forwards: 70', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>', 'Call-ID: o', 'CSeq: 1 OPTIONS'],
    ]);
    await node.pbx.expect('SIP/2.0 200');
  });
});
