import { crc32 } from 'node:zlib';

/**
 * One line of a segment: the CRC-32 of the rest in eight hexadecimal digits, a letter, fields parted by
 * spaces, a line feed. JSON escapes line feeds, so a line never holds one of its own.
 *
 *     5f3a9c01 H 1 18 17                      header: format, next sequence number, acknowledged
 *     0c77e1d2 E 18 1764000000000 {"kind":…}  event: sequence number, Unix milliseconds, JSON
 *     91b0aa37 A 18                           everything up to 18 is acknowledged
 */
export type JournalLine =
  | { readonly type: 'header'; readonly format: number; readonly next: number; readonly acked: number }
  | { readonly type: 'event'; readonly seq: number; readonly at: number; readonly json: string }
  | { readonly type: 'acked'; readonly seq: number };

/** Raised when older code must not read the directory. */
export const journalFormat = 1;

const lineFeed = 0x0a;
const space = 0x20;
const bodyOffset = 9;

function sealed(body: string): string {
  return `${crc32(body).toString(16).padStart(8, '0')} ${body}\n`;
}

export function headerLine(next: number, acked: number): string {
  return sealed(`H ${journalFormat} ${next} ${acked}`);
}

export function eventLine(seq: number, at: number, json: string): string {
  return sealed(`E ${seq} ${at} ${json}`);
}

export function ackedLine(seq: number): string {
  return sealed(`A ${seq}`);
}

/** Decodes the line in `bytes` without its line feed; null when it is not what was written. */
function decodeLine(bytes: Buffer): JournalLine | null {
  if (bytes.length <= bodyOffset || bytes[bodyOffset - 1] !== space) return null;
  const body = bytes.subarray(bodyOffset);
  if (bytes.toString('latin1', 0, bodyOffset - 1) !== crc32(body).toString(16).padStart(8, '0')) return null;
  return decodeBody(body.toString('utf8'));
}

function decodeBody(body: string): JournalLine | null {
  const header = /^H (\d+) (\d+) (\d+)$/.exec(body);
  if (header !== null) {
    return { type: 'header', format: Number(header[1]), next: Number(header[2]), acked: Number(header[3]) };
  }
  const acked = /^A (\d+)$/.exec(body);
  if (acked !== null) return { type: 'acked', seq: Number(acked[1]) };
  const event = /^E (\d+) (\d+) /.exec(body);
  if (event === null) return null;
  return { type: 'event', seq: Number(event[1]), at: Number(event[2]), json: body.slice(event[0].length) };
}

/** What was found wrong in one segment. A torn tail is what a kill in mid-write leaves. */
export interface LineFaults {
  readonly corrupt: number;
  readonly torn: boolean;
}

/** Visits every whole line in order; *lends* the bytes, line feed included, until `visit` returns. */
export function scanLines(
  content: Buffer,
  visit: (line: JournalLine, bytes: Buffer) => 'stop' | undefined,
): LineFaults {
  let corrupt = 0;
  let start = 0;
  while (start < content.length) {
    const end = content.indexOf(lineFeed, start);
    if (end === -1) return { corrupt, torn: true };
    const line = decodeLine(content.subarray(start, end));
    if (line === null) corrupt++;
    else if (visit(line, content.subarray(start, end + 1)) === 'stop') break;
    start = end + 1;
  }
  return { corrupt, torn: false };
}
