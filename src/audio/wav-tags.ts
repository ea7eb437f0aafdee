import type { AudioShape } from './audio-encoder.ts';
import type { WavCoding } from './audio-format.ts';
import { type AudioTags, commentOf, tagText, titleOf } from './audio-tags.ts';
import { riffChunk } from './riff-chunk.ts';

const producer = 'Onrecord';
/** EBU Tech 3285 §2.3: what comes before the coding history. */
const bextBytes = 602;
const bextVersion = 1;

/** The `bext` chunk of a Broadcast Wave file (EBU Tech 3285), version 1 without a UMID. */
export function bextChunk(tags: AudioTags, shape: AudioShape, coding: WavCoding): Buffer {
  const content = Buffer.concat([
    Buffer.alloc(bextBytes),
    Buffer.from(codingHistory(shape, coding), 'latin1'),
  ]);
  const { startedAt, recordingId } = tags;
  writeAscii(content, 0, 256, `${titleOf(tags)}: ${commentOf(tags)}`);
  writeAscii(content, 256, 32, producer);
  // The reference is to be unique, and an UUID without its hyphens is just as long.
  writeAscii(content, 288, 32, tagText(recordingId).replaceAll('-', ''));
  writeAscii(content, 320, 10, startedAt.slice(0, 10));
  writeAscii(content, 330, 8, startedAt.slice(11, 19));
  content.writeBigUInt64LE(BigInt(samplesSinceMidnight(startedAt, shape.sampleRate)), 338);
  content.writeUInt16LE(bextVersion, 346);
  return riffChunk('bext', content);
}

/** EBU R 98: one line a coding, the last one what this file is. */
function codingHistory({ channels, sampleRate }: AudioShape, coding: WavCoding): string {
  const mode = channels === 1 ? 'mono' : 'stereo';
  const law = coding === 'pcm16' ? '' : coding === 'alaw' ? '; G.711 A-law' : '; G.711 mu-law';
  return `A=PCM,F=${sampleRate},W=${coding === 'pcm16' ? 16 : 8},M=${mode},T=${producer}${law}\r\n`;
}

function samplesSinceMidnight(startedAt: string, sampleRate: number): number {
  const dayMs = 86_400_000;
  return Math.round(((Date.parse(startedAt) % dayMs) * sampleRate) / 1000);
}

/** ASCII, filled up with zeros; where the field is full there is none (EBU Tech 3285 §2.3). */
function writeAscii(target: Buffer, at: number, length: number, text: string): void {
  target.write(text.replace(/[^\x20-\x7e]/gu, '?').slice(0, length), at, 'latin1');
}

/** The `LIST` chunk of type `INFO`: title, date, comment, software. Texts are UTF-8 and end with a zero. */
export function infoChunk(tags: AudioTags): Buffer {
  const field = (name: string, text: string): Buffer => riffChunk(name, Buffer.from(`${text}\0`, 'utf8'));
  return riffChunk(
    'LIST',
    Buffer.concat([
      Buffer.from('INFO', 'latin1'),
      field('INAM', titleOf(tags)),
      field('ICRD', tags.startedAt.slice(0, 10)),
      field('ICMT', commentOf(tags)),
      field('ISFT', producer),
    ]),
  );
}
