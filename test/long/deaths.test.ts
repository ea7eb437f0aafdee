import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentCall } from '../support/agent/agent.ts';
import type { CallView, RecordingView } from '../support/api-client.ts';
import { type Fault, FaultDoor, type Struck } from '../support/fault-door.ts';
import { removeDirectory, temporaryDirectory } from '../support/node.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { isAlive, waitUntil } from '../support/processes.ts';
import { Scene } from '../support/scene.ts';
import { after } from '../end-to-end/voices.ts';

interface Talk {
  readonly call: CallView;
  readonly sides: readonly [AgentCall, AgentCall];
}

const patienceMs = 60_000;
let directory: string;
let door: FaultDoor;
let scene: Scene;

beforeAll(async () => {
  directory = temporaryDirectory();
  door = new FaultDoor(directory);
  const first = await freeUdpRange(80);
  scene = await Scene.start({
    ...{ directory, env: door.env },
    sections: {
      media: { address: '127.0.0.1', ports: `${first}-${first + 79}`, workers: 2 },
      recording: { workers: 2, rules: [{ id: 'everything', ...announcedElsewhere }] },
    },
  });
});
afterAll(async () => {
  await scene.stop();
  removeDirectory(directory);
});

async function talk(): Promise<Talk> {
  const sides = await scene.placeCall();
  for (const { rtp } of sides) rtp.playTone(440);
  const recording = await scene.recording('recording');
  return { call: await callOf(recording.callId), sides };
}

async function callOf(id: string): Promise<CallView> {
  return waitUntil(
    'the call',
    async () => (await scene.node.api.calls()).find((call) => call.id === id),
    patienceMs,
  );
}

function ended({ call }: Talk): Promise<CallView> {
  return waitUntil(
    'the call to be over',
    async () => (await scene.node.api.calls()).find(({ id, endedAt }) => id === call.id && endedAt !== null),
    patienceMs,
  );
}

function settled({ call }: Talk): Promise<RecordingView> {
  return waitUntil(
    'the recording to be settled',
    async () =>
      (await scene.node.api.recordings()).find(
        ({ callId, state }) => callId === call.id && !['expected', 'recording'].includes(state),
      ),
    patienceMs,
  );
}

/** Whether each side goes on hearing the other. */
async function isHeard({ sides }: Talk): Promise<boolean> {
  const before = sides.map(({ rtp }) => rtp.heard().length);
  await after(600);
  return sides.every(({ rtp }, n) => rtp.heard().length > before[n]! + 1600);
}

/** Of two calls, that which went with a worker, and the other. */
async function parted(talks: readonly [Talk, Talk]): Promise<{ dead: Talk; living: Talk }> {
  const isOver = async ({ call }: Talk): Promise<boolean> =>
    (await scene.node.api.calls()).some(({ id, endedAt }) => id === call.id && endedAt !== null);
  const dead = await waitUntil(
    'one of the calls to be over',
    async () => {
      for (const each of talks) if (await isOver(each)) return each;
      return undefined;
    },
    patienceMs,
  );
  return { dead, living: dead === talks[0] ? talks[1] : talks[0] };
}

async function hangUp({ sides }: Talk): Promise<void> {
  for (const { rtp } of sides) rtp.quiet();
  await sides[0].hangUp();
}

function quiet({ sides }: Talk): void {
  for (const side of sides) {
    side.rtp.quiet();
    side.closeMedia();
  }
}

function listens(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const say = (answer: true | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => {
      say(true);
    });
    socket.once('error', () => {
      say(undefined);
    });
  });
}

describe('a worker dies, and takes its own calls alone', () => {
  it.each(['throw', 'heap'] as const)('media worker: %s', async (how) => {
    const talks = [await talk(), await talk()] as const;
    await after(1500);
    await door.strike('media', how);
    const { dead, living } = await parted(talks);
    expect(await ended(dead)).toMatchObject({ outcome: 'ours', reason: 'crash' });
    const kept = await settled(dead);
    expect(kept.state).toBe('interrupted');
    expect(kept.durationMs).toBeGreaterThan(500);
    quiet(dead);
    expect(await isHeard(living)).toBe(true);
    await hangUp(living);
    expect(await ended(living)).toMatchObject({ outcome: 'success' });
    expect((await settled(living)).state).toBe('sealed');
  });

  it.each(['throw', 'heap'] as const)('recording worker: %s; its call goes on, unrecorded', async (how) => {
    const talks = [await talk(), await talk()] as const;
    await after(1500);
    await door.strike('recording', how);
    const broken = await waitUntil(
      'a recording to be interrupted',
      async () => {
        const recordings = await scene.node.api.recordings();
        return talks.find(({ call }) =>
          recordings.some(({ callId, state }) => callId === call.id && state === 'interrupted'),
        );
      },
      patienceMs,
    );
    expect((await settled(broken)).durationMs).toBeGreaterThan(500);
    for (const each of talks) expect(await isHeard(each)).toBe(true);
    for (const each of talks) await hangUp(each);
    const other = broken === talks[0] ? talks[1] : talks[0];
    expect((await settled(other)).state).toBe('sealed');
    for (const each of talks) expect(await ended(each)).toMatchObject({ outcome: 'success' });
  });
});

describe('a process dies', () => {
  const strike = async (who: Struck, how: Fault): Promise<number> => {
    const pid = await door.strike(who, how);
    await waitUntil(`the ${who} to be gone`, () => !isAlive(pid) || undefined);
    return performance.now();
  };

  it('control: calls and recordings go on, and what happened meanwhile is in the records', async () => {
    const going = await talk();
    await strike('control', 'fault');
    expect(await isHeard(going)).toBe(true);
    const meanwhile = await scene.placeCall();
    for (const { rtp } of meanwhile) rtp.playTone(440);
    await after(1000);
    await hangUp({ ...going, sides: meanwhile });
    await hangUp(going);
    const back = async (): Promise<CallView[] | undefined> => {
      const calls = await scene.node.api.calls().catch(() => []);
      return calls.length > 0 && calls.every(({ endedAt }) => endedAt !== null) ? [...calls] : undefined;
    };
    const calls = await waitUntil('control to be back, with every call', back, patienceMs);
    expect(calls.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)).at(-1)).toMatchObject({
      outcome: 'success',
    });
    expect((await settled(going)).state).toBe('sealed');
  });

  it('proxy, by a native fault: it is back, its recordings are recovered, its calls counted as lost', async () => {
    const lost = await talk();
    await after(1500);
    const struckAt = await strike('proxy', 'fault');
    quiet(lost);
    await waitUntil('the proxy to listen again', () => listens(scene.lanPort), patienceMs);
    console.info(`the proxy listened again ${(performance.now() - struckAt).toFixed(0)} ms after its death`);
    const back = await talk();
    expect(await isHeard(back)).toBe(true);
    expect(await ended(lost)).toMatchObject({ outcome: 'ours', reason: 'crash' });
    const kept = await settled(lost);
    expect(kept.state).toBe('interrupted');
    expect(kept.durationMs).toBeGreaterThan(300);
    const metrics = await (await scene.node.api.request('/metrics')).text();
    expect(metrics).toMatch(/onrecord_calls_total\{[^}]*outcome="ours"[^}]*\} 1/);
    await hangUp(back);
    expect((await settled(back)).state).toBe('sealed');
  });
});
