import type { EncodedPrompt } from '../audio/encoded-prompt.ts';
import type { MonotonicMs } from '../kernel/clock.ts';
import type { SrtpKeys } from '../rtp/srtp/srtp-suites.ts';
import { codecId, type CodecId } from '../audio/codec-id.ts';
import type { LegQuality } from '../records/call-record.ts';

/** Index of a leg in its session: 0 the caller, 1 the callee. The tap's channel is the same number. */
export type LegIndex = 0 | 1;

/** Both parties hear this sound as long as a recording runs, again and again. */
export interface BeepOrder {
  readonly sound: string;
  readonly everyMs: number;
}

/** What main tells a media worker. Structured-clone messages; one session is one call. */
export type MediaCommand =
  /** Opens a pair of sockets a leg on the named interfaces; answered by `opened` or `refused`. */
  | {
      readonly type: 'open';
      readonly session: number;
      readonly interfaces: readonly [string, string];
      /** An emergency call's, which gets the pairs that are kept back. */
      readonly urgent?: boolean;
    }
  /** What SDP says of a leg now. Applies at once; may come again at any time. */
  | { readonly type: 'connect'; readonly session: number; readonly leg: LegIndex; readonly media: LegMedia }
  /** Closed: what a party says is discarded, not forwarded, not recorded. Sessions start open. */
  | { readonly type: 'gate'; readonly session: number; readonly open: boolean }
  /** Starts a prompt towards one leg; ends with `played`. A leg plays one prompt at a time. */
  | { readonly type: 'play'; readonly session: number; readonly leg: LegIndex; readonly prompt: string }
  /**
   * Plays a sound again and again, until the other party is heard, something else is played, or `stop-play`. Nothing is
   * said of it. Not begun where the other party has been heard already.
   */
  | { readonly type: 'ring'; readonly session: number; readonly leg: LegIndex; readonly prompt: string }
  | { readonly type: 'stop-play'; readonly session: number; readonly leg: LegIndex }
  /** On: the leg's keys are said as `key`, and go no further. */
  | { readonly type: 'ask'; readonly session: number; readonly leg: LegIndex; readonly on: boolean }
  /** What the leg may dial to control the call, none of which begins with another; each is said as `code`. */
  | {
      readonly type: 'codes';
      readonly session: number;
      readonly leg: LegIndex;
      readonly codes: readonly string[];
    }
  /**
   * Opens the gate and begins the tap at the same instant; answered by `tapped`. With `prompts` the gate stays as it is:
   * prompts go into the tap while it is closed, speech once it is open.
   */
  | {
      readonly type: 'begin';
      readonly session: number;
      readonly recording: number;
      readonly prompts?: boolean;
      readonly beep?: BeepOrder | undefined;
    }
  /** Holds from `at` on: a worker that hears of it late still cuts where it was meant. A resume never reaches back. */
  | {
      readonly type: 'keep' | 'pause' | 'resume' | 'end';
      readonly session: number;
      readonly recording: number;
      readonly at: MonotonicMs;
    }
  /** Ends the tap if one runs, stops prompts, closes the sockets; answered by `closed`. */
  | { readonly type: 'close'; readonly session: number }
  /** Takes prompts on, and forgets all that are not to be kept; one that plays is played to its end. */
  | { readonly type: 'prompts'; readonly add: readonly PromptAudio[]; readonly keep: readonly string[] }
  | { readonly type: 'stats' };

export type MediaEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'opened'; readonly session: number; readonly legs: readonly [LegPorts, LegPorts] }
  | { readonly type: 'refused'; readonly session: number; readonly reason: 'no-ports' }
  | { readonly type: 'played'; readonly session: number; readonly leg: LegIndex; readonly report: PlayReport }
  /** A party has pressed a key while it was asked. */
  | { readonly type: 'key'; readonly session: number; readonly leg: LegIndex; readonly key: string }
  /** A party has dialled one of its codes. */
  | { readonly type: 'code'; readonly session: number; readonly leg: LegIndex; readonly code: string }
  /** A report that came when the prompt was over, and reaches further than what `played` said. */
  | {
      readonly type: 'play-reported';
      readonly session: number;
      readonly leg: LegIndex;
      readonly reported: PlayReported;
    }
  /** A mark is in the ring, at this instant of the media clock. */
  | {
      readonly type: 'tapped';
      readonly session: number;
      readonly recording: number;
      readonly mark: 'begin' | 'keep' | 'pause' | 'resume' | 'end';
      readonly at: MonotonicMs;
    }
  /** No leg that is expected to send has sent for the configured time. Said once a silence. */
  | { readonly type: 'silent'; readonly session: number }
  | { readonly type: 'closed'; readonly session: number; readonly legs: readonly [LegCounts, LegCounts] }
  | { readonly type: 'stats'; readonly stats: MediaStats };

export interface LegPorts {
  readonly rtpPort: number;
  readonly rtcpPort: number;
}

/** One payload type that may come from or go to a leg. */
export interface MediaFormat {
  readonly payloadType: number;
  /** Upper case: `PCMU`, `TELEPHONE-EVENT`. */
  readonly encoding: string;
  readonly clockRate: number;
  /** Of a codec of speech: the parameters of its a=fmtp. */
  readonly fmtp?: string;
}

