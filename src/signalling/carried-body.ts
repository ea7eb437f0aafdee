import { createHash } from 'node:crypto';
import { noBody, type SipMessage } from '../sip/message.ts';
import { addPart, mediaType, readMultipart, replacePart } from '../sip/multipart.ts';
import { contentType, sdpPartOf } from './sdp-body.ts';

/** The body of a message that passes another one on. */
export interface CarriedBody {
  readonly body: Uint8Array;
  /** Whether the headers that describe the other message's body describe this one too. */
  readonly bodyPasses: boolean;
  /** Content-Type where they do not. */
  readonly bodyType: string;
}

/**
 * What a message carries on in its body: our description in place of the other leg's, or none, and all else as it came:
 * ISUP (RFC 3204), a location (RFC 6442). RFC 5621 §3.1: that is for multipart/mixed; the parts of any other multipart
 * belong together, so there our description stands alone.
 */
export function carryBody(source: SipMessage | null, sdp: Uint8Array): CarriedBody {
  const ours: CarriedBody = { body: sdp, bodyPasses: false, bodyType: 'application/sdp' };
  if (source === null || source.body.length === 0) return ours;
  const type = contentType(source);
  if (mediaType(type) === 'application/sdp') return ours;
  const multipart = readMultipart(type, source.body);
  if (multipart === null) return mediaType(type).startsWith('multipart/') ? ours : besides(source, sdp);
  if (mediaType(type) !== 'multipart/mixed') return ours;
  const part = sdpPartOf(multipart);
  if (part === null) {
    const body = sdp.length === 0 ? source.body : addPart(multipart, 'application/sdp', sdp);
    return { ...ours, body, bodyPasses: true };
  }
  if (sdp.length === 0 && multipart.parts.length === 1) return { ...ours, body: noBody };
  return { ...ours, body: replacePart(multipart, part, sdp.length === 0 ? null : sdp), bodyPasses: true };
}

/** A body of one other type passes; with a description beside it, both are parts of a multipart body of ours. */
function besides(source: SipMessage, sdp: Uint8Array): CarriedBody {
  if (sdp.length === 0) return { body: source.body, bodyPasses: true, bodyType: '' };
  const boundary = boundaryOf([sdp, source.body]);
  const head = source.headers
    .canonicalFields()
    .filter(({ canonical }) => canonical.startsWith('content-') && canonical !== 'content-length')
    .map(({ name, value }) => `${longNames[name.toLowerCase()] ?? name}: ${value}\r\n`)
    .join('');
  const body = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Type: application/sdp\r\n\r\n`, 'latin1'),
    sdp,
    Buffer.from(`\r\n--${boundary}\r\n${head}\r\n`, 'latin1'),
    source.body,
    Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'),
  ]);
  return { body, bodyPasses: false, bodyType: `multipart/mixed;boundary=${boundary}` };
}

/** Compact forms are of SIP, not of MIME. */
const longNames: Readonly<Record<string, string>> = { c: 'Content-Type', e: 'Content-Encoding' };

/** RFC 2046 §5.1: it "must not appear inside any of the encapsulated parts", and nobody can write their own digest. */
function boundaryOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 32);
}
