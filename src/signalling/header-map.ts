import type { SipHeaders } from '../sip/message.ts';
import { passedOptionsOf } from './extensions.ts';
import { askedPrivacy, passIdentity, type Passage } from './privacy.ts';

/** What phones with a record key send in an INFO; of no RFC. */
export const recordHeader = 'record';

/** Headers that belong to one leg (RFC 3261 §6, B2BUA: two user agents back to back); all others pass. */
const ofOneLeg: ReadonlySet<string> = new Set([
  ...['via', 'from', 'to', 'call-id', 'cseq', 'contact', 'record-route', 'route', 'max-forwards'],
  ...['proxy-require', 'allow', 'session-expires', 'min-se', 'rseq', 'rack'],
  ...['authorization', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate'],
  ...['authentication-info', 'proxy-authentication-info', 'content-length', 'timestamp'],
  ...[recordHeader],
]);

/** Lists of option tags, of which only some are between the parties. */
const options: ReadonlySet<string> = new Set(['require', 'supported', 'unsupported']);

/** Headers that describe a body, and go with it. */
const ofBody: ReadonlySet<string> = new Set([
  ...[
    'content-type',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-id',
    'mime-version',
  ],
]);

/**
 * Copies what passes from one leg's message to the other's. `passage` says between whom; `body` whether the body
 * passes as it is, so that its headers belong to it.
 */
export function passHeaders(
  from: SipHeaders,
  to: SipHeaders,
  passage: Passage,
  body: 'passes' | 'replaced',
): void {
  const asked = askedPrivacy(from);
  for (const { name, value, canonical } of from.canonicalFields()) {
    if (ofOneLeg.has(canonical) || (body === 'replaced' && ofBody.has(canonical))) continue;
    if (passage.controlHeaders.includes(canonical)) continue;
    const passed = options.has(canonical)
      ? passedOptionsOf(value)
      : passIdentity(canonical, value, asked, passage);
    if (passed !== null) to.append(name, passed);
  }
}
