import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import { type Aead, chacha20Poly1305 } from '../../src/kernel/aead.ts';
import type { Clock, MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { createTapBuffer, TapWriter } from '../../src/kernel/tap-ring.ts';
import type { Schedule } from '../../src/kernel/timers.ts';
import { workerEncoders } from '../../src/recording/encoders.ts';
import type { RecordingEvent, RecordingSpec } from '../../src/recording/protocol.ts';
import type { Encoders, SealDeps, SealTarget, SpoolDisk, SpoolFile } from '../../src/recording/ports.ts';
import { createRecordingWorker, type RecordingWorker } from '../../src/recording/recording-worker.ts';
import { systemSpoolDisk } from '../../src/recording/spool-disk.ts';
import { diskObjectStore } from '../../src/storage/disk-object-store.ts';
import { spoolSecretOf } from '../../src/storage/recording-identity.ts';
import { recordingVault } from '../../src/storage/recording-vault.ts';

/** A clock and a schedule that move by hand. */
export class HandTime {
  now = 1_000_000;
  readonly #timers: { at: number; run: () => void }[] = [];
  readonly clock: Clock = {
    monotonic: () => this.now as MonotonicMs,
    wall: () => (Date.UTC(2026, 10, 23) + this.now) as WallMs,
  };
  readonly schedule: Schedule = (delayMs, run) => {
    const timer = { at: this.now + delayMs, run };
    this.#timers.push(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  };

  /** Moves to an instant, running on the way what falls due. */
  to(at: number): void {
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= at).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.splice(this.#timers.indexOf(due), 1);
      this.now = Math.max(this.now, due.at);
      due.run();
    }
    this.now = Math.max(this.now, at);
  }
}

export interface Rig {
  readonly time: HandTime;
  readonly tap: TapWriter;
  readonly worker: RecordingWorker;
  readonly events: RecordingEvent[];
  readonly directory: string;
  readonly spoolDirectory: string;
  readonly storageDirectory: string;
  readonly target: SealTarget;
  /** For making files of spools without the worker. */
  readonly sealDeps: SealDeps;
  readonly identity: string;
  spec(
    recordingId: string,
    shape?: Partial<
      Pick<RecordingSpec, 'format' | 'channels' | 'sampleRate' | 'dtmf' | 'pause' | 'lookbackSeconds'>
    >,
  ): RecordingSpec;
  /** Resolves with the next event of a type, seen or to come. */
  event<T extends RecordingEvent['type']>(type: T): Promise<Extract<RecordingEvent, { type: T }>>;
  /** Decrypts a sealed object with the public age library. */
  open(objectKey: string): Promise<Buffer>;
  stop(): Promise<void>;
}

export interface RigOptions {
  readonly disk?: SpoolDisk;
  readonly aead?: Aead;
  readonly encoders?: Encoders;
  readonly target?: (target: SealTarget) => SealTarget;
}

/** A recording worker on a real disk with a tap that the test writes and a clock that it moves. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'onrecord-recording-'));
  const spoolDirectory = directory;
  const storageDirectory = join(directory, 'storage');
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const buffer = createTapBuffer(1024 * 1024);
  const time = new HandTime();
  const events: RecordingEvent[] = [];
  const waiting: (() => void)[] = [];
  const aead = options.aead ?? chacha20Poly1305;
  const vault = recordingVault({ store: diskObjectStore(storageDirectory), aead, random: systemRandom });
  const target = options.target?.(vault) ?? vault;
  const spools: SpoolFile[] = [];
  const given = options.disk ?? systemSpoolDisk;
  const disk: SpoolDisk = {
    ...given,
    create: async (path) => {
      const spool = await given.create(path);
      spools.push(spool);
      return spool;
    },
  };
  const encoders = options.encoders ?? workerEncoders();
  const worker = createRecordingWorker({
    spoolDirectory,
    taps: [buffer],
    post: (event) => {
      events.push(event);
      for (const wake of waiting.splice(0)) wake();
    },
    clock: time.clock,
    schedule: time.schedule,
    random: systemRandom,
    disk,
    target,
    encoders,
    decoders: new SpeechDecoders(),
    aead,
  });
  const taken = new Set<RecordingEvent>();
  return {
    time,
    tap: new TapWriter(buffer),
    worker,
    events,
    directory,
    spoolDirectory,
    storageDirectory,
    target,
    sealDeps: { disk, target, encoders, aead, random: systemRandom, pace: () => Promise.resolve() },
    identity,
    spec: (recordingId, shape = {}) => ({
      recordingId,
      callId: 'call-1',
      format: 'wav',
      channels: 'stereo',
      dtmf: 'keep',
      pause: 'silence',
      lookbackSeconds: null,
      sampleRate: 8000,
      recipient,
      spoolSecret: spoolSecretOf(identity),
      parties: { caller: '100', callee: '200' },
      manifest: { startedBy: 'test' },
      ...shape,
    }),
    async event(type) {
      for (;;) {
        const found = events.find((event) => event.type === type && !taken.has(event));
        if (found !== undefined) {
          taken.add(found);
          return found as Extract<RecordingEvent, { type: typeof type }>;
        }
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    async open(objectKey) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      return Buffer.from(await decrypter.decrypt(await readFile(join(storageDirectory, objectKey))));
    },
    async stop() {
      worker.close();
      // What still ran has its file open, which a thread's end would close; who has closed it already refuses.
      await Promise.allSettled(spools.map((spool) => spool.close()));
      await rm(directory, { recursive: true });
    },
  };
}
