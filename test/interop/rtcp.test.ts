import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeDirectory, temporaryDirectory } from '../support/node.ts';
import { nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { Baresip } from './baresip-agent.ts';
import { addresses, Network } from './baresip-network.ts';
import { NodeWithin } from './baresip-node.ts';
import { Capture } from './capture.ts';
import { missingTools } from './debian-tools.ts';

const missing = missingTools('baresip', 'tcpdump', 'tshark', 'ip');
const number = '35220301000';
/** Two and more of baresip's intervals of 5 s after the prompt. */
const talkMs = 14_000;
const rtcpPorts = Array.from({ length: 20 }, (_, n) => 20_001 + 2 * n);

interface Quality {
  readonly lossPercent: number;
  readonly jitterMs: number;
  readonly roundTripMs: number | null;
  readonly mos: number | null;
  readonly reported: { readonly lossPercent: number; readonly jitterMs: number } | null;
}

interface Told {
  readonly packetsSent: number;
  readonly reported: {
    readonly packets: number;
    readonly lost: number;
    readonly roundTripMs: number | null;
  } | null;
}

/** One RTCP datagram as tshark dissects it. */
interface Dissected {
  readonly from: string;
  readonly types: readonly number[];
  readonly senderSsrc: string;
  /** About whom it reports. */
  readonly about: string | null;
  readonly fractionLost: number | null;
  readonly roundTripMs: number | null;
  readonly text: string;
}

/** All values of a field, at whatever depth tshark has it. */
function valuesOf(tree: unknown, field: string): string[] {
  if (Array.isArray(tree)) return tree.flatMap((each) => valuesOf(each, field));
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([name, value]) =>
    name === field && typeof value === 'string' ? [value] : valuesOf(value, field),
  );
}

