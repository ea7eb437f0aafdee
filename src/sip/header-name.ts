/** The compact forms of RFC 3261 §7.3.3 and later RFCs, to their long names. */
const compactForms: readonly (readonly [string, string])[] = [
  ['a', 'accept-contact'],
  ['b', 'referred-by'],
  ['c', 'content-type'],
  ['d', 'request-disposition'],
  ['e', 'content-encoding'],
  ['f', 'from'],
  ['i', 'call-id'],
  ['j', 'reject-contact'],
  ['k', 'supported'],
  ['l', 'content-length'],
  ['m', 'contact'],
  ['n', 'identity-info'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['t', 'to'],
  ['u', 'allow-events'],
  ['v', 'via'],
  ['x', 'session-expires'],
  ['y', 'identity'],
];

/** Names as nearly everybody writes them, so that the usual message is looked up and not lower-cased. */
const usualNames: readonly string[] = [
  'Accept',
  'Allow',
  'Allow-Events',
  'Authorization',
  'CSeq',
  'Call-ID',
  'Contact',
  'Content-Disposition',
  'Content-Length',
  'Content-Type',
  'Date',
  'Diversion',
  'Expires',
  'From',
  'Max-Forwards',
  'Min-SE',
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'RAck',
  'RSeq',
  'Reason',
  'Record-Route',
  'Refer-To',
  'Referred-By',
  'Remote-Party-ID',
  'Require',
  'Retry-After',
  'Route',
  'Server',
  'Session-Expires',
  'Subject',
  'Supported',
  'To',
  'User-Agent',
  'Via',
  'WWW-Authenticate',
  'Warning',
];

const known: ReadonlyMap<string, string> = new Map([
  ...compactForms,
  ...compactForms.map(([short, long]) => [short.toUpperCase(), long] as const),
  ...usualNames.flatMap((name) => [
    [name, name.toLowerCase()] as const,
    [name.toLowerCase(), name.toLowerCase()] as const,
  ]),
]);

/** The name headers are compared by: lower case, compact forms spelled out. */
export function canonicalName(name: string): string {
  return known.get(name) ?? name.toLowerCase();
}
