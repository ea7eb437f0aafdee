import { err, ok, type Result } from '../kernel/result.ts';
import { activeLine, mediaAddress, transportOf } from './active-line.ts';
import { encodingName, payloadFormats } from './payload-formats.ts';
import { type AnswerSecurity, type LocalAddress, type MediaFault, relayAnswer } from './relay-description.ts';
import { attributeName, type SessionDescription, writtenDirection } from './session-description.ts';

/** What says how the formats of an offer are to be sent; the rest is who offers. */
const ofFormats: ReadonlySet<string> = new Set(['rtpmap', 'fmtp', 'ptime', 'maxptime']);

/**
 * An answer of our own to a party's offer: what is in it of the encodings that the other party has described last, with
 * that party's direction, so that the answer promises nothing that it would not have.
 */
export function answerHere(
  offer: SessionDescription,
  theirs: SessionDescription,
  local: LocalAddress,
  security?: AnswerSecurity,
): Result<{ readonly answer: SessionDescription; readonly line: number }, MediaFault> {
  const line = activeLine(offer, security?.from);
  const offered = line === null ? undefined : offer.media[line];
  const known = activeLine(theirs);
  const described = known === null ? undefined : theirs.media[known];
  if (line === null || offered === undefined || described === undefined) return err('no-audio');
  if (transportOf(offered) !== 'rtp' || transportOf(described) !== 'rtp') return err('no-audio');
  if (mediaAddress(offer, offered) === 'unusable') return err('unusable-address');
  const encodings = payloadFormats(described).map(encodingName);
  // As if the other party had given this answer: its session, with the numbers of the offer.
  const lines = [
    ...described.lines.filter((one) => one.type === 'c' || writtenDirection([one]) !== null),
    ...offered.lines.filter((one) => ofFormats.has(attributeName(one) ?? '')),
  ];
  const media = offer.media.map((one, i) => (i === line ? { ...offered, lines } : one));
  const answer = { lines: theirs.lines, media };
  const relayed = relayAnswer(answer, { offer, line }, local, encodings, security);
  return relayed.ok ? ok({ answer: relayed.value, line }) : relayed;
}
