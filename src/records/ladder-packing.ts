import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Ladder, LadderMessage, PackedLadder } from './ladder-record.ts';

/** What a ladder may unfold to: many times what a node keeps of a call. */
const largestBytes = 16 * 1024 * 1024;

/**
 * Messages of one call repeat each other: the least effort of deflate (RFC 1951) makes an eighth of them. JSON of
 * everything but the texts comes first, then a line feed and the texts, which JSON would only make longer.
 */
export function packLadder(callId: string, ladder: Ladder): PackedLadder {
  const texts = ladder.messages.map(({ text }) => text);
  const messages = ladder.messages.map((message) => ({ ...message, text: message.text.length }));
  const bytes = Buffer.from(`${JSON.stringify({ ...ladder, messages })}\n${texts.join('')}`, 'latin1');
  return { callId, packed: deflateRawSync(bytes, { level: 1 }).toString('base64') };
}

/** Null: what is stored is no ladder. */
export function unpackLadder({ packed }: Pick<PackedLadder, 'packed'>): Ladder | null {
  try {
    const bytes = inflateRawSync(Buffer.from(packed, 'base64'), { maxOutputLength: largestBytes });
    return readLadder(bytes.toString('latin1'));
  } catch {
    return null;
  }
}

type Outline = Omit<Ladder, 'messages'> & {
  readonly messages: readonly (Omit<LadderMessage, 'text'> & { readonly text: number })[];
};

function readLadder(whole: string): Ladder {
  const end = whole.indexOf('\n');
  const outline = JSON.parse(whole.slice(0, end)) as Outline;
  let at = end + 1;
  const messages = outline.messages.map((message) => {
    const text = whole.slice(at, at + message.text);
    at += message.text;
    return { ...message, text };
  });
  return { ...outline, messages };
}
