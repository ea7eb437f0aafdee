import type { EndReason, Party } from '../records/call-record.ts';
import { activeLine } from '../sdp/active-line.ts';
import { ownOffer } from '../sdp/own-offer.ts';
import { encodingName, isSpeech, payloadFormats } from '../sdp/payload-formats.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { noBody } from '../sip/message.ts';
import { describe, takeAnswer } from './call-offer-answer.ts';
import { offeredSecurity } from './leg-security.ts';
import type { Turn } from './turn.ts';

interface OwnOffer {
  readonly body: Uint8Array;
  readonly offered: SessionDescription;
}

/** An offer of ours to a party that has made none, before there is anybody else. Null: nothing can be offered. */
export function offerAlone(
  turn: Turn,
  party: Party,
  { at, among }: { readonly at: string | null; readonly among: readonly string[] },
): OwnOffer | null {
  const local = turn.call.local?.[party];
  if (local === undefined) return null;
  const offer = ownOffer(among, local, offeredSecurity(turn, party, at));
  if (!offer.ok) return null;
  const { description: offered } = offer.value;
  return { offered, body: describe(turn, party, offered, at) };
}

/**
 * The caller's answer to it. It goes on to the callee as the caller's offer, with the first of its codecs alone, which is
 * what it hears us in; of the callee's answer the caller is told nothing, since its own exchange is complete. Gives why
 * it is of no use; null: it is taken.
 */
export function takeFirstAnswer(
  turn: Turn,
  at: string | null,
  answer: SessionDescription | null,
): EndReason | null {
  const { announcing } = turn.call;
  const line = answer === null ? null : activeLine(answer);
  const media = line === null ? undefined : answer?.media[line];
  if (announcing === null || announcing.offered === null || answer === null) return 'protocol-error';
  if (line === null || media === undefined) return 'no-codec';
  const { among, offered: offer } = announcing;
  const speech = payloadFormats(media).find(
    (format) => isSpeech(format) && among.includes(encodingName(format)),
  );
  if (speech === undefined) return 'no-codec';
  const chosen = [encodingName(speech), `TELEPHONE-EVENT/${speech.clockRate}`];
  const taken = takeAnswer(turn, 'caller', { at, offer, answer, encodings: chosen });
  if (taken === null) return 'no-codec';
  turn.updateExchange({ offer: { by: 'caller', description: answer, line, relayed: null } });
  const version = turn.side('caller', at)?.origin.version ?? 0;
  turn.updateTalk('caller', at, { answer: { body: noBody, version }, asker: 'settled' });
  turn.update({ announcing: { ...announcing, chosen } });
  return null;
}
