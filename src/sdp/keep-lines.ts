import type { SessionDescription } from './session-description.ts';

/**
 * RFC 3264 §8: "the number of "m=" lines in the new offer MUST be at least the number in the previous SDP". What one
 * party leaves out of its offer the other may have seen; such a line stays, rejected.
 */
export function keepLines(offer: SessionDescription, before: SessionDescription | null): SessionDescription {
  const missing = before?.media.slice(offer.media.length) ?? [];
  if (missing.length === 0) return offer;
  const rejected = missing.map((media) => ({ ...media, port: 0, portCount: null, lines: [] }));
  return { ...offer, media: [...offer.media, ...rejected] };
}
