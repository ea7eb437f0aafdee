import { err, ok, type Result } from '../kernel/result.ts';
import { parseSdp } from '../sdp/parse.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { SipMessage } from '../sip/message.ts';

/** `not-sdp` is 415, `broken` is 400. */
export type BodyFault = 'not-sdp' | 'broken';

/**
 * The session description of a message; null where it has no body. Of a multipart body (RFC 5621) the first
 * `application/sdp` part counts, the others end here.
 */
export function sessionBody({ headers, body }: SipMessage): Result<SessionDescription | null, BodyFault> {
  if (body.length === 0) return ok(null);
  const encoding = headers.first('content-encoding')?.toLowerCase() ?? 'identity';
  if (encoding !== 'identity') return err('not-sdp');
  // RFC 3261 §20.15 asks for Content-Type; where it is missing the body itself has to say what it is.
  const type = headers.first('content-type') ?? 'application/sdp';
  const text = mediaType(type) === 'application/sdp' ? body : sdpPart(type, body);
  if (text === null) return err('not-sdp');
  const parsed = parseSdp(text);
  return parsed.ok ? parsed : err('broken');
}

export function mediaType(value: string): string {
  return (value.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** RFC 2046 §5.1.1: parts stand between lines of `--boundary`. */
export function sdpPart(type: string, body: Uint8Array): Uint8Array | null {
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type);
  const delimiter = boundary?.[1] ?? boundary?.[2];
  if (!mediaType(type).startsWith('multipart/') || delimiter === undefined) return null;
  const text = `\r\n${Buffer.from(body).toString('latin1')}`;
  for (const part of text.split(`\r\n--${delimiter}`).slice(1)) {
    const blank = part.indexOf('\r\n\r\n');
    if (blank < 0) continue;
    if (/^content-type\s*:\s*application\/sdp\s*(?:;|$)/im.test(part.slice(0, blank))) {
      return Buffer.from(part.slice(blank + 4), 'latin1');
    }
  }
  return null;
}
