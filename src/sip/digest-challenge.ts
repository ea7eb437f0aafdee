import { assumedAlgorithm, type DigestAlgorithm, digestAlgorithm, weakness } from './digest-algorithm.ts';
import { parseDigestParams } from './digest-params.ts';
import { wireText } from './digest-response.ts';
import type { SipResponse } from './message.ts';
import { splitList } from './text.ts';

/** A challenge that can be met (RFC 7616 §3.3). */
export interface DigestChallenge {
  /** Where its answer stands: a server's in the first, a proxy's in the second (RFC 3261 §22.2, §22.3). */
  readonly answer: 'Authorization' | 'Proxy-Authorization';
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | null;
  readonly algorithm: DigestAlgorithm;
  /** As the challenge wrote it, to be said again; null: it named none. */
  readonly algorithmName: string | null;
  readonly qop: 'auth' | 'auth-int' | null;
  /** The nonce was too old, not the password wrong. */
  readonly stale: boolean;
}

const places = [
  ['www-authenticate', 'Authorization'],
  ['proxy-authenticate', 'Proxy-Authorization'],
] as const;

export interface Challenges {
  /** Realms of all challenges of the Digest scheme, whether they can be met or not. */
  readonly realms: readonly string[];
  /** The strongest of the wanted realm, at most one for each place. */
  readonly chosen: readonly DigestChallenge[];
}

/**
 * Digest challenges of a 401 or 407; the realm as configured. Other schemes and what cannot be understood are passed
 * over (RFC 7616 §3.3).
 */
export function readChallenges({ headers }: SipResponse, realm: string): Challenges {
  const wanted = wireText(realm);
  const realms: string[] = [];
  const chosen: DigestChallenge[] = [];
  for (const [name, answer] of places) {
    let best: DigestChallenge | null = null;
    for (const value of headers.all(name)) {
      const params = parseDigestParams(value);
      if (params === null) continue;
      realms.push(params.get('realm') ?? '');
      const challenge = challengeOf(params, answer);
      // RFC 8760 §2.4 has the topmost taken unless local policy says otherwise: ours is the strongest.
      if (challenge?.realm === wanted && isStronger(challenge, best)) best = challenge;
    }
    if (best !== null) chosen.push(best);
  }
  return { realms, chosen };
}

function isStronger({ algorithm }: DigestChallenge, than: DigestChallenge | null): boolean {
  return than === null || weakness(algorithm) < weakness(than.algorithm);
}

function challengeOf(
  params: ReadonlyMap<string, string>,
  answer: DigestChallenge['answer'],
): DigestChallenge | null {
  const [realm, nonce] = [params.get('realm'), params.get('nonce')];
  const algorithmName = params.get('algorithm') ?? null;
  const algorithm = algorithmName === null ? assumedAlgorithm : digestAlgorithm(algorithmName);
  const qop = chooseQop(params.get('qop'));
  if (realm === undefined || nonce === undefined || algorithm === null || qop === undefined) return null;
  // RFC 7616 §3.4.2: the `-sess` algorithms need a client nonce, which only goes with a qop.
  if (algorithm.session && qop === null) return null;
  return {
    ...{ answer, realm, nonce, algorithm, algorithmName, qop },
    opaque: params.get('opaque') ?? null,
    stale: params.get('stale')?.toLowerCase() === 'true',
  };
}

/** `auth-int` breaks where anything on the way touches the body, so only where nothing else is offered. */
function chooseQop(offered: string | undefined): DigestChallenge['qop'] | undefined {
  if (offered === undefined) return null;
  const options = splitList([offered.toLowerCase()]) ?? [];
  return (['auth', 'auth-int'] as const).find((one) => options.includes(one));
}
