import { type Clock, rfc3339 } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { listedForm, numberHash } from '../policy/do-not-record.ts';
import type { DoNotRecordEntry } from '../records/do-not-record.ts';
import type { CursorFault, DoNotRecordStore, Page, PageRequest } from '../records/ports.ts';

export interface DoNotRecordPlan {
  readonly store: DoNotRecordStore;
  readonly key: Uint8Array;
  readonly keyId: string;
  /** Whose numbering plan a number without a country is of. */
  readonly country: string;
  /** What a node can hold. */
  readonly most: number;
  /** The list is different: nodes are to know before this resolves, if they can be reached. */
  readonly changed: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type DoNotRecordFault = 'no-number' | 'full';

export interface DoNotRecord {
  add(asked: {
    readonly number: string;
    readonly note: string | null;
    readonly actor: string;
  }): Promise<Result<DoNotRecordEntry, DoNotRecordFault>>;
  /** Null: not listed. */
  check(number: string): Promise<Result<DoNotRecordEntry | null, 'no-number'>>;
  /** False: not listed. */
  remove(hash: string, actor: string): Promise<boolean>;
  list(page: PageRequest): Promise<Page<DoNotRecordEntry> | CursorFault>;
}

/** The list of numbers whose calls are never recorded. A number comes in, is hashed, and is forgotten. */
export function createDoNotRecord(plan: DoNotRecordPlan): DoNotRecord {
  const { store, key, keyId, country, most, changed, clock, logger } = plan;
  const hashOf = (number: string): string | null => {
    const form = listedForm(number, country);
    return form === null ? null : numberHash(key, form);
  };
  return {
    async add({ number, note, actor }) {
      const hash = hashOf(number);
      if (hash === null) return err('no-number');
      const known = await store.get(hash);
      if (known !== null) return ok(known);
      if ((await store.count()) >= most) return err('full');
      const entry = { hash, keyId, note, addedAt: rfc3339(clock.wall()), addedBy: actor };
      await store.add(entry);
      logger.info('do-not-record-added', { hash, actor });
      await changed();
      return ok(entry);
    },
    async check(number) {
      const hash = hashOf(number);
      return hash === null ? err('no-number') : ok(await store.get(hash));
    },
    async remove(hash, actor) {
      const removed = await store.remove(hash);
      if (!removed) return false;
      logger.info('do-not-record-removed', { hash, actor });
      await changed();
      return true;
    },
    list: (page) => store.list(page),
  };
}
