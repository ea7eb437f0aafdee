import { mkdirSync } from 'node:fs';
import type { Environment } from '../config/load.ts';
import { createMeter } from '../kernel/meter.ts';
import { chacha20Poly1305 } from '../kernel/aead.ts';
import { rfc3339, systemClock } from '../kernel/clock.ts';
import { pooledRandom, systemRandom } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import { createTapBuffer } from '../kernel/tap-ring.ts';
import { systemSchedule } from '../kernel/timers.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { createLinkClient, type LinkClient } from '../link/link-client.ts';
import type { LinkAnswer, LinkRequest } from '../link/protocol.ts';
import { diskObjectStore, removeUnfinishedObjects } from '../storage/disk-object-store.ts';
import { createEvidenceMac, type EvidenceMac } from '../storage/evidence-mac.ts';
import type { RecordEvent } from '../records/record-event.ts';
import { doNotRecordKey } from '../storage/do-not-record-key.ts';
import { createRecordingKeys } from '../storage/recording-keys.ts';
import { recordingVault } from '../storage/recording-vault.ts';
import { dataLayout } from './data-layout.ts';
import { type DoNotRecordShelf, openDoNotRecordShelf } from './do-not-record-shelf.ts';
import { linkEndpoint } from './link-endpoint.ts';
import { startLoadProbe } from './load-probe.ts';
import { loadKek } from './load-kek.ts';
import { callsOfPorts } from './calls-of-ports.ts';
import { type MediaPool, startMediaPool } from './media-pool.ts';
import { proxyLockFile } from './node-lock.ts';
import { createLogger } from './pino-logger.ts';
import { policyMemory } from './policy-memory.ts';
import type { PromptLibrary } from './prompt-library.ts';
import { loadPrompts } from './prompt-library.ts';
import { proxyMetrics, type ProxyMetrics } from './proxy-metrics.ts';
import { type RecorderPool, startRecorderPool } from './recorder-pool.ts';
import { listenToEnd } from './role-life.ts';
import { lockRole } from './role-lock.ts';
import { exitCode, type RoleMessage } from './role-messages.ts';
import type { CommandContext } from './run-command.ts';
import { readPolicy } from './read-policy.ts';
import type { Settings } from './settings.ts';
import { shelvePrompts } from './shelve-prompts.ts';
import { sipWithFiles } from './sip-files.ts';
import { type Signalling, type StartFault, startSignalling } from './start-signalling.ts';
import { createStorageRoom, hasRoom, type StorageRoom } from './storage-room.ts';
import { startTracing, type Tracing } from './start-tracing.ts';
import { version } from './version.ts';
import { type Direction as CallDirection, createDirection } from './wiring/call-director.ts';
import { sayWhatIsLeft, spoolsBefore } from './wiring/leftover-spools.ts';
import { JournalRefusal } from './wiring/journal-refusal.ts';
import { PolicyDesk } from './wiring/policy-desk.ts';
import { createRecovery, type Recovery } from './wiring/recovery.ts';
import type { Unrecorded } from './wiring/verdict.ts';

/** About a second of 800 calls. */
const tapBytes = 16 * 1024 * 1024;
/** After BYE was sent, how long answers, seals and the last records may take. */
const farewellMs = 10_000;

