import { readFileSync } from 'node:fs';
import type { Logger } from '../kernel/logger.ts';
import type { DoNotRecordList } from '../policy/do-not-record.ts';
import { errorCode, replaceFile } from '../storage/durable-file.ts';

/** The node's own copy of the list: in memory for calls, in a file for the next start without control. */
export interface DoNotRecordShelf extends DoNotRecordList {
  /** Durable, and in force, once resolved. False: hashed with a key that is not ours. */
  replace(keyId: string, hashes: readonly string[]): Promise<boolean>;
}

export interface ShelfPlan {
  readonly file: string;
  readonly keyId: string;
  readonly logger: Logger;
}

export function openDoNotRecordShelf({ file, keyId, logger }: ShelfPlan): DoNotRecordShelf {
  let listed: ReadonlySet<string> = new Set(readKept(file, keyId, logger));
  let writing: Promise<void> = Promise.resolve();
  return {
    get size() {
      return listed.size;
    },
    has: (hash) => listed.has(hash),
    async replace(theirKeyId, hashes) {
      if (theirKeyId !== keyId) return false;
      // In force at once: a disk that is slow or full must not have somebody recorded.
      listed = new Set(hashes);
      const bytes = Buffer.from(`${[keyId, ...hashes].join('\n')}\n`);
      // Whoever asked for the writing before was told how it went.
      writing = writing.catch(() => undefined).then(() => replaceFile(file, `${file}.new`, bytes));
      await writing;
      return true;
    },
  };
}

function readKept(file: string, keyId: string, logger: Logger): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') logger.error('do-not-record-unreadable', { error: String(error) });
    return [];
  }
  const [keptKeyId, ...hashes] = text.trimEnd().split('\n');
  if (keptKeyId === keyId && hashes.every((hash) => /^[0-9a-f]{32}$/.test(hash))) return hashes;
  logger.error('do-not-record-unreadable', { error: 'it is damaged, or of another key-encryption key' });
  return [];
}
