import { createHash } from 'node:crypto';

/** Names of RFC 7616 §6.1, which RFC 8760 §2.1 brings to SIP; the strongest first. */
const hashes = {
  'SHA-512-256': 'sha512-256',
  'SHA-256': 'sha256',
  MD5: 'md5',
} as const;

type DigestHash = keyof typeof hashes;

export interface DigestAlgorithm {
  readonly hash: DigestHash;
  /** `-sess`: the first nonces of both sides go into A1 (RFC 7616 §3.4.2). */
  readonly session: boolean;
}

const algorithms: readonly DigestAlgorithm[] = (['SHA-512-256', 'SHA-256', 'MD5'] as const).flatMap(
  (hash) => [
    { hash, session: false },
    { hash, session: true },
  ],
);

/** The algorithm of this name in any case; null: not one of ours. */
export function digestAlgorithm(name: string): DigestAlgorithm | null {
  const wanted = name.toUpperCase();
  return algorithms.find(({ hash, session }) => (session ? `${hash}-SESS` : hash) === wanted) ?? null;
}

/** RFC 7616 §3.3: "If this is not present, it is assumed to be MD5". */
export const assumedAlgorithm: DigestAlgorithm = { hash: 'MD5', session: false };

/** The less, the stronger. */
export function weakness({ hash, session }: DigestAlgorithm): number {
  return algorithms.findIndex((one) => one.hash === hash && one.session === session);
}

/** RFC 7616 §3.2, H(data), in lower-case hexadecimal. Text is latin1: one byte a character. */
export function digestHash({ hash }: DigestAlgorithm, data: string | Uint8Array): string {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
  return createHash(hashes[hash]).update(bytes).digest('hex');
}
