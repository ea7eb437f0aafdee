import { describe, expect, it } from 'vitest';
import type { RecordingView } from '../support/api-client.ts';
import { freeTcpPort, freeUdpRange } from '../support/free-ports.ts';
import { type Impairment, ImpairedRelay } from '../support/impaired-relay.ts';
import { RunningNode, removeDirectory, temporaryDirectory } from '../support/node.ts';
import { announcedElsewhere, nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { seededRandom } from '../support/random.ts';
import { explainedByLoss, traceOf, transmissions } from '../support/scripted-sip/explain.ts';
import { type CallScript, ScriptedAgent, type ScriptedCall } from '../support/scripted-sip/user-agent.ts';
import { udpWire } from '../support/scripted-sip/wire.ts';

const address = '127.0.0.1';
const calls = 1000;
const callsPerSecond = 40;
const impairment: Impairment = { loss: 0.05, duplication: 0.05, reordering: 0.1, heldMs: 40 };
const seed = Number(process.env['IMPAIRMENT_SEED'] ?? Date.now() % 1_000_000);
/** After the last INVITE: two transactions of 32 s, one after the other, are the longest that a call may take. */
const patienceMs = 75_000;

/** How a number's call goes is written in the number. */
function script(number: string): CallScript {
  const random = seededRandom(Number(number));
  const [ring, talk, end] = [random(), random(), random()];
  return { ringMs: 50 + 300 * ring, talkMs: 500 + 1500 * talk, endedBy: end < 0.5 ? 'caller' : 'callee' };
}

interface Scene {
  readonly directory: string;
  readonly node: RunningNode;
  readonly caller: ScriptedAgent;
  readonly callee: ScriptedAgent;
  readonly relays: readonly [near: ImpairedRelay, far: ImpairedRelay];
  readonly lan: number;
}

/** caller - relay - node - relay - callee. */
async function startScene(): Promise<Scene> {
  const directory = temporaryDirectory();
  const first = await freeUdpRange(8);
  const [lan, wan] = [first, first + 1];
  const relayOf = (n: number, listener: number): Promise<ImpairedRelay> =>
    ImpairedRelay.start({
      seed: seed + n,
      peer: { address, port: first + 2 + 3 * n },
      beyond: { address, port: listener },
      ...{ frontPort: first + 3 + 3 * n, backPort: first + 4 + 3 * n },
      ...{ toPeer: impairment, fromPeer: impairment },
    });
  const relays = [await relayOf(0, lan), await relayOf(1, wan)] as const;
  const agents = await Promise.all(
    relays.map(async (relay, n) => {
      const wire = await udpWire({ address, port: first + 2 + 3 * n }, () => relay.front);
      return new ScriptedAgent({ wire, contact: relay.back, script });
    }),
  );
  const [caller, callee] = agents as [ScriptedAgent, ScriptedAgent];
  const config = await nodeConfig({
    ...{ lanPort: lan, wanPort: wan, transport: 'udp', rule: announcedElsewhere },
    pbxTarget: `sip:${address}:${relays[0].back.port}`,
    trunkTarget: `sip:${address}:${relays[1].back.port}`,
    mediaPorts: [40_000, 57_999],
    sections: { http: { address, port: await freeTcpPort() } },
  });
  const node = await RunningNode.start({ config, directory });
  return { directory, node, caller, callee, relays, lan };
}

async function placeCalls({ caller, lan }: Scene): Promise<void> {
  const started = performance.now();
  for (let n = 0; n < calls; n++) {
    const due = started + (1000 * n) / callsPerSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    caller.call(String(100_000 + n), { address, port: lan });
  }
}

const isOver = ({ state }: ScriptedCall): boolean => state === 'over' || state === 'dialled again';

/** All numbers were called, and every call that took a place has ended. */
function allOver({ caller, callee }: Scene): boolean {
  const called = [...caller.calls.values()];
  const taken = called.filter(({ state }) => state !== 'dialled again');
  return taken.length === calls && [...called, ...callee.calls.values()].every(isOver);
}

/** One line for each call that did not end as it should: what the network did to it, or that it did nothing. */
function failures({ caller, callee, relays }: Scene): { explained: string[]; ours: string[] } {
  const explained: string[] = [];
  const ours: string[] = [];
  for (const [side, agent] of [caller, callee].entries()) {
    const { log } = relays[side]!;
    const seen = transmissions(log);
    for (const call of agent.calls.values()) {
      if (isOver(call)) continue;
      const name = `${side === 0 ? 'caller' : 'callee'} of ${call.number}: ${call.state}`;
      const why = explainedByLoss(call.callId, seen);
      if (why === null) ours.push(`${name}\n${traceOf(call.callId, log)}`);
      else explained.push(`${name}, since ${why}`);
    }
  }
  return { explained, ours };
}

function stillOpen(recordings: readonly RecordingView[]): RecordingView[] {
  return recordings.filter(({ state }) => state === 'expected' || state === 'recording');
}

describe('a network that loses, doubles and reorders datagrams, both ways on both legs', () => {
  it(`${calls} recorded calls all end as their parties wanted`, async () => {
    const scene = await startScene();
    const { node, caller, callee, directory } = scene;
    try {
      await placeCalls(scene);
      await waitUntil('every call to be over', () => allOver(scene) || undefined, patienceMs).catch(
        () => undefined,
      );
      const { explained, ours } = failures(scene);
      const lost = scene.relays.map(({ log }) => log.filter(({ fate }) => fate === 'lost').length);
      const again = [...caller.calls.values()].filter(({ state }) => state === 'dialled again').length;
      console.log(
        `seed ${seed}: ${lost.join(' and ')} datagrams lost; ${explained.length} calls failed for it, ` +
          `${again} were dialled again since the machine was busy`,
      );
      for (const line of explained) console.log(line);
      expect(ours, `with IMPAIRMENT_SEED=${seed}`).toEqual([]);
      expect(lost.every((count) => count > calls / 10)).toBe(true);

      await waitUntil('no leg to be up', async () => (await activeCalls(node)) === 0 || undefined, 40_000);
      const recordings = await waitUntil(
        'no recording to be open',
        async () => {
          const all = await node.api.recordings();
          return all.length >= calls - explained.length && stillOpen(all).length === 0 ? all : undefined;
        },
        30_000,
      );
      // A recorder that got no time before its call was over; on a machine with time for it there is none.
      const late = recordings.filter(({ state }) => state === 'failed').map(({ reason }) => reason);
      console.log(`${late.length} recordings came too late on a busy machine`);
      expect(new Set(late)).toEqual(
        new Set(again === 0 ? [] : late.filter((reason) => reason === 'not-prepared')),
      );
      const outcomes = new Map<string, number>();
      for (const { outcome, reason } of await node.api.calls()) {
        const name = `${outcome}/${reason}`;
        outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
      }
      if (explained.length === 0) expect(Object.fromEntries(outcomes)).toEqual({ 'success/answered': calls });
    } finally {
      caller.close();
      callee.close();
      for (const relay of scene.relays) relay.close();
      await node.stop();
      removeDirectory(directory);
    }
  });
});

async function activeCalls(node: RunningNode): Promise<number> {
  const page = await (await node.api.request('/metrics')).text();
  const values = page.matchAll(/^onrecord_calls_active(?:\{[^}]*\})? (\S+)$/gm);
  return Array.from(values, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}
