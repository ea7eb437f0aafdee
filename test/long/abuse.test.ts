import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { flood, seeded, untilAnswered } from '../signalling/abuse/flood.ts';
import { type NodeUnderTest, nodeUnderTest } from '../signalling/node-under-test.ts';
import { audio } from '../signalling/scripted-peer.ts';
import { rawRequest, rawUdp, type RawUdp } from '../signalling/transport/raw-peer.ts';
import { hostilePackets } from '../support/hostile-packets.ts';

const abuseMs = 60_000;
/** Timer J, H and their like are 32 s (RFC 3261 §17); a released call waits for both legs. */
const quietMs = 75_000;
const seed = Number(process.env.ABUSE_SEED ?? Date.now() % 100_000);
const random = seeded(seed);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** One of everything that an abusive neighbour can send, of its own dialogs and of nobody's. */
function abuse(node: NodeUnderTest, from: RawUdp, n: number): string | Uint8Array {
  const method = ['INVITE', 'CANCEL', 'ACK', 'BYE', 'OPTIONS', 'REFER', 'UPDATE', 'NONSENSE'][
    Math.floor(random() * 8)
  ];
  const good = rawRequest(from.port, {
    ...(method === undefined ? {} : { method }),
    ...{ uri: node.uri('200'), callId: `abuse-${n}`, from: `<sip:a@127.0.0.9>;tag=${n}` },
    ...(random() < 0.5 ? {} : { to: `<sip:b@127.0.0.1>;tag=${n}` }),
    via: `SIP/2.0/UDP 127.0.0.9:${from.port};branch=z9hG4bK${n}`,
  });
  const dice = random();
  if (dice < 0.6) return good;
  if (dice < 0.75) return good.slice(0, Math.floor(random() * good.length));
  if (dice < 0.85) return good.slice(0, Math.floor(random() * good.length)) + '\0'.repeat(300);
  if (dice < 0.95) return Uint8Array.from({ length: 300 }, () => Math.floor(random() * 256));
  return hostilePackets[Math.floor(random() * hostilePackets.length)]?.bytes ?? good;
}

it(`a minute of abuse costs a running call nothing and leaves nothing (ABUSE_SEED=${seed})`, async () => {
  const attacker = await rawUdp('127.0.0.9');
  const third = {
    ...{ id: 'third', side: 'pbx', listener: 'udp', match: ['127.0.0.9/32'] },
    targets: [`sip:127.0.0.9:${attacker.port}`],
  };
  const node = await nodeUnderTest({
    limits: { requestsPerSecond: 300, transactions: 20_000 },
    maxCalls: 200,
    ringMs: 5_000,
    more: { listeners: [], peers: [third], routes: [{ from: 'third', to: ['second'] }] },
  });
  const { pbx, carrier } = node;
  pbx.invite(node.uri('352123'), 'running');
  carrier.respond(await carrier.expect('INVITE'), '200 OK', { tag: 'bob', body: audio(6000, '8') });
  const ok = await pbx.expect('SIP/2.0 200');
  pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
  const before = heapBytes();

  let sent = 0;
  let slowest = 0;
  const until = Date.now() + abuseMs;
  for (let cseq = 2; Date.now() < until; cseq++) {
    const flooding = flood(3_000, () => {
      attacker.send(abuse(node, attacker, sent++), node.port);
    });
    const began = performance.now();
    const info = pbx.inDialog('INFO', ok, 'uac', { cseq, body: 'x' });
    const passed = await untilAnswered(() => {
      pbx.send(info);
    }, carrier.expect('INFO'));
    carrier.respond(passed, '200 OK');
    await untilAnswered(() => {
      pbx.send(info);
    }, pbx.expect('SIP/2.0 200'));
    slowest = Math.max(slowest, performance.now() - began);
    expect(node.b2bua.activeCalls).toBeLessThanOrEqual(201);
    expect(node.stack.activeTransactions).toBeLessThanOrEqual(25_000);
    await flooding;
  }
  const bugs = node.meter
    .snapshot()
    .filter(
      ({ name, labels }) => name === 'onrecord_sip_dropped_total' && labels['reason'] === 'dispatch-failed',
    );
  expect(bugs).toEqual([]);
  expect(sent).toBeGreaterThan(30_000);
  expect(slowest).toBeLessThan(1_500);

  await pause(quietMs);
  expect(node.b2bua.activeCalls).toBe(1);
  expect(node.stack.activeTransactions).toBe(0);
  expect(heapBytes() - before).toBeLessThan(20e6);
  attacker.close();
  await node.close();
});
