import type { LogFields } from '../kernel/logger.ts';
import type { EndReason, Outcome, Party } from '../records/call-record.ts';
import type { ControlAction } from '../records/control-event.ts';
import type { SrtpPolicy } from '../sdp/media-security.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { DigestCredentials } from '../sip/digest-client.ts';
import type { Dialog } from '../sip/dialog.ts';
import type { SipHeaders, SipRequest, SipResponse } from '../sip/message.ts';
import type { SessionWishes } from '../sip/session-timer.ts';
import type { SipTransport } from '../sip/transport-name.ts';
import type { Uri } from '../sip/uri.ts';
import type { DigestSessions } from './call-challenge.ts';
import type { AddressPrefix } from './address-prefix.ts';
import type { CarriedBody } from './carried-body.ts';
import type { Agreed, Side } from './dialog-side.ts';
import type { LegSession } from './leg-session.ts';
import type { NamedDialog } from './named-dialog.ts';
import type { Target } from './peers.ts';
import type { Admission, CallEnd, CallFacts, Controlled, LocalMedia, NegotiatedMedia } from './ports.ts';
import type { SentRequest } from './sent-requests.ts';
import type { Hop } from './transaction-layer.ts';

/**
 * Where a call is: waiting for the director's word, then for media, then for what the caller is to hear first, then for
 * the callee, then for the caller's ACK; talking; releasing what is still up; over.
 */
type CallPhase = 'admitting' | 'opening' | 'telling' | 'dialling' | 'answered' | 'up' | 'ending' | 'over';

/**
 * A leg's life. `inviting`: its INVITE has no final response. `accepted`: a 2xx has passed, its ACK has not.
 * `closing`: our BYE is on its way.
 */
type LegState = 'idle' | 'inviting' | 'cancelling' | 'accepted' | 'confirmed' | 'closing' | 'closed';

/** The neighbour of a leg and what we are called towards it. */
export interface LegPeer {
  readonly id: string;
  /** Host of identities towards this peer. */
  readonly host: string;
  /** Our Contact on its listener, `<sip:192.0.2.1:5060>`. */
  readonly contact: string;
  readonly listener: string;
  /** Where it sends from, and where it may point us. */
  readonly match: readonly AddressPrefix[];
  /** Its listener's. */
  readonly transport: SipTransport;
  /** Whether its media have to be looked for where its messages come from. */
  readonly nat: boolean;
  /** What is asked of its media. */
  readonly srtp: SrtpPolicy;
  /** What its challenges are answered with. */
  readonly credentials: DigestCredentials | null;
  /** Whether it is in our trust domain (RFC 3324 §2). */
  readonly trusted: boolean;
  /** What becomes of a REFER that it sends. */
  readonly refer: 'refuse' | 'relay';
  /** Whether it may control recordings in the call. */
  readonly controls: boolean;
  /** The header of its re-INVITEs that does; null: none. Lower case. */
  readonly recordHeader: string | null;
}

/** What a party has said that it takes. */
export interface Abilities {
  /** Methods of its newest Allow; null: it has sent none, which says nothing (RFC 3261 §20.5). */
  readonly allows: ReadonlySet<string> | null;
  /** Option tags of its newest Supported, in lower case. */
  readonly supports: ReadonlySet<string>;
}

/** What a BYE says besides that it is over. */
export interface Farewell {
  readonly headers: SipHeaders;
  /** ISUP and its like. */
  readonly carried: CarriedBody | null;
}

interface SentAck {
  readonly request: SipRequest;
  readonly hop: Hop;
}

/** An INVITE that we sent, and the name of its transaction. */
export interface SentInvite {
  readonly client: string;
  readonly request: SipRequest;
}

