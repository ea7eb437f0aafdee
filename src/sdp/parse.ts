import { err, ok, type Result } from '../kernel/result.ts';
import type { MediaDescription, SdpLine, SessionDescription } from './session-description.ts';

/** Why a body is no session description. A closed set, so that it may be a label of a metric. */
export type SdpFault =
  | 'too-long'
  | 'too-many-lines'
  | 'too-many-media'
  | 'no-version'
  | 'malformed-line'
  | 'malformed-media';

/** More than any device sends; a body beyond it is an attack or an error. */
export const sdpLimits = { bytes: 65_536, lines: 2_000, media: 32, formats: 256 } as const;

/** Reads a session description. Never throws; time is linear in the length of the body. */
export function parseSdp(body: Uint8Array): Result<SessionDescription, SdpFault> {
  if (body.length > sdpLimits.bytes) return err('too-long');
  // RFC 8866 §5: CRLF ends a line, "parsers SHOULD be tolerant and also accept records terminated with a
  // single newline character".
  const rows = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1').split('\n');
  if (rows.length > sdpLimits.lines) return err('too-many-lines');
  const lines: SdpLine[] = [];
  for (const row of rows) {
    const text = row.endsWith('\r') ? row.slice(0, -1) : row;
    if (text === '') continue;
    if (!/^[A-Za-z]=[^\0\r]*$/.test(text)) return err('malformed-line');
    lines.push({ type: text.charAt(0), value: text.slice(2) });
  }
  // RFC 8866 §5.1: "the first line of a session description"; other versions do not exist.
  if (lines[0]?.type !== 'v' || lines[0].value.trim() !== '0') return err('no-version');
  return sections(lines);
}

function sections(lines: readonly SdpLine[]): Result<SessionDescription, SdpFault> {
  const starts = lines.flatMap(({ type }, i) => (type === 'm' ? [i] : []));
  if (starts.length > sdpLimits.media) return err('too-many-media');
  const media: MediaDescription[] = [];
  for (const [i, start] of starts.entries()) {
    const description = mediaDescription(
      lines[start]?.value ?? '',
      lines.slice(start + 1, starts[i + 1] ?? lines.length),
    );
    if (description === null) return err('malformed-media');
    media.push(description);
  }
  return ok({ lines: lines.slice(0, starts[0] ?? lines.length), media });
}

/** `audio 49170/2 RTP/AVP 0 8` (RFC 8866 §5.14). */
function mediaDescription(value: string, lines: readonly SdpLine[]): MediaDescription | null {
  const [kind = '', where = '', proto = '', ...formats] = value.trim().split(/[ \t]+/, sdpLimits.formats + 4);
  const match = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(where);
  if (match === null || proto === '' || formats.length > sdpLimits.formats) return null;
  const port = Number(match[1]);
  if (port > 65_535) return null;
  return { kind, port, portCount: match[2] === undefined ? null : Number(match[2]), proto, formats, lines };
}
