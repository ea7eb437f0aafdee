import { mediaType } from '../sip/multipart.ts';
import type { SipRequest } from '../sip/message.ts';
import { contentType } from './sdp-body.ts';

/**
 * The key that an INFO says is pressed; null: it speaks of something else. Two bodies are in use, neither of any RFC
 * (RFC 6086 §1 calls these usages legacy): `application/dtmf-relay` has a line `Signal=5`, `application/dtmf` the key
 * alone. 10 and 11 are star and hash, as in telephone events.
 */
export function keyOfInfo(request: SipRequest): string | null {
  const text = Buffer.from(request.body).toString('latin1');
  switch (mediaType(contentType(request))) {
    case 'application/dtmf-relay':
      return keyOf(/^\s*signal\s*=\s*(\S{1,2})\s*$/im.exec(text)?.[1] ?? '');
    case 'application/dtmf':
      return keyOf(text.trim());
    default:
      return null;
  }
}

function keyOf(signal: string): string | null {
  if (signal === '10') return '*';
  if (signal === '11') return '#';
  return /^[0-9*#A-D]$/i.test(signal) ? signal.toUpperCase() : null;
}
