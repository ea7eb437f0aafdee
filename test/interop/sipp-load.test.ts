import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CallView, RecordingView } from '../support/api-client.ts';
import { freeTcpPort, freeUdpRange } from '../support/free-ports.ts';
import { RunningNode, removeDirectory, temporaryDirectory } from '../support/node.ts';
import { announcedElsewhere, englishPrompt, nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { amplitudeAt } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { Capture, type CapturedDatagram } from './capture.ts';
import { missingTools } from './debian-tools.ts';
import { type PairPlan, type PairResult, runPair } from './sipp-pair.ts';

const missing = missingTools('sipp', 'tcpdump');

const groups = 8;
const callsPerGroup = 25;
const total = groups * callsPerGroup;
/** Whole hertz, so that four seconds of a tone join on without a click; no two share a low harmonic. */
const tones = Array.from({ length: groups }, (_, n) => [410 + 173 * n, 503 + 173 * n] as const);
const allTones = tones.flat();
/** With 16 SIPp on the same two cores; on a quiet machine it is under 40 ms. */
const latestStartMs = 400;
const toleranceMs = 40;
const promptMs = readWav(englishPrompt.file).channels[0]!.length / 8;

interface Load {
  readonly directory: string;
  readonly node: RunningNode;
  readonly ports: readonly { readonly caller: number; readonly callee: number }[];
  readonly lan: number;
}

/** A pair of peers a group, told apart by the ports they send from. */
async function startLoad(rule: Readonly<Record<string, unknown>>): Promise<Load> {
  const directory = temporaryDirectory();
  const first = await freeUdpRange(2 * groups + 2);
  const [lan, wan] = [first, first + 1];
  const ports = tones.map((_, n) => ({ caller: first + 2 + 2 * n, callee: first + 3 + 2 * n }));
  const peer = (id: string, side: string, listener: string, port: number): object => ({
    ...{ id, side, listener },
    match: [`127.0.0.1/32:${port}`],
    targets: [`sip:127.0.0.1:${port}`],
  });
  const config = await nodeConfig({
    ...{ lanPort: lan, wanPort: wan, transport: 'udp', rule },
    ...{ pbxTarget: 'sip:127.0.0.1:5070', trunkTarget: 'sip:127.0.0.1:5072', mediaPorts: [50_000, 57_999] },
    sections: {
      sip: {
        listeners: [
          { id: 'lan', transport: 'udp', address: '127.0.0.1', port: lan },
          { id: 'wan', transport: 'udp', address: '127.0.0.1', port: wan },
        ],
        peers: ports.flatMap(({ caller, callee }, n) => [
          peer(`pbx-${n}`, 'pbx', 'lan', caller),
          peer(`carrier-${n}`, 'trunk', 'wan', callee),
        ]),
        routes: ports.map((_, n) => ({ from: `pbx-${n}`, to: [`carrier-${n}`] })),
      },
      http: { address: '127.0.0.1', port: await freeTcpPort() },
    },
  });
  return { directory, node: await RunningNode.start({ config, directory }), ports, lan };
}

function runGroups(load: Load, times: Pick<PairPlan, 'waitMs' | 'talkMs'>): Promise<PairResult[]> {
  return Promise.all(
    load.ports.map(async ({ caller, callee }, group) => {
      const directory = join(load.directory, `sipp-${group}`);
      mkdirSync(directory);
      // Staggered, so that the groups together begin a call each 50 ms.
      await new Promise((resolve) => setTimeout(resolve, 50 * group));
      return runPair({
        ...{ directory, group, calls: callsPerGroup, callsPerTwoSeconds: 5, ...times },
        ...{ callerPort: caller, calleePort: callee, proxyPort: load.lan, hertz: tones[group]! },
        mediaPorts: [30_000 + 1000 * group, 30_500 + 1000 * group],
      });
    }),
  );
}

/** When the caller's ACK, its BYE and the answer to it were on the wire, in ms since 1970. */
interface Conversation {
  readonly ackAt: number;
  readonly byeAt: number;
  readonly doneAt: number;
}

/** By the caller's Call-ID. */
function conversations(capture: readonly CapturedDatagram[], lan: number): Map<string, Conversation> {
  const moments = { ack: new Map<string, number>(), bye: new Map<string, number>() };
  const done = new Map<string, Conversation>();
  for (const { at, toPort, payload } of capture) {
    const text = payload.toString('latin1');
    const callId = /^Call-ID: (\S+)/m.exec(text)?.[1] ?? '';
    const note = (map: Map<string, number>): void => {
      if (!map.has(callId)) map.set(callId, 1000 * at);
    };
    if (toPort === lan && text.startsWith('ACK ')) note(moments.ack);
    if (toPort === lan && text.startsWith('BYE ')) note(moments.bye);
    const [ackAt, byeAt] = [moments.ack.get(callId), moments.bye.get(callId)];
    const answered = toPort !== lan && /^SIP\/2.0 200 [^]*^CSeq: \d+ BYE/m.test(text);
    if (answered && ackAt !== undefined && byeAt !== undefined && !done.has(callId)) {
      done.set(callId, { ackAt, byeAt, doneAt: 1000 * at });
    }
  }
  return done;
}

/**
 * What is wrong with one recording; empty: nothing. SIPp goes on sending until its BYE is answered, so what
 * was exchanged once the recording had begun lies between two lengths, as far apart as that answer took.
 */
async function faultsOf(
  load: Load,
  call: CallView,
  recording: RecordingView,
  exchangedMs: readonly [least: number, most: number],
): Promise<string[]> {
  const group = Number(/^70(\d)/.exec(call.from)?.[1] ?? Number.NaN);
  const { channels } = readWav(await load.node.api.audio(recording.id));
  const faults: string[] = [];
  const lengthMs = channels[0]!.length / 8;
  const [least, most] = exchangedMs;
  if (lengthMs < least - toleranceMs || lengthMs > most + toleranceMs) {
    faults.push(`${lengthMs} ms long, ${least.toFixed(0)} to ${most.toFixed(0)} ms exchanged`);
  }
  for (const [side, name] of ['left', 'right'].entries()) {
    const own = tones[group]![side]!;
    const loudness = amplitudeAt(channels[side]!, own);
    if (loudness < 3000) faults.push(`${name}: own tone of ${own} Hz only ${loudness.toFixed(0)}`);
    for (const other of allTones) {
      if (other === own) continue;
      const leak = amplitudeAt(channels[side]!, other);
      if (leak > loudness / 100) faults.push(`${name}: ${other} Hz is there too, ${leak.toFixed(0)}`);
    }
  }
  return faults.map((fault) => `${call.from} ${recording.id}: ${fault}`);
}

describe.skipIf(missing !== null)('200 calls of SIPp, 20 a second, in 8 groups with two tones each', () => {
  it.each([
    ['announced elsewhere', announcedElsewhere, { waitMs: 0, talkMs: 6000 }, 0],
    ['announced on answer', {}, { waitMs: Math.ceil(promptMs) + 500, talkMs: 4000 }, promptMs],
  ])(
    '%s: 200 recordings, each with its own two tones and no other',
    async (_name, rule, times, announcedMs) => {
      const load = await startLoad(rule);
      try {
        const capture = await Capture.start(join(load.directory, 'sip.pcap'), 'lo', `udp port ${load.lan}`);
        const results = await runGroups(load, times);
        const seen = conversations(await capture.stop(), load.lan);
        expect(results.filter(({ codes }) => codes.some((code) => code !== 0))).toEqual([]);
        expect(seen.size).toBe(total);

        const { api } = load.node;
        const recordings = await waitUntil(
          '200 sealed recordings',
          async () => {
            const all = await api.recordings();
            return all.filter(({ state }) => state === 'sealed').length === total ? all : undefined;
          },
          60_000,
        );
        expect(recordings).toHaveLength(total);
        const byId = new Map(recordings.map((recording) => [recording.callId, recording]));
        const faults: string[] = [];
        const startDelays: number[] = [];
        for (const call of await api.calls()) {
          const recording = byId.get(call.id)!;
          const sipCallId = call.legs.find(({ party }) => party === 'caller')?.sipCallId ?? '';
          const { ackAt, byeAt, doneAt } = seen.get(sipCallId)!;
          const begunAt = Date.parse(recording.startedAt ?? '');
          startDelays.push(begunAt - (ackAt + announcedMs));
          expect(call.outcome).toBe('success');
          faults.push(...(await faultsOf(load, call, recording, [byeAt - begunAt, doneAt - begunAt])));
        }
        startDelays.sort((a, b) => a - b);
        const [median, late, latest] = [0.5, 0.95, 1].map(
          (share) => startDelays[Math.ceil(total * share) - 1]!,
        );
        console.log(
          `recording began ${median} ms (median), ${late} ms (95 %), ${latest} ms (latest) after it could`,
        );
        expect(faults).toEqual([]);
        expect(startDelays[0]).toBeGreaterThan(-40);
        expect(latest).toBeLessThan(latestStartMs);
      } finally {
        await load.node.stop();
        removeDirectory(load.directory);
      }
    },
  );
});
