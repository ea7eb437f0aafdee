import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { canSetSocketOptions } from '../kernel/socket-options.ts';
import type {
  LegIndex,
  LegMedia,
  LegPorts,
  MediaCommand,
  MediaEvent,
  MediaInterfaceOptions,
  MediaStats,
  MediaWorkerOptions,
  PromptAudio,
} from '../media/protocol.ts';
import { DescriptorTable } from '../media/descriptor-table.ts';
import { usableIo } from '../media/open-port.ts';
import type { MediaOptions } from '../media/options.ts';
import { StatsDesk } from './stats-desk.ts';
import { spawnWorker, type WorkerHandle } from './spawn-worker.ts';

/** A freed pair of ports rests this long, so that a late packet of the last call meets a closed port. */
const portRestMs = 10_000;

/** What happened to one session, or `worker-died` when its worker took it along. */
export type SessionEvent =
  | Extract<
      MediaEvent,
      { readonly type: 'played' | 'play-reported' | 'key' | 'code' | 'tapped' | 'silent' | 'closed' }
    >
  | { readonly type: 'worker-died' };

export type BeginHow = Pick<Extract<MediaCommand, { readonly type: 'begin' }>, 'prompts' | 'beep'>;

/** One call's media, in whichever worker it lives. */
export interface MediaHandle {
  readonly local: readonly [LegPorts & { readonly address: string }, LegPorts & { readonly address: string }];
  connect(leg: LegIndex, media: LegMedia): void;
  gate(open: boolean): void;
  play(leg: LegIndex, prompt: string): void;
  ring(leg: LegIndex, prompt: string): void;
  stopPlay(leg: LegIndex): void;
  ask(leg: LegIndex, on: boolean): void;
  codes(leg: LegIndex, codes: readonly string[]): void;
  /** Both directions open with it, unless `prompts` says that what is played comes first. */
  begin(recording: number, how: BeginHow): void;
  mark(type: 'keep' | 'pause' | 'resume' | 'end', recording: number): void;
  close(): void;
}

export interface MediaPool {
  open(
    interfaces: readonly [string, string],
    urgent: boolean,
    listen: (event: SessionEvent) => void,
  ): Promise<MediaHandle | 'no-ports'>;
  /** The prompts that can be played, by their sound. */
  readonly sounds: readonly string[];
  /** More of them; all that are not to be kept go. */
  shelve(add: readonly PromptAudio[], keep: readonly string[]): void;
  /** The last known totals of each worker, freshly asked for. */
  stats(): Promise<readonly MediaStats[]>;
  stop(): Promise<void>;
}

interface Session {
  readonly worker: number;
  readonly listen: (event: SessionEvent) => void;
  opened: ((event: Extract<MediaEvent, { readonly type: 'opened' | 'refused' }>) => void) | null;
}

