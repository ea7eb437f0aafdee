import { readFileSync } from 'node:fs';
import type { Logger } from '../kernel/logger.ts';
import type { DoNotRecordList } from '../policy/do-not-record.ts';
import { mostNotRecorded, type NumberListing } from '../records/do-not-record.ts';
import { errorCode, replaceFile } from '../storage/durable-file.ts';

/** The node's own copy of the list: in memory for calls, in a file for the next start without control. */
export interface DoNotRecordShelf extends DoNotRecordList {
  /** Durable, and in force, once resolved. False: hashed with a key that is not ours. */
  replace(keyId: string, hashes: readonly string[]): Promise<boolean>;
  /**
   * A number that a party of a call here has had listed: in force at once, and kept whatever control says until
   * control says it, too. False: there are as many as may be.
   */
  add(hash: string): boolean;
}

export interface ShelfPlan {
  readonly file: string;
  readonly keyId: string;
  readonly logger: Logger;
  /** What the journal still has to tell control. */
  readonly untold: readonly NumberListing[];
}

export function openDoNotRecordShelf(plan: ShelfPlan): DoNotRecordShelf {
  const { file, keyId, logger, untold } = plan;
  const own = new Set(untold.filter((listing) => listing.keyId === keyId).map(({ hash }) => hash));
  let listed = new Set([...readKept(file, keyId, logger), ...own]);
  let writing: Promise<void> = Promise.resolve();
  const write = (): Promise<void> => {
    // Whoever asked for the writing before was told how it went.
    writing = writing
      .catch(() => undefined)
      .then(() => replaceFile(file, `${file}.new`, Buffer.from(`${[keyId, ...listed].join('\n')}\n`)));
    return writing;
  };
  return {
    get size() {
      return listed.size;
    },
    has: (hash) => listed.has(hash),
    async replace(theirKeyId, hashes) {
      if (theirKeyId !== keyId) return false;
      for (const hash of hashes) own.delete(hash);
      // In force at once: a disk that is slow or full must not have somebody recorded.
      listed = new Set([...hashes, ...own]);
      await write();
      return true;
    },
    add(hash) {
      if (listed.has(hash)) return true;
      if (listed.size >= mostNotRecorded) return false;
      own.add(hash);
      listed.add(hash);
      write().catch((error: unknown) => {
        // The journal has it, and a start reads it from there.
        logger.warn('do-not-record-not-kept', { error: String(error) });
      });
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
