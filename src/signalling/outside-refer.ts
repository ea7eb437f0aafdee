import { type DialogReference, parseDialogReference, targetDialogForm } from '../sip/dialog-reference.ts';
import type { SipRequest } from '../sip/message.ts';

/**
 * The dialogs that the Target-Dialog of a request may mean, the likelier first. RFC 4538 §7 has its tags seen from
 * who receives it; some see them from themselves, and who knows both tags knows the dialog.
 */
export function targetDialogs({ headers }: SipRequest): readonly DialogReference[] {
  const [value, ...more] = headers.all('target-dialog');
  const named = value === undefined || more.length > 0 ? null : parseDialogReference(value, targetDialogForm);
  if (named === null) return [];
  const { localTag, remoteTag } = named;
  return [named, { ...named, localTag: remoteTag, remoteTag: localTag }];
}