/** The party's side of the confirmed dialog, and what there is of a leg besides. */
export interface Leg extends Side {
  readonly party: Party;
  readonly state: LegState;
  readonly peer: LegPeer;
  readonly callId: string;
  /** Base of our tags in this leg; a fork's tag is the base, a dot and its number. */
  readonly localTag: string;
  /** The newest INVITE that we sent in this leg. */
  readonly invite: SentInvite | null;
  /** The first before it, which other forks may still answer, and the last, whose 2xx may come again. */
  readonly pastInvites: readonly SentInvite[];
  /** Where the leg's messages came from last; requests go there when nothing else says where. */
  readonly hop: Hop;
  /** ACKs to the 2xx of those INVITEs, by transaction and tag: each repeated 2xx gets its own again. */
  readonly acks: ReadonlyMap<string, SentAck>;
  /** A BYE that waits for the caller's ACK (RFC 3261 §15). */
  readonly queuedBye: Farewell | null;
  /** A request of our own within the dialog, under way or waiting; there is one at a time. */
  readonly own: OwnRequest | null;
  readonly session: LegSession;
}

/**
 * A re-INVITE or UPDATE that no other leg asked for. `waiting`: until the leg is free. `backing-off`: after 491
 * (RFC 3261 §14.1).
 */
export interface OwnRequest extends OwnAsk {
  readonly stage: 'waiting' | 'sent' | 'backing-off';
  readonly client: string | null;
  /** What we offered in it. */
  readonly offer: SessionDescription | null;
  /** 491s so far. */
  readonly refusals: number;
  readonly cancelled: boolean;
}

export interface OwnAsk {
  /**
   * `refresh`: the session timer (RFC 4028 §7.4); the description stays as it is. `resync`: the party gets to know what
   * the other one has described since.
   */
  readonly purpose: 'refresh' | 'resync';
  readonly method: 'INVITE' | 'UPDATE';
  readonly headers: readonly (readonly [string, string])[];
}

/** An INVITE of one party and ours to the other, from its arrival to its ACK. There is one at a time. */
export interface Exchange {
  readonly from: Party;
  readonly initial: boolean;
  readonly transaction: string;
  readonly request: SipRequest;
  /** Our INVITE; null before it is sent. */
  readonly client: string | null;
  /**
   * `relayed`: no final response yet. `held`: a 2xx, which waits for a PRACK of `from` (RFC 3262 §3). `accepted`: it
   * is sent, its ACK awaited.
   */
  readonly stage: 'relayed' | 'held' | 'accepted';
  readonly offer: Offer | null;
  /** 2xx that `from` gets again until its ACK, and the interval in milliseconds. */
  readonly accepted: SipResponse | null;
  readonly intervalMs: number;
  readonly cancelled: boolean;
  /** What was agreed to before an INVITE within the dialog. */
  readonly before?: Readonly<Record<Party, Agreed | null>>;
}

export interface Offer {
  readonly by: Party;
  readonly description: SessionDescription;
  readonly line: number;
  /** As the other party got it; null before it did. */
  readonly relayed: SessionDescription | null;
}

/** An early dialog of the callee's side (RFC 3261 §12.1), and the one in which the caller sees it. */
export interface Fork {
  /** Null: its responses have no tag. */
  readonly remoteTag: string | null;
  /** Our tag towards the caller, which also names the fork. */
  readonly callerTag: string;
  readonly caller: Side;
  readonly callee: Side;
  /** Its dialogs have ended before any final response. */
  readonly ended: boolean;
}

/** INFO, UPDATE, PRACK and their like on their way to the other leg. */
export interface Relay {
  readonly transaction: string;
  readonly request: SipRequest;
  readonly from: Party;
  /** The fork in which it came; null: the confirmed dialog. */
  readonly at: string | null;
  /** The offer in it. */
  readonly offer: Offer | null;
  /** Whether it is a PRACK that completes an exchange (RFC 6337 §5). */
  readonly completes?: boolean;
  /** The dialog of the callee's that it went to, or came from, is not its fork's any more. */
  readonly isStray?: boolean;
}

/** A request in a dialog that may go on to the other leg. */
export interface ArrivedRequest {
  readonly transaction: string;
  readonly request: SipRequest;
  /** What goes on. */
  readonly maxForwards: number;
  /** The fork in whose dialog it came; null: the confirmed one. */
  readonly at: string | null;
}

