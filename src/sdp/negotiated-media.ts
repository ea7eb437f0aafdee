import { type MediaAddress, mediaAddress, type MediaTransport, transportOf } from './active-line.ts';
import { encodingName, type PayloadFormat, payloadFormats } from './payload-formats.ts';
import { offersMux } from './relay-description.ts';
import {
  directionOf,
  firstAttribute,
  type MediaDescription,
  receives,
  type SessionDescription,
  sends,
} from './session-description.ts';

/** A party's media as an offer and its answer left it; the shape that media is told. */
export interface PartyMedia {
  readonly transport: MediaTransport;
  /** Null: rejected, or on hold by the null address. */
  readonly remote: MediaAddress | null;
  /** RTCP goes with RTP on one port (RFC 5761): this party says so, and we to it. */
  readonly rtcpMux: boolean;
  readonly receives: boolean;
  readonly sends: boolean;
  /** It says that it stops sending while its user is silent (`a=silenceSupp:on`, RFC 3108). */
  readonly suppressesSilence: boolean;
  readonly formats: readonly PayloadFormat[];
  readonly ptimeMs: number;
}

/** Both parties' descriptions as they wrote them, after the answer. */
export interface Agreement {
  readonly offer: SessionDescription;
  readonly answer: SessionDescription;
  /** Index of the line in use. */
  readonly line: number;
  /** What the offer was narrowed to; null: nothing. */
  readonly encodings: readonly string[] | null;
}

/** RFC 3551 §4.5: "the default packetization interval [is] 20 ms" for the audio encodings of telephony. */
const defaultPtimeMs = 20;

/** What one of the two agreed to. */
export function negotiatedMedia(agreement: Agreement, side: 'offerer' | 'answerer'): PartyMedia {
  const { offer, answer, line } = agreement;
  const [own, other] = side === 'offerer' ? [offer, answer] : [answer, offer];
  const ownMedia = own.media[line];
  const otherMedia = other.media[line];
  const transport = (ownMedia === undefined ? null : transportOf(ownMedia)) ?? 'rtp';
  if (ownMedia === undefined || otherMedia === undefined || ownMedia.port === 0 || otherMedia.port === 0) {
    const nothing = { remote: null, rtcpMux: false, receives: false, sends: false, suppressesSilence: false };
    return { transport, ...nothing, formats: [], ptimeMs: defaultPtimeMs };
  }
  const address = mediaAddress(own, ownMedia);
  const remote = typeof address === 'string' ? null : address;
  const ownDirection = directionOf(own, ownMedia);
  const otherDirection = directionOf(other, otherMedia);
  const otherHeld = mediaAddress(other, otherMedia) === 'held';
  return {
    transport,
    remote,
    rtcpMux: isMuxed(agreement, side),
    receives: remote !== null && receives(ownDirection) && sends(otherDirection),
    sends: sends(ownDirection) && receives(otherDirection) && !otherHeld,
    suppressesSilence: /^\s*on(?:\s|$)/.test(firstAttribute(ownMedia.lines, 'silenceSupp') ?? ''),
    formats: transport === 'rtp' ? agreedFormats(agreement, ownMedia, otherMedia) : [],
    ptimeMs: ptime(ownMedia),
  };
}

/**
 * RFC 5761 §5.1.1: muxed is what was offered so and answered so. Our answer to an offerer always agrees, our offer
 * to an answerer says what the offerer's said.
 */
function isMuxed({ offer, answer, line }: Agreement, side: 'offerer' | 'answerer'): boolean {
  return offersMux(offer.media[line]) && (side === 'offerer' || offersMux(answer.media[line]));
}

/**
 * In the answer's order (RFC 3264 §6.1: its preference), first by the numbers of the party itself, which are
 * what it is sent. Where the other numbers an encoding differently, that number comes from this party, and
 * stands last.
 */
function agreedFormats(
  { answer, line, encodings }: Agreement,
  own: MediaDescription,
  other: MediaDescription,
): PayloadFormat[] {
  const named = (formats: PayloadFormat[], name: string): PayloadFormat[] =>
    formats.filter((format) => encodingName(format) === name);
  const ownFormats = payloadFormats(own);
  const otherFormats = payloadFormats(other);
  const order = answer.media[line] === own ? ownFormats : otherFormats;
  const names = [...new Set(order.map(encodingName))].filter(
    (name) =>
      (encodings?.includes(name) ?? true) &&
      named(ownFormats, name).length > 0 &&
      named(otherFormats, name).length > 0,
  );
  const sent = names.flatMap((name) => named(ownFormats, name));
  const numbers = new Set(sent.map(({ payloadType }) => payloadType));
  const foreign = names
    .flatMap((name) => named(otherFormats, name))
    .filter(({ payloadType }) => !numbers.has(payloadType));
  return [...sent, ...foreign];
}

/** What it asked for, and never more than it says that it takes (RFC 8866 §6.4, §6.5). */
function ptime(media: MediaDescription): number {
  return Math.min(
    milliseconds(media, 'ptime') ?? defaultPtimeMs,
    milliseconds(media, 'maxptime') ?? Infinity,
  );
}

function milliseconds(media: MediaDescription, attribute: 'ptime' | 'maxptime'): number | null {
  const written = Number(firstAttribute(media.lines, attribute) ?? Number.NaN);
  return written >= 1 && written <= 240 ? Math.round(written) : null;
}
