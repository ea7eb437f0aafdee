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
  /** Makes of a spool that nobody writes to what can be made. Answered by `recovered` under the same job. */
  | {
      readonly type: 'recover';
      readonly job: number;
      readonly recordingId: string;
      readonly recipient: string;
      readonly spoolSecret: Uint8Array;
    }
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
  | { readonly type: 'recovered'; readonly job: number; readonly recovery: Recovery }
  /** A fault of disk or storage: the spool stays. */
  | { readonly type: 'not-recovered'; readonly job: number; readonly error: string }
  /** MP3s are encoded after their calls from now on, for want of time (`deferred`), or live again. */
  | { readonly type: 'encoding'; readonly deferred: boolean }
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
  /** What a pause is in the file: silence of its length, or nothing at all. */
  readonly pause: 'silence' | 'cut';
  /** Nothing is kept before its `keep` mark but so much from before it; null: all from its `begin` mark on. */
  readonly lookbackSeconds: number | null;
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
  /** What was asked for; `wav` where an MP3 could not be encoded. */
  readonly format: RecordingFormat;
  readonly durationMs: number;
  readonly sampleRate: number;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly objectKey: string;
  readonly objectSha256: string;
  readonly manifestSha256: string;
  /** Packets of a codec that is not decoded stand beside it as they came; in the audio they are silence. */
  readonly undecoded: boolean;
  readonly ledger: readonly ChannelLedger[];
}

/**
 * `sealed`: it is in storage and the spool is gone; `complete` where the recording had ended in order.
 * `empty`: no audio had been written; the spool is gone. `missing`: there is no such spool.
 * `unreadable`: damaged from its start, or of another key; it stays where it is.
 */
export type Recovery =
  | { readonly outcome: 'sealed'; readonly result: SealResult; readonly complete: boolean }
  | { readonly outcome: 'empty' | 'missing' | 'unreadable' };

export interface RecordingStats {
  readonly active: number;
  readonly sealing: number;
  readonly tapBacklogBytes: number;
  readonly spoolBytes: number;
  /** How far the slowest recording's written audio is behind the media clock, seconds. */
  readonly encodeLagSeconds: number;
  /** Whether MP3s are put off, how many recordings wait for an encoder after their end, how many ever did. */
  readonly encodingDeferred: boolean;
  readonly awaitingEncoder: number;
  readonly encodedLater: number;
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
