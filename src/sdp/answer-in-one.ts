import { err, ok, type Result } from '../kernel/result.ts';
import { activeLine, mediaAddress, transportOf } from './active-line.ts';
import { narrowFormats } from './narrow-formats.ts';
import { encodingName, isSpeech, payloadFormats } from './payload-formats.ts';
import {
  type AnswerSecurity,
  type LocalAddress,
  type MediaFault,
  networkAddress,
  relayAnswer,
} from './relay-description.ts';
import { attributeName, type SessionDescription } from './session-description.ts';

interface AnsweredInOne {
  readonly answer: SessionDescription;
  readonly line: number;
  /** The codec of speech that was chosen, and telephone events beside it. */
  readonly encodings: readonly string[];
}

/** Of the offered line these go into the answer; the rest is who offers. */
const kept: ReadonlySet<string> = new Set(['rtpmap', 'fmtp', 'ptime', 'maxptime']);

/**
 * An answer of our own with one codec of speech, the first offered that is among these, so that the offerer may not
 * change it by itself; and telephone events, with the numbers of the offer (RFC 3264 §6.1).
 */
export function answerInOne(
  offer: SessionDescription,
  among: readonly string[],
  local: LocalAddress,
  security: AnswerSecurity,
): Result<AnsweredInOne, MediaFault> {
  const line = activeLine(offer, security.from);
  const offered = line === null ? undefined : offer.media[line];
  if (line === null || offered === undefined || transportOf(offered) !== 'rtp') return err('no-audio');
  // As with any answer: what cannot be sent to is not taken, and who is on hold hears nothing.
  if (typeof mediaAddress(offer, offered) === 'string') return err('unusable-address');
  const formats = payloadFormats(offered);
  const speech = formats.find((format) => isSpeech(format) && among.includes(encodingName(format)));
  if (speech === undefined) return err('no-codec');
  // RFC 4733 §2.1: events share the clock of the speech that they stand among.
  const encodings = [encodingName(speech), `TELEPHONE-EVENT/${speech.clockRate}`];
  const narrowed = narrowFormats(offered, encodings);
  if (narrowed === null) return err('no-codec');
  const lines = narrowed.lines.filter((one) => kept.has(attributeName(one) ?? ''));
  const answer: SessionDescription = {
    lines: [
      { type: 'v', value: '0' },
      { type: 's', value: '-' },
      { type: 'c', value: `IN ${networkAddress(local.address)}` },
      { type: 't', value: '0 0' },
    ],
    media: offer.media.map((one, i) => (i === line ? { ...narrowed, port: local.rtpPort, lines } : one)),
  };
  const relayed = relayAnswer(answer, { offer, line }, local, encodings, security);
  return relayed.ok ? ok({ answer: relayed.value, line, encodings }) : relayed;
}
