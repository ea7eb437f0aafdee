/**
 * A session description (RFC 8866). Text in which each character is one byte (latin1), so that unknown lines
 * and attributes go out as they came in, in their order.
 */
export interface SessionDescription {
  /** Every line before the first m=, `v=0` first. */
  readonly lines: readonly SdpLine[];
  readonly media: readonly MediaDescription[];
}

export interface SdpLine {
  /** One letter. */
  readonly type: string;
  readonly value: string;
}

/** An m= line (RFC 8866 §5.14) and the lines below it. */
export interface MediaDescription {
  /** `audio`, `video`, ... as written. */
  readonly kind: string;
  readonly port: number;
  /** As in `m=audio 5004/2`; null where it is not written. */
  readonly portCount: number | null;
  readonly proto: string;
  readonly formats: readonly string[];
  readonly lines: readonly SdpLine[];
}

/** Whether a party may send and receive (RFC 8866 §6.7), seen from the party that wrote the description. */
export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** The name of an a= line: `rtpmap` of `a=rtpmap:0 PCMU/8000`; null for other lines. Case matters (RFC 8866 §5.13). */
export function attributeName(line: SdpLine): string | null {
  if (line.type !== 'a') return null;
  const colon = line.value.indexOf(':');
  return colon < 0 ? line.value : line.value.slice(0, colon);
}

/** What stands after the colon; empty for a property attribute. */
export function attributeValue(line: SdpLine): string {
  const colon = line.value.indexOf(':');
  return colon < 0 ? '' : line.value.slice(colon + 1);
}

export function firstAttribute(lines: readonly SdpLine[], name: string): string | null {
  const line = lines.find((candidate) => attributeName(candidate) === name);
  return line === undefined ? null : attributeValue(line);
}

const directions: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** The direction written on one of these lines; the last counts where a description has several. */
export function writtenDirection(lines: readonly SdpLine[]): MediaDirection | null {
  const name = lines.map(attributeName).findLast((candidate) => directions.includes(candidate ?? ''));
  return (name ?? null) as MediaDirection | null;
}

/** Of a media description, which inherits the session's, which is sendrecv where nothing is said (RFC 8866 §6.7). */
export function directionOf(session: SessionDescription, media: MediaDescription): MediaDirection {
  return writtenDirection(media.lines) ?? writtenDirection(session.lines) ?? 'sendrecv';
}

export function sends(direction: MediaDirection): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function receives(direction: MediaDirection): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

export function directionFrom(mayReceive: boolean, maySend: boolean): MediaDirection {
  if (mayReceive) return maySend ? 'sendrecv' : 'recvonly';
  return maySend ? 'sendonly' : 'inactive';
}
