import { redactUris, removed } from './redact-uris.ts';

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

/** What nearly every message has and what holds no URI; a URI in one of them is of no use to anybody. */
const plain: ReadonlySet<string> = new Set([
  ...['via', 'call-id', 'cseq', 'max-forwards', 'content-type', 'content-length', 'allow', 'supported'],
  ...['require', 'user-agent', 'server', 'expires', 'session-expires', 'min-se', 'allow-events', 'accept'],
  ...['privacy', 'date', 'rseq', 'rack', 'event'],
]);
/** What nearly every message has besides, and is not looked at as a name each time. */
const addresses: ReadonlySet<string> = new Set([
  ...['from', 'to', 'contact', 'route', 'record-route', 'p-asserted-identity', 'reason'],
]);

/** The field as it may be kept; `field` is whole, name, folded lines and all. */
export function redactHeader(canonical: string, field: string): string {
  if (plain.has(canonical)) return field;
  if (addresses.has(canonical)) return redactUris(field);
  const colon = field.indexOf(':');
  if (authentication.has(canonical)) {
    return `${field.slice(0, colon + 1)} ${redactAuthentication(field.slice(colon + 1))}`;
  }
  return secretName.test(canonical) ? `${field.slice(0, colon + 1)} ${removed}` : redactUris(field);
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
