import { encodeUser, parseSipUri } from '../../sip/uri.ts';
import type { PeerOptions } from '../options.ts';
import type { RegistrationPlan } from '../peers.ts';
import { registerSeconds } from './register-options.ts';

/** What is registered with a peer; null: nothing. A fault goes on after the word `register`. */
export function registrationPlan(options: PeerOptions): RegistrationPlan | string | null {
  const { register, auth } = options;
  if (register === false) return null;
  const given =
    register === true
      ? { aor: undefined, contactUser: undefined, expiresSeconds: registerSeconds }
      : register;
  const aor = given.aor ?? (auth === undefined ? null : aorOf(auth.username, options));
  if (aor === null) return 'needs to know as whom; give `auth`, or `register: { aor: sip:user@domain }`';
  const uri = parseSipUri(aor);
  if (uri === null || uri.user === null)
    return `: "${aor}" is no address of record; write it as sip:user@domain`;
  const domain = uri.port === null ? uri.host : `${uri.host}:${uri.port}`;
  return {
    ...{ aor: `sip:${uri.user}@${domain}`, domain, expiresSeconds: given.expiresSeconds },
    contactUser: given.contactUser ?? uri.user,
  };
}

/** Some trunks have `user@domain` as user name. */
function aorOf(username: string, { domain, targets }: PeerOptions): string {
  const at = username.lastIndexOf('@');
  if (at > 0) return `sip:${encodeUser(username.slice(0, at))}@${username.slice(at + 1)}`;
  return `sip:${encodeUser(username)}@${domain ?? parseSipUri(targets[0] ?? '')?.host ?? ''}`;
}
