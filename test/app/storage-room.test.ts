import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createStorageRoom, hasRoom } from '../../src/app/storage-room.ts';
import { type Logger, silentLogger } from '../../src/kernel/logger.ts';
import { createMeter } from '../../src/kernel/meter.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

it('alarms once when the disk is full, tries it, and says when there is room again', async () => {
  const said: string[] = [];
  const note = (message: string): void => {
    said.push(message);
  };
  const logger: Logger = { ...silentLogger, error: note, info: note };
  const meter = createMeter();
  const level = (): number => meter.snapshot().find(({ name }) => name === 'onrecord_disk_full')?.value ?? -1;
  let found = false;
  const due: (() => void)[] = [];
  const room = createStorageRoom({
    hasRoom: () => Promise.resolve(found),
    schedule: (_delayMs, run) => {
      due.push(run);
      return () => undefined;
    },
    logger,
    meter,
  });
  expect([room.isFull, level()]).toEqual([false, 0]);
  room.full();
  room.full();
  expect([room.isFull, level(), said, due.length]).toEqual([true, 1, ['disk-full'], 1]);
  due.shift()?.();
  await settle();
  expect([room.isFull, due.length]).toEqual([true, 1]);
  found = true;
  due.shift()?.();
  await settle();
  expect([room.isFull, level(), said, due.length]).toEqual([false, 0, ['disk-full', 'disk-has-room'], 0]);
  room.full();
  expect([room.isFull, said.length]).toEqual([true, 3]);
  room.close();
});

it('a try leaves nothing behind, and a folder that is not there has no room', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'onrecord-room-'));
  await expect(hasRoom(directory)).resolves.toBe(true);
  await expect(readdir(directory)).resolves.toEqual([]);
  await rm(directory, { recursive: true });
  await expect(hasRoom(directory)).resolves.toBe(false);
});
