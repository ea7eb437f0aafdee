import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Ladder, PackedLadder } from './ladder-record.ts';

/** What a ladder may unfold to: many times what a node keeps of a call. */
const largestBytes = 16 * 1024 * 1024;

/** Messages of one call repeat each other: the least effort makes an eighth of them. */
export function packLadder(callId: string, ladder: Ladder): PackedLadder {
  const json = Buffer.from(JSON.stringify(ladder), 'utf8');
  return { callId, packed: deflateRawSync(json, { level: 1 }).toString('base64') };
}

/** Null: what is stored is no ladder. */
export function unpackLadder({ packed }: Pick<PackedLadder, 'packed'>): Ladder | null {
  try {
    const json = inflateRawSync(Buffer.from(packed, 'base64'), { maxOutputLength: largestBytes });
    return JSON.parse(json.toString('utf8')) as Ladder;
  } catch {
    return null;
  }
}
