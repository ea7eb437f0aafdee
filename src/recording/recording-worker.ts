import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AudioEncoder, AudioShape } from '../audio/audio-encoder.ts';
import type { SpeechDecoders } from '../audio/speech-decoders.ts';
import { wavEncoder } from '../audio/wav-encoder.ts';
import type { Aead } from '../kernel/aead.ts';
import { type Clock, type MonotonicMs, rfc3339 } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import { tapKind, TapReader, type TapRecord } from '../kernel/tap-ring.ts';
import type { Schedule } from '../kernel/timers.ts';
import { DropCounts } from './drop-counts.ts';
import { EncodeLoad } from './encode-load.ts';
import { Gate } from './gate.ts';
import { type EffectiveMark, LiveRecording } from './live-recording.ts';
import { audioShape, spoolCoding } from './open-spool.ts';
import type { Encoders, SealTarget, SpoolDisk } from './ports.ts';
import type { RecordingCommand, RecordingEvent, RecordingSpec, RecordingStats } from './protocol.ts';
import { Sealer } from './sealer.ts';
import { type SpoolManifest, spoolSuffix } from './spool-format.ts';
import { SpoolWriter } from './spool-writer.ts';

/** Milliseconds between looks at the taps, with recordings and without. */
const busyPollMs = 20;
const idlePollMs = 250;
/** Records taken from one tap before others have their turn. */
const recordsAtOnce = 4096;
/** What was spooled survives the power after this long at most. */
const syncEveryMs = 5000;
/** A tap without news this long does not hold its recordings' time line up any longer. */
const quietMs = 400;
/** The system's file threads are shared by all workers: slow disks must not take them all. */
const syncsAtOnce = 2;
/** Of the live encoders, one in so many gives way at a time. */
const shedPart = 4;
/** Between two portions of an encoding that was put off, while there is too much to do: a tenth of the thread. */
const loadedPaceMs = 10;

const safeId = /^[A-Za-z0-9-]{1,64}$/;

export interface RecordingWorkerDeps {
  readonly spoolDirectory: string;
  /** One tap a media worker. */
  readonly taps: readonly SharedArrayBuffer[];
  readonly post: (event: RecordingEvent) => void;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly disk: SpoolDisk;
  readonly target: SealTarget;
  readonly encoders: Encoders;
  readonly decoders: SpeechDecoders;
  readonly aead: Aead;
}

export interface RecordingWorker {
  receive(command: RecordingCommand): void;
  /** Looks at the taps no more. What runs stays in its spools. */
  close(): void;
}

type RecoverCommand = Extract<RecordingCommand, { readonly type: 'recover' }>;

interface Entry {
  readonly number: number;
  readonly spec: RecordingSpec;
  readonly path: string;
  /** Null before it is prepared and after it has failed. */
  live: LiveRecording | null;
  discarded: boolean;
  sealing: boolean;
  tap: Tap | null;
  syncedAt: number;
}

interface Tap {
  readonly reader: TapReader;
  /** The newest instant that a record of this tap carried. */
  newest: number;
  /** The same as of the look before: its writer has had time to finish what belongs to it. */
  settled: number;
}

/** Starts looking at the taps. Says `ready` before it returns. */
export function createRecordingWorker(deps: RecordingWorkerDeps): RecordingWorker {
  return new Worker(deps);
}

class Worker implements RecordingWorker {
  readonly #deps: RecordingWorkerDeps;
  readonly #aead: Aead;
  readonly #taps: readonly Tap[];
  readonly #entries = new Map<number, Entry>();
  readonly #sealer: Sealer;
  readonly #load = new EncodeLoad();
  readonly #syncs = new Gate(syncsAtOnce);
  readonly #visit: (record: TapRecord) => void;
  #visited: Tap | null = null;
  readonly #drops = new DropCounts();
  #tapDropped = 0;
  #draining = false;
  #closed = false;
  #cancelPoll: () => void = () => undefined;

