import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';

/** How often a full disk is tried. */
const tryEveryMs = 5000;
/** Room that a recording needs for its first minute: less is not worth a beginning. */
const triedBytes = 1024 * 1024;

/** Whether recordings find room on their disk. */
export interface StorageRoom {
  /** Since somebody found it full, and until a try finds room. */
  readonly isFull: boolean;
  /** Somebody found it full. */
  full(): void;
  close(): void;
}

export interface StorageRoomDeps {
  /** Whether there is room now. Does not reject. */
  readonly hasRoom: () => Promise<boolean>;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Alarms once when the disk is full, and says when it no longer is, without a restart. */
export function createStorageRoom({ hasRoom, schedule, logger, meter }: StorageRoomDeps): StorageRoom {
  const gauge = meter.gauge('onrecord_disk_full', 'Recordings find no room on their disk (1)');
  let isFull = false;
  let cancel: () => void = () => undefined;
  gauge.set(0);
  const tryLater = (): void => {
    cancel = schedule(tryEveryMs, () => {
      void hasRoom().then((found) => {
        if (!isFull) return;
        if (!found) {
          tryLater();
          return;
        }
        isFull = false;
        gauge.set(0);
        logger.info('disk-has-room');
      });
    });
  };
  return {
    get isFull() {
      return isFull;
    },
    full() {
      if (isFull) return;
      isFull = true;
      gauge.set(1);
      logger.error('disk-full');
      tryLater();
    },
    close() {
      isFull = false;
      cancel();
    },
  };
}

/** Tries it: what file systems say of their room knows of no quota. */
export async function hasRoom(directory: string): Promise<boolean> {
  const path = join(directory, '.room');
  try {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(Buffer.alloc(triedBytes));
      await file.datasync();
    } finally {
      await file.close();
    }
    return true;
  } catch {
    return false;
  } finally {
    await unlink(path).catch(() => undefined);
  }
}
