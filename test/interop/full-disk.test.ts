import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { after, voice } from '../end-to-end/voices.ts';
import type { RecordingView } from '../support/api-client.ts';
import { removeDirectory, temporaryDirectory } from '../support/node.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { extension, Scene } from '../support/scene.ts';
import { align } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { missingTools } from './debian-tools.ts';

/** A mount of its own for what recordings are written to, small enough to be filled in a moment. */
const size = 24 * 1024 * 1024;
const directory = temporaryDirectory();
const data = join(directory, 'data');
const spools = join(data, 'spools');
const recordings = join(data, 'recordings');
const missing = missingTools('ip');

function fill(folder: string): void {
  const ballast = openSync(join(folder, 'ballast'), 'w');
  const block = Buffer.alloc(64 * 1024, 1);
  try {
    for (;;) writeSync(ballast, block);
  } catch {
    // Full, which is what was wanted.
  } finally {
    closeSync(ballast);
  }
}
const empty = (folder: string): void => {
  unlinkSync(join(folder, 'ballast'));
};
const isFull = (): boolean => statfsSync(spools).bavail === 0;

describe.skipIf(missing !== null)('the disk of the recordings is full', () => {
  let scene: Scene;

  beforeAll(async () => {
    for (const folder of [spools, recordings]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'onrecord-test', folder]);
    }
    scene = await Scene.start({
      directory,
      rule: { ...announcedElsewhere, onFailure: 'continue' },
      rulesBefore: [
        {
          ...announcedElsewhere,
          ...{ id: 'must', when: { direction: 'inbound' }, onFailure: 'refuse', graceSeconds: 1 },
        },
      ],
    });
  });
  afterAll(async () => {
    await scene.stop();
    for (const folder of [spools, recordings]) execFileSync('umount', [folder]);
    removeDirectory(directory);
  });

  const metric = async (name: string): Promise<number> => {
    const page = await (await fetch(`${scene.node.ready.http}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(page)?.[1] ?? Number.NaN);
  };
  const recordingOf = (id: string, ...states: string[]): Promise<RecordingView> =>
    waitUntil(
      `recording ${id} in ${states.join(' or ')}`,
      async () => {
        const list = await scene.node.api.recordings();
        return list.find((recording) => recording.id === id && states.includes(recording.state));
      },
      40_000,
    );

  it('onFailure: continue: the call goes on, its row says failed with the reason, an alarm is raised; with room again what was spooled is there, and the next call is recorded', async () => {
    const [calling, called] = await scene.placeCall();
    const { id } = await scene.recording('recording');
    const before = voice('caller', 0, 2);
    await calling.rtp.play(before);
    await after(800);
    fill(recordings);
    fill(spools);
    expect(isFull()).toBe(true);
    const during = voice('caller', 4, 3);
    await calling.rtp.play(during);
    expect(await recordingOf(id, 'failed')).toMatchObject({ state: 'failed', reason: 'disk-full' });
    const later = voice('caller', 8, 2);
    await calling.rtp.play(later);
    await after(100);
    expect(align(called.rtp.heard(), later).correlation).toBeGreaterThan(0.95);
    expect(await metric('onrecord_disk_full')).toBe(1);
    expect(scene.node.output).toContain('disk-full');
    await calling.hangUp();

    empty(recordings);
    empty(spools);
    expect(await recordingOf(id, 'interrupted')).toMatchObject({ reason: 'disk-full' });
    const [left] = readWav(await scene.node.api.audio(id)).channels as [Int16Array];
    expect(align(left, before).correlation).toBeGreaterThan(0.95);
    await waitUntil(
      'the alarm to end',
      async () => ((await metric('onrecord_disk_full')) === 0 ? true : undefined),
      20_000,
    );
    const [next] = await scene.placeCall();
    await scene.recording('recording');
    await after(500);
    await next.hangUp();
    expect(await scene.recording('sealed')).toMatchObject({ reason: null });
  });

  it('onFailure: refuse: the call ends with BYE and a Reason after the grace, new calls get 503, and with room again they are taken', async () => {
    const [calling, called] = await scene.placeInboundCall();
    await scene.recording('recording');
    let reason = '';
    called.session.delegate = {
      onBye: (bye) => {
        reason = bye.request.getHeader('Reason') ?? '';
        void bye.accept();
      },
    };
    fill(spools);
    void calling.rtp.play(voice('callee', 0, 8));
    await Promise.all([calling.ended, called.ended]);
    // RFC 3326: a cause of Q.850, 41: temporary failure.
    expect(reason).toMatch(/Q\.850;cause=41/);
    const refused = scene.trunk.call(`sip:${extension}@127.0.0.1:${scene.wanPort};transport=tcp`);
    expect(await refused.answered).toMatchObject({ status: 503 });
    empty(spools);
    await waitUntil(
      'the alarm to end',
      async () => ((await metric('onrecord_disk_full')) === 0 ? true : undefined),
      20_000,
    );
    const [again] = await scene.placeInboundCall();
    await again.hangUp();
  });
});