export interface LegMedia {
  /** `udptl`: T.38, whose datagrams pass as they are, in no recording and under no RTP timeout. */
  readonly transport: 'rtp' | 'udptl';
  /** Null: not known yet, nothing is accepted or sent. A port of 0 never appears here. */
  readonly remote: { readonly address: string; readonly port: number; readonly rtcpPort: number } | null;
  /** RTCP comes and goes on RTP's ports (RFC 5761). */
  readonly rtcpMux: boolean;
  /** Whether the party may receive from us, and whether it is expected to send. */
  readonly receives: boolean;
  readonly sends: boolean;
  /** It says that it stops sending while its user is silent (`a=silenceSupp:on`, RFC 3108). */
  readonly suppressesSilence?: boolean;
  /** In the order of the negotiated answer; the first that is audio is what a prompt is encoded in. */
  readonly formats: readonly MediaFormat[];
  readonly ptimeMs: number;
  /** SRTP in both directions; absent: in clear. */
  readonly security?: SrtpKeys;
  /** Behind NAT: may be heard from another address than the named one. */
  readonly nat?: boolean;
}

export interface PlayReport {
  readonly prompt: string;
  /** Encoding name; null when nothing could be sent. */
  readonly codec: string | null;
  readonly packetsSent: number;
  readonly packetsExpected: number;
  readonly firstPacketAt: MonotonicMs | null;
  readonly lastPacketAt: MonotonicMs | null;
  readonly end: 'whole' | 'stopped' | 'no-codec' | 'no-remote';
  /** What the party had reported of it by then; null: nothing yet. */
  readonly reported: PlayReported | null;
}

/** What a receiver report of the party says of a prompt. */
export interface PlayReported {
  /** Up to which packet of the prompt it reaches. */
  readonly packets: number;
  /** Missed since the prompt began, up to the report's highest number. */
  readonly lost: number;
  readonly roundTripMs: number | null;
  readonly at: MonotonicMs;
}

export interface LegCounts {
  /** RTP and UDPTL. */
  readonly packetsReceived: number;
  readonly packetsSent: number;
  /** By sequence numbers of what was received. */
  readonly packetsLost: number;
  /** Went no further: foreign source, stale SSRC, not RTP, unknown payload type, closed gate, other party on hold. */
  readonly packetsDropped: number;
  /** Null: nothing came. */
  readonly quality: LegQuality | null;
}

/** Totals of a worker since it started; `delayBuckets` are cumulative counts at `delayBounds` seconds. */
export interface MediaStats {
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** RTCP datagrams that were taken, and that were sent. */
  readonly controlIn: number;
  readonly controlOut: number;
  readonly packetsLost: number;
  readonly tapDropped: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly delayBounds: readonly number[];
  readonly delayBuckets: readonly number[];
  readonly delaySum: number;
  readonly delayCount: number;
  readonly sessions: number;
  /** Pairs of ports that another program held when they were tried. */
  readonly bindFailures: number;
  /** Remote addresses of SDP that nothing is sent to: names, multicast, loopback from outside, our own. */
  readonly remotesRefused: number;
  readonly sendFailures: number;
  /** Sockets that could not be given their DSCP. */
  readonly unmarkedSockets: number;
  /** Errors that waited at a socket instead of a datagram. */
  readonly socketErrors: number;
  /** Marks that found tap and queue full: the recording they belong to is wrong from there. */
  readonly marksLost: number;
  /** Sessions that an exception of ours closed. */
  readonly sessionFaults: number;
}

/** Given to a media worker at its start (`workerData`). */
export interface MediaWorkerOptions {
  readonly interfaces: readonly MediaInterfaceOptions[];
  readonly prompts: readonly PromptAudio[];
  /** One tap a recording worker; a recording goes to tap `recording % taps.length`. */
  readonly taps: readonly SharedArrayBuffer[];
  readonly rtpTimeoutSeconds: number;
  readonly portRestMs: number;
  /** Which port carries the datagrams, and how often one of system calls looks for them. */
  readonly io: 'libc' | 'dgram';
  readonly pollMs: number;
  /** Memory of the worker's `DescriptorTable`. */
  readonly descriptors: SharedArrayBuffer;
}

export interface MediaInterfaceOptions {
  readonly id: string;
  readonly address: string;
  /** How others reach that address; absent: as it is. */
  readonly advertise?: string | undefined;
  /** Differentiated services codepoint; absent: that of speech. */
  readonly dscp?: number | undefined;
  /** This worker's share of the range, first even, both inclusive. */
  readonly firstPort: number;
  readonly lastPort: number;
  /** The whole range: nothing is sent to the other workers' ports either. Absent: the share. */
  readonly range?: { readonly first: number; readonly last: number };
}

export interface PromptAudio {
  readonly id: string;
  readonly sound: EncodedPrompt;
}

export interface SpokenCodec {
  readonly id: CodecId;
  /** Hz of the RTP clock: any other means an encoding that we do not know. */
  readonly clockRates: readonly number[];
}

/**
 * What the recorder can decode, by encoding name. G722's clock says 8000 although it samples at 16000
 * (RFC 3551 §4.5.2), Opus's always 48000 (RFC 7587 §4.1); events and comfort noise share the clock of the
 * speech that they stand among (RFC 4733 §2.1, RFC 3389 §4).
 */
export const spokenCodecs: Readonly<Record<string, SpokenCodec>> = {
  PCMU: { id: codecId.pcmu, clockRates: [8000] },
  PCMA: { id: codecId.pcma, clockRates: [8000] },
  'TELEPHONE-EVENT': { id: codecId.telephoneEvent, clockRates: [8000, 16_000, 48_000] },
  CN: { id: codecId.comfortNoise, clockRates: [8000, 16_000, 48_000] },
  G722: { id: codecId.g722, clockRates: [8000] },
  OPUS: { id: codecId.opus, clockRates: [48_000] },
};