/** A REFER that went on to the other leg, for the NOTIFYs about it. */
export interface Referral {
  readonly by: Party;
  readonly transaction: string;
  /** Its number on either leg. */
  readonly received: number;
  readonly sent: number;
  /** The dialog that it made where it came outside of its leg's; null: it came within. */
  readonly outside: Dialog | null;
}

/** One try of the route: failover takes the next. */
export interface Attempt {
  readonly peer: LegPeer;
  readonly target: Target;
  /** Route of the INVITE. */
  readonly routes: readonly string[];
  readonly inviteTimeoutMs: number;
  /** What is asked for there, as a redirection has it; absent: what the caller asked for. */
  readonly requestUri?: Uri;
}

/** Keys that came by INFO and may be the beginning of a code, whose requests have no answer yet. */
export interface HeldInfos {
  readonly typed: string;
  readonly infos: readonly ArrivedRequest[];
}

/** The caller hears us before anybody is dialled. */
export interface Announcing {
  /** What we can speak. */
  readonly among: readonly string[];
  /** In a 183, or in a 200 of ours. */
  readonly by: 'early' | 'answer';
  /** What that has chosen, which is all that is offered on; null before it, and once that was refused. */
  readonly chosen: readonly string[] | null;
  /** What we have offered to a caller that has made no offer. */
  readonly offered: SessionDescription | null;
}

export interface CallState {
  readonly phase: CallPhase;
  readonly facts: CallFacts;
  readonly requestUri: Uri;
  /** What our INVITE carries. */
  readonly maxForwards: number;
  readonly tokens: CallTokens;
  readonly limits: CallLimits;
  readonly caller: Leg;
  readonly callee: Leg | null;
  /** Tries that are left, and how many were made. */
  readonly attempts: readonly Attempt[];
  readonly tried: number;
  /** Request-URIs of our INVITEs, and how many redirections were followed. */
  readonly asked: readonly string[];
  readonly redirections: number;
  /** The try under way. */
  readonly attempt: Attempt | null;
  /** Whether a provisional above 100 has come: then no other target is tried. */
  readonly rang: boolean;
  readonly forks: readonly Fork[];
  /** What offers are narrowed to; null: they pass whole. */
  readonly encodings: readonly string[] | null;
  readonly narrowing: 'prefer' | 'must';
  /** Null: nobody is to hear us before the callee is dialled, or could. */
  readonly announcing: Announcing | null;
  readonly local: Readonly<Record<Party, LocalMedia>> | null;
  /** Whether an answer of the director is still to come. */
  readonly awaiting: boolean;
  readonly exchange: Exchange | null;
  readonly relays: ReadonlyMap<string, Relay>;
  readonly referrals: readonly Referral[];
  /** Whose keys answer a question of ours. */
  readonly asking: ReadonlySet<Party>;
  /** What a party whose peer may control recordings dials to do so. */
  readonly codes: readonly string[];
  /** What may become one of them. */
  readonly heldKeys: ReadonlyMap<Party, HeldInfos>;
  /** BYEs under way, to the leg that each ends; null: a fork's, which no leg waits for. */
  readonly byes: ReadonlyMap<string, Party | null>;
  readonly digests: DigestSessions;
  /** By client transaction: requests of ours without a final response. */
  readonly sent: ReadonlyMap<string, SentRequest>;
  /** Number of the next client transaction. */
  readonly serial: number;
  readonly end: { readonly outcome: Outcome; readonly reason: EndReason } | null;
}

/** Randomness of a call, drawn at its birth. */
export interface CallTokens {
  readonly callerTag: string;
  readonly calleeTag: string;
  readonly calleeCallId: string;
  /** Our part of every answer to a digest challenge. */
  readonly clientNonce: string;
  /** Digits, for o=. */
  readonly callerSession: string;
  readonly calleeSession: string;
  /** 0 to 10 seconds (RFC 3261 §14.2). */
  readonly retryAfterSeconds: number;
  /** 0 to 1990 ms in steps of 10 ms, for the back-off of RFC 3261 §14.1. */
  readonly backOffMs: number;
  /** RFC 3262 §3: our first RSeq, 1 to 2^30. */
  readonly firstRSeq: number;
  /** What our keys of SRTP are made of; 32 bytes. */
  readonly srtpSecret: Uint8Array;
}

