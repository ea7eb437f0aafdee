import { printSdp } from './print.ts';
import { networkAddress } from './relay-description.ts';
import type { SdpLine, SessionDescription } from './session-description.ts';

/**
 * The o= of all descriptions that we send in one dialog (RFC 8866 §5.2). RFC 3264 §8: the version grows by one
 * when the description differs from the last one sent, and stays when it does not.
 */
export interface Origin {
  /** Digits. */
  readonly sessionId: string;
  readonly version: number;
  /** The last description without its o=; null before the first. */
  readonly sent: SessionDescription | null;
}

export function newOrigin(sessionId: string): Origin {
  return { sessionId, version: 1, sent: null };
}

/** A description's body with the o= of this dialog, and the origin for the next one. */
export function describeSession(
  origin: Origin,
  address: string,
  description: SessionDescription,
): { readonly origin: Origin; readonly body: Uint8Array } {
  const rest = description.lines.filter(({ type }) => type !== 'o');
  const bare = { ...description, lines: rest };
  const changed = origin.sent !== null && !sameBytes(printSdp(bare), printSdp(origin.sent));
  const version = origin.version + (changed ? 1 : 0);
  // RFC 8866 §5.2: "-" where the host has no user names.
  const line: SdpLine = {
    type: 'o',
    value: `- ${origin.sessionId} ${version} IN ${networkAddress(address)}`,
  };
  const lines = [...rest.slice(0, 1), line, ...rest.slice(1)];
  return { origin: { ...origin, version, sent: bare }, body: printSdp({ ...description, lines }) };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
