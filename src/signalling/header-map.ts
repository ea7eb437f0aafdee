import type { SipHeaders } from '../sip/message.ts';
import { askedPrivacy, passIdentity, type Passage } from './privacy.ts';

/** Headers that belong to one leg (RFC 3261 §6, B2BUA: two user agents back to back); all others pass. */
const ofOneLeg: ReadonlySet<string> = new Set([
  ...['via', 'from', 'to', 'call-id', 'cseq', 'contact', 'record-route', 'route', 'max-forwards'],
  ...[
    'supported',
    'require',
    'proxy-require',
    'unsupported',
    'allow',
    'session-expires',
    'min-se',
    'rseq',
    'rack',
  ],
  ...['authorization', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate'],
  ...['authentication-info', 'proxy-authentication-info', 'content-length', 'timestamp'],
]);

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
    const passed = passIdentity(canonical, value, asked, passage);
    if (passed !== null) to.append(name, passed);
  }
}
