/** What we allow within a dialog and outside of one; UPDATE, PRACK and REFER are not spoken yet. */
export const allowedMethods = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, NOTIFY';
export const allowedOutside = 'INVITE, ACK, CANCEL, BYE, OPTIONS';

/** Methods of the IANA registry: known, so that what is not served is 405 and not 501 (RFC 3261 §8.2.1, §21.5.2). */
export const knownMethods: ReadonlySet<string> = new Set([
  ...['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'REGISTER', 'INFO', 'MESSAGE', 'NOTIFY', 'SUBSCRIBE'],
  ...['PUBLISH', 'REFER', 'UPDATE', 'PRACK'],
]);

/** Requests within a dialog that go on to the other leg. */
export const relayedMethods: ReadonlySet<string> = new Set(['INFO', 'MESSAGE', 'NOTIFY']);
