import type { Party } from '../records/call-record.ts';
import { ackInDialog, type Dialog, refreshTarget, requestInDialog } from '../sip/dialog.ts';
import { noBody, SipHeaders, type SipMessage, type SipRequest, type SipResponse } from '../sip/message.ts';
import type { Farewell, Leg, SentInvite } from './call-state.ts';
import { carryBody } from './carried-body.ts';
import type { Acknowledgeable } from './dialog-side.ts';
import { dialogHop } from './dialog-hop.ts';
import { appendSupported } from './extensions.ts';
import { passHeaders } from './header-map.ts';
import { askSession } from './leg-session.ts';
import { allowedFrom, targetRefreshes } from './methods.ts';
import type { Turn } from './turn.ts';

export interface DialogRequest {
  readonly method: string;
  /** Headers of the other leg's request or response that pass; null: none. */
  readonly passed: SipHeaders | null;
  readonly body: Uint8Array;
  /** Whether the body came through as it was, but for a description in it. */
  readonly bodyPasses: boolean;
  /** Content-Type of a body that did not; none: a description. */
  readonly bodyType?: string;
  readonly maxForwards: number | null;
  /** Further headers of our own. */
  readonly extra?: readonly (readonly [string, string])[];
  /** Option tags that this request may not promise. */
  readonly without?: readonly string[];
  /** The fork in whose dialog it goes; none: the confirmed one. */
  readonly at?: string | null;
}

/** RFC 3515 §2.2, RFC 6665 §8.2.1: these carry Contact as well. */
const withContact: ReadonlySet<string> = new Set(['REFER', 'NOTIFY']);

/** Sends a request within a dialog of a leg. The name of its transaction, or null where there is no dialog. */
export function sendInDialog(turn: Turn, party: Party, wanted: DialogRequest): string | null {
  const leg = turn.leg(party);
  const at = wanted.at ?? null;
  const current = turn.side(party, at)?.dialog ?? null;
  if (leg === null || current === null) return null;
  const { dialog, request } = requestInDialog(current, wanted.method, wanted.body);
  const { headers } = request;
  if (wanted.maxForwards !== null) headers.set('Max-Forwards', String(wanted.maxForwards));
  if (targetRefreshes.has(wanted.method)) {
    headers.append('Contact', leg.peer.contact).append('Allow', allowedFrom(leg.peer));
    appendSupported(headers, wanted.without);
    if (turn.fork(at) === null) askSession(turn, party, headers);
  }
  if (withContact.has(wanted.method)) headers.append('Contact', leg.peer.contact);
  for (const [name, value] of wanted.extra ?? []) headers.append(name, value);
  if (wanted.passed !== null) {
    passHeaders(wanted.passed, headers, turn.passageTo(party), wanted.bodyPasses ? 'passes' : 'replaced');
  }
  if (!wanted.bodyPasses && wanted.body.length > 0)
    headers.append('Content-Type', wanted.bodyType ?? 'application/sdp');
  turn.updateSide(party, at, { dialog });
  const client = turn.nextClient();
  if (wanted.method === 'INVITE') takeInvite(turn, leg, { client, request });
  turn.emit({ type: 'send', client, request, hop: dialogHop(leg, request), inviteTimeoutMs: null });
  return client;
}

/** RFC 3261 §13.2.2.4: the 2xx of the INVITEs before it may still come, and is to have its ACK. */
function takeInvite(turn: Turn, leg: Leg, invite: SentInvite): void {
  const pastInvites = leg.invite === null ? leg.pastInvites : [...leg.pastInvites.slice(0, 1), leg.invite];
  const acks = [...leg.acks].filter(([key]) =>
    pastInvites.some(({ client }) => key.startsWith(`${client} `)),
  );
  turn.updateLeg(leg.party, { invite, pastInvites, acks: new Map(acks) });
}

/**
 * Acknowledges a reliable provisional to our INVITE (RFC 3262 §4), in its dialog. `passed` is the PRACK that it passes
 * on; without one it is ours alone.
 */
