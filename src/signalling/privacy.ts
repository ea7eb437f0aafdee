import type { SipHeaders } from '../sip/message.ts';
import { parseNameAddrList, printNameAddr } from '../sip/name-addr.ts';
import { paramValue } from '../sip/params.ts';
import { withHost } from './identity.ts';

/** Between which neighbours a message passes, and whether they are in the trust domain of RFC 3324 §2. */
export interface Passage {
  readonly fromTrusted: boolean;
  readonly toTrusted: boolean;
  /** Host of identities towards the one it goes to. */
  readonly host: string;
  /** Headers by which either of them controls recordings: they concern nobody but us. Lower case. */
  readonly controlHeaders: readonly string[];
}

/** Who a network says that the user is (RFC 3325 §9), or the user wishes to be; and what was there before it. */
const identities: ReadonlySet<string> = new Set([
  'p-asserted-identity',
  'p-preferred-identity',
  'remote-party-id',
]);

/** What a message asks for its identities by Privacy; null: nothing. */
type Asked = 'hide' | 'show' | null;

/**
 * RFC 3325 §7: with "id" an identity stays within the trust domain, with "none" it does not. Read once a message:
 * a hostile one has many identities and a long list.
 */
export function askedPrivacy(headers: SipHeaders): Asked {
  const asked = new Set(headers.all('privacy').flatMap(privacyValues));
  if (asked.has('none')) return 'show';
  return asked.has('id') || asked.has('user') ? 'hide' : null;
}

/**
 * How a header passes to the other side as far as identity and privacy are concerned: its value, or null where
 * it does not pass. `canonical` is its name, `asked` what the message asks for (`askedPrivacy`).
 */
export function passIdentity(
  canonical: string,
  value: string,
  asked: Asked,
  passage: Passage,
): string | null {
  if (canonical === 'privacy') return passage.toTrusted ? value : afterService(value);
  // A signed reference is the body's that its cid names (RFC 3892 §3).
  if (canonical === 'referred-by') return /;\s*cid\s*=/i.test(value) ? value : atHost(value, passage.host);
  if (!identities.has(canonical)) return value;
  // RFC 3325 §5: what somebody outside asserts is nobody's assertion.
  if (!passage.fromTrusted) return null;
  if (!passage.toTrusted && isPrivate(value, asked)) return null;
  return atHost(value, passage.host);
}

/**
 * Whether an identity is to stay within the trust domain. Where nothing is asked for removing it would break what
 * is built on it (RFC 3325 §7). Remote-Party-ID has it in a parameter.
 */
function isPrivate(value: string, asked: Asked): boolean {
  if (asked !== null) return asked === 'hide';
  return (parseNameAddrList([value]) ?? []).some(({ params }) => {
    const privacy = paramValue(params, 'privacy')?.replace(/^"|"$/g, '').toLowerCase();
    return privacy !== undefined && privacy !== 'off';
  });
}

/** RFC 3323 §4.2 and RFC 3325 §9.3 have seven. */
const maxPrivacyValues = 32;

/** RFC 3323 §4.2: values are separated by `;`; some write commas. */
function privacyValues(value: string): string[] {
  return value
    .toLowerCase()
    .split(/[;,]/, maxPrivacyValues)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/**
 * RFC 3323 §5: who has performed a service takes its word out of the list, and the header with its last word,
 * "critical" not counted. Ours is "id" alone; the others are for who comes after us.
 */
function afterService(value: string): string | null {
  const rest = privacyValues(value).filter((word) => word !== 'id');
  return rest.every((word) => word === 'critical') ? null : rest.join(';');
}

function atHost(value: string, host: string): string {
  const list = parseNameAddrList([value]);
  return list === null ? value : list.map((one) => withHost(printNameAddr(one), host)).join(', ');
}
