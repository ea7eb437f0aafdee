import { err, ok, type Result } from '../kernel/result.ts';
import { parseSdp } from '../sdp/parse.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { SipMessage } from '../sip/message.ts';
import { type BodyPart, mediaType, type Multipart, partHeader, readMultipart } from '../sip/multipart.ts';

/** `not-sdp` is 415, `broken` is 400. */
export type BodyFault = 'not-sdp' | 'broken';

/**
 * Bodies of one type alone that may stand in a request where a description could be: what a gateway carries through SIP
 * for another one (RFC 3204).
 */
const carriedTypes: ReadonlySet<string> = new Set(['application/isup', 'application/qsig']);

/**
 * The session description of a message; null where it has none. Of a multipart body (RFC 5621) the first
 * `application/sdp` part counts. What else a body has is the other party's to read (`carryBody`).
 */
export function sessionBody(message: SipMessage): Result<SessionDescription | null, BodyFault> {
  const { headers, body } = message;
  if (body.length === 0) return ok(null);
  const type = contentType(message);
  const [kind] = mediaType(type).split('/');
  if (mediaType(type) !== 'application/sdp' && kind !== 'multipart') {
    return mayCarry(message) ? ok(null) : err('not-sdp');
  }
  if ((headers.first('content-encoding')?.toLowerCase() ?? 'identity') !== 'identity') return err('not-sdp');
  const multipart = readMultipart(type, body);
  if (multipart === null) return kind === 'multipart' ? err('not-sdp') : describedIn(body);
  const part = sdpPartOf(multipart);
  return part === null ? ok(null) : describedIn(contentOf(multipart, part));
}

/** RFC 3261 §20.15 asks for Content-Type; where it is missing the body itself has to say what it is. */
export function contentType({ headers }: SipMessage): string {
  return headers.first('content-type') ?? 'application/sdp';
}

/** The content of the part that `sessionBody` reads. */
export function sdpPart(type: string, body: Uint8Array): Uint8Array | null {
  const multipart = readMultipart(type, body);
  const part = multipart === null ? null : sdpPartOf(multipart);
  return multipart === null || part === null ? null : contentOf(multipart, part);
}

function contentOf({ text }: Multipart, { content, contentEnd }: BodyPart): Uint8Array {
  return Buffer.from(text.slice(content, contentEnd), 'latin1');
}

export function sdpPartOf(multipart: Multipart): BodyPart | null {
  return (
    multipart.parts.find(
      (part) => mediaType(partHeader(multipart, part, 'content-type') ?? '') === 'application/sdp',
    ) ?? null
  );
}

/** RFC 3261 §8.2.3: a request with a body of an unknown type is refused, unless its handling is optional (§20.11). */
function mayCarry(message: SipMessage): boolean {
  if (message.type === 'response' || carriedTypes.has(mediaType(contentType(message)))) return true;
  const disposition = message.headers.first('content-disposition') ?? '';
  return /;\s*handling\s*=\s*optional\s*(?:;|$)/i.test(disposition);
}

function describedIn(body: Uint8Array): Result<SessionDescription | null, BodyFault> {
  const parsed = parseSdp(body);
  return parsed.ok ? parsed : err('broken');
}
