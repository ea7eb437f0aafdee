import { canonicalName } from '../sip/header-name.ts';
import type { SipHeaders } from '../sip/message.ts';
import { parseNameAddrList, printNameAddr } from '../sip/name-addr.ts';
import { withHost } from './identity.ts';

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

/** Identities whose host is the peer's domain (RFC 3325 §9). */
const identities: ReadonlySet<string> = new Set(['p-asserted-identity', 'p-preferred-identity']);

/**
 * Copies what passes from one leg's message to the other's. `host` replaces the host of asserted identities;
 * `body` says whether the body passes as it is, so that its headers belong to it.
 */
export function passHeaders(
  from: SipHeaders,
  to: SipHeaders,
  host: string,
  body: 'passes' | 'replaced',
): void {
  for (const { name, value } of from) {
    const canonical = canonicalName(name);
    if (ofOneLeg.has(canonical) || (body === 'replaced' && ofBody.has(canonical))) continue;
    to.append(name, identities.has(canonical) ? identitiesAt(value, host) : value);
  }
}

function identitiesAt(value: string, host: string): string {
  const list = parseNameAddrList([value]);
  return list === null ? value : list.map((one) => withHost(printNameAddr(one), host)).join(', ');
}
