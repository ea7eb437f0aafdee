import type { SipHeaders, SipResponse } from '../../sip/message.ts';
import { parseNameAddr, parseNameAddrList, printNameAddr } from '../../sip/name-addr.ts';
import { paramValue } from '../../sip/params.ts';
import { parseDecimal } from '../../sip/text.ts';
import { parseUri, sameUri } from '../../sip/uri.ts';
import { maxExpiresSeconds } from './registration-machine.ts';

/**
 * For how long a 200 to REGISTER binds our Contact (RFC 3261 §10.2.4): its `expires` where the response lists it,
 * else Expires, else what was asked.
 */
export function grantedSeconds({ headers }: SipResponse, contact: string, asked: number): number {
  const ours = parseUri(parseNameAddr(contact)?.uri ?? '');
  const listed = (parseNameAddrList(headers.all('contact')) ?? []).find(({ uri }) => {
    const bound = parseUri(uri);
    return ours !== null && bound !== null && sameUri(ours, bound);
  });
  const own = listed === undefined ? null : seconds(paramValue(listed.params, 'expires') ?? null);
  return Math.min(maxExpiresSeconds, own ?? seconds(headers.first('expires')) ?? asked);
}

/** RFC 3261 §20.23; null: a 423 without it, or a broken one. */
export function leastSeconds(headers: SipHeaders): number | null {
  return seconds(headers.first('min-expires'));
}

/** RFC 3608 §5: what Route carries in requests by way of this registrar. */
export function serviceRoutes({ headers }: SipResponse): readonly string[] {
  return (parseNameAddrList(headers.all('service-route')) ?? []).slice(0, maxRoutes).map(printNameAddr);
}

const maxRoutes = 8;

/** RFC 3261 §20.19: 2**32-1 at most. */
function seconds(text: string | null): number | null {
  return text === null ? null : parseDecimal(text.trim(), 0xffff_ffff);
}
