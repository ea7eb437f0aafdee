import { getPriority } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crashRound } from '../support/crash-round.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { isAlive } from '../support/processes.ts';
import { Scene } from '../support/scene.ts';
import { voice } from './voices.ts';

describe('kill -9 of supervisor, proxy, control and database in mid-call', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.start({ rule: announcedElsewhere });
  });
  afterAll(() => scene.stop());

  it('finds what stores and queries giving way to what carries calls', () => {
    const [supervisor, ...roles] = scene.node.processes();
    const own = getPriority(supervisor);
    expect(roles.map((pid) => getPriority(pid) - own).sort()).toEqual([0, own > 14 ? 19 - own : 5]);
  });

  it('leaves the recording up to at most one second before, marked interrupted, after the next start', async () => {
    const before = scene.node.processes();
    expect(before.length).toBeGreaterThanOrEqual(3);
    const round = await crashRound(scene, [voice('caller', 0, 8), voice('callee', 0, 8)], 3400);
    expect(before.filter(isAlive)).toEqual([]);
    expect(round.recording.state).toBe('interrupted');
    expect(Math.min(...round.correlation)).toBeGreaterThan(0.9);
    // One second may be lost, and some tens of milliseconds are on their way through sockets and ring.
    expect(round.missingMs).toBeLessThanOrEqual(1000 + 150);
    const call = (await scene.node.api.calls()).find(({ id }) => id === round.recording.callId);
    expect(call?.endedAt).not.toBeNull();
  }, 90_000);
});
