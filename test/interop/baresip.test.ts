import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeDirectory, temporaryDirectory } from '../support/node.ts';
import { announcedElsewhere, nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { readWav, wavBytes } from '../support/wav-file.ts';
import { Baresip, type BaresipCodec } from './baresip-agent.ts';
import { type Comparison, compare } from './baresip-comparison.ts';
import { addresses, Network } from './baresip-network.ts';
import { NodeWithin } from './baresip-node.ts';
import { type WireChannel, wireChannel } from './baresip-wire.ts';
import { Capture } from './capture.ts';
import { missingTools } from './debian-tools.ts';

const missing = missingTools('baresip', 'tcpdump', 'ffmpeg', 'ip');

const talkSeconds = 20;
/** What baresip samples at, and how many channels it wants of a file. */
const sources = {
  PCMA: { sampleRate: 8000, count: 1 },
  PCMU: { sampleRate: 8000, count: 1 },
  G722: { sampleRate: 16_000, count: 1 },
  Opus: { sampleRate: 48_000, count: 2 },
} as const;
const number = '35220301000';

/**
 * A voice forwards, backwards and at half its speed, with a quiet tone that slides on and on: so no moment
 * is like another, and what goes missing in a pause of speech is missed.
 */
function voice(file: string, codec: BaresipCodec, fromHertz: number, toHertz: number): Buffer {
  const { sampleRate, count } = sources[codec];
  const speech = readWav(file).channels[0]!;
  const factor = sampleRate / 8000;
  const length = 4 * speech.length * factor;
  let phase = 0;
  const samples = Int16Array.from({ length }, (_, n) => {
    phase += (2 * Math.PI * (fromHertz + ((toHertz - fromHertz) * n) / length)) / sampleRate;
    return 0.8 * speech[placeIn(speech.length, Math.floor(n / factor))]! + 1000 * Math.sin(phase);
  });
  return wavBytes({ sampleRate, channels: Array.from({ length: count }, () => samples) });
}

function placeIn(length: number, n: number): number {
  if (n < length) return n;
  return n < 2 * length ? 2 * length - 1 - n : Math.floor((n - 2 * length) / 2);
}

function configOf(rule: Readonly<Record<string, unknown>>): Promise<string> {
  const peer = (id: string, side: string, listener: string, address: string): object => ({
    ...{ id, side, listener, media: listener },
    match: [`${address}/32`],
    targets: [`sip:${address}:5060`],
  });
  return nodeConfig({
    ...{ lanPort: 5060, wanPort: 5060, pbxTarget: '', trunkTarget: '', mediaPorts: [20_000, 20_039], rule },
    sections: {
      sip: {
        listeners: [
          { id: 'lan', transport: 'udp', address: addresses.lan, port: 5060 },
          { id: 'wan', transport: 'udp', address: addresses.wan, port: 5060 },
        ],
        peers: [peer('pbx', 'pbx', 'lan', addresses.pbx), peer('carrier', 'trunk', 'wan', addresses.trunk)],
        routes: [
          { from: 'pbx', to: ['carrier'] },
          { from: 'carrier', to: ['pbx'] },
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

type Channels = readonly [left: Int16Array, right: Int16Array];

interface Outcome {
  readonly wire: readonly [caller: WireChannel, callee: WireChannel];
  readonly recorded: Channels;
}

/** Both parties speak for `talkSeconds` from when the recording runs; then the caller hangs up. */
async function conversation(
  network: Network,
  directory: string,
  rule: Readonly<Record<string, unknown>>,
  codec: BaresipCodec,
): Promise<Outcome> {
  const inNode = network.within('node');
  const node = await NodeWithin.start(directory, await configOf(rule), inNode);
  const captures = await Promise.all([
    Capture.start(join(directory, 'lan.pcap'), 'lan', `udp and src ${addresses.pbx}`, inNode),
    Capture.start(join(directory, 'wan.pcap'), 'wan', `udp and src ${addresses.trunk}`, inNode),
  ]);
  const party = (name: 'pbx' | 'trunk', user: string, dial?: string): Promise<Baresip> =>
    Baresip.start({
      ...{ directory: join(directory, name), within: network.within(name), user, codec },
      ...{ address: addresses[name], voiceFile: join(directory, `${name}.wav`) },
      ...(dial === undefined ? {} : { dial }),
    });
  writeFileSync(join(directory, 'pbx.wav'), voice('fixtures/voices/caller.wav', codec, 300, 3000));
  writeFileSync(join(directory, 'trunk.wav'), voice('fixtures/voices/callee.wav', codec, 3200, 500));
  const callee = await party('trunk', number);
  const caller = await party('pbx', '201', `sip:${number}@${addresses.lan}`);
  const recording = (state: string): Promise<string> =>
    waitUntil(
      `a recording in state ${state}`,
      async () => (await node.api.recordings()).find((each) => each.state === state)?.id,
      30_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${caller.output}\n${callee.output}\n${node.output}`);
    });
  await recording('recording');
  await new Promise((resolve) => setTimeout(resolve, 1000 * talkSeconds + 500));
  await caller.stop();
  const { channels, sampleRate } = readWav(await node.api.audio(await recording('sealed')));
  expect(channels).toHaveLength(2);
  expect(sampleRate).toBe(sources[codec].sampleRate);
  await callee.stop();
  const [lan, wan] = await Promise.all(captures.map((capture) => capture.stop()));
  await node.stop();
  return {
    wire: [wireChannel(lan!, addresses.pbx, codec), wireChannel(wan!, addresses.trunk, codec)],
    recorded: [channels[0]!, channels[1]!],
  };
}

type Pair = readonly [left: Comparison, right: Comparison];

function compareBoth({ wire, recorded }: Outcome): Pair {
  return [compare(recorded[0], wire[0]), compare(recorded[1], wire[1])];
}

/** What is wrong with a recording; empty: nothing. */
function faultsOf([left, right]: Pair): string[] {
  const faults = [
    ...faultsOfChannel(left).map((fault) => `left: ${fault}`),
    ...faultsOfChannel(right).map((fault) => `right: ${fault}`),
  ];
  const apartMs = 1000 * (right.beganAt - left.beganAt);
  const apartFirstMs = 1000 * (right.beganAtByFirstPacket - left.beganAtByFirstPacket);
  if (Math.abs(apartMs) > 20) faults.push(`channels ${apartMs.toFixed(1)} ms apart`);
  if (Math.abs(apartFirstMs) > 20) faults.push(`first packets ${apartFirstMs.toFixed(1)} ms apart`);
  return faults;
}

function faultsOfChannel(channel: Comparison): string[] {
  const faults: string[] = [];
  if (channel.comparedSeconds < talkSeconds) faults.push(`only ${channel.comparedSeconds} s`);
  if (channel.unexplainedSeconds > 0.1) faults.push(`${channel.unexplainedSeconds} s that nobody sent`);
  if (channel.dropouts > 0) faults.push(`${channel.dropouts} dropouts`);
  if (Math.abs(channel.driftPpm) > 20) faults.push(`drift of ${channel.driftPpm.toFixed(1)} ppm`);
  if (channel.signalToNoiseDb < 45) faults.push(`only ${channel.signalToNoiseDb.toFixed(1)} dB`);
  return faults;
}

/** Recordings that each have one fault, and what must be found in them: so the comparison can fail. */
function damages(
  [left, right]: Channels,
  rate: number,
): readonly (readonly [fault: RegExp, damaged: Channels])[] {
  const delayed = new Int16Array(right.length);
  delayed.set(right.subarray(0, right.length - 0.03 * rate), 0.03 * rate);
  const silenced = right.slice();
  silenced.fill(0, 10 * rate, 10.02 * rate);
  const noisy = left.map((sample, n) => sample + (n % 2 === 0 ? 20 : -20));
  const slipped = left.filter((_, n) => n % 20_000 !== 19_999);
  return [
    [/^channels -?\d+\.\d ms apart$/, [left, delayed]],
    [/^right: [12] dropouts$/, [left, silenced]],
    [/^left: only \d+\.\d dB$/, [noisy, right]],
    [/^left: drift of \d+\.\d ppm$/, [slipped, right]],
    [/^left: \d{3,} dropouts$/, [right, left]],
  ];
}

/** The figures of a run, for whoever reads its output. */
function report(name: string, [left, right]: Pair): void {
  const figures = [left, right].map(
    ({ lag, comparedSeconds, signalToNoiseDb, dropouts, driftPpm }) =>
      `${comparedSeconds.toFixed(2)} s, lag ${lag}, ${signalToNoiseDb.toFixed(1)} dB, ` +
      `${dropouts} dropouts, drift ${driftPpm.toFixed(2)} ppm`,
  );
  const apart = 1000 * (right.beganAt - left.beganAt);
  const apartFirst = 1000 * (right.beganAtByFirstPacket - left.beganAtByFirstPacket);
  console.info(
    `${name}: left ${figures[0]}; right ${figures[1]}; channels ${apart.toFixed(2)} ms apart ` +
      `(by first packets ${apartFirst.toFixed(2)} ms)`,
  );
}

describe.skipIf(missing !== null)('two baresip agents speak for 20 s through the node', () => {
  let network: Network;
  let directory: string;

  beforeEach(() => {
    network = Network.create();
    directory = temporaryDirectory();
  });

  // With the namespaces goes every process that was started in them, however the test ended.
  afterEach(() => {
    network.remove();
    removeDirectory(directory);
  });

  it.each([
    ['PCMA, announced elsewhere', announcedElsewhere, 'PCMA'],
    ['PCMU, announced on answer', {}, 'PCMU'],
    ['G.722, announced elsewhere', announcedElsewhere, 'G722'],
    ['Opus, announced on answer', {}, 'Opus'],
  ] as const)(
    '%s: the recording is what was on the wire',
    async (name, rule, codec) => {
      const outcome = await conversation(network, directory, rule, codec);
      expect(outcome.wire.map((each) => each.missing)).toEqual([0, 0]);
      const compared = compareBoth(outcome);
      report(name, compared);
      expect(faultsOf(compared)).toEqual([]);
      for (const [expected, recorded] of damages(outcome.recorded, sources[codec].sampleRate))
        expect(faultsOf(compareBoth({ ...outcome, recorded }))).toContainEqual(
          expect.stringMatching(expected),
        );
    },
    240_000,
  );
});