export function sendPrack(
  turn: Turn,
  party: Party,
  at: string | null,
  { rseq, cseq }: Acknowledgeable,
  passed: Omit<DialogRequest, 'method' | 'at' | 'extra'> = ownPrack,
): string | null {
  const extra = [['RAck', `${rseq} ${cseq} INVITE`] as const];
  return sendInDialog(turn, party, { method: 'PRACK', extra, at, ...passed });
}

const ownPrack = { passed: null, body: noBody, bodyPasses: false, maxForwards: null };

/** Takes the Contact of a target refresh, or of its 2xx, as the party's target (RFC 3261 §12.2). */
export function refreshDialog(turn: Turn, party: Party, message: SipMessage, at: string | null = null): void {
  const dialog = turn.side(party, at)?.dialog ?? null;
  if (dialog !== null) turn.updateSide(party, at, { dialog: refreshTarget(dialog, message) });
}

/** The ACK to a 2xx of our INVITE, kept for the 2xx's repetitions (RFC 3261 §13.2.2.4). */
export function acknowledge(
  turn: Turn,
  party: Party,
  dialog: Dialog,
  body: Uint8Array,
  invite: SentInvite | null = turn.leg(party)?.invite ?? null,
): void {
  const leg = turn.leg(party);
  if (leg === null || invite === null) return;
  const request = ackInDialog(dialog, invite.request, body);
  if (body.length > 0) request.headers.append('Content-Type', 'application/sdp');
  const hop = dialogHop(leg, request);
  const acks = new Map(leg.acks).set(ackKey(invite.client, dialog.remoteTag), { request, hop });
  turn.updateLeg(party, { acks });
  turn.emit({ type: 'ack', request, hop });
}

export function ackKey(client: string, remoteTag: string): string {
  return `${client} ${remoteTag}`;
}

/** Ends a dialog with BYE. `ends` names the leg that is closed by it; null for a fork that nobody uses. */
export function sendBye(
  turn: Turn,
  party: Party,
  dialog: Dialog,
  ends: Party | null,
  { headers, carried }: Farewell,
): void {
  const leg = turn.leg(party);
  if (leg === null) return;
  const { dialog: counted, request } = requestInDialog(dialog, 'BYE', carried?.body ?? noBody);
  passHeaders(
    headers,
    request.headers,
    turn.passageTo(party),
    carried?.bodyPasses === true ? 'passes' : 'replaced',
  );
  const client = turn.nextClient();
  if (ends !== null) turn.updateLeg(party, { dialog: counted, state: 'closing', queuedBye: null });
  turn.update({ byes: new Map(turn.call.byes).set(client, ends) });
  turn.emit({ type: 'send', client, request, hop: dialogHop(leg, request), inviteTimeoutMs: null });
}

/** Sends the BYE that waited for an ACK, if there is one. */
export function sendQueuedBye(turn: Turn, party: Party): void {
  const leg = turn.leg(party);
  if (leg === null || leg.queuedBye === null || leg.dialog === null) return;
  sendBye(turn, party, leg.dialog, party, leg.queuedBye);
}

/** `Reason: Q.850;cause=16;text="..."` alone. */
export function farewell(reason: string | null): Farewell {
  const headers = new SipHeaders();
  return { headers: reason === null ? headers : headers.append('Reason', reason), carried: null };
}

/**
 * The callee's final refusal as the BYE of a caller that was answered before says it (RFC 3326 §2: one value a protocol):
 * the status, and the cause that came with it or stands for it.
 */
export function farewellOfRefusal({ status, phrase, headers }: SipResponse, reason: string): Farewell {
  const text = phrase.replace(/["\\]/g, '\\$&');
  const cause = headers.all('reason').find((one) => /^\s*Q\.850\s*;/i.test(one)) ?? reason;
  const said = new SipHeaders().append('Reason', `SIP;cause=${status};text="${text}"`);
  return { headers: said.append('Reason', cause), carried: null };
}

/** What a party's BYE says to the other one. */
export function farewellOf(bye: SipRequest): Farewell {
  return { headers: bye.headers, carried: carryBody(bye, noBody) };
}