/** The proxy: signalling, media and recording. Resolves with the exit code. */
export async function runProxy(settings: Settings, context: CommandContext): Promise<number> {
  const logger = createLogger(settings.config.log.level, 'proxy');
  const fail = (fault: string, code: number): number => {
    context.complain(fault);
    return code;
  };
  mkdirSync(settings.dataDirectory, { recursive: true, mode: 0o700 });
  const lock = await lockRole(proxyLockFile(settings.dataDirectory), settings.dataDirectory);
  if (!lock.ok) return fail(lock.error, exitCode.failure);
  const prompts = loadPrompts(settings);
  if (!prompts.ok) return fail(prompts.error.join('\nonrecord: '), exitCode.configuration);
  const kek = await loadKek(settings, context.env, logger);
  if (!kek.ok) return fail(kek.error, exitCode.configuration);
  const journal = await openJournal({
    directory: dataLayout(settings.dataDirectory).journal,
    clock: systemClock(),
    logger,
  });
  if (!journal.ok) return fail(journal.error.message, exitCode.failure);
  const keys = createRecordingKeys({ kek: kek.value, random: systemRandom, clock: systemClock() });
  const file = dataLayout(settings.dataDirectory).doNotRecord;
  const proxy = new Proxy({
    ...{
      settings,
      logger,
      keys,
      mac: createEvidenceMac(kek.value),
      journal: journal.value,
      prompts: prompts.value,
      env: context.env,
    },
    unrecorded: {
      key: doNotRecordKey(kek.value),
      keyId: kek.value.id,
      list: openDoNotRecordShelf({
        ...{ file, keyId: kek.value.id, logger },
        untold: journal.value.unfinished().listings,
      }),
    },
  });
  const fault = await proxy.start(() => {
    // Under a supervisor the node is ready once its records have somewhere to go.
    if (context.supervised)
      process.send?.({ type: 'proxy-ready', sip: proxy.addresses } satisfies RoleMessage);
  });
  if (fault !== null) return fail(fault.message, fault.code);
  if (!context.supervised) context.print(JSON.stringify({ sip: proxy.addresses }));
  await proxy.untilStopped(context.supervised);
  lock.value.release();
  return exitCode.done;
}

interface ProxyPlan {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly journal: Journal;
  readonly keys: ReturnType<typeof createRecordingKeys>;
  readonly mac: EvidenceMac;
  readonly prompts: PromptLibrary;
  /** Of the configuration, whenever it is read. */
  readonly env: Environment;
  readonly unrecorded: Unrecorded & { readonly list: DoNotRecordShelf };
}

/** One running proxy: what was started, in the order in which it is stopped again. */
class Proxy {
  readonly #plan: ProxyPlan;
  readonly #meter = createMeter();
  #media!: MediaPool;
  #recorders!: RecorderPool;
  #metrics!: ProxyMetrics;
  #policy!: PolicyDesk;
  #direction!: CallDirection;
  #signalling!: Signalling;
  #tracing!: Tracing;
  #link!: LinkClient;
  #room!: StorageRoom;
  #stopProbe: () => void = () => undefined;
  addresses: readonly string[] = [];

  constructor(plan: ProxyPlan) {
    this.#plan = plan;
  }

