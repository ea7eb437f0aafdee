import { err, ok, type Result } from '../kernel/result.ts';
import { activeLine, mediaAddress, transportOf } from '../sdp/active-line.ts';
import { chosenCrypto, type SrtpPolicy } from '../sdp/media-security.ts';
import { encodingName, payloadFormats } from '../sdp/payload-formats.ts';
import { canonicalName } from '../sip/header-name.ts';
import type { SipHeaders, SipRequest } from '../sip/message.ts';
import { parseNameAddr } from '../sip/name-addr.ts';
import { telephoneNumber } from '../sip/telephone.ts';
import { decodeUser, parseUri, type Uri } from '../sip/uri.ts';
import { type DescriptionFault, faultForms } from './call-offer-answer.ts';
import type { Offer } from './call-state.ts';
import type { IsEmergency } from './emergency-numbers.ts';
import { unsupportedExtensions } from './extensions.ts';
import { countDown, type Refusal, tooManyHops } from './refusal.ts';
import { sessionBody } from './sdp-body.ts';

/** An INVITE outside of a dialog that may become a call. */
export interface IncomingInvite {
  readonly requestUri: Uri;
  readonly emergency: boolean;
  /** What goes on. */
  readonly maxForwards: number;
  /** Numbers or users of From and Request-URI, decoded; of a URN its text. */
  readonly from: string;
  readonly to: string;
  readonly offer: Offer | null;
  /** `PCMA/8000`; null: no offer, or none of speech. */
  readonly offered: readonly string[] | null;
}

/**
 * Looks at an INVITE in the order of RFC 3261 §8.2 and §16.3. `secure`: it came over TLS. `srtp`: what is asked of its
 * sender's media.
 *
 * Deviation: whoever calls for help is served by sips: too, and is not refused for what Require names (§8.2.2.3): a
 * call that lacks an extension, TLS on its last hop or SRTP is better than none.
 */
export function readInvite(
  request: SipRequest,
  isEmergency: IsEmergency,
  { secure = false, srtp = 'off' }: { readonly secure?: boolean; readonly srtp?: SrtpPolicy } = {},
): Result<IncomingInvite, Refusal> {
  const requestUri = parseUri(request.uri);
  const from = parseNameAddr(request.headers.first('from') ?? '');
  if (requestUri === null || from === null) return err({ status: 400, phrase: 'Bad Request' });
  const emergency = isEmergency(requestUri);
  if (!emergency && !isServed(requestUri, secure)) return err(unsupportedScheme);
  const maxForwards = countDown(request);
  if (maxForwards === 'none') return err(tooManyHops);
  if (maxForwards === null) return err({ status: 400, phrase: 'Bad Max-Forwards' });
  const extensions = emergency ? null : unsupportedExtensions(request);
  if (extensions !== null) return err(extensions);
  const offer = readOffer(request, emergency ? 'prefer' : srtp);
  if (!offer.ok) return err(faultForms[offer.error].refusal);
  const fromUri = parseUri(from.uri);
  return ok({
    requestUri,
    emergency,
    maxForwards,
    offer: offer.value,
    from: fromUri === null ? '' : userOf(fromUri),
    to: userOf(requestUri),
    offered: offer.value === null ? null : encodingsOf(offer.value),
  });
}

const unsupportedScheme: Refusal = { status: 416, phrase: 'Unsupported URI Scheme' };

/** RFC 3261 §8.2.2.1: a scheme that is not served is 416. Null: it is served. */
export function unservedScheme(request: SipRequest, secure: boolean): Refusal | null {
  const requestUri = parseUri(request.uri);
  return requestUri === null || isServed(requestUri, secure) ? null : unsupportedScheme;
}

/** `sips:` asks for TLS on each hop (RFC 3261 §19.1), so it is a scheme of listeners with TLS alone. */
function isServed(uri: Uri, secure: boolean): boolean {
  if (uri.scheme === 'sips') return secure;
  return uri.scheme !== 'other' || uri.name === 'urn';
}

function userOf(uri: Uri): string {
  if (uri.scheme === 'other') return `${uri.name}:${uri.rest}`;
  return telephoneNumber(uri) ?? decodeUser(uri);
}

function readOffer(request: SipRequest, srtp: SrtpPolicy): Result<Offer | null, DescriptionFault> {
  const described = sessionBody(request);
  if (!described.ok) return described;
  const description = described.value;
  if (description === null) return ok(null);
  const line = activeLine(description, srtp);
  const media = line === null ? undefined : description.media[line];
  if (line === null || media === undefined) return err('no-audio');
  if (mediaAddress(description, media) === 'unusable') return err('unusable-address');
  if (!chosenCrypto(media, srtp).ok) return err('no-security');
  return ok({ by: 'caller', description, line, relayed: null });
}

/** Null where the offer is no speech: T.38. */
function encodingsOf({ description, line }: Offer): readonly string[] | null {
  const media = description.media[line];
  if (media === undefined || transportOf(media) !== 'rtp') return null;
  return [...new Set(payloadFormats(media).map(encodingName))];
}

/** Header fields by lower-case long name, for rules. */
export function headerMap(headers: SipHeaders): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, string[]>();
  for (const { name, value } of headers) {
    const canonical = canonicalName(name);
    const values = map.get(canonical);
    if (values === undefined) map.set(canonical, [value]);
    else values.push(value);
  }
  return map;
}
