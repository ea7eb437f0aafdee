import { stat } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import type { SealTarget, SpoolDisk } from '../../src/recording/ports.ts';
import { recoverSpool } from '../../src/recording/recover.ts';
import { systemSpoolDisk } from '../../src/recording/spool-disk.ts';
import { type Rig, startRig } from './harness.ts';
import { payloadOf, rtp } from './rtp.ts';

let rig: Rig;

afterEach(async () => {
  await rig.stop();
});

class DiskError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** A disk with room for so many bytes a spool whose name begins with `full`; the last write is torn. */
function smallDisk(room: number): SpoolDisk {
  return {
    ...systemSpoolDisk,
    async create(path) {
      const file = await systemSpoolDisk.create(path);
      if (!path.includes('/full')) return file;
      let left = room;
      return {
        sync: () => file.sync(),
        close: () => file.close(),
        async append(parts) {
          const bytes = Buffer.concat(parts);
          await file.append([bytes.subarray(0, Math.max(0, left))]);
          left -= bytes.length;
          if (left < 0) throw new DiskError('ENOSPC');
        },
      };
    },
  };
}

async function prepare(recording: number, id: string): Promise<void> {
  rig.worker.receive({ type: 'prepare', recording, spec: rig.spec(id) });
  await rig.event('prepared');
}

/** Both recordings' callers talk; gives real time to the disk now and then. */
async function talk(recordings: readonly number[], start: number, packets: number): Promise<void> {
  for (const recording of recordings) {
    rig.tap.mark(tapKind.begin, recording, 0, start as MonotonicMs);
    rig.tap.mark(tapKind.formats, recording, 0, start as MonotonicMs, 0, Uint8Array.of(0, 1, 8));
  }
  for (let i = 0; i < packets; i++) {
    const at = start + 20 * i;
    rig.time.to(at);
    const packet = rtp({ sequence: i, timestamp: 160 * i, payload: payloadOf(i) });
    for (const recording of recordings)
      rig.tap.packet(recording, 0, at as MonotonicMs, packet, packet.length);
    if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('a full disk', () => {
  it('ends that recording only, with its reason; what was spooled is recovered', async () => {
    rig = await startRig({ disk: smallDisk(60_000) });
    await prepare(1, 'full-1');
    await prepare(2, 'fine-2');
    const start = rig.time.now + 10;
    await talk([1, 2], start, 200);
    expect(await rig.event('failed')).toEqual({ type: 'failed', recording: 1, reason: 'disk-full' });
    rig.tap.mark(tapKind.end, 2, 0, (start + 4000) as MonotonicMs);
    rig.time.to(start + 4100);
    expect((await rig.event('sealed')).result).toMatchObject({ recordingId: 'fine-2', durationMs: 4000 });
    const spec = rig.spec('full-1');
    const recovery = await recoverSpool(
      `${rig.spoolDirectory}/full-1.spool`,
      spec.spoolSecret,
      spec.recipient,
      rig.sealDeps,
    );
    expect(recovery).toMatchObject({ outcome: 'sealed', complete: false });
    const { durationMs } = (recovery as { result: { durationMs: number } }).result;
    expect(durationMs).toBeGreaterThanOrEqual(1500);
    expect(durationMs).toBeLessThan(1900);
  });

  it('at the start fails the preparation', async () => {
    rig = await startRig({ disk: smallDisk(50) });
    rig.worker.receive({ type: 'prepare', recording: 1, spec: rig.spec('full-1') });
    expect(await rig.event('failed')).toEqual({ type: 'failed', recording: 1, reason: 'disk-full' });
  });

  it('at the seal keeps the spool, from which the recording is sealed later', async () => {
    const refuse = (target: SealTarget): SealTarget => ({
      ...target,
      create: async (key, recipient) => {
        const writer = await target.create(key, recipient);
        return {
          write: (bytes) =>
            bytes.length > 1000 ? Promise.reject(new DiskError('ENOSPC')) : writer.write(bytes),
          finish: () => writer.finish(),
          abort: () => writer.abort(),
        };
      },
    });
    rig = await startRig({ target: refuse });
    await prepare(1, 'r1');
    const start = rig.time.now + 10;
    await talk([1], start, 100);
    rig.tap.mark(tapKind.end, 1, 0, (start + 2000) as MonotonicMs);
    rig.time.to(start + 2100);
    expect(await rig.event('failed')).toEqual({ type: 'failed', recording: 1, reason: 'disk-full' });
    expect((await stat(`${rig.spoolDirectory}/r1.spool`)).size).toBeGreaterThan(64_000);
  });
});

describe('an error of the disk', () => {
  it('has no reason of its own but the spool', async () => {
    const failing: SpoolDisk = {
      ...systemSpoolDisk,
      async create(path) {
        const file = await systemSpoolDisk.create(path);
        return {
          ...file,
          append: (b) => file.append(b),
          sync: () => Promise.reject(new DiskError('EIO')),
          close: () => file.close(),
        };
      },
    };
    rig = await startRig({ disk: failing });
    await prepare(1, 'r1');
    await talk([1], rig.time.now + 10, 300);
    expect(await rig.event('failed')).toEqual({ type: 'failed', recording: 1, reason: 'spool-error' });
  });
});
