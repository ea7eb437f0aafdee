import { printSdp } from './print.ts';
import type { SessionDescription } from './session-description.ts';

/** Whether two descriptions of a party say the same; some count o= up all the same, against RFC 3264 §8. */
export function sameSession(a: SessionDescription, b: SessionDescription): boolean {
  return Buffer.compare(printSdp(withoutOrigin(a)), printSdp(withoutOrigin(b))) === 0;
}

function withoutOrigin(description: SessionDescription): SessionDescription {
  return { ...description, lines: description.lines.filter(({ type }) => type !== 'o') };
}