export interface MediaPoolPlan {
  readonly options: MediaOptions;
  readonly prompts: readonly PromptAudio[];
  /** A row of taps a media worker, one for each recording worker. */
  readonly taps: readonly (readonly SharedArrayBuffer[])[];
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Starts the media workers; calls are dealt to them in turn and stay where they are. */
export async function startMediaPool(plan: MediaPoolPlan): Promise<MediaPool> {
  if (!canSetSocketOptions()) plan.logger.warn('media-dscp-unavailable');
  const sessions = new Map<number, Session>();
  const desks = plan.taps.map(() => new StatsDesk<MediaStats>());
  const addresses = new Map(
    plan.options.interfaces.map(({ id, address, advertise }) => [id, advertise ?? address]),
  );
  const workers: WorkerHandle<readonly MediaCommand[]>[] = [];
  const posts: ((command: MediaCommand) => void)[] = [];
  let shelf = plan.prompts;
  const tables: DescriptorTable[] = [];
  for (const [index, taps] of plan.taps.entries()) {
    const options = workerOptions(plan, index, taps);
    const table = new DescriptorTable(options.descriptors);
    tables.push(table);
    const worker = await spawnWorker<readonly MediaCommand[], MediaEvent>({
      name: 'media.worker',
      workerData: options,
      logger: plan.logger,
      onEvent: (event) => {
        receive(sessions, desks[index], event);
      },
      onDeath: () => {
        table.closeAll();
        abandon(sessions, index);
        // Its successor starts with what there was at first.
        posts[index]?.({ type: 'prompts', add: shelf, keep: shelf.map(({ id }) => id) });
      },
    });
    workers.push(worker);
    posts.push(batched(worker));
  }
  let lastSession = 0;
  return {
    open(interfaces, urgent, listen) {
      lastSession += 1;
      const session = lastSession;
      const index = session % workers.length;
      const post = posts[index] ?? (() => undefined);
      return new Promise((resolve) => {
        const opened: Session['opened'] = (event) => {
          resolve(
            event.type === 'refused'
              ? 'no-ports'
              : handleOf(session, interfaces, addresses, event.legs, post, plan.clock),
          );
        };
        sessions.set(session, { worker: index, listen, opened });
        post({ type: 'open', session, interfaces, urgent });
      });
    },
    get sounds() {
      return shelf.map(({ id }) => id);
    },
    shelve(add, keep) {
      shelf = [...shelf, ...add].filter(({ id }) => keep.includes(id));
      for (const post of posts) post({ type: 'prompts', add, keep });
    },
    stats: async () => {
      const asked = desks.map((desk, index) =>
        desk.ask(() => {
          posts[index]?.({ type: 'stats' });
        }),
      );
      return (await Promise.all(asked)).filter((stats) => stats !== null);
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      for (const table of tables) table.closeAll();
    },
  };
}

/** A message to a thread costs about what a datagram does: the commands of one turn of the loop share one. */
function batched(worker: WorkerHandle<readonly MediaCommand[]>): (command: MediaCommand) => void {
  let batch: MediaCommand[] = [];
  return (command) => {
    batch.push(command);
    if (batch.length > 1) return;
    setImmediate(() => {
      worker.post(batch);
      batch = [];
    });
  };
}

function workerOptions(
  plan: MediaPoolPlan,
  index: number,
  taps: readonly SharedArrayBuffer[],
): MediaWorkerOptions {
  const interfaces = portShares(plan, index);
  const ports = interfaces.reduce((sum, { firstPort, lastPort }) => sum + lastPort - firstPort + 1, 0);
  return {
    interfaces,
    prompts: plan.prompts,
    taps,
    rtpTimeoutSeconds: plan.options.rtpTimeoutSeconds,
    portRestMs,
    io: usableIo(plan.options.io) ?? 'dgram',
    pollMs: plan.options.pollMs,
    // One more, for what watches them.
    descriptors: DescriptorTable.memoryFor(ports + 1),
  };
}

/** Each worker gets its own even share of every port range. */
function portShares({ options, taps }: MediaPoolPlan, index: number): MediaInterfaceOptions[] {
  const count = taps.length;
  return options.interfaces.map(({ id, address, advertise, dscp, ports }) => {
    const pairs = Math.floor((ports.last - ports.first + 1) / 2);
    const from = Math.floor((pairs * index) / count);
    const to = Math.floor((pairs * (index + 1)) / count);
    return {
      id,
      address,
      advertise,
      dscp,
      firstPort: ports.first + 2 * from,
      lastPort: ports.first + 2 * to - 1,
      range: ports,
    };
  });
}

function receive(
  sessions: Map<number, Session>,
  desk: StatsDesk<MediaStats> | undefined,
  event: MediaEvent,
): void {
  if (event.type === 'ready') return;
  if (event.type === 'stats') {
    desk?.answer(event.stats);
    return;
  }
  const session = sessions.get(event.session);
  if (session === undefined) return;
  if (event.type === 'opened' || event.type === 'refused') {
    session.opened?.(event);
    session.opened = null;
    if (event.type === 'refused') sessions.delete(event.session);
    return;
  }
  if (event.type === 'closed') sessions.delete(event.session);
  session.listen(event);
}

function abandon(sessions: Map<number, Session>, worker: number): void {
  for (const [id, session] of sessions) {
    if (session.worker !== worker) continue;
    sessions.delete(id);
    session.opened?.({ type: 'refused', session: id, reason: 'no-ports' });
    session.listen({ type: 'worker-died' });
  }
}

function handleOf(
  session: number,
  interfaces: readonly [string, string],
  addresses: ReadonlyMap<string, string>,
  legs: readonly [LegPorts, LegPorts],
  post: (command: MediaCommand) => void,
  clock: Clock,
): MediaHandle {
  const addressOf = (id: string): string => addresses.get(id) ?? '';
  let closing = false;
  return {
    local: [
      { address: addressOf(interfaces[0]), ...legs[0] },
      { address: addressOf(interfaces[1]), ...legs[1] },
    ],
    connect: (leg, media) => {
      post({ type: 'connect', session, leg, media });
    },
    gate: (open) => {
      post({ type: 'gate', session, open });
    },
    play: (leg, prompt) => {
      post({ type: 'play', session, leg, prompt });
    },
    ring: (leg, prompt) => {
      post({ type: 'ring', session, leg, prompt });
    },
    stopPlay: (leg) => {
      post({ type: 'stop-play', session, leg });
    },
    ask: (leg, on) => {
      post({ type: 'ask', session, leg, on });
    },
    codes: (leg, codes) => {
      post({ type: 'codes', session, leg, codes });
    },
    begin: (recording, how) => {
      post({ type: 'begin', session, recording, ...how });
    },
    mark: (type, recording) => {
      post({ type, session, recording, at: clock.monotonic() });
    },
    close: () => {
      if (closing) return;
      closing = true;
      post({ type: 'close', session });
    },
  };
}
