import type { Party } from '../records/call-record.ts';
import { parseCSeq } from '../sip/cseq.ts';
import { type Dialog, dialogFromRequest, requestInDialog } from '../sip/dialog.ts';
import type { SipHeaders, SipMessage, SipRequest, SipResponse } from '../sip/message.ts';
import { parseNameAddrList } from '../sip/name-addr.ts';
import { type Params, paramValue, parseParams, printParams, withoutParam, withParam } from '../sip/params.ts';
import { makeResponse } from '../sip/response.ts';
import { respondRefusal } from './call-responses.ts';
import type { ArrivedRequest, CallEvent, Leg, Referral, Relay } from './call-state.ts';
import { later, relayedTooMany } from './exchange-rules.ts';
import { unsupportedExtensions } from './extensions.ts';
import { passHeaders } from './header-map.ts';
import { dialogHop } from './dialog-hop.ts';
import { sendInDialog } from './leg-requests.ts';
import type { NamedDialog } from './named-dialog.ts';
import { passReferTo } from './refer-to.ts';
import { countDown, noSuchCall, type Refusal, tooManyHops } from './refusal.ts';
import { otherParty, type Turn } from './turn.ts';

/** REFERs of a call that NOTIFYs may still come for; the oldest is forgotten. */
const maxReferrals = 16;

interface ArrivedRefer extends ArrivedRequest {
  readonly named: NamedDialog | null;
  /** It came outside of the leg's dialog. */
  readonly outside?: boolean;
}

/** A REFER that its Target-Dialog brings to a leg: it goes on within the other leg's dialog. */
export function onOutsideRefer(turn: Turn, event: Extract<CallEvent, { type: 'refer' }>): void {
  const { party, transaction, request, named } = event;
  const leg = turn.leg(party);
  const maxForwards = countDown(request);
  const refusal = maxForwards === 'none' ? tooManyHops : unsupportedExtensions(request);
  if (leg === null || refusal !== null || typeof maxForwards !== 'number') {
    const bad = { status: 400, phrase: 'Bad Max-Forwards' };
    respondRefusal(turn, transaction, request, leg === null ? noSuchCall : (refusal ?? bad));
    return;
  }
  relayRefer(turn, leg, { transaction, request, maxForwards, at: null, named, outside: true });
}

export function relayRefer(turn: Turn, by: Leg, arrived: ArrivedRefer): void {
  const { transaction, request, maxForwards, at, named } = arrived;
  const refusal = referRefusal(request) ?? relayedTooMany(turn);
  if (refusal !== null) {
    respondRefusal(turn, transaction, request, refusal);
    return;
  }
  const to = turn.leg(otherParty(by.party));
  if (to === null || (at === null && to.state !== 'confirmed')) {
    respondRefusal(turn, transaction, request, later(turn));
    return;
  }
  const { headers, body } = request;
  // Its Target-Dialog has found its dialog: it goes on within that one.
  const passed = headers.clone().remove('target-dialog');
  passed.set('Refer-To', passReferTo(headers.first('refer-to') ?? '', { by, to, named }));
  const client = sendInDialog(turn, to.party, {
    ...{ method: 'REFER', passed, body, bodyPasses: true, maxForwards, at },
  });
  expectAnswer(turn, client, { transaction, request, from: by.party, at, offer: null });
  remember(turn, by, arrived);
}

/** A NOTIFY: one about a REFER goes back to whoever sent that, under the name that it has there. */
export function relayNotify(
  turn: Turn,
  by: Leg,
  { transaction, request, maxForwards, at }: ArrivedRequest,
): void {
  const refusal = relayedTooMany(turn);
  if (refusal !== null) {
    respondRefusal(turn, transaction, request, refusal);
    return;
  }
  const { referral, headers } = readNotice(turn, by.party, request);
  const other = turn.leg(otherParty(by.party));
  const { body } = request;
  let client: string | null = null;
  if (referral?.outside !== null && referral?.outside !== undefined) {
    client = sendOutside(turn, referral, { headers, body }, maxForwards);
  } else if (other !== null && (at !== null || other.state === 'confirmed')) {
    client = sendInDialog(turn, other.party, {
      ...{ method: 'NOTIFY', passed: headers, body, bodyPasses: true, maxForwards, at },
    });
  }
  if (client === null) respondRefusal(turn, transaction, request, later(turn));
  else expectAnswer(turn, client, { transaction, request, from: by.party, at, offer: null });
}

function expectAnswer(turn: Turn, client: string | null, relayed: Relay): void {
  if (client !== null) turn.update({ relays: new Map(turn.call.relays).set(client, relayed) });
}

