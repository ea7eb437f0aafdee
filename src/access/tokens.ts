import { type Clock, rfc3339 } from '../kernel/clock.ts';
import { type RandomBytes, uuidV7 } from '../kernel/ids.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { TokenRecord, TokenStore } from '../records/ports.ts';
import { hashToken, isTokenText, longestToken, makeToken } from './bearer-token.ts';

export interface Tokens {
  /** The token itself is in this answer and nowhere else ever again. */
  create(name: string): Promise<{ readonly token: string; readonly record: TokenRecord }>;
  /** False: no such token, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
  list(): Promise<readonly TokenRecord[]>;
  /**
   * Sees to it that somebody can log in: where there is no token yet, stores the given one or makes one.
   * An error is one sentence for the user, about the given token.
   */
  createAdminToken(given: string | null): Promise<Result<AdminToken, string>>;
}

type AdminToken =
  /** Print it once. */
  | { readonly kind: 'made'; readonly token: string }
  | { readonly kind: 'given' }
  /** There are tokens already. `givenIsValid` is false only where one was given and is none of them: it is not taken. */
  | { readonly kind: 'exists'; readonly givenIsValid: boolean };

/** A shorter one can be guessed. */
const shortestGiven = 8;
const adminName = 'admin';

export interface TokensOptions {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

export function createTokens({ store, clock, random }: TokensOptions): Tokens {
  const add = async (name: string, token: string): Promise<TokenRecord> => {
    const at = clock.wall();
    const hash = hashToken(token);
    const record = { id: uuidV7(at, random), name, hash, createdAt: rfc3339(at), revokedAt: null };
    await store.add(record);
    return record;
  };
  const create = async (name: string): Promise<{ token: string; record: TokenRecord }> => {
    const token = makeToken(random);
    return { token, record: await add(name, token) };
  };
  return {
    create,
    revoke: (id) => store.revoke(id, rfc3339(clock.wall())),
    list: () => store.list(),
    async createAdminToken(given) {
      const existing = await store.list();
      if (existing.length > 0) {
        if (given === null) return ok({ kind: 'exists', givenIsValid: true });
        const known = await store.byHash(hashToken(given));
        return ok({ kind: 'exists', givenIsValid: known?.revokedAt === null });
      }
      if (given === null) return ok({ kind: 'made', token: (await create(adminName)).token });
      if (given.length < shortestGiven || !isTokenText(given)) return err(badGiven);
      await add(adminName, given);
      return ok({ kind: 'given' });
    },
  };
}

const badGiven =
  `ONRECORD_ADMIN_TOKEN must be ${shortestGiven} to ${longestToken} letters, digits, "-", ".", "_", "~", "+" or "/"` +
  ' (make one with: openssl rand -hex 32).';
