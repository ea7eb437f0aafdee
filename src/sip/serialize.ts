import type { SipMessage } from './message.ts';

/**
 * The message as it goes on the wire (RFC 3261 §7). Content-Length is computed: it takes the place of the
 * first that the headers have, or comes last; every other field stands as it is. The bytes are the caller's.
 * Throws where a line end has got into a header: what the parser gives has none, so that is a bug, and it would
 * let somebody write headers of their own.
 */
export function serializeMessage(message: SipMessage): Buffer {
  let head =
    message.type === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.phrase}\r\n`;
  let counted = false;
  let lines = 2;
  for (const { name, value, canonical } of message.headers.canonicalFields()) {
    if (canonical !== 'content-length') {
      lines += 1;
      head += `${name}: ${value}\r\n`;
    } else if (!counted) {
      head += `${name}: ${message.body.length}\r\n`;
      lines += 1;
      counted = true;
    }
  }
  if (!counted) {
    lines += 1;
    head += `Content-Length: ${message.body.length}\r\n`;
  }
  head += '\r\n';
  const bytes = Buffer.allocUnsafe(head.length + message.body.length);
  bytes.write(head, 0, 'latin1');
  // Counted in the bytes: latin1 makes a line feed of U+010A.
  const written = bytes.subarray(0, head.length);
  if (countOf(written, 0x0a) !== lines || countOf(written, 0x0d) !== lines) {
    throw new Error('a SIP header holds a line end');
  }
  bytes.set(message.body, head.length);
  return bytes;
}

function countOf(bytes: Buffer, byte: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) found += 1;
  return found;
}
