import { parseNameAddr, printNameAddr } from '../sip/name-addr.ts';
import { type Params, withoutParam } from '../sip/params.ts';
import { isSecure } from '../sip/transport-name.ts';
import { telephoneAt } from '../sip/telephone.ts';
import { parseUri, printUri, type Uri } from '../sip/uri.ts';
import type { Target } from './peers.ts';

/**
 * A From, To or identity value with this host; user, display name and parameters stay, `tel:` stays whole, and so
 * does `anonymous@anonymous.invalid` (RFC 3323 §4.1.1.3), which is nobody's.
 */
export function withHost(value: string, host: string): string {
  const address = parseNameAddr(value);
  const uri = address === null ? null : parseUri(address.uri);
  if (address === null || uri === null || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) return value;
  if (/(?:^|\.)invalid$/i.test(uri.host)) return value;
  return printNameAddr({ ...address, uri: printUri({ ...uri, host, port: null }) });
}

/** Without its tag, which belongs to a dialog. */
export function withoutTag(value: string): string {
  const address = parseNameAddr(value);
  if (address === null) return value;
  return printNameAddr({ ...address, params: withoutParam(address.params, 'tag') });
}

/** Without the parameters that say how to reach a host, not whom (RFC 3261 §19.1.1). */
export function withoutHopParams(params: Params): Params {
  return ['transport', 'maddr', 'ttl', 'lr'].reduce((rest, name) => withoutParam(rest, name), params);
}

/**
 * The Request-URI towards a target: the user that we received at the target's host, a `tel:` number as its user
 * (RFC 3261 §19.1.6), since the target is a SIP host and many answer `tel:` with 416; `urn:` as it is.
 */
export function requestUriAt(received: Uri, target: Target): string {
  const number = telephoneAt(received, target.host, target.port);
  if (number !== null) return printUri(number);
  if (received.scheme !== 'sip' && received.scheme !== 'sips') return printUri(received);
  return printUri({
    ...received,
    // RFC 3261 §16.4: "sips" stays; only an emergency call may come this far without TLS.
    scheme: received.scheme === 'sips' && isSecure(target.hop.transport) ? 'sips' : 'sip',
    host: target.host,
    port: target.port,
    params: withoutHopParams(received.params),
    headers: null,
  });
}
