import type { Party } from '../records/call-record.ts';
import type { DialogReference } from '../sip/dialog-reference.ts';
import type { Dialog } from '../sip/dialog.ts';
import type { CallState, Leg } from './call-state.ts';
import { otherParty } from './turn.ts';

/**
 * What somebody means who names a dialog that a leg of ours has: the dialog that the other leg of that call has
 * with its party, as that party would be told of it.
 */
export interface NamedDialog {
  readonly leg: Leg;
  readonly dialog: Dialog;
  readonly callId: string;
  /** The party's own tag there, and ours. */
  readonly localTag: string;
  readonly remoteTag: string;
}

export type FindDialog = (reference: DialogReference) => NamedDialog | null;

/** The other side of this party's dialog, where the reference names it by both tags; null: it does not. */
export function namedDialog(call: CallState, party: Party, reference: DialogReference): NamedDialog | null {
  const [leg, other] = [call[party], call[otherParty(party)]];
  if (leg === null || other === null) return null;
  if (isNamed(leg.dialog, reference)) return seenFrom(other, other.dialog);
  const fork = call.forks.find((one) => !one.ended && isNamed(one[party].dialog, reference));
  return fork === undefined ? null : seenFrom(other, fork[otherParty(party)].dialog);
}

function isNamed(dialog: Dialog | null, { callId, localTag, remoteTag }: DialogReference): boolean {
  return dialog?.callId === callId && dialog.localTag === localTag && dialog.remoteTag === remoteTag;
}

function seenFrom(leg: Leg, dialog: Dialog | null): NamedDialog | null {
  if (dialog === null) return null;
  const { callId, localTag, remoteTag } = dialog;
  return { leg, dialog, callId, localTag: remoteTag, remoteTag: localTag };
}
