import type { SipMessage } from './message.ts';

/**
 * The message as it goes on the wire (RFC 3261 §7). Content-Length is computed: it takes the place of the
 * first that the headers have, or comes last; every other field stands as it is. The bytes are the caller's.
 */
export function serializeMessage(message: SipMessage): Buffer {
  let head =
    message.type === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.phrase}\r\n`;
  let counted = false;
  for (const { name, value, canonical } of message.headers.canonicalFields()) {
    if (canonical !== 'content-length') {
      head += `${name}: ${value}\r\n`;
    } else if (!counted) {
      head += `${name}: ${message.body.length}\r\n`;
      counted = true;
    }
  }
  head += counted ? '\r\n' : `Content-Length: ${message.body.length}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(head.length + message.body.length);
  bytes.write(head, 0, 'latin1');
  bytes.set(message.body, head.length);
  return bytes;
}
