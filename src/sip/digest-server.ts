import { timingSafeEqual } from 'node:crypto';
import { type DigestAlgorithm, digestAlgorithm } from './digest-algorithm.ts';
import type { DigestCredentials } from './digest-client.ts';
import { parseDigestParams, quoteText } from './digest-params.ts';
import { digestResponse, wireText } from './digest-response.ts';
import { noBody, type SipRequest } from './message.ts';

/** What somebody has to prove. */
export interface DigestDemand extends DigestCredentials {
  /** What is offered, the one that we like best first (RFC 8760 §2.3). */
  readonly algorithms: readonly ('SHA-256' | 'MD5')[];
}

/** A Proxy-Authenticate value for each algorithm (RFC 8760 §2.3); all of one nonce. */
export function challengeValues(
  { realm, algorithms }: DigestDemand,
  nonce: string,
  stale: boolean,
): readonly string[] {
  return algorithms.map((algorithm) =>
    [
      `Digest realm=${quoteText(wireText(realm))}`,
      ...[`nonce="${nonce}"`, `algorithm=${algorithm}`, 'qop="auth"'],
      ...(stale ? ['stale=true'] : []),
    ].join(', '),
  );
}

export type Proof =
  /** No credentials for our realm. */
  | { readonly kind: 'none' }
  | { readonly kind: 'wrong' }
  /** Who sent it knows the password; whether the nonce is ours and was not used so before is another question. */
  | { readonly kind: 'right'; readonly nonce: string; readonly count: number };

/**
 * What the Proxy-Authorization of a request proves. Its `uri` goes into the digest and is not held against the
 * Request-URI, which a proxy on the way may have rewritten (RFC 3261 §22.4 item 9: "a server MAY check").
 */
export function readProof({ method, headers }: SipRequest, expected: DigestDemand): Proof {
  const realm = wireText(expected.realm);
  for (const value of headers.all('proxy-authorization')) {
    const params = parseDigestParams(value);
    if (params?.get('realm') === realm) return judge(params, method, expected);
  }
  return { kind: 'none' };
}

function judge(params: ReadonlyMap<string, string>, method: string, expected: DigestDemand): Proof {
  const [nonce = '', uri = '', response = ''] = ['nonce', 'uri', 'response'].map((name) => params.get(name));
  const algorithm = algorithmOf(params.get('algorithm') ?? 'MD5', expected);
  const protection = protectionOf(params);
  if (algorithm === null || protection === undefined) return { kind: 'wrong' };
  const username = wireText(expected.username);
  const wanted = digestResponse({
    ...{ algorithm, username, nonce, method, uri, protection },
    ...{ realm: wireText(expected.realm), password: wireText(expected.password) },
  });
  const proven = isSame(response.toLowerCase(), wanted) && isSame(params.get('username') ?? '', username);
  if (!proven) return { kind: 'wrong' };
  // Without a qop there is no count: such a nonce serves once.
  return { kind: 'right', nonce, count: protection === null ? 1 : Number.parseInt(protection.count, 16) };
}

/** RFC 7616 §3.4: without a name it is MD5, which has to be offered like any other. */
function algorithmOf(name: string, { algorithms }: DigestDemand): DigestAlgorithm | null {
  return algorithms.some((one) => one === name.toUpperCase()) ? digestAlgorithm(name) : null;
}

/**
 * Null: a client from before RFC 2617, which RFC 3261 §22.4 item 8 has us live with. Undefined: neither that nor
 * what we offered.
 */
function protectionOf(
  params: ReadonlyMap<string, string>,
): Parameters<typeof digestResponse>[0]['protection'] | undefined {
  const qop = params.get('qop');
  if (qop === undefined) return null;
  const [count = '', clientNonce] = [params.get('nc'), params.get('cnonce')];
  if (qop.toLowerCase() !== 'auth' || !/^[0-9a-f]{8}$/i.test(count) || clientNonce === undefined)
    return undefined;
  return { qop: 'auth', count, clientNonce, body: noBody };
}

/** In the same time wherever they differ. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given, 'latin1'), Buffer.from(wanted, 'latin1')];
  return a.length === b.length && timingSafeEqual(a, b);
}
