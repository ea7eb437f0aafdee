import { paramValue, printParams } from './params.ts';
import type { Params } from './params.ts';
import { decodeUser } from './uri.ts';
import type { SipUri, Uri } from './uri.ts';

/** RFC 3966 §3: "visual-separator", which §5.1.1 has no one but people read. */
const visualSeparators = /[-.()]/g;

/**
 * The telephone number of a tel: URI, or of a sip: URI with user=phone, whose user is one (RFC 3261 §19.1.6):
 * without visual separators and without parameters. Null: the URI names no number.
 */
export function telephoneNumber(uri: Uri): string | null {
  if (uri.scheme === 'other') return null;
  if (uri.scheme !== 'tel' && paramValue(uri.params, 'user')?.toLowerCase() !== 'phone') return null;
  const [subscriber = ''] = decodeUser(uri).split(';', 1);
  const number = subscriber.replace(visualSeparators, '');
  return /^\+?[0-9A-Fa-f*#]+$/.test(number) ? number : null;
}

/**
 * A tel: URI as a sip: URI at a host (RFC 3261 §19.1.6): number and parameters are its user, without visual
 * separators and in the order that makes equal numbers equal URIs. Null: it is no tel: URI.
 */
export function telephoneAt(uri: Uri, host: string, port: number | null): SipUri | null {
  if (uri.scheme !== 'tel') return null;
  const number = uri.number.replace(visualSeparators, '');
  const user = `${number}${printParams(inOrder(uri.params))}`.replace(/[[\]:#]/g, escape);
  return {
    ...{ scheme: 'sip', user, password: null, host, port, headers: null },
    params: [{ name: 'user', value: 'phone' }],
  };
}

/** What RFC 3966 lets stand in a number or a parameter, and RFC 3261 §25.1 not in a user. */
function escape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** RFC 3966 §3: the subaddress or extension first, then the context, then the others by their names. */
function inOrder(params: Params): Params {
  const rank = (name: string): number => firstParams.indexOf(name.toLowerCase()) >>> 0;
  return params.toSorted((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

const firstParams: readonly string[] = ['isub', 'ext', 'phone-context'];
