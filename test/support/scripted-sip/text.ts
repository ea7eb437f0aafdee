/** Reading and writing SIP as text, each character a byte. Enough for a peer that is itself well-behaved. */

export function startLine(message: string): string {
  return message.slice(0, message.indexOf('\r\n'));
}

export function methodOf(request: string): string {
  return request.slice(0, request.indexOf(' '));
}

/** 0: it is a request. */
export function statusOf(message: string): number {
  return message.startsWith('SIP/2.0 ') ? Number(message.slice(8, 11)) : 0;
}

/** The first value of a header; empty where there is none. */
export function header(message: string, name: string): string {
  return headers(message, name)[0] ?? '';
}

function headers(message: string, name: string): string[] {
  const head = message.slice(0, message.indexOf('\r\n\r\n') + 2);
  const found = head.matchAll(new RegExp(`\\r\\n${name}[ \\t]*:[ \\t]*([^\\r]*)`, 'gi'));
  return Array.from(found, ([, value = '']) => value.trim());
}

/** A parameter of a header value, `tag` of From; empty where there is none. */
export function param(value: string, name: string): string {
  return new RegExp(`;[ \\t]*${name}[ \\t]*=[ \\t]*([^;,\\s>]+)`, 'i').exec(value)?.[1] ?? '';
}

/** What stands between `<` and `>`. */
export function uriIn(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? '';
}

export function numberOf(cseq: string): number {
  return Number.parseInt(cseq, 10);
}

export function compose(start: string, fields: readonly string[], body = ''): string {
  const type = body === '' ? [] : ['Content-Type: application/sdp'];
  return [start, ...fields, ...type, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

/** RFC 3261 §8.2.6: a response with what it copies from its request. */
export function respondTo(
  request: string,
  status: string,
  { tag = '', fields = [], body = '' }: { tag?: string; fields?: readonly string[]; body?: string } = {},
): string {
  const to = header(request, 'To');
  return compose(
    `SIP/2.0 ${status}`,
    [
      ...headers(request, 'Via').map((via) => `Via: ${via}`),
      ...headers(request, 'Record-Route').map((route) => `Record-Route: ${route}`),
      `From: ${header(request, 'From')}`,
      `To: ${to}${tag === '' || param(to, 'tag') !== '' ? '' : `;tag=${tag}`}`,
      ...[`Call-ID: ${header(request, 'Call-ID')}`, `CSeq: ${header(request, 'CSeq')}`, ...fields],
    ],
    body,
  );
}
