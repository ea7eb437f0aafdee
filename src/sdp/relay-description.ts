import { err, ok, type Result } from '../kernel/result.ts';
import { activeLine, mediaAddress, transportOf } from './active-line.ts';
import { type CryptoAttribute, printCrypto } from './crypto-attribute.ts';
import {
  chosenCrypto,
  inClear,
  isSecureProfile,
  type SaidSecurity,
  type SrtpPolicy,
  withSecurity,
} from './media-security.ts';
import { narrowFormats } from './narrow-formats.ts';
import {
  attributeName,
  directionFrom,
  directionOf,
  firstAttribute,
  type MediaDescription,
  type MediaDirection,
  receives,
  type SdpLine,
  type SessionDescription,
  sends,
  writtenDirection,
} from './session-description.ts';

/** Our own address and ports towards the party that a description goes to. */
export interface LocalAddress {
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
}

/** Why a description that can be read cannot be used. */
export type MediaFault = 'no-audio' | 'no-codec' | 'unusable-address' | 'no-security';

/** What an offer's two legs have of SRTP. */
export interface OfferSecurity {
  /** What is asked of who made the offer. */
  readonly from: SrtpPolicy;
  /** What the offer says towards the other one. */
  readonly said: SaidSecurity;
}

/** What becomes of the SRTP that an offer asked for. */
export interface AnswerSecurity {
  readonly from: SrtpPolicy;
  /** The line that the answer has for the one that it takes. */
  readonly answerTo: (chosen: CryptoAttribute) => CryptoAttribute;
}

const neverSecure: AnswerSecurity = { from: 'off', answerTo: (chosen) => chosen };

/** An offer as it goes on, and the line that the call uses in it and in its answer. */
export interface RelayedOffer {
  readonly description: SessionDescription;
  readonly line: number;
}

/** An offer as its offerer wrote it, and the line in use. */
export interface OpenOffer {
  readonly offer: SessionDescription;
  readonly line: number;
}

/**
 * Attributes that speak of the transport between two neighbours, and so end at us: ICE (RFC 8839), RTCP's
 * place (RFC 3605, 5761), keys (RFC 4568, 8122, 4145, 8842, 4567, 6189), grouping and sources (RFC 5888,
 * 9143, 5576, 8830), alternatives to the transport (RFC 5939, 6947, 4570), and its reservation (RFC 3312).
 */
const transportAttributes: ReadonlySet<string> = new Set([
  ...['candidate', 'remote-candidates', 'end-of-candidates'],
  ...['ice-lite', 'ice-ufrag', 'ice-pwd', 'ice-options', 'ice-mismatch', 'ice-pacing'],
  ...['rtcp', 'rtcp-mux', 'rtcp-mux-only'],
  ...['crypto', 'fingerprint', 'setup', 'connection', 'tls-id', 'dtls-id', 'key-mgmt', 'zrtp-hash'],
  ...['group', 'mid', 'bundle-only', 'msid', 'msid-semantic'],
  ...['tcap', 'pcfg', 'acfg', 'acap', 'csup', 'creq', 'altc', 'source-filter', 'curr', 'des', 'conf'],
]);

/** `ssrc`, `ssrc-group` and what else may be said of a source, which is ours after the relay. */
function isTransport(line: SdpLine): boolean {
  const name = attributeName(line)?.toLowerCase() ?? '';
  return transportAttributes.has(name) || name.startsWith('ssrc');
}

/**
 * An offer for the other leg: our address, one line of audio or T.38, speech narrowed to `encodings` (`PCMA/8000`; null: whole).
 * Other lines keep their place with port 0 (RFC 3264 §8.2).
 */
export function relayOffer(
  offer: SessionDescription,
  local: LocalAddress,
  encodings: readonly string[] | null,
  { from, said }: OfferSecurity = { from: 'off', said: inClear },
): Result<RelayedOffer, MediaFault> {
  const line = activeLine(offer, from);
  const active = line === null ? undefined : offer.media[line];
  if (line === null || active === undefined) return err('no-audio');
  const chosen = chosenCrypto(active, from);
  if (!chosen.ok) return chosen;
  if (mediaAddress(offer, active) === 'unusable') return err('unusable-address');
  const narrowed = narrowFormats(active, encodings);
  if (narrowed === null) return err('no-codec');
  const audio = ours(narrowed, local, {
    direction: heldDirection(offer, active),
    written: directionOf(offer, active),
    muxed: offersMux(active),
    security: said,
  });
  const media = offer.media.map((one, i) => (i === line ? audio : rejected(one)));
  return ok({ description: { lines: sessionLines(offer.lines, local), media }, line });
}

/**
 * The answer to `offer` as its offerer gets it, made of the answer that the other party gave to the relayed
 * offer: as many lines as the offer, in its order (RFC 3264 §6).
 */
