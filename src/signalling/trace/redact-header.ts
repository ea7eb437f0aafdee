/** What stands where something was taken away. */
export const removed = '[removed]';

/** RFC 3261 §20.6, §20.7, §20.27, §20.28, §20.44 and RFC 7616 §3.5: challenges and their answers. */
const authentication: ReadonlySet<string> = new Set([
  ...['authorization', 'proxy-authorization', 'authentication-info', 'proxy-authentication-info'],
  ...['www-authenticate', 'proxy-authenticate'],
]);

/** Of those, what an operator needs to see why authentication fails and nobody can use to pass it. */
const shownParameters: ReadonlySet<string> = new Set([
  'realm',
  'algorithm',
  'qop',
  'nc',
  'stale',
  'userhash',
]);

/** Headers of vendors whose name says that they carry what nobody else should have, or digits. */
const secretName = /auth|token|secret|passw|credential|api-?key|cookie|dtmf|digits|(?:^|-)pin(?:-|$)/;

/** What nearly every message has, so that it is not looked at twice. */
const ordinary: ReadonlySet<string> = new Set([
  ...['via', 'from', 'to', 'call-id', 'cseq', 'contact', 'max-forwards', 'content-type', 'content-length'],
  ...['allow', 'supported', 'require', 'user-agent', 'server', 'route', 'record-route', 'reason', 'expires'],
  ...['session-expires', 'min-se', 'p-asserted-identity', 'allow-events', 'accept', 'privacy', 'date'],
]);

/** The field as it may be kept; `field` is whole, name, folded lines and all. */
export function redactHeader(canonical: string, field: string): string {
  if (ordinary.has(canonical)) return field;
  const colon = field.indexOf(':');
  if (authentication.has(canonical)) {
    return `${field.slice(0, colon + 1)} ${redactAuthentication(field.slice(colon + 1))}`;
  }
  return secretName.test(canonical) ? `${field.slice(0, colon + 1)} ${removed}` : field;
}

/** RFC 7616 §3.3, §3.4. Quoted strings are taken whole: one may hold what looks like a parameter. */
const parameter = /[\s,]*([-\w]+)\s*=\s*("(?:[^"\\]|\\[^])*"|[^,\s"]*)/y;

function redactAuthentication(value: string): string {
  const scheme = /^\s*(digest|basic|bearer)(?=\s)/i.exec(value);
  const kind = scheme?.[1] ?? '';
  // RFC 7616 alone says what its parameters mean; what follows another scheme is the secret itself.
  const shown = /^(?:digest)?$/i.test(kind) ? shownOf(value, scheme?.[0].length ?? 0) : [];
  return `${kind === '' ? '' : `${kind} `}${[...shown, removed].join(', ')}`;
}

function shownOf(value: string, from: number): string[] {
  const shown: string[] = [];
  parameter.lastIndex = from;
  for (let found = parameter.exec(value); found !== null; found = parameter.exec(value)) {
    const [, name = '', text = ''] = found;
    if (shownParameters.has(name.toLowerCase())) shown.push(`${name}=${text.replace(/[\r\n]/g, '')}`);
  }
  return shown;
}

/** RFC 3261 §19.1.1: headers that a URI asks for, such as `?Authorization=...`, and keys of web addresses. */
const uriCredentials = /([?&][-\w%]{0,30}(?:auth|token|passw|secret|key)[-\w%]{0,30}=)[^&>\s]*/gi;
/** Digits dialled once the call is up: RFC 4967 dial strings, and `postd` of RFC 2806 §2.2. */
const dialString = /((?:sips?|tel):\+?[-\d*#.()]+)[,pw](?=[,pwa-d*#.-]*\d)[\da-d*#,pw.-]+(?=[@;>\s?]|$)/gi;
const postDial = /(;postd=)[^;@>\s]*/gi;

/** URIs without passwords and without digits that are dialled once a call is up. */
export function redactUris(text: string): string {
  return withoutPasswords(text)
    .replace(uriCredentials, `$1${removed}`)
    .replace(dialString, `$1,${removed}`)
    .replace(postDial, `$1${removed}`);
}

/** §19.1.1: `sip:user:password@host`. By hand: a pattern would look at a hostile text again and again. */
function withoutPasswords(text: string): string {
  const parts = text.split('@');
  for (let i = 0; i < parts.length - 1; i++) {
    const part = parts[i] ?? '';
    const found = /sips?:[^:]*:/i.exec(part.slice(startOfWord(part)));
    if (found === null) continue;
    const keep = startOfWord(part) + found.index + found[0].length;
    parts[i] = part.slice(0, keep) + removed;
  }
  return parts.join('@');
}

/** Where the last run without white space, quotes and angle brackets begins. */
function startOfWord(text: string): number {
  let at = text.length;
  while (at > 0 && !' \t\r\n<>"'.includes(text.charAt(at - 1))) at -= 1;
  return at;
}
