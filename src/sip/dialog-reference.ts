import { type Params, paramValue, parseParams, printParams, withParam } from './params.ts';
import { trimmed } from './text.ts';

/**
 * A header that names a dialog of the one who receives it: Replaces (RFC 3891 §6.1), Join (RFC 3911 §7.1),
 * Target-Dialog (RFC 4538 §7). The tags are seen from there: `localTag` is the receiver's own.
 */
export interface DialogReference {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** All parameters as written, the tags among them. */
  readonly params: Params;
}

/** What the two tags are called: Replaces and Join say `to-tag` for the receiver's own. */
interface ReferenceForm {
  readonly local: string;
  readonly remote: string;
}

export const replacesForm: ReferenceForm = { local: 'to-tag', remote: 'from-tag' };
export const targetDialogForm: ReferenceForm = { local: 'local-tag', remote: 'remote-tag' };

/** Null: broken, or without exactly one of each tag (RFC 3891 §6.1). */
export function parseDialogReference(
  value: string,
  { local, remote }: ReferenceForm,
): DialogReference | null {
  const semicolon = value.indexOf(';');
  if (semicolon < 0) return null;
  const callId = trimmed(value, 0, semicolon);
  const params = parseParams(value, semicolon);
  if (params === null || callId === '' || /[\s,]/.test(callId)) return null;
  const only = (name: string): string | null =>
    params.filter((one) => one.name.toLowerCase() === name).length === 1
      ? (paramValue(params, name) ?? null)
      : null;
  const [localTag, remoteTag] = [only(local), only(remote)];
  return localTag === null || remoteTag === null ? null : { callId, localTag, remoteTag, params };
}

/** The same header naming another dialog; what else it says stays, in its order. */
export function printDialogReference(
  { params }: DialogReference,
  dialog: Pick<DialogReference, 'callId' | 'localTag' | 'remoteTag'>,
  { local, remote }: ReferenceForm,
): string {
  const named = withParam(withParam(params, local, dialog.localTag), remote, dialog.remoteTag);
  return `${dialog.callId}${printParams(named)}`;
}
