import type { RecordingRate } from '../audio/recording-rate.ts';
import type { ChannelLedger, RecordingChannels, RecordingFormat } from '../records/recording-record.ts';

/** What main tells a recording worker. Marks and packets come by the tap, not here. */
export type RecordingCommand =
  /** Makes a recording ready before its `begin` mark: spool opened, keys derived. Answered by `prepared` or `failed`. */
  | { readonly type: 'prepare'; readonly recording: number; readonly spec: RecordingSpec }
  /** It will not come about: the spool, if any, is removed. Answered by `discarded`. */
  | { readonly type: 'discard'; readonly recording: number }
  /**
   * Its `end` mark will never come (the media worker died): the spool is closed and stays. Answered by
   * `failed` with this reason, after which the spool may be recovered; by `sealed` if it had ended before.
   */
  | { readonly type: 'abandon'; readonly recording: number; readonly reason: string }
  | { readonly type: 'stats' }
  /** Seals everything that has ended, refuses new ones, then says `drained`. */
  | { readonly type: 'drain' };

export type RecordingEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'prepared'; readonly recording: number }
  | { readonly type: 'discarded'; readonly recording: number }
  /** A mark took effect at this sample position (a channel). */
  | {
      readonly type: 'marked';
      readonly recording: number;
      readonly mark: 'begin' | 'pause' | 'resume' | 'end';
      readonly samplePosition: number;
    }
  /** The file is in storage, durable, and the spool is gone. */
  | { readonly type: 'sealed'; readonly recording: number; readonly result: SealResult }
  /** `reason` is a slug (`disk-full`, `spool-error`, `seal-error`). What was spooled stays for recovery. */
  | { readonly type: 'failed'; readonly recording: number; readonly reason: string }
  | { readonly type: 'stats'; readonly stats: RecordingStats }
  | { readonly type: 'drained' };

/** Everything a recording needs to know before it begins. Cloned to the worker; never written in clear. */
export interface RecordingSpec {
  readonly recordingId: string;
  readonly callId: string;
  readonly format: RecordingFormat;
  readonly channels: RecordingChannels;
  /** `remove`: digits that a party dials in its audio are silence in the recording. */
  readonly dtmf: 'keep' | 'remove';
  readonly sampleRate: RecordingRate;
  /** The age recipient the sealed file is for. */
  readonly recipient: string;
  /** 32 bytes, derived from the identity: the spool's keys are derived from it and a salt a spool. */
  readonly spoolSecret: Uint8Array;
  /** For the file's tags, as they may be shown; null: not at all. */
  readonly parties: { readonly caller: string; readonly callee: string } | null;
  /** Free facts for the manifest beside the file. Never keys. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

export interface SealResult {
  readonly recordingId: string;
  readonly durationMs: number;
  readonly sampleRate: number;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly objectKey: string;
  readonly objectSha256: string;
  readonly ledger: readonly ChannelLedger[];
}

export interface RecordingStats {
  readonly active: number;
  readonly sealing: number;
  readonly tapBacklogBytes: number;
  readonly spoolBytes: number;
  /** How far the slowest recording's written audio is behind the media clock, seconds. */
  readonly encodeLagSeconds: number;
  readonly tapDropped: number;
  /** What was not recorded as it came, by reason, since the worker started: packets, samples (`...-samples`) or marks. */
  readonly drops: Readonly<Record<string, number>>;
}

export interface RecordingWorkerOptions {
  readonly spoolDirectory: string;
  readonly storageDirectory: string;
  /** One tap a media worker. */
  readonly taps: readonly SharedArrayBuffer[];
}
