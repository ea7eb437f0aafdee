import type { Clock } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import { makeNonce, nonceIssuedAt, nonceRandomBytes } from '../sip/digest-nonce.ts';
import { challengeValues, type DigestDemand, readProof } from '../sip/digest-server.ts';
import type { SipRequest } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { parseUri } from '../sip/uri.ts';
import type { IsEmergency } from './emergency-numbers.ts';
import { NonceCounts } from './nonce-counts.ts';
import type { Peer } from './peers.ts';
import type { Refusal } from './refusal.ts';

export interface DigestGateOptions {
  readonly isEmergency: IsEmergency;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

const nonceLifetimeMs = 300_000;

/** Wrong answers of a peer in a minute that get another nonce; after that there is no use in trying. */
const patience = 5;
const windowMs = 60_000;

/** Never asked: an ACK has no answer, a CANCEL cannot be sent again (RFC 3261 §22.1), OPTIONS is the peer's keep-alive. */
const exempt: ReadonlySet<string> = new Set(['ACK', 'CANCEL', 'OPTIONS']);

interface Failures {
  count: number;
  readonly since: number;
}

/**
 * Asks peers with `digest` for their password. What stands within a dialog is not asked: its tags were drawn for
 * somebody who had the password, and a BYE that a phone cannot answer for would leave the call up.
 */
export class DigestGate {
  readonly #options: DigestGateOptions;
  readonly #secret: Uint8Array;
  readonly #counts = new NonceCounts(nonceLifetimeMs);
  /** By peer, so as many as are configured. */
  readonly #failures = new Map<string, Failures>();

  constructor(options: DigestGateOptions) {
    this.#options = options;
    this.#secret = options.random(32);
  }

  /** Null: the request may come in. */
  check(peer: Peer, request: SipRequest): Refusal | null {
    const { digest } = peer;
    if (digest === null || exempt.has(request.method)) return null;
    if (tagOf(request.headers.first('to') ?? '') !== null || this.#isEmergency(request)) return null;
    const proof = readProof(request, digest);
    switch (proof.kind) {
      case 'none':
        return this.#challenge(peer.id, digest, false);
      case 'wrong':
        return this.#failed(peer.id, digest);
      case 'right':
        // RFC 7616 §3.3: stale says that the password was right and the nonce was not.
        return this.#isFresh(peer.id, proof) ? null : this.#challenge(peer.id, digest, true);
    }
  }

  #isEmergency({ method, uri }: SipRequest): boolean {
    const called = method === 'INVITE' ? parseUri(uri) : null;
    return called !== null && this.#options.isEmergency(called);
  }

  #isFresh(peerId: string, { nonce, count }: { readonly nonce: string; readonly count: number }): boolean {
    const issuedAt = nonceIssuedAt({ secret: this.#secret, purpose: peerId }, nonce);
    return issuedAt !== null && this.#counts.take(nonce, issuedAt, count, this.#now());
  }

  #challenge(peerId: string, digest: DigestDemand, stale: boolean): Refusal {
    const random = this.#options.random(nonceRandomBytes);
    const nonce = makeNonce({ secret: this.#secret, purpose: peerId }, this.#now(), random);
    return {
      ...{ status: 407, phrase: 'Proxy Authentication Required' },
      headers: challengeValues(digest, nonce, stale).map((value) => ['Proxy-Authenticate', value] as const),
    };
  }

  #failed(peerId: string, digest: DigestDemand): Refusal {
    const { logger, meter } = this.#options;
    meter
      .counter('onrecord_digest_failures_total', 'Requests with wrong credentials', { peer: peerId })
      .add();
    const now = this.#now();
    const known = this.#failures.get(peerId);
    const failures = known === undefined || now - known.since > windowMs ? { count: 0, since: now } : known;
    failures.count += 1;
    this.#failures.set(peerId, failures);
    if (failures.count === 1) logger.warn('digest-refused', { peer: peerId });
    if (failures.count <= patience) return this.#challenge(peerId, digest, false);
    return { status: 403, phrase: 'Forbidden' };
  }

  #now(): number {
    return Math.floor(this.#options.clock.monotonic());
  }
}
