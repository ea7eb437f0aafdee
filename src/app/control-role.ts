import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { createAuthenticator } from '../access/authenticator.ts';
import { createTokens } from '../access/tokens.ts';
import { packetDecoder } from '../api/undecoded/decode-recording.ts';
import { runFfmpeg } from '../api/undecoded/ffmpeg.ts';
import { createThreadedConverter } from '../api/convert/threaded-converter.ts';
import { createApi } from '../api/create-api.ts';
import { createEventFeed, type EventFeed } from '../api/event-feed.ts';
import { createDoNotRecord, type DoNotRecord } from '../governance/do-not-record.ts';
import { createDeleteRecording } from '../governance/delete-recording.ts';
import { startEvidenceRetention } from '../governance/expired-evidence.ts';
import { startReconciler } from '../governance/overdue-recordings.ts';
import { systemClock } from '../kernel/clock.ts';
import { systemRandom } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import { createMeter, type Meter } from '../kernel/meter.ts';
import { chacha20Poly1305 } from '../kernel/aead.ts';
import { systemSchedule } from '../kernel/timers.ts';
import { createLinkServer, type LinkServer } from '../link/link-server.ts';
import { createMetricsPage, metricsContentType } from '../metrics/metrics-page.ts';
import { processMetrics } from '../metrics/process-metrics.ts';
import { createDoNotRecordStore } from '../persistence/do-not-record-store.ts';
import { createEvidenceStore } from '../persistence/evidence-store.ts';
import { createPolicyStore } from '../persistence/policy-store.ts';
import { createRecordStore } from '../persistence/record-store.ts';
import { createTokenStore } from '../persistence/token-store.ts';
import { mostNotRecorded } from '../records/do-not-record.ts';
import type { KeyStore, RecordStore } from '../records/ports.ts';
import { doNotRecordKey } from '../storage/do-not-record-key.ts';
import { diskObjectStore } from '../storage/disk-object-store.ts';
import type { Kek } from '../storage/kek.ts';
import { createRecordingKeys } from '../storage/recording-keys.ts';
import { recordingVault } from '../storage/recording-vault.ts';
import { dataLayout } from './data-layout.ts';
import { type DoNotRecordPush, startDoNotRecordPush } from './do-not-record-push.ts';
import { openKeyStore } from './key-custody.ts';
import { linkEndpoint } from './link-endpoint.ts';
import { loadKek } from './load-kek.ts';
import { controlLockFile } from './node-lock.ts';
import { type OpenDatabase, openDatabase } from './open-database.ts';
import { createLogger } from './pino-logger.ts';
import { listenToEnd } from './role-life.ts';
import { lockRole } from './role-lock.ts';
import { exitCode, type RoleMessage } from './role-messages.ts';
import type { CommandContext } from './run-command.ts';
import type { Settings } from './settings.ts';
import { version } from './version.ts';
import { audioSource } from './wiring/audio-source.ts';

/** A node that does not answer within this time is asked again with the next request. */
const forgetWithinMs = 3000;

/** The control process: database, API, link to the proxies. Resolves with the exit code. */
export async function runControl(settings: Settings, context: CommandContext): Promise<number> {
  const logger = createLogger(settings.config.log.level, 'control');
  mkdirSync(settings.dataDirectory, { recursive: true, mode: 0o700 });
  const lock = await lockRole(controlLockFile(settings.dataDirectory), settings.dataDirectory);
  if (!lock.ok) return fail(context, lock.error, exitCode.failure);
  const kek = await loadKek(settings, context.env, logger);
  if (!kek.ok) return fail(context, kek.error, exitCode.configuration);
  const database = await openDatabase(settings, logger);
  if (!database.ok) return fail(context, database.error, exitCode.failure);
  const control = await startControl({ settings, context, logger, kek: kek.value, database: database.value });
  if (typeof control === 'string') {
    await database.value.close();
    return fail(context, control, exitCode.failure);
  }
  const code = await untilStopped(context, database.value, logger);
  await control.close();
  await database.value.close();
  lock.value.release();
  return code;
}

function fail(context: CommandContext, fault: string, code: number): number {
  context.complain(fault);
  return code;
}

function untilStopped(context: CommandContext, database: OpenDatabase, logger: Logger): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    listenToEnd(
      {
        onStop: () => {
          stopping = true;
          resolve(exitCode.done);
        },
      },
      context.supervised,
    );
    void database.died.then((reason) => {
      if (stopping) return;
      logger.error('embedded-database-died', { reason });
      resolve(exitCode.failure);
    });
  });
}

interface ControlPlan {
  readonly settings: Settings;
  readonly context: CommandContext;
  readonly logger: Logger;
  readonly kek: Kek;
  readonly database: OpenDatabase;
}

