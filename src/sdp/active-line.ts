import { isIPv4, isIPv6 } from 'node:net';
import { chosenCrypto, type SrtpPolicy } from './media-security.ts';
import {
  firstAttribute,
  type MediaDescription,
  type SdpLine,
  type SessionDescription,
} from './session-description.ts';

/** Where a party wants its media. `rtcpPort` is RTP's plus one, or what a=rtcp says (RFC 3605 §2.1). */
export interface MediaAddress {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
}

/** What a line carries: RTP, or the datagrams of T.38, which have no RTP in them (RFC 3362, RFC 7345 §2). */
export type MediaTransport = 'rtp' | 'udptl';

/** RTP in clear, and with keys in SDP. DTLS-SRTP (`UDP/TLS/RTP/SAVP`) has none there. */
const relayedProfiles: ReadonlySet<string> = new Set(['RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'RTP/SAVPF']);

/**
 * The one line that a call uses: the first audio line that is neither rejected nor of another transport, and where
 * there is none the first image line of T.38 over UDP. So an offer of both is of speech. Of lines with and without SRTP it
 * is the first that this party's policy allows.
 */
export function activeLine({ media }: SessionDescription, srtp: SrtpPolicy = 'prefer'): number | null {
  const ofTransport = (transport: MediaTransport): ((one: MediaDescription) => boolean) => {
    return (one) => one.port !== 0 && transportOf(one) === transport;
  };
  const audio = ofTransport('rtp');
  const allowed = media.findIndex((one) => audio(one) && chosenCrypto(one, srtp).ok);
  const speech = allowed < 0 ? media.findIndex(audio) : allowed;
  const line = speech < 0 ? media.findIndex(ofTransport('udptl')) : speech;
  return line < 0 ? null : line;
}

/** Null: nothing that is relayed, `m=image ... tcptl` among it. */
export function transportOf({ kind, proto }: MediaDescription): MediaTransport | null {
  const [what, profile] = [kind.toLowerCase(), proto.toUpperCase()];
  if (what === 'audio' && relayedProfiles.has(profile)) return 'rtp';
  return what === 'image' && profile === 'UDPTL' ? 'udptl' : null;
}

/**
 * The media address of a line: its own c=, else the session's (RFC 8866 §5.7). `held` is the null address of
 * RFC 2543 hold (RFC 3264 §8.4); `unusable` is a host name, a multicast group or nothing at all.
 */
export function mediaAddress(
  session: SessionDescription,
  media: MediaDescription,
): MediaAddress | 'held' | 'unusable' {
  const connection = connectionLine(media.lines) ?? connectionLine(session.lines);
  const match = /^\s*IN\s+IP([46])\s+([^\s/]+)\s*$/i.exec(connection?.value ?? '');
  if (match === null) return 'unusable';
  const [, family, address = ''] = match;
  const literal = family === '4' ? isIPv4(address) : isIPv6(address);
  if (!literal || isMulticast(address)) return 'unusable';
  if (isNull(address)) return 'held';
  return { address, port: media.port, rtcpPort: rtcpPort(media) };
}

function connectionLine(lines: readonly SdpLine[]): SdpLine | undefined {
  return lines.find(({ type }) => type === 'c');
}

function rtcpPort(media: MediaDescription): number {
  const written = /^\s*(\d{1,5})(?:\s|$)/.exec(firstAttribute(media.lines, 'rtcp') ?? '');
  const port = Number(written?.[1] ?? 0);
  return port > 0 && port <= 65_535 ? port : Math.min(media.port + 1, 65_535);
}

/** 224.0.0.0/4 and ff00::/8; the limited broadcast address is no better. */
function isMulticast(address: string): boolean {
  if (address.includes(':')) return /^f{2}/i.test(address);
  return Number(address.split('.')[0]) >= 224;
}

function isNull(address: string): boolean {
  return address === '0.0.0.0' || /^[0:]+$/.test(address);
}