/** tshark knows RTCP by its port, and reckons the round trip where a report answers an SR in the capture. */
function dissect(file: string): Dissected[] {
  const output = execFileSync(
    'tshark',
    [
      ...['-r', file, '-T', 'json', '--no-duplicate-keys', '-Y', 'rtcp'],
      ...['-o', 'rtcp.show_roundtrip_calculation:TRUE', '-o', 'rtcp.roundtrip_min_threshhold:0'],
      ...rtcpPorts.flatMap((port) => ['-d', `udp.port==${port},rtcp`]),
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const packets = JSON.parse(output) as {
    readonly _source: { readonly layers: Readonly<Record<string, unknown>> };
  }[];
  return packets.map(({ _source: { layers } }) => {
    const first = (field: string): string | null => valuesOf(layers, field)[0] ?? null;
    const number = (field: string): number | null => {
      const value = first(field);
      return value === null ? null : Number(value);
    };
    return {
      from: first('ip.src') ?? '',
      types: valuesOf(layers['rtcp'], 'rtcp.pt').map(Number),
      senderSsrc: first('rtcp.senderssrc') ?? '',
      // SDES and BYE name their own source by the same field.
      about: number('rtcp.ssrc.fraction') === null ? null : first('rtcp.ssrc.identifier'),
      fractionLost: number('rtcp.ssrc.fraction'),
      roundTripMs: number('rtcp.roundtrip-delay'),
      text: JSON.stringify(layers),
    };
  });
}

async function configOf(): Promise<string> {
  const peer = (id: 'pbx' | 'trunk', side: string, at: 'lan' | 'wan'): object => ({
    ...{ id, side, listener: at, media: at, match: [`${addresses[id]}/32`] },
    targets: [`sip:${addresses[id]}:5060`],
  });
  return nodeConfig({
    ...{ lanPort: 5060, wanPort: 5060, pbxTarget: '', trunkTarget: '', mediaPorts: [20_000, 20_039] },
    sections: {
      sip: {
        listeners: [
          { id: 'lan', transport: 'udp', address: addresses.lan, port: 5060 },
          { id: 'wan', transport: 'udp', address: addresses.wan, port: 5060 },
        ],
        peers: [peer('pbx', 'pbx', 'lan'), peer('trunk', 'trunk', 'wan')],
        routes: [{ from: 'pbx', to: ['trunk'] }],
      },
      media: {
        interfaces: [
          { id: 'lan', address: addresses.lan, ports: '20000-20039' },
          { id: 'wan', address: addresses.wan, ports: '20000-20039' },
        ],
      },
      http: { address: '127.0.0.1', port: 8080 },
    },
  });
}

describe.skipIf(missing !== null)('RTCP of two baresip agents through the node', () => {
  let network: Network;
  let directory: string;

  beforeEach(() => {
    network = Network.create();
    directory = temporaryDirectory();
  });
  afterEach(() => {
    network.remove();
    removeDirectory(directory);
  });

  it('tshark finds nothing amiss, both sides hear true reports, and the record says how it went', async () => {
    const inNode = network.within('node');
    const node = await NodeWithin.start(directory, await configOf(), inNode);
    const [lan, wan] = [join(directory, 'lan.pcap'), join(directory, 'wan.pcap')];
    const captures = await Promise.all([
      Capture.start(lan, 'lan', 'udp portrange 20000-20039', inNode),
      Capture.start(wan, 'wan', 'udp portrange 20000-20039', inNode),
    ]);
    const party = (name: 'pbx' | 'trunk', user: string, voice: string, dial?: string): Promise<Baresip> =>
      Baresip.start({
        ...{ directory: join(directory, name), within: network.within(name), user, codec: 'PCMA' },
        ...{ address: addresses[name], voiceFile: resolve(voice) },
        ...(dial === undefined ? {} : { dial }),
      });
    const callee = await party('trunk', number, 'fixtures/voices/callee.wav');
    const caller = await party('pbx', '201', 'fixtures/voices/caller.wav', `sip:${number}@${addresses.lan}`);
    const running = await waitUntil(
      'the recording to run',
      async () => (await node.api.recordings()).find(({ state }) => state === 'recording'),
      60_000,
    );
    await new Promise((done) => setTimeout(done, talkMs));
    await caller.stop();
    await callee.stop();
    const call = await waitUntil('the call to be over', async () => {
      const found = (await node.api.calls()).find(({ id }) => id === running.callId);
      const legs = found?.legs as readonly { readonly quality: Quality | null }[] | undefined;
      return legs?.every(({ quality }) => quality !== null) === true && legs.length > 0 ? legs : undefined;
    });
    const consent = (await (await node.api.request(`/api/v1/recordings/${running.id}/consent`)).json()) as {
      readonly items: readonly Told[];
    };
    const metrics = await (await node.api.request('/metrics')).text();
    await Promise.all(captures.map((capture) => capture.stop()));
    await node.stop();

    for (const [file, ours, theirs] of [
      [lan, addresses.lan, addresses.pbx],
      [wan, addresses.wan, addresses.trunk],
    ] as const) {
      const dissected = dissect(file);
      const [fromUs, fromThem] = [ours, theirs].map((address) =>
        dissected.filter(({ from }) => from === address),
      );
      console.info(`${file}: ${fromUs!.length} from us, ${fromThem!.length} from the party`);
      expect(
        dissected.filter(({ text }) => /malformed|length_check": ?"0"/i.test(text)).map(({ text }) => text),
      ).toEqual([]);
      // At the prompt's first packet, and what the other party says.
      expect(fromUs!.length).toBeGreaterThanOrEqual(3);
      expect(fromUs!.every(({ types }) => types[0] === 200 || types[0] === 201)).toBe(true);
      expect(fromUs!.every(({ types }) => types.includes(202))).toBe(true);
      // One SSRC each way: each side reports on the stream of the other.
      const [usSsrc, themSsrc] = [
        new Set(fromUs!.map(({ senderSsrc }) => senderSsrc)),
        new Set(fromThem!.map(({ senderSsrc }) => senderSsrc).filter(Boolean)),
      ];
      expect([usSsrc.size, themSsrc.size]).toEqual([1, 1]);
      const about = fromUs!.flatMap(({ about: ssrc }) => ssrc ?? []).map(Number);
      expect(about.length).toBeGreaterThan(0);
      expect(new Set(about)).toEqual(new Set([...themSsrc].map(Number)));
      expect(fromUs!.every(({ fractionLost }) => (fractionLost ?? 0) === 0)).toBe(true);
      const trips = dissected.flatMap(({ roundTripMs }) => roundTripMs ?? []);
      console.info(`round trips by tshark: ${trips.join(', ')} ms`);
      expect(trips.length).toBeGreaterThan(0);
      expect(trips.every((trip) => Math.abs(trip) < 1000)).toBe(true);
    }
    console.info(JSON.stringify(call), JSON.stringify(consent.items.map(({ reported }) => reported)));
    for (const { quality } of call) {
      expect(quality!.lossPercent).toBe(0);
      expect(quality!.roundTripMs).toBeLessThan(1000);
      expect(quality!.mos).toBeGreaterThan(3.5);
      expect(quality!.reported!.lossPercent).toBe(0);
    }
    expect(consent.items).toHaveLength(2);
    for (const { packetsSent, reported } of consent.items) {
      expect(reported).toMatchObject({ packets: packetsSent, lost: 0 });
    }
    expect(metrics).toMatch(/onrecord_rtcp_packets_total\{[^}]*direction="in"[^}]*\} [1-9]/);
  }, 240_000);
});
