import { err, ok, type Result } from '../kernel/result.ts';
import {
  type DialogReference,
  parseDialogReference,
  printDialogReference,
  replacesForm,
  targetDialogForm,
} from '../sip/dialog-reference.ts';
import { requestInDialog } from '../sip/dialog.ts';
import type { SipRequest } from '../sip/message.ts';
import { parseNameAddr } from '../sip/name-addr.ts';
import { hasParam } from '../sip/params.ts';
import { parseSipUri, type SipUri } from '../sip/uri.ts';
import { dialogHop } from './dialog-hop.ts';
import type { FindDialog, NamedDialog } from './named-dialog.ts';
import { targetDialogs } from './outside-refer.ts';
import { type ChosenRoute, refusalOfSender, type RouteQuestion } from './peering/route-choice.ts';
import type { Target } from './peers.ts';
import { noSuchCall, type Refusal } from './refusal.ts';

/** Where an INVITE goes that takes the place of a dialog of ours. */
export interface Replacing {
  readonly named: NamedDialog;
  readonly requestUri: SipUri;
  readonly target: Target;
}

/** An INVITE as it goes on, with the dialogs that it names; `replacing` null: it names none to be replaced or joined. */
export interface NamingInvite {
  readonly request: SipRequest;
  readonly replacing: Replacing | null;
}

/**
 * Replaces (RFC 3891 §3) or Join (RFC 3911 §4) of an INVITE names a dialog that we have with somebody. It is the
 * other party of that call who is to be reached, and who knows its own leg's dialog: it goes on naming that one.
 */
export function readReplacing(request: SipRequest, find: FindDialog): Result<NamingInvite, Refusal> {
  const written = ['replaces', 'join'].flatMap((name) =>
    request.headers.all(name).map((value) => ({ name, value })),
  );
  const named = withTargetDialog(request, find);
  const [one] = written;
  if (one === undefined) return ok({ request: named, replacing: null });
  const reference = parseDialogReference(one.value, replacesForm);
  if (reference === null || written.length > 1) return err({ status: 400, phrase: 'Bad Replaces' });
  const found = find(reference);
  const refusal = refusalOf(reference, found);
  const replacing = found === null ? null : placeOf(found);
  if (refusal !== null || found === null || replacing === null) return err(refusal ?? noSuchCall);
  const headers = named.headers
    .clone()
    .set(one.name === 'join' ? 'Join' : 'Replaces', printDialogReference(reference, found, replacesForm));
  return ok({ request: { ...named, headers }, replacing: { named: found, ...replacing } });
}

/** The one way of such an INVITE. Its peer's limits do not hold it up: the call whose place it takes is counted there. The sender's do. */
export function routeTo({ named, target }: Replacing, question: RouteQuestion): Result<ChosenRoute, Refusal> {
  const first = question.peers.named(named.leg.peer.id);
  if (first === null) return err(noSuchCall);
  const refusal = refusalOfSender(question);
  if (refusal !== null) return err(refusal);
  const { inviteTimeoutMs } = first;
  const attempt = { peer: named.leg.peer, target, routes: [], inviteTimeoutMs };
  return ok({ attempts: [attempt], first });
}

/** RFC 3891 §3: no such dialog is 481, one that has ended 603, and a confirmed one is not "early-only": 486. */
function refusalOf({ params }: DialogReference, found: NamedDialog | null): Refusal | null {
  if (found === null) return noSuchCall;
  const { leg, dialog } = found;
  if (leg.state === 'closing' || leg.state === 'closed' || leg.state === 'cancelling') {
    return { status: 603, phrase: 'Decline' };
  }
  if (hasParam(params, 'early-only') && dialog.state === 'confirmed')
    return { status: 486, phrase: 'Busy Here' };
  return null;
}

/**
 * Its Contact, which is the one device that has the dialog. Behind proxies that is reached by the dialog's routes,
 * which a new INVITE may not bring along: there it goes to the number that was called, or that called, through the
 * first of them.
 */
function placeOf({ leg, dialog }: NamedDialog): { requestUri: SipUri; target: Target } | null {
  const direct = dialog.routeSet.length === 0;
  const identity = leg.invite?.request.uri ?? parseNameAddr(dialog.remote)?.uri ?? '';
  const requestUri = parseSipUri(direct ? dialog.remoteTarget : identity);
  if (requestUri === null) return null;
  const hop = dialogHop(leg, requestInDialog(dialog, 'INVITE').request);
  return { requestUri, target: { host: requestUri.host, port: requestUri.port, hop } };
}

/** Target-Dialog of an INVITE authorises it with who is called (RFC 4538 §4), by the dialog that it has with us. */
function withTargetDialog(request: SipRequest, find: FindDialog): SipRequest {
  for (const reference of targetDialogs(request)) {
    const found = find(reference);
    if (found === null) continue;
    const value = printDialogReference(reference, found, targetDialogForm);
    return { ...request, headers: request.headers.clone().set('Target-Dialog', value) };
  }
  return request;
}
