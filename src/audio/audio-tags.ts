/** What a file says of itself. Texts of parties are theirs: every writer of tags cleans them with `tagText`. */
export interface AudioTags {
  readonly recordingId: string;
  readonly callId: string;
  /** RFC 3339, UTC: the first sample. */
  readonly startedAt: string;
  /** As they may be shown; null: not at all. */
  readonly parties: { readonly caller: string; readonly callee: string } | null;
}

/** Longer than any number or name that means something. */
const longestText = 128;

/**
 * A stranger's text in one line: without control characters, line ends, and what turns the direction of
 * writing or cannot be seen. Cut by characters, so that none is broken.
 */
export function tagText(text: string): string {
  const line = text
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return Array.from(line).slice(0, longestText).join('');
}

export function titleOf({ startedAt }: AudioTags): string {
  return `Call of ${startedAt.slice(0, 19).replace('T', ' ')} UTC`;
}

/** One line for a reader who has only this field. */
export function commentOf({ recordingId, callId, parties }: AudioTags): string {
  const ids = `recording ${tagText(recordingId)}, call ${tagText(callId)}`;
  return parties === null ? ids : `${ids}, from ${tagText(parties.caller)} to ${tagText(parties.callee)}`;
}
