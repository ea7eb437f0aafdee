import type { Result } from '../kernel/result.ts';
import type { SaidSecurity } from './media-security.ts';
import {
  type LocalAddress,
  type MediaFault,
  networkAddress,
  type RelayedOffer,
  relayOffer,
} from './relay-description.ts';
import type { MediaDescription, SessionDescription } from './session-description.ts';

interface OwnFormat {
  readonly payloadType: number;
  /** As rtpmap has it. */
  readonly map: string;
  readonly clockRate: number;
}

/**
 * What we offer where nobody has offered anything, what most speak first: numbers of RFC 3551 §6, and for Opus (RFC 7587
 * §7) one that is free for all.
 */
const speech: Readonly<Record<string, OwnFormat>> = {
  'PCMA/8000': { payloadType: 8, map: 'PCMA/8000', clockRate: 8000 },
  'PCMU/8000': { payloadType: 0, map: 'PCMU/8000', clockRate: 8000 },
  'G722/8000': { payloadType: 9, map: 'G722/8000', clockRate: 8000 },
  'OPUS/48000': { payloadType: 96, map: 'opus/48000/2', clockRate: 48_000 },
};

/** RFC 4733 §2.1: events share the clock of the speech that they stand among. */
const events: readonly OwnFormat[] = [
  { payloadType: 101, map: 'telephone-event/8000', clockRate: 8000 },
  { payloadType: 102, map: 'telephone-event/48000', clockRate: 48_000 },
];

/** An offer of ours alone: one line of audio with those of `among` that we can name, and telephone events. */
export function ownOffer(
  among: readonly string[],
  local: LocalAddress,
  said: SaidSecurity,
): Result<RelayedOffer, MediaFault> {
  const spoken = Object.entries(speech).flatMap(([name, format]) => (among.includes(name) ? [format] : []));
  const beside = events.filter(({ clockRate }) => spoken.some((one) => one.clockRate === clockRate));
  const formats = [...spoken, ...beside];
  const audio: MediaDescription = {
    ...{ kind: 'audio', port: local.rtpPort, portCount: null, proto: 'RTP/AVP' },
    formats: formats.map(({ payloadType }) => String(payloadType)),
    lines: [
      ...formats.map(({ payloadType, map }) => ({ type: 'a', value: `rtpmap:${payloadType} ${map}` })),
      // RFC 4733 §2.4.1: 0-15 are the keys.
      ...beside.map(({ payloadType }) => ({ type: 'a', value: `fmtp:${payloadType} 0-15` })),
    ],
  };
  const description: SessionDescription = {
    lines: [
      { type: 'v', value: '0' },
      { type: 's', value: '-' },
      { type: 'c', value: `IN ${networkAddress(local.address)}` },
      { type: 't', value: '0 0' },
    ],
    media: [audio],
  };
  return relayOffer(description, local, null, { from: 'off', said });
}
