import { createHash, hkdfSync } from 'node:crypto';
import type { Party } from '../records/call-record.ts';
import { activeLine } from '../sdp/active-line.ts';
import { type CryptoAttribute, cryptoAttributes } from '../sdp/crypto-attribute.ts';
import { inClear, isSecureProfile, type SaidSecurity, type SrtpPolicy } from '../sdp/media-security.ts';
import type { AnswerSecurity } from '../sdp/relay-description.ts';
import type { MediaDescription, SessionDescription } from '../sdp/session-description.ts';
import { type MasterKey, type SrtpSuiteName, srtpSuites } from '../rtp/srtp/srtp-suites.ts';
import type { Turn } from './turn.ts';

/**
 * What we offer, in our order: what every device speaks, which is also the cheapest, and what whoever wants more asks
 * for. Each line is a hundred bytes of an INVITE that may have to fit into a datagram; we answer to the other suites too.
 */
const offeredSuites: readonly SrtpSuiteName[] = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_256_CM_HMAC_SHA1_80',
  'AEAD_AES_256_GCM',
];

/** What is asked of a party's media. Whoever calls for help is served as they ask. */
export function policyOf({ call }: Turn, party: Party): SrtpPolicy {
  return call.facts.emergency ? 'prefer' : (call[party]?.peer.srtp ?? 'off');
}

/**
 * What an offer of ours says to a party. Where SRTP is preferred it is offered within RTP/AVP, so that who does not know
 * it answers all the same (RFC 8643 §3.1), unless the party itself has begun with RTP/SAVP.
 */
export function offeredSecurity(turn: Turn, to: Party, at: string | null): SaidSecurity {
  const policy = turn.call[to]?.peer.srtp ?? 'off';
  const said = usedLine(turn.side(to, at)?.said ?? null);
  if (policy === 'off') return inClear;
  const used = cryptoAttributes(said?.lines ?? []);
  const tags = used.map(({ tag }) => tag);
  const more = offeredSuites
    .filter((suite) => used.every((one) => one.suite !== suite))
    .map((suite, i) => {
      const tag = Math.max(0, ...tags) + 1 + i;
      return { tag, suite, key: ownKey(turn, to, at, suite, null) };
    });
  const isSecure = policy === 'require' || isSecureProfile(said?.proto ?? '');
  return { isSecure, crypto: [...used, ...more] };
}

/** What an answer of ours to a party's offer says. */
export function answeringSecurity(turn: Turn, to: Party, at: string | null): AnswerSecurity {
  return {
    from: policyOf(turn, to),
    answerTo: ({ tag, suite, key }) => ({ tag, suite, key: ownKey(turn, to, at, suite, key) }),
  };
}

/**
 * With what we protect what this party gets. It stays as long as the party's own does; where the party's changes, somebody
 * else may be there, who need not have what the one before was given.
 */
function ownKey(
  turn: Turn,
  party: Party,
  at: string | null,
  suite: SrtpSuiteName,
  theirs: MasterKey | null,
): MasterKey {
  const side = turn.side(party, at);
  const kept = cryptoOf(side?.said ?? null, suite);
  const known = cryptoOf(side?.described ?? null, suite);
  const stays = theirs === null || (known !== null && isSameKey(known.key, theirs));
  return kept !== null && stays ? kept.key : drawKey(turn, party, suite, theirs);
}

/**
 * Out of the secret that the call drew at its birth (RFC 5869), since a step of the machine draws nothing: another key for
 * each party, each place that was tried, each suite and each key of the party's.
 */
function drawKey({ call }: Turn, party: Party, suite: SrtpSuiteName, theirs: MasterKey | null): MasterKey {
  const { keyBytes, saltBytes } = srtpSuites[suite];
  const hash = createHash('sha256');
  if (theirs !== null) hash.update(theirs.key).update(theirs.salt);
  const purpose = JSON.stringify([party, call[party]?.callId, suite, hash.digest('hex')]);
  const bytes = hkdfSync('sha256', call.tokens.srtpSecret, '', purpose, keyBytes + saltBytes);
  return {
    key: new Uint8Array(bytes.slice(0, keyBytes)),
    salt: new Uint8Array(bytes.slice(keyBytes)),
  };
}

function cryptoOf(description: SessionDescription | null, suite: SrtpSuiteName): CryptoAttribute | null {
  return cryptoAttributes(usedLine(description)?.lines ?? []).find((one) => one.suite === suite) ?? null;
}

function usedLine(description: SessionDescription | null): MediaDescription | null {
  const line = description === null ? null : activeLine(description);
  return line === null ? null : (description?.media[line] ?? null);
}

function isSameKey(one: MasterKey, other: MasterKey): boolean {
  return Buffer.compare(one.key, other.key) === 0 && Buffer.compare(one.salt, other.salt) === 0;
}