export function relayAnswer(
  answer: SessionDescription,
  { offer, line }: OpenOffer,
  local: LocalAddress,
  encodings: readonly string[] | null,
  { from, answerTo }: AnswerSecurity = neverSecure,
): Result<SessionDescription, MediaFault> {
  const media = offer.media.map(rejected);
  const lines = sessionLines(answer.lines, local);
  const audio = answer.media[line];
  const offered = offer.media[line];
  if (audio === undefined || offered === undefined) return err('no-audio');
  // RFC 3264 §6: the answer's line is of the offer's kind.
  if (audio.port !== 0 && transportOf(audio) !== transportOf(offered)) return err('no-audio');
  if (audio.port === 0) return ok({ lines, media });
  if (mediaAddress(answer, audio) === 'unusable') return err('unusable-address');
  const narrowed = narrowFormats(audio, encodings);
  if (narrowed === null) return err('no-codec');
  const direction = complement(heldDirection(answer, audio), heldDirection(offer, offered));
  const written = directionOf(answer, audio);
  const chosen = chosenCrypto(offered, from);
  if (!chosen.ok) return chosen;
  const crypto = chosen.value === null ? [] : [answerTo(chosen.value)];
  // RFC 3264 §6.1: the answer has the profile of the offer.
  const security = { isSecure: isSecureProfile(offered.proto), crypto };
  media[line] = ours(narrowed, local, { direction, written, muxed: offersMux(offered), security });
  return ok({ lines, media });
}

/** The answer that takes part in nothing: every line rejected (RFC 3264 §6). */
export function rejectOffer(offer: SessionDescription, local: LocalAddress): SessionDescription {
  return {
    lines: sessionLines(
      offer.lines.filter(({ type }) => type !== 'a'),
      local,
    ),
    media: offer.media.map(rejected),
  };
}

/**
 * RFC 2543 hold by the null address says "do not send" (RFC 3264 §8.4). Our address takes its place, so the
 * direction has to say it.
 */
function heldDirection(session: SessionDescription, media: MediaDescription): MediaDirection {
  const direction = directionOf(session, media);
  if (mediaAddress(session, media) !== 'held') return direction;
  return directionFrom(false, sends(direction));
}

/** RFC 3264 §6.1: who is only sent to may not be answered sendrecv, whatever the answerer wrote. */
function complement(answer: MediaDirection, offer: MediaDirection): MediaDirection {
  return directionFrom(receives(answer) && sends(offer), sends(answer) && receives(offer));
}

/** Whether a line offers, or agrees to, RTP and RTCP on one port (RFC 5761 §5.1.1). */
export function offersMux(media: MediaDescription | undefined): boolean {
  return media !== undefined && firstAttribute(media.lines, 'rtcp-mux') !== null;
}

interface OurSide {
  readonly direction: MediaDirection;
  /** As the lines have it. */
  readonly written: MediaDirection;
  readonly muxed: boolean;
  readonly security: SaidSecurity;
}

function ours(
  media: MediaDescription,
  local: LocalAddress,
  { direction, written, muxed, security }: OurSide,
): MediaDescription {
  const lines = media.lines.filter((line) => line.type !== 'c' && line.type !== 'k' && !isTransport(line));
  if (direction !== written) setDirection(lines, direction);
  // RFC 3605 §2.1: needed only where RTCP is not on the next port.
  if (transportOf(media) === 'rtp' && local.rtcpPort !== local.rtpPort + 1)
    lines.push({ type: 'a', value: `rtcp:${local.rtcpPort}` });
  if (transportOf(media) !== 'rtp') return { ...media, port: local.rtpPort, portCount: null, lines };
  if (muxed) lines.push({ type: 'a', value: 'rtcp-mux' });
  lines.push(...security.crypto.map(printCrypto));
  const proto = withSecurity(media.proto, security.isSecure);
  return { ...media, port: local.rtpPort, portCount: null, proto, lines };
}

function setDirection(lines: SdpLine[], direction: MediaDirection): void {
  const at = lines.findLastIndex((line) => writtenDirection([line]) !== null);
  if (at < 0) lines.push({ type: 'a', value: direction });
  else lines[at] = { type: 'a', value: direction };
}

/** A line that stays for its place only. RFC 8866 §5.14 wants at least one format. */
function rejected({ kind, proto, formats }: MediaDescription): MediaDescription {
  return { kind, port: 0, portCount: null, proto, formats: formats.length > 0 ? formats : ['0'], lines: [] };
}

/** The order of lines is fixed (RFC 8866 §5): c= stands after these. */
const beforeConnection: ReadonlySet<string> = new Set(['v', 'o', 's', 'i', 'u', 'e', 'p']);

function sessionLines(lines: readonly SdpLine[], local: LocalAddress): SdpLine[] {
  const kept = lines.filter((line) => line.type !== 'c' && line.type !== 'k' && !isTransport(line));
  const at = kept.findLastIndex(({ type }) => beforeConnection.has(type));
  kept.splice(at + 1, 0, { type: 'c', value: `IN ${networkAddress(local.address)}` });
  return kept;
}

/** `IP4 192.0.2.1`, as o= and c= write it. */
export function networkAddress(address: string): string {
  return `${address.includes(':') ? 'IP6' : 'IP4'} ${address}`;
}
