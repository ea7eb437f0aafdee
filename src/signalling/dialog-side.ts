import type { Origin } from '../sdp/origin.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Dialog } from '../sip/dialog.ts';
import { parseCSeq } from '../sip/cseq.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import type { Abilities, Offer } from './call-state.ts';
import type { NegotiatedMedia } from './ports.ts';

/** What the last offer and answer with a party have left. */
export interface Agreed {
  /** Our description towards the party, and the party's own. */
  readonly said: SessionDescription | null;
  readonly described: SessionDescription | null;
  /** What media were told of the party. */
  readonly media: NegotiatedMedia | null;
}

/** Our end of one dialog with a party: of an early one (a fork's) or of the confirmed one (the leg's). */
export interface Side extends Agreed {
  /** Null: no response has made it yet. */
  readonly dialog: Dialog | null;
  readonly origin: Origin;
  readonly abilities: Abilities;
  /** What the newest INVITE of the party has come to in this dialog. */
  readonly talk: Talk | null;
}

/**
 * Offer and answer between us and one party during an INVITE. `open`: not complete, or only in messages that may be
 * lost; `settled`: what began with the INVITE is complete (RFC 3262 §5); `replaced`: and another exchange came
 * after it.
 */
export type Progress = 'open' | 'settled' | 'replaced';

/** How far an INVITE has come in one dialog before its final response. */
export interface Talk {
  /** Its sequence number. */
  readonly cseq: number;
  /** With who sent the INVITE, and with who is to answer it. */
  readonly asker: Progress;
  readonly asked: Progress;
  /** The first answer to the INVITE's offer, as the asker got it: body, and version of its o=. */
  readonly answer: { readonly body: Uint8Array; readonly version: number } | null;
  /** The offer of a reliable provisional, where the INVITE had none. */
  readonly offer: Offer | null;
  /** RSeq of the last reliable provisional that came, and of the last that we sent (RFC 3262 §3, §4). */
  readonly received: number | null;
  readonly sent: number | null;
  readonly outstanding: Outstanding | null;
  /** Those that wait until it is acknowledged. */
  readonly queue: readonly Provisional[];
}

/** A reliable provisional of ours (RFC 3262 §3). */
export interface Provisional {
  readonly rseq: number;
  readonly response: SipResponse;
  readonly carries: 'offer' | 'answer' | null;
  /** The reliable one that it passes on, whose PRACK waits for this one's; null: nobody waits. */
  readonly upstream: (Acknowledgeable & { readonly described: boolean }) | null;
}

/** What RAck names (RFC 3262 §7.2): a reliable provisional, and the number of the INVITE that it answers. */
export interface Acknowledgeable {
  readonly rseq: number;
  readonly cseq: number;
}

/** Sent, and sent again until its PRACK. */
export interface Outstanding extends Provisional {
  readonly intervalMs: number;
  readonly elapsedMs: number;
}

export function newTalk({ headers }: SipRequest): Talk {
  const cseq = parseCSeq(headers.first('cseq') ?? '')?.number ?? 0;
  return {
    cseq,
    asker: 'open',
    asked: 'open',
    answer: null,
    offer: null,
    received: null,
    sent: null,
    outstanding: null,
    queue: [],
  };
}
