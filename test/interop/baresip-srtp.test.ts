import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeDirectory, temporaryDirectory } from '../support/node.ts';
import { announcedElsewhere, nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { readWav } from '../support/wav-file.ts';
import { Baresip, type BaresipPlan } from './baresip-agent.ts';
import { compare } from './baresip-comparison.ts';
import { addresses, Network } from './baresip-network.ts';
import { NodeWithin } from './baresip-node.ts';
import { wireChannel } from './baresip-wire.ts';
import { Capture, type CapturedDatagram } from './capture.ts';
import { missingTools } from './debian-tools.ts';

const missing = missingTools('baresip', 'tcpdump', 'ffmpeg', 'ip');
const number = '35220301000';
const talkSeconds = 8;
/** Header and 20 ms of G.711; and behind it a tag of 80 bits. */
const clearBytes = 172;
const sealedBytes = clearBytes + 10;

let network: Network;
let directory: string;

type Policy = 'off' | 'prefer' | 'require';

function configOf(srtp: { readonly pbx: Policy; readonly trunk: Policy }): Promise<string> {
  const peer = (id: 'pbx' | 'trunk', side: string, at: string): object => ({
    ...{ id, side, listener: at, media: at, match: [`${addresses[id]}/32`], srtp: srtp[id] },
    targets: [`sip:${addresses[id]}:5060`],
  });
  return nodeConfig({
    ...{ lanPort: 0, wanPort: 0, pbxTarget: '', trunkTarget: '', mediaPorts: [20_000, 20_039] },
    rule: announcedElsewhere,
    sections: {
      sip: {
        listeners: [
          { id: 'lan', transport: 'udp', address: addresses.lan, port: 5060 },
          { id: 'wan', transport: 'udp', address: addresses.wan, port: 5060 },
        ],
        peers: [peer('pbx', 'pbx', 'lan'), peer('trunk', 'trunk', 'wan')],
        routes: [
          { from: 'pbx', to: ['trunk'] },
          { from: 'trunk', to: ['pbx'] },
        ],
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

interface Talk {
  readonly lan: readonly CapturedDatagram[];
  readonly wan: readonly CapturedDatagram[];
  readonly channels: readonly Int16Array[];
  readonly messages: string;
  readonly output: string;
}

/** Whoever calls hangs up after `talkSeconds`. */
async function talk(
  srtp: Parameters<typeof configOf>[0],
  agents: Readonly<Record<'pbx' | 'trunk', Pick<BaresipPlan, 'srtp'>>>,
  caller: 'pbx' | 'trunk',
): Promise<Talk> {
  const inNode = network.within('node');
  const node = await NodeWithin.start(directory, await configOf(srtp), inNode);
  const [lan, wan] = await Promise.all(
    (['lan', 'wan'] as const).map((at) => Capture.start(join(directory, `${at}.pcap`), at, 'udp', inNode)),
  );
  const party = (name: 'pbx' | 'trunk', dial?: string): Promise<Baresip> => {
    const voiceFile = join(directory, `${name}.wav`);
    copyFileSync(`fixtures/voices/${name === 'pbx' ? 'caller' : 'callee'}.wav`, voiceFile);
    return Baresip.start({
      ...{ directory: join(directory, name), within: network.within(name), codec: 'PCMA', voiceFile },
      ...{ user: dial === undefined ? number : '201', address: addresses[name], ...agents[name] },
      ...(dial === undefined ? {} : { dial }),
    });
  };
  const other = caller === 'pbx' ? 'trunk' : 'pbx';
  const callee = await party(other);
  const calling = await party(caller, `sip:${number}@${caller === 'pbx' ? addresses.lan : addresses.wan}`);
  const recording = (state: string): Promise<string> =>
    waitUntil(
      `a recording in state ${state}`,
      async () => (await node.api.recordings()).find((each) => each.state === state)?.id,
      30_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${calling.output}\n${callee.output}\n${node.output}`);
    });
  await recording('recording');
  await new Promise((resolve) => setTimeout(resolve, 1000 * talkSeconds));
  await calling.stop();
  const id = await recording('sealed');
  const { channels } = readWav(await node.api.audio(id));
  const calls = await (await node.api.request('/api/v1/calls')).text();
  const [first] = (JSON.parse(calls) as { items: { id: string }[] }).items;
  const messages = await (await node.api.request(`/api/v1/calls/${first!.id}/ladder`)).text();
  await callee.stop();
  const seen = await Promise.all([lan!.stop(), wan!.stop()]);
  await node.stop();
  const output = calling.output + callee.output + node.output;
  return { lan: seen[0], wan: seen[1], channels, messages: calls + messages, output };
}

const isMedia = ({ payload, toPort, fromPort }: CapturedDatagram): boolean =>
  toPort !== 5060 && fromPort !== 5060 && payload.length >= clearBytes - 20 && payload[1]! < 192;

/** Every packet has its tag, and none of the other side's speech in it. */
function expectCiphertext(sealed: readonly CapturedDatagram[], clear: readonly CapturedDatagram[]): void {
  const packets = sealed.filter(isMedia);
  expect(packets.length).toBeGreaterThan(2 * 40 * talkSeconds);
  expect(new Set(packets.map(({ payload }) => payload.length))).toEqual(new Set([sealedBytes]));
  const spoken = new Set(clear.filter(isMedia).map(({ payload }) => payload.toString('latin1', 12, 44)));
  expect(packets.filter(({ payload }) => spoken.has(payload.toString('latin1', 12, 44)))).toEqual([]);
}

/** The clear side shows what each party said: the recording holds it. */
function expectRecorded(
  { channels }: Talk,
  clear: readonly CapturedDatagram[],
  from: readonly string[],
): void {
  for (const [i, sender] of from.entries()) {
    const { dropouts, signalToNoiseDb, comparedSeconds } = compare(
      channels[i]!,
      wireChannel(clear.filter(isMedia), sender, 'PCMA'),
    );
    expect(comparedSeconds).toBeGreaterThan(talkSeconds - 2);
    expect(dropouts).toBe(0);
    expect(signalToNoiseDb).toBeGreaterThan(45);
  }
}

/** Keys that the parties wrote, as the capture has them. */
const inlineKeys = (capture: readonly CapturedDatagram[]): string[] =>
  capture
    .filter(({ toPort }) => toPort === 5060)
    .flatMap(({ payload }) => [...payload.toString('latin1').matchAll(/inline:([A-Za-z0-9+/=]+)/g)])
    .map(([, key]) => key!);

describe.skipIf(missing !== null)('baresip with SRTP on one side of the node', () => {
  beforeEach(() => {
    network = Network.create();
    directory = temporaryDirectory();
  });

  afterEach(() => {
    network.remove();
    removeDirectory(directory);
  });

  it('a secure PBX calls through a plain trunk', async () => {
    const call = await talk(
      { pbx: 'require', trunk: 'off' },
      { pbx: { srtp: 'mandatory' }, trunk: {} },
      'pbx',
    );
    expectCiphertext(call.lan, call.wan);
    expectRecorded(call, call.wan, [addresses.wan, addresses.trunk]);
    const keys = inlineKeys(call.lan);
    expect(new Set(keys).size).toBeGreaterThan(1);
    expect(inlineKeys(call.wan)).toEqual([]);
    for (const key of keys) {
      expect(call.messages).not.toContain(key);
      expect(call.output).not.toContain(key);
    }
    expect(call.messages).toContain('AES_CM_128_HMAC_SHA1_');
  }, 120_000);

  it('a plain PBX is called from a secure trunk', async () => {
    const call = await talk(
      { pbx: 'off', trunk: 'require' },
      { pbx: {}, trunk: { srtp: 'mandatory' } },
      'trunk',
    );
    expectCiphertext(call.wan, call.lan);
    expectRecorded(call, call.lan, [addresses.lan, addresses.pbx]);
  }, 120_000);

  it('a plain PBX calls a secure trunk, to which RTP/SAVP is offered', async () => {
    const call = await talk(
      { pbx: 'off', trunk: 'require' },
      { pbx: {}, trunk: { srtp: 'mandatory' } },
      'pbx',
    );
    expectCiphertext(call.wan, call.lan);
    expectRecorded(call, call.lan, [addresses.pbx, addresses.lan]);
  }, 120_000);

  it('RFC 8643: keys in RTP/AVP are taken from a PBX that offers them', async () => {
    const call = await talk(
      { pbx: 'prefer', trunk: 'prefer' },
      { pbx: { srtp: 'offered' }, trunk: {} },
      'pbx',
    );
    expectCiphertext(call.lan, call.wan);
    expectRecorded(call, call.wan, [addresses.wan, addresses.trunk]);
  }, 120_000);
});