export interface CallLimits {
  readonly ringMs: number;
  readonly session: SessionWishes;
}

export type TimerName =
  | 'admission'
  | 'ring'
  | 'unanswered'
  | 'retransmit'
  | 'ack-wait'
  | 'exchange'
  | 'cancel-wait'
  | 'release'
  | `own-${Party}`
  | `keys-${Party}`
  | `refresh-${Party}`
  | `expiry-${Party}`
  /** Of the reliable provisional under this tag of ours. */
  | `prack ${string}`;

/** `limit`: nothing was sent, since the peer may have no further call now. */
export type FailureCause = 'timeout' | 'transport' | 'limit';

export type CallEvent =
  | { readonly type: 'admitted'; readonly admission: Admission }
  | { readonly type: 'opened'; readonly local: CallState['local'] }
  | {
      readonly type: 'response';
      readonly client: string;
      readonly response: SipResponse;
      readonly source: Hop;
      /** 3xx: where it sends the call, as far as that may be followed. */
      readonly redirects?: readonly Attempt[];
    }
  | { readonly type: 'client-failed'; readonly client: string; readonly cause: FailureCause }
  | {
      readonly type: 'request';
      readonly party: Party;
      readonly transaction: string;
      readonly request: SipRequest;
      readonly source: Hop;
      /** REFER: the dialog of ours that the Replaces in its Refer-To names. */
      readonly named?: NamedDialog | null;
    }
  /** A REFER outside of a dialog whose Target-Dialog names the party's (RFC 4538). */
  | {
      readonly type: 'refer';
      readonly party: Party;
      readonly transaction: string;
      readonly request: SipRequest;
      readonly named: NamedDialog | null;
    }
  | { readonly type: 'cancelled'; readonly transaction: string; readonly reason: string | null }
  | { readonly type: 'server-failed'; readonly transaction: string; readonly cause: 'timeout' | 'transport' }
  | { readonly type: 'ack'; readonly party: Party; readonly request: SipRequest }
  | { readonly type: 'timer'; readonly name: TimerName }
  | { readonly type: 'dial' }
  | { readonly type: 'ask'; readonly party: Party; readonly on: boolean }
  | { readonly type: 'hang-up'; readonly reason: EndReason };

export type CallEffect =
  | {
      readonly type:
        | 'admit'
        | 'open-media'
        | 'early'
        | 'unheard'
        | 'ringing'
        | 'accepted'
        | 'answered'
        | 'hung-up';
    }
  | { readonly type: 'connect'; readonly party: Party; readonly media: NegotiatedMedia }
  | { readonly type: 'key'; readonly party: Party; readonly key: string }
  /** A party has dialled one of `codes`. */
  | { readonly type: 'code'; readonly party: Party; readonly code: string }
  /** A party asks for its call's recording; one of the answers is given, where any is owed. */
  | {
      readonly type: 'control';
      readonly party: Party;
      readonly action: ControlAction;
      readonly by: 'info' | 'reinvite';
      readonly answer: ({ readonly transaction: string } & Readonly<Record<Controlled, SipResponse>>) | null;
    }
  | { readonly type: 'ended'; readonly end: CallEnd }
  | { readonly type: 'respond'; readonly transaction: string; readonly response: SipResponse }
  | {
      readonly type: 'send';
      readonly client: string;
      readonly request: SipRequest;
      readonly hop: Hop;
      readonly inviteTimeoutMs: number | null;
    }
  | { readonly type: 'ack'; readonly request: SipRequest; readonly hop: Hop }
  | { readonly type: 'cancel'; readonly client: string; readonly reason: string | null }
  /** Requests with this Call-ID and this base of a To-tag are the party's from now on. */
  | { readonly type: 'claim'; readonly party: Party; readonly callId: string; readonly tag: string }
  | { readonly type: 'set-timer'; readonly name: TimerName; readonly delayMs: number }
  | { readonly type: 'clear-timer'; readonly name: TimerName }
  /** A line in the log; `event` is a slug. */
  | { readonly type: 'warn'; readonly event: string; readonly fields: LogFields };
