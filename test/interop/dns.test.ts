import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeTcpPort, freeUdpRange } from '../support/free-ports.ts';
import { nodeConfig } from '../support/node-config.ts';
import { removeDirectory, RunningNode } from '../support/node.ts';
import { waitUntil } from '../support/processes.ts';
import { missingTools } from './debian-tools.ts';
import { Dnsmasq } from './dnsmasq.ts';
import { PlainCaller, RefusingServer } from './plain-agents.ts';

/** The least that we take a TTL for, so that the suite does not wait longer than it has to. */
const ttl = 5;
const inviteTimeoutMs = 600;
const address = '127.0.0.1';

/** `priority weight port`, all on this host. */
function zone(...services: readonly string[]): string[] {
  return [
    `local-ttl=${ttl}`,
    'naptr-record=carrier.test,20,10,s,SIP+D2T,,_sip._tcp.carrier.test',
    'naptr-record=carrier.test,30,10,S,sip+D2U,,_sip._udp.edge.carrier.test',
    ...services.map((service) => {
      const [priority = '', weight = '', port = ''] = service.split(' ');
      return `srv-host=_sip._udp.edge.carrier.test,sip1.carrier.test,${port},${priority},${weight}`;
    }),
    `host-record=sip1.carrier.test,${address}`,
  ];
}

describe.skipIf(missingTools('dnsmasq') !== null)('targets that are names, served by dnsmasq', () => {
  let dns: Dnsmasq;
  let node: RunningNode;
  let caller: PlainCaller;
  let servers: RefusingServer[];
  let lanPort: number;

  beforeAll(async () => {
    caller = await PlainCaller.start();
    servers = await Promise.all([1, 2, 3].map(() => RefusingServer.start()));
    dns = new Dnsmasq(await freeUdpRange(2));
    lanPort = await freeUdpRange(4);
    // DNS is not there yet: the node starts all the same.
    node = await RunningNode.start({ config: await config() });
  });

  afterAll(async () => {
    await node.stop();
    removeDirectory(node.directory);
    await dns.close();
    for (const one of [caller, ...servers]) one.close();
  });

  async function config(): Promise<string> {
    // A pair of ports rests for a while after its call, and these calls are short.
    const media = await freeUdpRange(1600);
    const base = JSON.parse(
      await nodeConfig({
        ...{ pbxTarget: `sip:${address}:${caller.port}`, trunkTarget: 'sip:carrier.test' },
        ...{ lanPort, wanPort: lanPort + 2, transport: 'udp', rule: { mode: 'never' } },
        mediaPorts: [media, media + 1599],
      }),
    ) as { sip: { peers: Record<string, unknown>[] } & Record<string, unknown>; http: unknown };
    const peers = base.sip.peers.map((peer) => ({ ...peer, inviteTimeoutMs, penaltySeconds: 3 }));
    const sip = { ...base.sip, peers, dns: { servers: [`${address}:${dns.port}`] } };
    return JSON.stringify({ ...base, sip, http: { address, port: await freeTcpPort() } });
  }

  const ports = (): number[] => servers.map(({ port }) => port);

  /** Which server a call reached, and its final status. */
  async function place(): Promise<{ server: number | null; status: number; ms: number }> {
    const before = servers.map(({ calls }) => calls.size);
    const { status, ms } = await caller.call(lanPort);
    const server = servers.findIndex(({ calls }, i) => calls.size > (before[i] ?? 0));
    return { server: server < 0 ? null : server, status, ms };
  }

  async function reaches(server: number, withinMs = 40_000): Promise<void> {
    await waitUntil(
      `calls to reach server ${server}`,
      async () => (await place()).server === server || undefined,
      withinMs,
    );
  }

  async function gauge(name: string): Promise<number> {
    const page = await (await node.api.request('/metrics')).text();
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(page)?.[1]);
  }

  it('until DNS has answered, a call gets 500 at once and waits for nothing', async () => {
    const { status, ms } = await place();
    expect(status).toBe(500);
    expect(ms).toBeLessThan(500);
    expect(await gauge('onrecord_targets_unresolved')).toBe(1);
  });

  it('RFC 3263 §4.1: NAPTR of our transport leads to SRV, and the lowest priority number takes the calls', async () => {
    const [first, second] = ports();
    await dns.serve(zone(`10 0 ${first}`, `20 0 ${second}`), 'sip1.carrier.test');
    await reaches(0);
    expect(await place()).toMatchObject({ server: 0, status: 486 });
    expect(await gauge('onrecord_targets_unresolved')).toBe(0);
  });

  it('RFC 3263 §4.3: a host that is dead is followed by the next, and tried last for a while', async () => {
    const [first = 0] = ports();
    servers[0]!.close();
    const failedOver = await place();
    expect(failedOver).toMatchObject({ server: 1, status: 486 });
    expect(failedOver.ms).toBeGreaterThan(inviteTimeoutMs * 0.9);
    const next = await place();
    expect(next).toMatchObject({ server: 1, status: 486 });
    expect(next.ms).toBeLessThan(inviteTimeoutMs);
    servers[0] = await RefusingServer.start(first);
    await reaches(0, 10_000);
    expect(node.output).toContain('"hop-failed"');
  });

  it('RFC 2782: weights share the calls of one priority', async () => {
    const [first, second, third] = ports();
    await dns.serve(zone(`10 75 ${first}`, `10 25 ${second}`, `20 0 ${third}`), 'sip1.carrier.test');
    await reaches(1);
    const before = servers.map(({ calls }) => calls.size);
    for (let call = 0; call < 120; call++) expect((await caller.call(lanPort)).status).toBe(486);
    const shares = servers.map(({ calls }, i) => calls.size - (before[i] ?? 0));
    // Five standard deviations of 120 draws.
    expect(Math.abs((shares[0] ?? 0) - 90)).toBeLessThan(24);
    expect(shares[2]).toBe(0);
  });

  it('a zone that changes is followed within its TTL, and not before', async () => {
    const third = ports()[2];
    await dns.serve(zone(`10 0 ${third}`), 'sip1.carrier.test');
    const changed = performance.now();
    await reaches(2, ttl * 1000 + 2000);
    const after = performance.now() - changed;
    expect(after).toBeLessThan(ttl * 1000 + 1000);
    // From here its answers are known for the whole of the TTL.
    await dns.serve(zone(`10 0 ${ports()[0]}`), 'sip1.carrier.test');
    expect((await place()).server).toBe(2);
    await reaches(0, ttl * 1000 + 2000);
  });

  it('DNS that stops answering costs no call; it is said once, and shown', async () => {
    await dns.stop();
    await waitUntil(
      'the answers to expire',
      async () => (await gauge('onrecord_targets_stale')) === 1 || undefined,
      40_000,
    );
    for (let call = 0; call < 10; call++) expect(await place()).toMatchObject({ server: 0, status: 486 });
    expect(node.output.match(/"target-stale"/g)).toHaveLength(1);
    expect(await gauge('onrecord_dns_questions_total')).toBeGreaterThan(0);
  });

  it('DNS that is back is heard', async () => {
    await dns.serve(zone(`10 0 ${ports()[1]}`), 'sip1.carrier.test');
    await reaches(1);
    expect(await gauge('onrecord_targets_stale')).toBe(0);
  });
});
