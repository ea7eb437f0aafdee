import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { TokenRecord, TokenStore } from '../records/ports.ts';
import { bearerOf, hashToken } from './bearer-token.ts';

/** Who asks. */
export interface Identity {
  readonly kind: 'token';
  readonly id: string;
  readonly name: string;
  /** How records name it. */
  readonly actor: string;
}

/** `missing`: no credentials came. `invalid`: unknown or revoked. `unavailable`: the store cannot say. */
type AuthFault = 'missing' | 'invalid' | 'unavailable';

/** Judges the value of an `Authorization` header. */
export type Authenticate = (header: string | undefined) => Promise<Result<Identity, AuthFault>>;

/** A revoked token is refused at the latest after this. */
const cacheMs = 1000;
const cacheSize = 1024;

interface Cached {
  readonly identity: Identity;
  readonly until: number;
}

export function createAuthenticator(store: Pick<TokenStore, 'byHash'>, clock: Clock): Authenticate {
  const cache = new Map<string, Cached>();

  const remember = (hash: string, identity: Identity, asked: number): void => {
    if (cache.size >= cacheSize) cache.clear();
    cache.set(hash, { identity, until: asked + cacheMs });
  };
  return async (header) => {
    if (header === undefined) return err('missing');
    const token = bearerOf(header);
    if (token === null) return err('invalid');
    const hash = hashToken(token);
    const asked = clock.monotonic();
    const cached = cache.get(hash);
    if (cached !== undefined && asked < cached.until) return ok(cached.identity);
    cache.delete(hash);
    const found = await lookUp(store, hash);
    if (found === 'unavailable') return err('unavailable');
    if (found === null || found.revokedAt !== null || !sameHash(found.hash, hash)) return err('invalid');
    const { id, name } = found;
    const identity = { kind: 'token', id, name, actor: `token:${id}` } as const;
    // The second counts from before the question: what was true then may have changed since.
    remember(hash, identity, asked);
    return ok(identity);
  };
}

async function lookUp(
  store: Pick<TokenStore, 'byHash'>,
  hash: string,
): Promise<TokenRecord | null | 'unavailable'> {
  try {
    return await store.byHash(hash);
  } catch {
    return 'unavailable';
  }
}

/** The store found it by an index; this compares again in constant time. */
function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}