/** A string is the one sentence that says why it did not start. */
async function startControl(plan: ControlPlan): Promise<{ close(): Promise<void> } | string> {
  const { settings, context, logger, database } = plan;
  const meter = createMeter();
  const clock = systemClock();
  const keys = await openKeyStore(settings, database);
  const records = createRecordStore(database.connection.db, {
    keys,
    onRejected: ({ kind, id, reason }) => {
      logger.error('record-rejected', { kind, id, reason });
    },
  });
  const feed = createEventFeed(meter);
  let unrecorded: DoNotRecordPush | null = null;
  const link = await createLinkServer({
    endpoint: linkEndpoint(settings),
    store: async (events) => {
      await records.store(events);
      feed.publish(events);
      // Nodes have it before the one that said so is told that it is stored: no older list comes after that.
      if (events.some(({ kind }) => kind === 'listing')) await unrecorded?.push();
    },
    onServing: ({ nodeId }) => {
      unrecorded?.welcome(nodeId);
    },
    logger,
    meter,
  });
  if (!link.ok) return link.error;
  const doNotRecordStore = createDoNotRecordStore(database.connection.db);
  const push = startDoNotRecordPush({
    ...{ store: doNotRecordStore, keyId: plan.kek.id, nodes: link.value, schedule: systemSchedule, logger },
  });
  unrecorded = push;
  const api = await buildApi(plan, {
    ...{ meter, records, keys, link: link.value, feed },
    doNotRecord: createDoNotRecord({
      ...{
        store: doNotRecordStore,
        key: doNotRecordKey(plan.kek),
        keyId: plan.kek.id,
        most: mostNotRecorded,
      },
      ...{ country: settings.config.node.country, changed: () => push.push(), clock, logger },
    }),
  });
  const admin = await provideAdminToken(plan);
  if (admin !== null) return admin;
  const { address, port } = settings.config.http;
  let url: string;
  try {
    url = await api.listen({ host: address, port });
  } catch (error) {
    await link.value.close();
    return `http: ${address}:${port} cannot be listened on (${String(error)}); free it, or change http.address and http.port`;
  }
  const stopReconciler = startReconciler({ store: records, clock, schedule: systemSchedule, logger, meter });
  const stopEvidenceRetention = startEvidenceRetention({
    ...{ store: createEvidenceStore(database.connection.db), keepMs: settings.config.consent.keepEvidence },
    ...{ schedule: systemSchedule, logger, meter },
  });
  const ready: RoleMessage = { type: 'control-ready', http: url };
  if (context.supervised) process.send?.(ready);
  else context.print(JSON.stringify({ http: url }));
  logger.info('control-ready', { embedded: database.embedded });
  return {
    close: async () => {
      stopReconciler();
      stopEvidenceRetention();
      push.close();
      await api.close();
      await link.value.close();
    },
  };
}

interface ApiParts {
  readonly meter: Meter;
  readonly records: RecordStore;
  readonly keys: KeyStore;
  readonly link: LinkServer;
  readonly doNotRecord: DoNotRecord;
  readonly feed: EventFeed;
}

async function buildApi(plan: ControlPlan, { meter, records, keys, link, doNotRecord, feed }: ApiParts) {
  const { settings, logger, database } = plan;
  const clock = systemClock();
  const objects = diskObjectStore(dataLayout(settings.dataDirectory).recordings);
  const vault = recordingVault({ store: objects, aead: chacha20Poly1305, random: systemRandom });
  const evidence = createEvidenceStore(database.connection.db);
  const recordingKeys = createRecordingKeys({ kek: plan.kek, random: systemRandom, clock });
  return createApi({
    version: version(),
    records,
    audio: audioSource({ keys, recordingKeys, objects, spools: dataLayout(settings.dataDirectory).spools }),
    converter: createThreadedConverter({
      spawn: (job) =>
        new Worker(new URL('./workers/convert.worker.js', import.meta.url), { workerData: job }),
    }),
    decoder: packetDecoder(runFfmpeg),
    deleteRecording: createDeleteRecording({
      records,
      keys,
      forgetKey: async (nodeId, recordingId) =>
        (await link.ask(nodeId, { method: 'forget-key', recordingId }, forgetWithinMs)).ok,
      removeObject: async ({ objectKey }) => {
        if (objectKey !== null) await vault.delete(objectKey);
      },
      forgetEvidence: async (callId) => {
        await evidence.deleteExpired(settings.config.consent.keepEvidence, { callId });
      },
      clock,
      logger,
    }),
    policies: createPolicyStore(database.connection.db),
    doNotRecord,
    events: feed,
    nodes: link,
    authenticate: createAuthenticator(createTokenStore(database.connection.db), clock),
    database: {
      label: database.embedded
        ? 'embedded (one node, no fsync: for evaluation and small sites)'
        : 'PostgreSQL',
      reachable: () => database.connection.healthy(),
    },
    metrics: createMetricsPage({
      own: () => meter.snapshot(),
      nodes: {
        connected: () => link.nodes().map(({ nodeId }) => nodeId),
        samples: async (nodeId, withinMs) => {
          const answer = await link.ask(nodeId, { method: 'metrics' }, withinMs);
          return answer.ok ? answer.value.samples : null;
        },
      },
      processMetrics: processMetrics(),
    }),
    metricsContentType,
    random: systemRandom,
    schedule: systemSchedule,
    logger,
  });
}

/** Null, or the one sentence that says what is wrong with the token that was given. */
async function provideAdminToken({ database, context, logger }: ControlPlan): Promise<string | null> {
  const store = createTokenStore(database.connection.db);
  const tokens = createTokens({ store, clock: systemClock(), random: systemRandom });
  const admin = await tokens.createAdminToken(context.env.ONRECORD_ADMIN_TOKEN ?? null);
  if (!admin.ok) return admin.error;
  if (admin.value.kind === 'made') {
    context.print(`The first API token, with all rights, shown this once: ${admin.value.token}`);
  }
  if (admin.value.kind === 'exists' && !admin.value.givenIsValid) {
    logger.warn('admin-token-ignored', {
      why: 'there are tokens already, and the given one is none of them',
    });
  }
  return null;
}