  constructor(deps: RecordingWorkerDeps) {
    this.#deps = deps;
    this.#aead = deps.aead;
    this.#taps = deps.taps.map((tap) => ({ reader: new TapReader(tap), newest: 0, settled: 0 }));
    this.#sealer = new Sealer({ ...deps, pace: () => this.#pace() });
    this.#visit = (record) => {
      this.#take(record);
    };
    this.#planPoll(idlePollMs);
    deps.post({ type: 'ready' });
  }

  receive(command: RecordingCommand): void {
    switch (command.type) {
      case 'prepare':
        void this.#prepare(command.recording, command.spec);
        return;
      case 'discard':
        void this.#discard(command.recording);
        return;
      case 'abandon':
        this.#abandon(command.recording, command.reason);
        return;
      case 'recover':
        void this.#recover(command);
        return;
      case 'stats':
        this.#deps.post({ type: 'stats', stats: this.#stats() });
        return;
      case 'drain':
        this.#draining = true;
        this.#sayDrained();
        return;
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelPoll();
  }

  async #prepare(recording: number, spec: RecordingSpec): Promise<void> {
    if (this.#draining || this.#entries.has(recording) || !safeId.test(spec.recordingId)) {
      this.#deps.post({ type: 'failed', recording, reason: this.#draining ? 'draining' : 'bad-request' });
      return;
    }
    const path = this.#spoolPath(spec.recordingId);
    const entry: Entry = {
      number: recording,
      spec,
      path,
      live: null,
      discarded: false,
      sealing: false,
      tap: null,
      syncedAt: this.#deps.clock.monotonic(),
    };
    this.#entries.set(recording, entry);
    this.#planPoll(0);
    try {
      entry.live = await this.#open(entry);
    } catch (error) {
      this.#entries.delete(recording);
      this.#deps.post({ type: 'failed', recording, reason: diskReason(error, 'spool-error') });
      return;
    }
    if (entry.discarded) await this.#remove(entry);
    else this.#deps.post({ type: 'prepared', recording });
  }

  async #open(entry: Entry): Promise<LiveRecording> {
    const { disk, clock, encoders, decoders } = this.#deps;
    const { spec } = entry;
    const { recordingId, callId, format, channels, sampleRate, parties, manifest: facts } = spec;
    const createdAt = rfc3339(clock.wall());
    const manifest: SpoolManifest = {
      recordingId,
      callId,
      format,
      channels,
      sampleRate,
      createdAt,
      parties,
      facts,
    };
    await decoders.ready(sampleRate);
    const shape = audioShape(manifest);
    const encoder = format === 'mp3' && !this.#load.deferring ? await encoderOrNot(encoders, shape) : null;
    try {
      const file = await disk.create(entry.path);
      const deps = { aead: this.#aead, random: this.#deps.random };
      const spool = await SpoolWriter.start(file, spec.spoolSecret, manifest, deps);
      const portions = { samples: wavEncoder(shape, spoolCoding(format)), live: encoder };
      const live = new LiveRecording(manifest, { spool, encoders: portions, decoders, clock });
      if (spec.dtmf === 'remove') live.pipeline.eraseDigits();
      if (spec.lookbackSeconds !== null) live.pipeline.standBy(spec.lookbackSeconds);
      if (spec.pause === 'cut') live.pipeline.cutPauses();
      return live;
    } catch (error) {
      encoder?.release();
      throw error;
    }
  }

  async #discard(recording: number): Promise<void> {
    const entry = this.#entries.get(recording);
    if (entry === undefined) {
      this.#deps.post({ type: 'discarded', recording });
      return;
    }
    if (entry.discarded || entry.sealing) return;
    entry.discarded = true;
    if (entry.live !== null) await this.#remove(entry);
  }

  #abandon(recording: number, reason: string): void {
    const entry = this.#entries.get(recording);
    if (entry?.sealing === true) return;
    if (entry?.live) void this.#fail(entry, entry.live, reason);
    else this.#deps.post(failed(recording, reason));
  }

  async #remove(entry: Entry): Promise<void> {
    const live = entry.live;
    entry.live = null;
    live?.release();
    await live?.spool.close();
    this.#entries.delete(entry.number);
    try {
      await this.#deps.disk.remove(entry.path);
      this.#deps.post({ type: 'discarded', recording: entry.number });
    } catch (error) {
      this.#deps.post({
        type: 'failed',
        recording: entry.number,
        reason: diskReason(error, 'spool-error'),
      });
    }
    this.#sayDrained();
  }

  #planPoll(delayMs: number): void {
    this.#cancelPoll();
    if (this.#closed) return;
    this.#cancelPoll = this.#deps.schedule(delayMs, () => {
      this.#poll();
    });
  }

  #poll(): void {
    const begun = this.#deps.clock.monotonic();
    let more = false;
    for (const tap of this.#taps) {
      tap.settled = tap.newest;
      this.#visited = tap;
      more = tap.reader.read(recordsAtOnce, this.#visit) === recordsAtOnce || more;
    }
    const now = this.#deps.clock.monotonic();
    for (const entry of this.#entries.values()) this.#advance(entry, now);
    this.#feelLoad(begun);
    this.#planPoll(more ? 0 : this.#entries.size > 0 ? busyPollMs : idlePollMs);
  }

  /** Who has no time to encode now encodes after the call: the newest first, of whose work least is lost. */
  #feelLoad(begun: MonotonicMs): void {
    const now = this.#deps.clock.monotonic();
    const change = this.#load.observe(now, now - begun, this.#lagMs(now));
    if (change === 'began' || change === 'over')
      this.#deps.post({ type: 'encoding', deferred: change === 'began' });
    if (change !== 'began' && change !== 'shed') return;
    const live = [...this.#entries.values()].filter((entry) => entry.live?.pipeline.encodesLive === true);
    for (const entry of live.slice(-Math.ceil(live.length / shedPart))) entry.live?.pipeline.defer();
  }

  /** Work that nobody waits for goes on in the next turn; under load it leaves time between. */
  #pace(): Promise<unknown> {
    if (!this.#load.over) return nextTurn();
    return new Promise<void>((resolve) => {
      this.#deps.schedule(loadedPaceMs, resolve);
    });
  }

  #lagMs(now: MonotonicMs): number {
    let most = 0;
    for (const { live } of this.#entries.values()) most = Math.max(most, live?.lagMs(now) ?? 0);
    return most;
  }

  #take(record: TapRecord): void {
    const tap = this.#visited;
    if (tap !== null && record.at > tap.newest) tap.newest = record.at;
    if (record.kind === tapKind.dropped) this.#tapDropped += record.aux;
    const entry = this.#entries.get(record.recording);
    const live = entry?.live;
    if (entry === undefined || live === null || live === undefined) {
      this.#drops.add('stray-records', 1);
      return;
    }
    try {
      const mark = live.take(record);
      if (mark !== null) this.#marked(entry, live, mark);
    } catch {
      void this.#fail(entry, live, 'internal-error');
    }
  }

  #marked(entry: Entry, live: LiveRecording, { mark, samplePosition }: EffectiveMark): void {
    if (mark === 'begin' || mark === 'stand-by') entry.tap = this.#visited;
    if (mark === 'stand-by') return;
    this.#deps.post({ type: 'marked', recording: entry.number, mark, samplePosition });
    if (mark === 'end') void this.#seal(entry, live);
  }

  #advance(entry: Entry, now: MonotonicMs): void {
    const { live, tap } = entry;
    if (live === null || entry.sealing) return;
    try {
      if (tap !== null) live.advance(Math.max(tap.settled, now - quietMs) as MonotonicMs);
    } catch {
      void this.#fail(entry, live, 'internal-error');
      return;
    }
    if (live.spool.fault !== null) void this.#fail(entry, live, diskReason(live.spool.fault, 'spool-error'));
    else if (now - entry.syncedAt >= syncEveryMs) {
      entry.syncedAt = now;
      void this.#syncs.run(() => live.spool.sync());
    }
  }

  /** The recording ends here; what was spooled stays for recovery, and its file is closed before anyone is told. */
  async #fail(entry: Entry, live: LiveRecording, reason: string): Promise<void> {
    if (entry.live !== live) return;
    entry.live = null;
    this.#drops.addRecording(live);
    live.release();
    await live.spool.close();
    this.#entries.delete(entry.number);
    this.#deps.post({ type: 'failed', recording: entry.number, reason });
    this.#sayDrained();
  }

  async #seal(entry: Entry, live: LiveRecording): Promise<void> {
    entry.sealing = true;
    this.#drops.addRecording(live);
    live.release();
    await live.spool.close();
    const { fault } = live.spool;
    const event =
      fault === null
        ? await this.#sealed(entry, live)
        : failed(entry.number, diskReason(fault, 'spool-error'));
    entry.live = null;
    this.#entries.delete(entry.number);
    this.#deps.post(event);
    this.#sayDrained();
  }

  async #sealed(entry: Entry, live: LiveRecording): Promise<RecordingEvent> {
    const { path, spec } = entry;
    const { spoolSecret, recipient } = spec;
    const { manifest, last } = live;
    if (last === null) return failed(entry.number, 'seal-error');
    try {
      const { peaks } = live.pipeline;
      const result = await this.#sealer.seal({ path, spoolSecret, recipient, manifest, last, peaks });
      return { type: 'sealed', recording: entry.number, result };
    } catch (error) {
      return failed(entry.number, diskReason(error, 'seal-error'));
    }
  }

  async #recover({ job, recordingId, spoolSecret, recipient }: RecoverCommand): Promise<void> {
    try {
      if (!safeId.test(recordingId)) throw new Error('not an id');
      const recovery = await this.#sealer.recover(this.#spoolPath(recordingId), spoolSecret, recipient);
      this.#deps.post({ type: 'recovered', job, recovery });
    } catch (error) {
      this.#deps.post({ type: 'not-recovered', job, error: String(error) });
    }
  }

  #spoolPath(recordingId: string): string {
    return `${this.#deps.spoolDirectory}/${recordingId}${spoolSuffix}`;
  }

  #sayDrained(): void {
    if (!this.#draining) return;
    for (const { live } of this.#entries.values()) if (live?.phase !== 'ready') return;
    this.#deps.post({ type: 'drained' });
  }

  #stats(): RecordingStats {
    const now = this.#deps.clock.monotonic();
    const stats = { active: 0, sealing: 0, spoolBytes: 0 };
    const drops = this.#drops.copy();
    for (const { live, sealing } of this.#entries.values()) {
      if (sealing) stats.sealing += 1;
      else if (live?.phase === 'running') {
        stats.active += 1;
        drops.addRecording(live);
      }
      stats.spoolBytes += live?.spool.writtenBytes ?? 0;
    }
    return {
      active: stats.active,
      sealing: stats.sealing,
      tapBacklogBytes: this.#taps.reduce((sum, { reader }) => sum + reader.backlog, 0),
      spoolBytes: stats.spoolBytes,
      encodeLagSeconds: this.#lagMs(now) / 1000,
      encodingDeferred: this.#load.deferring,
      awaitingEncoder: this.#sealer.awaitingEncoder,
      encodedLater: this.#sealer.encodedLater,
      tapDropped: this.#tapDropped,
      drops: drops.snapshot(),
    };
  }
}

/** Null: there is none, so the recording is encoded after its end, or kept as WAV. */
function encoderOrNot(encoders: Encoders, shape: AudioShape): Promise<AudioEncoder | null> {
  return encoders.acquire(shape).catch(() => null);
}

function failed(recording: number, reason: string): RecordingEvent {
  return { type: 'failed', recording, reason };
}

/** A full disk is an operator's matter and has its own slug. */
function diskReason(error: unknown, otherwise: string): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : otherwise;
}
