import type { Direction, EndReason, Outcome, Party } from '../records/call-record.ts';
import type { ControlAction } from '../records/control-event.ts';
import type { SrtpKeys } from '../rtp/srtp/srtp-suites.ts';

/**
 * What signalling needs of the rest; `app/wiring` provides it. Signalling knows SIP and SDP, and nothing
 * of recording, prompts or sockets for media.
 */
export interface CallDirector {
  /**
   * Decides about a new call whose route was found, before anything is dialled. `100 Trying` has gone out
   * already; the answer may take as long as a journal commit.
   */
  admit(call: CallFacts): Promise<Admission>;
  /** A pair of sockets a leg. Called after `admit`. */
  openMedia(call: CallFacts): Promise<MediaSession | 'no-ports'>;
  /** The caller can hear us, and nobody is dialled before `CallControl.dial`. Said at most once, if it was asked for. */
  early(callId: string): void;
  /** A callee rings whose caller was told first, and so hears what we play and nothing of its own. May be said again. */
  ringing(callId: string): void;
  /** A party has pressed a key by SIP INFO while it was asked (`CallControl.ask`). */
  key(callId: string, party: Party, key: string): void;
  /** A party at a PBX has dialled one of the call's codes by SIP INFO. */
  code(callId: string, party: Party, code: string): void;
  /** A party at a PBX asks for the recording of its call to be started, stopped, paused or resumed. */
  control(callId: string, party: Party, action: ControlAction, by: 'info' | 'reinvite'): Promise<Controlled>;
  /** The callee has answered, and the caller's ACK is awaited, which a network may lose more than once. */
  accepted(callId: string): void;
  /**
   * The callee has answered, and the caller has acknowledged its answer, or ours before: prompts may start. Said once.
   */
  answered(callId: string): void;
  /**
   * The call is over for its parties: a BYE or a CANCEL came, a final failure was passed on, or we ended it;
   * media and recording stop here. Said at most once, before `ended`, and never for a call that was not admitted.
   */
  hungUp(callId: string): void;
  /** The call is over and both legs are released. Said exactly once for each `admit`, whatever its answer. */
  ended(callId: string, end: CallEnd, summary: CallSummary): void;
}

/** `done`: it is so, or the parties are being told before it is. The others change nothing. */
export type Controlled = 'done' | 'forbidden' | 'conflict';

/** What is known of a call when it arrives. Made by signalling, `callId` is a UUIDv7. */
export interface CallFacts {
  readonly callId: string;
  readonly direction: Direction;
  /** Peer ids of both sides; the callee's is the one that is tried first. */
  readonly callerPeer: string;
  readonly calleePeer: string;
  /**
   * Users of From and Request-URI, percent-decoded; of a telephone number the number alone, without visual
   * separators and parameters.
   */
  readonly from: string;
  readonly to: string;
  /** Whether the called number or URN is an emergency one: never announced to, delayed, refused or limited. */
  readonly emergency: boolean;
  readonly callerSipCallId: string;
  /** Header fields of the INVITE by lower-case long name, for rules. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Audio encodings of the offer in upper case with their clock rate, `PCMA/8000`; null: no offer of any. */
  readonly offered: readonly string[] | null;
}

export type Admission =
  /**
   * `encodings`: the offer to the callee is narrowed to these (upper case, with rate); null: passes whole.
   * `narrowing`: whether the call goes on whole when it cannot be had in these (`prefer`) or fails (`must`); it
   * has no meaning where `encodings` is null.
   */
  | {
      readonly kind: 'accept';
      readonly encodings: readonly string[] | null;
      readonly narrowing: 'prefer' | 'must';
      /**
       * Absent: the callee is dialled at once. Else the caller is to hear us first, in one of these encodings, and
       * `CallControl.dial` goes on; where it cannot hear us the callee is dialled all the same.
       */
      readonly tellFirst?: readonly string[];
      /** How it gets to hear us: in early media, or since we answer its call at once. Absent: `early`. */
      readonly tellBy?: 'early' | 'answer';
      /** What a party at a PBX may dial in the call (`CallDirector.code`), none of which begins with another one. */
      readonly codes?: readonly string[];
    }
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly phrase: string;
      readonly retryAfterSeconds: number | null;
      readonly reason: EndReason;
    };

/** Media of one call. A closed session ignores further calls. */
export interface MediaSession {
  /** What our SDP names towards each party. */
  readonly local: Readonly<Record<Party, LocalMedia>>;
  /** SDP has (re)negotiated a leg. */
  connect(party: Party, media: NegotiatedMedia): void;
  close(): void;
}

export interface LocalMedia {
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
}

/** A leg's media as the last offer and answer between us and that party left it. */
export interface NegotiatedMedia {
  /** `udptl`: fax by T.38, which is no speech and has no formats here. */
  readonly transport: 'rtp' | 'udptl';
  /** Null: rejected, or on hold by the null address (RFC 2543). */
  readonly remote: { readonly address: string; readonly port: number; readonly rtcpPort: number } | null;
  /** RTCP comes and goes on RTP's ports (RFC 5761). */
  readonly rtcpMux: boolean;
  /** Whether the party may be sent to, and whether it may send. */
  readonly receives: boolean;
  readonly sends: boolean;
  /** It says that it stops sending while its user is silent (`a=silenceSupp:on`, RFC 3108). */
  readonly suppressesSilence?: boolean;
  readonly formats: readonly NegotiatedFormat[];
  readonly ptimeMs: number;
  /** SRTP in both directions; absent: in clear. */
  readonly security?: SrtpKeys;
  /** Behind NAT: may be heard from another address than the named one. */
  readonly nat?: boolean;
}

export interface NegotiatedFormat {
  readonly payloadType: number;
  /** Upper case. */
  readonly encoding: string;
  readonly clockRate: number;
  /** Of a codec of speech: the parameters of its a=fmtp. */
  readonly fmtp?: string;
}

export interface CallEnd {
  readonly outcome: Outcome;
  readonly reason: EndReason;
  readonly legs: readonly EndedLeg[];
}

/** For the one line that the log has of a call. */
export interface CallSummary {
  /** The last that was dialled. */
  readonly calleePeer: string;
  /** Final response to the caller's INVITE; null: it went away before. */
  readonly status: number | null;
  /** INVITEs that were sent on. */
  readonly attempts: number;
  /** From the INVITE's arrival to its final response. */
  readonly setupMs: number;
  /** From the first sign of the callee to that response; null: there was none. */
  readonly ringMs: number | null;
  /** From the answer to the end; null: not answered. */
  readonly talkMs: number | null;
  readonly codecs: Readonly<Record<Party, string | null>>;
  readonly transfers: number;
  /** Messages of the call that were on the wire before; null: ladders are off. */
  readonly repeated: number | null;
}

export interface EndedLeg {
  readonly party: Party;
  readonly peerId: string;
  readonly sipCallId: string;
}

/** What the rest asks of signalling. */
export interface CallControl {
  /** Ends a call with BYE, CANCEL or a final response as its state asks, with a Reason header. */
  hangUp(callId: string, reason: EndReason): void;
  /** The caller has heard what it was to hear first: the callee is dialled. */
  dial(callId: string): void;
  /** Whether the party's keys are an answer to us, and go no further. */
  ask(callId: string, party: Party, on: boolean): void;
  /** From now on new calls get 503; resolves when the last one has ended. */
  drain(): Promise<void>;
  readonly activeCalls: number;
}
