import type { Party } from '../records/call-record.ts';
import { respondRefusal } from './call-responses.ts';
import type { HeldInfos } from './call-state.ts';
import { endForms } from './end-reasons.ts';
import type { Turn } from './turn.ts';

const none: HeldInfos = { typed: '', infos: [] };

/** Keys of a party that may become a code. */
export function heldOf({ call }: Turn, party: Party): HeldInfos {
  return call.heldKeys.get(party) ?? none;
}

export function hold(turn: Turn, party: Party, held: HeldInfos): void {
  turn.update({ heldKeys: new Map(turn.call.heldKeys).set(party, held) });
}

export function letGo(turn: Turn, party: Party): void {
  if (!turn.call.heldKeys.has(party)) return;
  const heldKeys = new Map(turn.call.heldKeys);
  heldKeys.delete(party);
  turn.update({ heldKeys });
  turn.clearTimer(`keys-${party}`);
}

/** RFC 3261 §15.1.2: what is pending in a dialog that ends gets 487. */
export function refuseHeld(turn: Turn, party: Party): void {
  const { infos } = heldOf(turn, party);
  letGo(turn, party);
  for (const { transaction, request } of infos)
    respondRefusal(turn, transaction, request, endForms.answered.refusal);
}