/** RFC 3515 §2.4.2: "zero or more than one Refer-To" is 400. */
function referRefusal({ headers }: SipRequest): Refusal | null {
  const targets = parseNameAddrList(headers.all('refer-to'));
  return targets?.length === 1 ? null : { status: 400, phrase: 'Bad Refer-To' };
}

/** So that what is notified of it finds its way back. */
function remember(turn: Turn, by: Leg, { transaction, request, at, outside }: ArrivedRefer): void {
  const referral: Referral = {
    ...{ by: by.party, transaction },
    received: numberOf(request),
    sent: turn.side(otherParty(by.party), at)?.dialog?.localCSeq ?? 0,
    outside: outside === true ? dialogOf(request, by) : null,
  };
  turn.update({ referrals: [...turn.call.referrals, referral].slice(-maxReferrals) });
}

/** RFC 3515 §2.4.4: a REFER outside of a dialog makes one, which its NOTIFYs come in. */
function dialogOf(request: SipRequest, { localTag }: Leg): Dialog | null {
  return dialogFromRequest(request, makeResponse(request, 202, 'Accepted', localTag));
}

/**
 * The REFER was taken, by a response that has the number under which it was: a challenge may have made it go out
 * again. Null: it was not, and nothing will be notified of it.
 */
export function settleReferral(turn: Turn, transaction: string, taken: SipResponse | null): void {
  const referrals = turn.call.referrals.flatMap((one) => {
    if (one.transaction !== transaction) return [one];
    return taken === null ? [] : [{ ...one, sent: numberOf(taken) }];
  });
  turn.update({ referrals });
}

/** A NOTIFY about a REFER: the REFER, and what goes on of the headers. */
interface ReferNotice {
  readonly referral: Referral | null;
  readonly headers: SipHeaders;
}

/**
 * RFC 3515 §2.4.6: the id in Event is the number that the REFER had, which is another one on each leg. Without an
 * id the first REFER is meant.
 */
function readNotice(turn: Turn, from: Party, { headers }: SipRequest): ReferNotice {
  const params = referEvent(headers);
  if (params === null) return { referral: null, headers };
  const id = paramValue(params, 'id');
  const mine = turn.call.referrals.filter(({ by }) => by === otherParty(from));
  const referral = (id === undefined ? mine[0] : mine.find(({ sent }) => String(sent) === id)) ?? null;
  if (referral === null) return { referral, headers };
  if (isLast(headers)) {
    turn.update({ referrals: turn.call.referrals.filter((one) => one !== referral) });
  }
  return {
    referral,
    headers: headers.clone().set('Event', `refer${printParams(renamed(params, referral))}`),
  };
}

/** In a dialog of its own the one REFER is the first, which needs no id. */
function renamed(params: Params, { received, outside }: Referral): Params {
  if (outside !== null) return withoutParam(params, 'id');
  return paramValue(params, 'id') === undefined ? params : withParam(params, 'id', String(received));
}

/** The parameters of Event where its package is refer; null: it is of another. */
function referEvent(headers: SipHeaders): Params | null {
  const value = headers.first('event') ?? '';
  const [name = ''] = value.split(';', 1);
  return name.trim().toLowerCase() === 'refer' ? parseParams(value, name.length) : null;
}

/** RFC 6665 §4.1.3: after "terminated" there is no further one. */
function isLast(headers: SipHeaders): boolean {
  return /^terminated\s*(?:;|$)/i.test(headers.first('subscription-state') ?? '');
}

/** Sends a NOTIFY in the dialog that a REFER outside of the call's dialogs has made; the name of its transaction. */
function sendOutside(
  turn: Turn,
  referral: Referral,
  { headers, body }: Pick<SipMessage, 'headers' | 'body'>,
  maxForwards: number,
): string | null {
  const leg = turn.leg(referral.by);
  if (leg === null || referral.outside === null) return null;
  const { dialog, request } = requestInDialog(referral.outside, 'NOTIFY', body);
  request.headers.set('Max-Forwards', String(maxForwards)).append('Contact', leg.peer.contact);
  passHeaders(headers, request.headers, turn.passageTo(referral.by), 'passes');
  const counted = { ...referral, outside: dialog };
  turn.update({ referrals: turn.call.referrals.map((one) => (one === referral ? counted : one)) });
  const client = turn.nextClient();
  turn.emit({ type: 'send', client, request, hop: dialogHop(leg, request), inviteTimeoutMs: null });
  return client;
}

function numberOf({ headers }: SipMessage): number {
  return parseCSeq(headers.first('cseq') ?? '')?.number ?? 0;
}
