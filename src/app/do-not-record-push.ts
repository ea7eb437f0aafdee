import type { Logger } from '../kernel/logger.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { NodeRegistry } from '../link/ports.ts';
import type { DoNotRecordStore } from '../records/ports.ts';

export interface PushPlan {
  readonly store: DoNotRecordStore;
  readonly keyId: string;
  readonly nodes: NodeRegistry;
  readonly schedule: Schedule;
  readonly logger: Logger;
}

/** Keeps every connected node's list like that of the database. */
export interface DoNotRecordPush {
  /** Resolves when every node that can be reached has the list as it is now. */
  push(): Promise<void>;
  /** A node has come, with whatever list it had. */
  welcome(nodeId: string): void;
  close(): void;
}

const takeWithinMs = 3000;
/** Another control process may have changed the list; a node may have been deaf. */
const lookEveryMs = 10_000;

export function startDoNotRecordPush({ store, keyId, nodes, schedule, logger }: PushPlan): DoNotRecordPush {
  /** What each node has confirmed. */
  const held = new Map<string, string>();
  let running: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;
  let closed = false;

  const once = async (): Promise<void> => {
    const { hashes, foreign } = await store.hashes(keyId);
    if (foreign > 0) logger.error('do-not-record-of-another-key', { entries: foreign });
    const list = hashes.join();
    const behind = nodes.nodes().filter(({ nodeId }) => held.get(nodeId) !== list);
    await Promise.all(
      behind.map(async ({ nodeId }) => {
        const answer = await nodes.ask(nodeId, { method: 'do-not-record', keyId, hashes }, takeWithinMs);
        if (answer.ok) held.set(nodeId, list);
        else logger.warn('do-not-record-not-taken', { node: nodeId, why: answer.error });
      }),
    );
  };
  const push = (): Promise<void> => {
    running = running.then(once).catch((error: unknown) => {
      logger.warn('do-not-record-not-read', { error: String(error) });
    });
    return running;
  };
  const look = (): void => {
    if (closed) return;
    cancel = schedule(lookEveryMs, () => void push().then(look));
  };
  look();
  return {
    push,
    welcome: (nodeId) => {
      held.delete(nodeId);
      void push();
    },
    close: () => {
      closed = true;
      cancel();
    },
  };
}
