import { isIPv4, isIPv6 } from 'node:net';
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

/** Plain RTP. The secure profiles need a key exchange that the description of this leg cannot carry on. */
const relayedProfiles: ReadonlySet<string> = new Set(['RTP/AVP', 'RTP/AVPF']);

/** The one line that a call uses: the first audio line that is neither rejected nor of another transport. */
export function activeAudioLine({ media }: SessionDescription): number | null {
  const line = media.findIndex(
    ({ kind, port, proto }) =>
      kind.toLowerCase() === 'audio' && port !== 0 && relayedProfiles.has(proto.toUpperCase()),
  );
  return line < 0 ? null : line;
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
