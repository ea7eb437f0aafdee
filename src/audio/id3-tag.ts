import { type AudioTags, commentOf, tagText, titleOf } from './audio-tags.ts';

const version = 4;
const utf8 = 3;

/** An ID3v2.4 tag for the front of an MP3: title, time, comment, and the ids for machines. */
export function id3Tag(tags: AudioTags): Buffer {
  const frames = Buffer.concat([
    frame('TIT2', titleOf(tags)),
    // ID3v2.4 §4: times as a subset of ISO 8601, UTC.
    frame('TDRC', tags.startedAt.slice(0, 19)),
    // The language, three letters, and an empty description come before the comment (§4.10).
    frame('COMM', `eng\0${commentOf(tags)}`),
    frame('TSSE', 'Onrecord'),
    frame('TXXX', `recording id\0${tagText(tags.recordingId)}`),
    frame('TXXX', `call id\0${tagText(tags.callId)}`),
  ]);
  const head = Buffer.from([0x49, 0x44, 0x33, version, 0, 0, 0, 0, 0, 0]);
  writeSafe(head, 6, frames.length);
  return Buffer.concat([head, frames]);
}

function frame(id: string, text: string): Buffer {
  const content = Buffer.from(text, 'utf8');
  const head = Buffer.alloc(11);
  head.write(id, 0, 'latin1');
  writeSafe(head, 4, 1 + content.length);
  head[10] = utf8;
  return Buffer.concat([head, content]);
}

/** §6.2: four bytes of seven bits, so that no length looks like the beginning of an MPEG frame. */
function writeSafe(target: Buffer, at: number, value: number): void {
  for (let i = 0; i < 4; i++) target[at + i] = (value >> (7 * (3 - i))) & 0x7f;
}
