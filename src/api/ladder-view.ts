import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import { rfc3339, type WallMs } from '../kernel/clock.ts';
import type { Ladder, LadderLeg, LadderMessage } from '../records/ladder-record.ts';
import type { ladderSchema } from './schemas.ts';

export type LadderView = z.output<typeof ladderSchema>;
export type LadderMessageView = LadderView['messages'][number];

/** `over`: no message is added any more. */
export function ladderView(callId: string, ladder: Ladder, over: boolean): LadderView {
  return {
    callId,
    over,
    legs: ladder.legs.map(({ party, peerId, sipCallId }) => ({
      party,
      peerId,
      sipCallId: readable(sipCallId),
    })),
    skipped: ladder.skipped,
    resumesAt: ladder.skipped > 0 ? ladder.resumesAt : null,
    messages: ladder.messages.map((message) => messageView(message, ladder.legs[message.leg])),
  };
}

function messageView(message: LadderMessage, leg: LadderLeg | undefined): LadderMessageView {
  const { at, offsetMs, direction, transport, local, remote, again, size, cut } = message;
  const text = readable(message.text);
  const [startLine = ''] = text.split('\r\n', 1);
  const blank = text.indexOf('\r\n\r\n');
  return {
    at: rfc3339(at as WallMs),
    offsetMs,
    leg: message.leg,
    party: leg?.party ?? 'callee',
    ...{ direction, transport, local, remote, startLine },
    cseq: /^cseq[ \t]*:[ \t]*(.*)$/im.exec(text.slice(0, blank))?.[1]?.trim() ?? null,
    retransmission: again,
    sizeBytes: size,
    cut,
    headers: text.slice(startLine.length + 2, blank),
    body: text.slice(blank + 4),
  };
}

/** Kept with a character for each byte; nearly all SIP is UTF-8 (RFC 3261 §7), the rest is shown as latin1. */
function readable(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : text;
}
