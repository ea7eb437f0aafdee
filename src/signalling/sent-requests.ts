import { parseCSeq } from '../sip/cseq.ts';
import type { SipHeaders } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import type { CallEffect, CallEvent, Fork, Leg } from './call-state.ts';
import type { Turn } from './turn.ts';

type Send = Extract<CallEffect, { type: 'send' }>;

/** A request of ours without a final response. */
export interface SentRequest {
  /** As it was before credentials. */
  readonly send: Send;
  /** Why it went out again, each time. */
  readonly again: readonly string[];
}

/** Last in each step: requests are kept until their final response, which may have them sent once more. */
export function keepSentRequests(turn: Turn): void {
  for (const effect of turn.effects) {
    if (effect.type === 'send' && !turn.call.sent.has(effect.client)) keep(turn, { send: effect, again: [] });
  }
}

function keep(turn: Turn, entry: SentRequest): void {
  turn.update({ sent: new Map(turn.call.sent).set(entry.send.client, entry) });
}

/** The request that this event is the end of, which is kept no longer. */
export function takeSentRequest(turn: Turn, event: CallEvent): SentRequest | null {
  if (event.type !== 'response' && event.type !== 'client-failed') return null;
  if (event.type === 'response' && event.response.status < 200) return null;
  const entry = turn.call.sent.get(event.client);
  if (entry === undefined) return null;
  const sent = new Map(turn.call.sent);
  sent.delete(event.client);
  turn.update({ sent });
  return entry;
}

/** The leg that messages with this Call-ID belong to; null: one of a try before this one. */
export function legWith({ call }: Turn, callId: string | null): Leg | null {
  return [call.caller, call.callee].find((leg) => leg?.callId === callId) ?? null;
}

/** Whether anybody still waits for this request: it was not cancelled, and nothing but a BYE follows a BYE. */
export function isWanted(turn: Turn, leg: Leg, { send: { client, request } }: SentRequest): boolean {
  if (request.method === 'BYE') return turn.call.phase !== 'over';
  const { exchange } = turn.call;
  if (exchange?.client === client && exchange.cancelled) return false;
  if (leg.party === 'callee' && isOfEndedFork(turn, request)) return false;
  return leg.state !== 'cancelling' && leg.state !== 'closing' && leg.state !== 'closed';
}

/** The early dialog that it went out in has had its BYE, while others ring, or has lost. */
function isOfEndedFork(turn: Turn, { headers }: Send['request']): boolean {
  const tag = tagOf(headers.first('to') ?? '');
  const isOver = ({ ended, remoteTag }: Fork): boolean => (ended || turn.isConnected) && remoteTag === tag;
  return tag !== null && turn.call.forks.some(isOver);
}

/**
 * Sends a request again with what its answer asked for (RFC 3261 §8.1.3.5): the same Call-ID, From and To, and a CSeq
 * one higher; within a dialog, the dialog's next. It keeps its name, so that the rest of the call waits on.
 */
export function sendAgain(
  turn: Turn,
  leg: Leg,
  { send, again }: SentRequest,
  change: { readonly why: readonly string[]; readonly edit?: (headers: SipHeaders) => void },
): void {
  const { method, headers: before } = send.request;
  const number = nextNumber(turn, leg, before);
  const headers = before.clone().set('CSeq', `${number} ${method}`);
  change.edit?.(headers);
  const request = { ...send.request, headers };
  const { client } = send;
  if (leg.invite?.client === client) turn.updateLeg(leg.party, { invite: { client, request } });
  if (method === 'REFER') renumberReferral(turn, leg, numberOf(before), number);
  turn.emit({ ...send, request });
  keep(turn, { send: { ...send, request }, again: [...again, ...change.why] });
}

/** RFC 3515 §2.4.6: a NOTIFY that comes before the 202 already names the REFER by its new number. */
function renumberReferral(turn: Turn, { party }: Leg, before: number, sent: number): void {
  const referrals = turn.call.referrals.map((one) =>
    one.by !== party && one.sent === before ? { ...one, sent } : one,
  );
  turn.update({ referrals });
}

function numberOf(headers: SipHeaders): number {
  return parseCSeq(headers.first('cseq') ?? '')?.number ?? 0;
}

function nextNumber(turn: Turn, leg: Leg, headers: SipHeaders): number {
  const last = numberOf(headers);
  const to = headers.first('to') ?? '';
  const at = placeOf(turn, leg, to);
  const dialog = turn.side(leg.party, at)?.dialog ?? null;
  const inDialog = dialog !== null && to === dialog.remote;
  const number = Math.max(last, inDialog ? (dialog.localCSeq ?? 0) : 0) + 1;
  if (inDialog) turn.updateSide(leg.party, at, { dialog: { ...dialog, localCSeq: number } });
  return number;
}

/** The fork in whose dialog requests have this To; null: the confirmed dialog, or none. */
function placeOf({ call }: Turn, { party }: Leg, to: string): string | null {
  return call.forks.find((fork) => fork[party].dialog?.remote === to)?.callerTag ?? null;
}
