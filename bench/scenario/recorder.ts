import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { codecId } from '../../src/audio/codec-id.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import { chacha20Poly1305 } from '../../src/kernel/aead.ts';
import type { Clock, MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { createTapBuffer, type TapChannel, tapKind, TapWriter } from '../../src/kernel/tap-ring.ts';
import type { Schedule } from '../../src/kernel/timers.ts';
import { workerEncoders } from '../../src/recording/encoders.ts';
import type { SealTarget } from '../../src/recording/ports.ts';
import { createRecordingWorker, type RecordingWorker } from '../../src/recording/recording-worker.ts';
import { systemSpoolDisk } from '../../src/recording/spool-disk.ts';

export interface RecorderPlan {
  readonly calls: number;
  readonly seconds: number;
}

/** What recordings cost a recording worker alone, with nobody who relays beside it. */
export interface RecorderFigures extends RecorderPlan {
  readonly format: 'wav' | 'mp3';
  /** CPU of the process, its file threads included: microseconds a packet. */
  readonly cpuPerPacketUs: number;
  /** Held after a full collection, KiB a call: the heap, and what lies outside of it. */
  readonly heapKib: number;
  readonly outsideKib: number;
  /** What the process has grown by, KiB a call. */
  readonly residentKib: number;
}

const frameMs = 20;
const frameBytes = 160;
const headBytes = 12;
/** Half a second, in which every recording is written once. */
const portionFrames = 25;
const warmUpSeconds = 4;
const tapBytes = 1024 * 1024;
const aLaw = 8;

/** Time that the bench moves, so that a minute of calls takes what it costs. */
class StepTime {
  now = 1_000_000;
  #due: { readonly at: number; readonly run: () => void } | null = null;
  readonly clock: Clock = {
    monotonic: () => this.now as MonotonicMs,
    wall: () => (Date.UTC(2026, 10, 28) + this.now) as WallMs,
  };

  /** The worker plans one poll at a time. */
  readonly schedule: Schedule = (delayMs, run) => {
    const timer = { at: this.now + delayMs, run };
    this.#due = timer;
    return () => {
      if (this.#due === timer) this.#due = null;
    };
  };

  to(at: number): void {
    this.now = at;
    const due = this.#due;
    if (due === null || due.at > at) return;
    this.#due = null;
    due.run();
  }
}

/** Calls of two G.711 parties each through the worker of the product onto this disk. */
export async function runRecorder(format: 'wav' | 'mp3', plan: RecorderPlan): Promise<RecorderFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'onrecord-bench-'));
  const time = new StepTime();
  const tap = createTapBuffer(tapBytes);
  const events = new EventEmitter();
  const worker = await recorder(directory, tap, time, events);
  try {
    const load = new Load(new TapWriter(tap), time, plan.calls);
    const before = held();
    await prepare(worker, events, format, plan.calls);
    await load.talk(warmUpSeconds);
    const cpu = process.cpuUsage();
    await load.talk(plan.seconds);
    const { user, system } = process.cpuUsage(cpu);
    const packets = (plan.calls * 2 * plan.seconds * 1000) / frameMs;
    const resident = process.memoryUsage.rss();
    const after = held();
    const kib = (bytes: number): number => bytes / 1024 / plan.calls;
    return {
      ...plan,
      format,
      cpuPerPacketUs: (user + system) / packets,
      heapKib: kib(after.heap - before.heap),
      outsideKib: kib(after.outside - before.outside),
      residentKib: kib(resident - before.resident),
    };
  } finally {
    worker.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Nothing is sealed: the calls are still talking when the measurement is over. */
const noTarget: SealTarget = {
  create: () => Promise.reject(new Error('nothing is sealed here')),
  createRaw: () => Promise.reject(new Error('nothing is sealed here')),
  putPeaks: () => Promise.resolve(),
  putManifest: () => Promise.resolve(''),
  manifest: () => Promise.resolve(null),
};

async function recorder(
  directory: string,
  tap: SharedArrayBuffer,
  time: StepTime,
  events: EventEmitter,
): Promise<RecordingWorker> {
  const decoders = new SpeechDecoders();
  await decoders.ready(8000);
  return createRecordingWorker({
    spoolDirectory: directory,
    taps: [tap],
    post: ({ type }) => events.emit(type),
    clock: time.clock,
    schedule: time.schedule,
    random: systemRandom,
    disk: systemSpoolDisk,
    target: noTarget,
    encoders: workerEncoders(),
    decoders,
    aead: chacha20Poly1305,
  });
}

async function prepare(
  worker: RecordingWorker,
  events: EventEmitter,
  format: 'wav' | 'mp3',
  calls: number,
): Promise<void> {
  for (let recording = 0; recording < calls; recording++) {
    worker.receive({
      type: 'prepare',
      recording,
      spec: {
        ...{ recordingId: `call-${recording}`, callId: `call-${recording}`, format, channels: 'stereo' },
        ...{
          dtmf: 'keep',
          pause: 'silence',
          lookbackSeconds: null,
          sampleRate: 8000,
          recipient: '',
          spoolSecret: systemRandom(32),
        },
        ...{ parties: { caller: '100', callee: '200' }, manifest: {} },
      },
    });
    await once(events, 'prepared');
  }
}

/** What both parties of every call say: noise, whose samples do not compress and are no silence. */
class Load {
  readonly #tap: TapWriter;
  readonly #time: StepTime;
  readonly #calls: number;
  readonly #packet = Uint8Array.from({ length: headBytes + frameBytes }, (_, i) => (i * 73) & 0xff);
  readonly #view = new DataView(this.#packet.buffer);
  #frame = 0;

  constructor(tap: TapWriter, time: StepTime, calls: number) {
    this.#tap = tap;
    this.#time = time;
    this.#calls = calls;
    this.#packet[0] = 0x80;
    this.#packet[1] = aLaw;
  }

  async talk(seconds: number): Promise<void> {
    const frames = (seconds * 1000) / frameMs;
    for (let i = 0; i < frames; i++) {
      for (let recording = 0; recording < this.#calls; recording++) {
        // As calls do, each begins at a moment of its own.
        const begun = this.#frame - (recording % portionFrames);
        if (begun === 0) this.#begin(recording);
        if (begun < 0) continue;
        this.#send(recording, 0);
        this.#send(recording, 1);
      }
      this.#frame += 1;
      this.#time.to(this.#time.now + frameMs);
      // In which files are written.
      await nextTurn();
      await nextTurn();
    }
  }

  #begin(recording: number): void {
    const at = this.#time.clock.monotonic();
    for (const channel of [0, 1] as const)
      this.#tap.mark(tapKind.formats, recording, channel, at, 0, Uint8Array.of(aLaw, codecId.pcma, 8));
    this.#tap.mark(tapKind.begin, recording, 0, at);
  }

  #send(recording: number, channel: TapChannel): void {
    this.#view.setUint16(2, this.#frame & 0xffff);
    this.#view.setUint32(4, this.#frame * frameBytes);
    this.#view.setUint32(8, 2 * recording + channel);
    const sent = this.#tap.packet(
      recording,
      channel,
      this.#time.clock.monotonic(),
      this.#packet,
      this.#packet.length,
    );
    if (!sent) throw new Error('the tap is full');
  }
}

/** After two full collections: what the first one finds dead may hold more. */
function held(): { heap: number; outside: number; resident: number } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, outside: external, resident: rss };
}
