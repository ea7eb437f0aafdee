/** What we allow within a dialog and outside of one. */
export const allowedMethods = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, NOTIFY, PRACK, UPDATE';
export const allowedOutside = 'INVITE, ACK, CANCEL, BYE, OPTIONS';

/** What this neighbour may send within a dialog: REFER where its REFERs are relayed. */
export function allowedFrom({ refer }: { readonly refer: 'refuse' | 'relay' }): string {
  return refer === 'relay' ? `${allowedMethods}, REFER` : allowedMethods;
}

/** Methods of the IANA registry: known, so that what is not served is 405 and not 501 (RFC 3261 §8.2.1, §21.5.2). */
export const knownMethods: ReadonlySet<string> = new Set([
  ...['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'REGISTER', 'INFO', 'MESSAGE', 'NOTIFY', 'SUBSCRIBE'],
  ...['PUBLISH', 'REFER', 'UPDATE', 'PRACK'],
]);

/** Requests that mean nothing outside of a dialog: without one they are 481 (RFC 3261 §15.1.2, RFC 3262 §3, RFC 3311 §5.2). */
export const onlyInDialog: ReadonlySet<string> = new Set(['BYE', 'INFO', 'NOTIFY', 'PRACK', 'UPDATE']);

/** Requests within a dialog that go on to the other leg; REFER and NOTIFY do too, with what they name mapped. */
export const relayedMethods: ReadonlySet<string> = new Set(['INFO', 'MESSAGE']);

/** RFC 3261 §12.2, RFC 3311 §5.1: these and their responses carry Contact, and refresh the target. */
export const targetRefreshes: ReadonlySet<string> = new Set(['INVITE', 'UPDATE']);