  /** Null, or why it did not start. `onLinked`: control has welcomed it. */
  async start(onLinked: () => void): Promise<StartFault | null> {
    const { settings, logger, journal } = this.#plan;
    const recovery = createRecovery({
      ...this.#plan,
      layout: dataLayout(settings.dataDirectory),
      recoverSpool: (recordingId, opened) => this.#recorders.recover(recordingId, opened),
      clock: systemClock(),
    });
    await removeUnfinishedObjects(dataLayout(settings.dataDirectory).recordings);
    const before = await spoolsBefore(dataLayout(settings.dataDirectory));
    const lost = await recovery.closeCalls();
    await this.#startWorkers();
    this.#metrics = proxyMetrics(this.#meter, this.#media, this.#recorders);
    for (const { direction } of lost) this.#metrics.callLost(direction);
    const { spools } = dataLayout(settings.dataDirectory);
    this.#room = createStorageRoom({
      ...{ logger, meter: this.#meter, schedule: systemSchedule },
      hasRoom: () => hasRoom(spools),
    });
    this.#policy = this.#rule();
    await this.#policy.begin().catch((error: unknown) => {
      logger.error('policy-not-written', { error: String(error) });
    });
    this.#direction = this.#direct(recovery);
    this.#tracing = startTracing({
      sip: settings.config.sip,
      ...{ journal, logger, meter: this.#meter, schedule: systemSchedule },
    });
    const signalling = await startSignalling({
      sip: sipWithFiles(settings),
      country: settings.config.node.country,
      maxCalls: settings.config.sip.maxCalls ?? callsOfPorts(settings.config.media),
      director: this.#direction.director,
      logger,
      meter: this.#meter,
      tracing: this.#tracing,
    });
    if (!signalling.ok) return signalling.error;
    this.#signalling = signalling.value;
    this.addresses = signalling.value.addresses;
    this.#stopProbe = startLoadProbe({
      transactions: () => signalling.value.transactionShare,
      media: () => this.#media.stats(),
      feel: (pressure) => {
        signalling.value.feel(pressure);
      },
      meter: this.#meter,
    });
    this.#link = createLinkClient({
      endpoint: linkEndpoint(settings),
      nodeId: settings.config.node.id,
      version: version(),
      journal,
      handle: (ask) => this.#answer(ask),
      onConnected: onLinked,
      logger,
      meter: this.#meter,
      schedule: systemSchedule,
      random: systemRandom,
    });
    this.#link.serving(this.addresses);
    // Calls come first: what a crash left is sealed beside them.
    void recovery
      .finishRecordings()
      .then(() => sayWhatIsLeft(dataLayout(settings.dataDirectory), before, logger))
      .catch((error: unknown) => {
        logger.error('recovery-failed', { error: String(error) });
      });
    logger.info('proxy-ready', { listeners: this.addresses.length });
    return null;
  }

  async #startWorkers(): Promise<void> {
    const { settings, logger, prompts } = this.#plan;
    const { media, recording } = settings.config;
    const layout = dataLayout(settings.dataDirectory);
    const rings = Array.from({ length: media.workers }, () =>
      Array.from({ length: recording.workers }, () => createTapBuffer(tapBytes)),
    );
    const column = (index: number): SharedArrayBuffer[] => rings.flatMap((row) => row[index] ?? []);
    this.#recorders = await startRecorderPool({
      spoolDirectory: layout.spools,
      storageDirectory: layout.recordings,
      taps: Array.from({ length: recording.workers }, (_, index) => column(index)),
      logger,
    });
    const sounds = prompts.sounds.map((sound) => prompts.audio(sound));
    this.#media = await startMediaPool({
      options: media,
      prompts: sounds,
      taps: rings,
      logger,
      clock: systemClock(),
    });
  }

  #rule(): PolicyDesk {
    const { settings, logger, prompts, env } = this.#plan;
    const memory = policyMemory(dataLayout(settings.dataDirectory).policy, logger);
    return new PolicyDesk({
      first: { settings, prompts },
      read: () => readPolicy(settings, env),
      remembered: memory.recall(),
      remember: (document) => memory.remember(document),
      shelve: (next) =>
        shelvePrompts(this.#media, next, [this.#policy.active.prompts, ...this.#direction.promptsInUse]),
      journal: { append: (events) => this.#write(events) },
      nodeId: settings.config.node.id,
      clock: systemClock(),
      random: systemRandom,
      logger,
      meter: this.#meter,
    });
  }

  async #write(events: readonly RecordEvent[]): Promise<void> {
    this.#metrics.recordsWritten(events);
    const written = await this.#plan.journal.append(events);
    if (!written.ok) throw new JournalRefusal(written.error);
  }

  #direct(recovery: Recovery): CallDirection {
    const { settings, logger, keys, unrecorded } = this.#plan;
    const { config } = settings;
    return createDirection({
      nodeId: config.node.id,
      clock: systemClock(),
      random: pooledRandom(),
      schedule: systemSchedule,
      logger,
      recorders: this.#recorders,
      keys,
      journal: { append: (events) => this.#write(events) },
      recover: (key) => recovery.recoverOne(key),
      mac: this.#plan.mac,
      keepEvidenceMs: config.consent.keepEvidence,
      destroy: (recordingId, objectKey) => this.#destroyRecording(recordingId, objectKey),
      askKeys: (callId, party, on) => {
        this.#signalling.control.ask(callId, party, on);
      },
      dial: (callId) => {
        this.#signalling.control.dial(callId);
      },
      hangUp: (callId, reason) => {
        this.#signalling.control.hangUp(callId, reason);
      },
      alarm: (reason) => {
        this.#metrics.alarm(reason);
        if (reason === 'disk-full') this.#room.full();
      },
      policy: this.#policy,
      unrecorded,
      room: this.#room,
      sip: config.sip,
      tagParties: config.recording.tags.parties,
      media: config.media,
      mediaPool: this.#media,
      count: {
        started: (direction) => {
          this.#metrics.callStarted(direction);
        },
        ended: (direction, outcome) => {
          this.#metrics.callEnded(direction, outcome);
        },
      },
    });
  }

  /** Its key first: whatever fails afterwards leaves nothing that can be opened. */
  async #destroyRecording(recordingId: string, objectKey: string | null): Promise<void> {
    const { journal, settings } = this.#plan;
    const at = rfc3339(systemClock().wall());
    const written = await journal.append([{ kind: 'destroyed', destroyed: { recordingId, at } }]);
    if (!written.ok) throw new Error(written.error.message);
    const forgotten = await journal.forgetKey(recordingId);
    if (!forgotten.ok) throw new Error(forgotten.error.message);
    if (objectKey === null) return;
    const store = diskObjectStore(dataLayout(settings.dataDirectory).recordings);
    await recordingVault({ store, aead: chacha20Poly1305, random: systemRandom }).delete(objectKey);
  }

  async #answer(ask: LinkRequest): Promise<LinkAnswer> {
    switch (ask.method) {
      case 'metrics':
        return { ok: true, value: { method: 'metrics', samples: await this.#metrics.collect() } };
      case 'control':
        return this.#direction.control(ask);
      case 'ladder': {
        const ladder = this.#tracing.ladder(ask.callId);
        return ladder === null
          ? { ok: false, code: 'no-call' }
          : { ok: true, value: { method: 'ladder', ladder } };
      }
      case 'forget-key': {
        const forgotten = await this.#plan.journal.forgetKey(ask.recordingId);
        return forgotten.ok ? { ok: true, value: { method: 'forget-key' } } : { ok: false, code: 'failed' };
      }
      case 'reload-policy': {
        const reloaded = await this.#policy.reload(ask.apply, ask.actor);
        return { ok: true, value: { method: 'reload-policy', ...reloaded } };
      }
      case 'do-not-record': {
        const taken = await this.#plan.unrecorded.list.replace(ask.keyId, ask.hashes);
        return taken ? { ok: true, value: { method: 'do-not-record' } } : { ok: false, code: 'conflict' };
      }
      case 'drain':
        void this.#signalling.control.drain();
        return { ok: true, value: { method: 'drain' } };
    }
  }

  /** Runs until it was told to end and has: calls over, recordings sealed, records handed on. */
  async untilStopped(supervised: boolean): Promise<void> {
    const { drainSeconds } = this.#plan.settings.config.node;
    await new Promise<void>((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const drained = (): void => {
        clearTimeout(timer);
        resolve();
      };
      listenToEnd(
        {
          onStop: (urgent) => {
            void this.#signalling.control.drain().then(drained);
            timer = setTimeout(drained, urgent ? 0 : drainSeconds * 1000);
          },
          onDrain: () => {
            void this.#signalling.control.drain().then(drained);
          },
          onReload: () => {
            void this.#signalling.reload();
            void this.#policy.reload(true, 'signal');
          },
        },
        supervised,
      );
    });
    await this.#stop();
  }

  async #stop(): Promise<void> {
    this.#stopProbe();
    this.#room.close();
    this.#signalling.endAllCalls('shutdown');
    await Promise.race([
      this.#direction.idle(),
      new Promise((resolve) => setTimeout(resolve, farewellMs).unref()),
    ]);
    this.#tracing.finish();
    await this.#link.flushed(farewellMs / 2);
    await this.#signalling.close();
    this.#tracing.close();
    await this.#media.stop();
    await this.#recorders.stop();
    this.#link.close();
    this.#metrics.close();
    await this.#plan.journal.close();
  }
}
