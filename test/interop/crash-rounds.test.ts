import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { voice } from '../end-to-end/voices.ts';
import { crashRound } from '../support/crash-round.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { Scene } from '../support/scene.ts';

const rounds = 20;
const shortestMs = 1500;
const longestMs = 6000;

describe('kill -9 of every process at random moments of a call', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.start({ rule: announcedElsewhere });
  });
  afterAll(() => scene.stop());

  it(`leaves each of ${rounds} recordings up to at most one second before, marked interrupted`, async () => {
    const results: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const talkMs = shortestMs + Math.random() * (longestMs - shortestMs);
      const left = await crashRound(scene, [voice('caller', 0, 10), voice('callee', 0, 10)], talkMs);
      const found = Math.min(...left.correlation);
      console.log(
        `round ${round}: after ${talkMs.toFixed(0)} ms, ${left.missingMs.toFixed(0)} ms missing, match ${found.toFixed(3)}`,
      );
      if (left.recording.state !== 'interrupted' || found < 0.9 || left.missingMs > 1000 + 150) {
        results.push(`round ${round}: ${left.recording.state}, ${left.missingMs} ms missing, match ${found}`);
      }
    }
    expect(results).toEqual([]);
    const recordings = await scene.node.api.recordings();
    expect(recordings.filter(({ state }) => state === 'interrupted')).toHaveLength(rounds);
  });
});
