import {
  type DialogReference,
  parseDialogReference,
  printDialogReference,
  replacesForm,
} from '../sip/dialog-reference.ts';
import type { SipRequest } from '../sip/message.ts';
import { parseNameAddr, printNameAddr } from '../sip/name-addr.ts';
import { parseSipUri, printUri, type SipUri } from '../sip/uri.ts';
import { uriHeader, withUriHeader } from '../sip/uri-headers.ts';
import { bareHost } from '../sip/via.ts';
import type { Leg, LegPeer } from './call-state.ts';
import { withoutHopParams } from './identity.ts';
import type { FindDialog, NamedDialog } from './named-dialog.ts';

/** Between which legs of a call a REFER passes, and whom its Replaces names, if that is a dialog of ours. */
export interface Referring {
  readonly by: Leg;
  readonly to: Leg;
  readonly named: NamedDialog | null;
}

/** The other side of the dialog that the Replaces in a REFER's Refer-To names (RFC 3891 §4); null: none of ours. */
export function referredDialog({ method, headers }: SipRequest, find: FindDialog): NamedDialog | null {
  if (method !== 'REFER') return null;
  const uri = parseSipUri(parseNameAddr(headers.first('refer-to') ?? '')?.uri ?? '');
  const replaces = uri === null ? null : replacesOf(uri);
  return replaces === null ? null : find(replaces);
}

function replacesOf({ headers }: SipUri): DialogReference | null {
  return parseDialogReference(uriHeader(headers, 'replaces') ?? '', replacesForm);
}

/**
 * Refer-To as the one who is referred gets it: whoever it names has to be reached from there. What is neither of
 * the one who refers nor of us stays as it is.
 */
export function passReferTo(value: string, referring: Referring): string {
  const address = parseNameAddr(value);
  const uri = parseSipUri(address?.uri ?? '');
  if (address === null || uri === null) return value;
  const passed =
    referring.named === null ? referred(uri, referring) : replacing(uri, referring, referring.named);
  return printNameAddr({ ...address, uri: printUri(passed) });
}

/**
 * With Replaces of a dialog of ours. Where both parties are of one peer, that peer can join them itself: it gets
 * the dialog's ids and target as it has them. Where they are not, the one who is referred calls us, and names the
 * dialog by our own ids, which are those that it came with.
 */
function replacing(uri: SipUri, { to }: Referring, named: NamedDialog): SipUri {
  if (named.leg.peer.id !== to.peer.id) return throughUs(uri, to.peer, uri.user ?? userOf(named));
  const target = parseSipUri(named.dialog.remoteTarget);
  const written = replacesOf(uri);
  if (target === null || written === null) return uri;
  const headers = withUriHeader(uri.headers, 'replaces', printDialogReference(written, named, replacesForm));
  return { ...target, headers };
}

/**
 * Without: who is at the host that refers is reached through us. Who is at our host is beyond us, one of the other
 * peer's domain, where that has a name.
 */
function referred(uri: SipUri, { by, to }: Referring): SipUri {
  const host = bareHost(uri.host).toLowerCase();
  if (isOurs(host, by.peer)) {
    const named = !isOurs(bareHost(to.peer.host).toLowerCase(), to.peer);
    return named ? { ...uri, host: to.peer.host, port: null } : throughUs(uri, to.peer, uri.user);
  }
  const theirs = [
    by.hop.address,
    by.peer.host,
    bareHost(parseSipUri(by.dialog?.remoteTarget ?? '')?.host ?? ''),
  ];
  return theirs.some((one) => one.toLowerCase() === host) ? throughUs(uri, to.peer, uri.user) : uri;
}

function isOurs(host: string, peer: LegPeer): boolean {
  return bareHost(contactOf(peer)?.host ?? '').toLowerCase() === host;
}

/** The URI at our own address, as this peer knows it. */
function throughUs(uri: SipUri, peer: LegPeer, user: string | null): SipUri {
  const own = contactOf(peer);
  if (own === null) return uri;
  const params = [...withoutHopParams(uri.params), ...own.params];
  return { ...uri, user, host: own.host, port: own.port, params };
}

function contactOf({ contact }: LegPeer): SipUri | null {
  return parseSipUri(parseNameAddr(contact)?.uri ?? '');
}

/** Whom a leg speaks with, where Refer-To had our bare Contact. */
function userOf({ dialog }: NamedDialog): string | null {
  return parseSipUri(parseNameAddr(dialog.remote)?.uri ?? '')?.user ?? null;
}
