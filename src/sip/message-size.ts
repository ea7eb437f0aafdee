import type { SipRequest } from './message.ts';

/** About how many bytes a request is on the wire: Content-Length, which `serializeMessage` computes, is guessed. */
export function sizeOfRequest({ method, uri, headers, body }: SipRequest): number {
  let size = method.length + uri.length + ' SIP/2.0\r\n'.length + 'Content-Length: 0000\r\n\r\n'.length;
  for (const { name, value } of headers) size += name.length + value.length + ': \r\n'.length;
  return size + body.length;
}
