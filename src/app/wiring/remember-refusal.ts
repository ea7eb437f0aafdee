import type { ConsentEffect } from '../../consent/consent-state.ts';
import { rfc3339 } from '../../kernel/clock.ts';
import { uuidV7 } from '../../kernel/ids.ts';
import type { RuleOptions } from '../../policy/options.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import type { SessionDeps } from './session-deps.ts';
import type { Verdict } from './verdict.ts';

interface Refusal {
  readonly callId: string;
  readonly rule: Pick<RuleOptions, 'announce'>;
  readonly verdict: Pick<Verdict, 'hashesOf'>;
  readonly found: Pick<Extract<ConsentEffect, { readonly type: 'evidence' }>, 'party' | 'outcome' | 'moment'>;
}

type RememberDeps = Pick<SessionDeps, 'clock' | 'random' | 'logger' | 'unrecorded'>;

/**
 * Whose key refuses, under a rule with `remember`, is not recorded from its next call on: here at once, elsewhere once
 * control knows. Gives what is to be written.
 */
export function rememberRefusal(deps: RememberDeps, refusal: Refusal): readonly RecordEvent[] {
  const { callId, rule, verdict, found } = refusal;
  const { announce } = rule;
  if (found.outcome !== 'opted-out' || announce === undefined || announce === 'elsewhere') return [];
  if (!announce.remember) return [];
  const { party, moment } = found;
  const { clock, random, logger, unrecorded } = deps;
  // The call's number is that of who was there at first.
  const hashes = moment === 'joined' ? [] : verdict.hashesOf(party);
  if (hashes.length === 0) logger.warn('refusal-without-number', { callId, party, moment });
  return hashes.map((hash) => {
    if (!unrecorded.list.add(hash)) logger.error('do-not-record-full', { callId, party });
    logger.info('do-not-record-asked', { callId, party, hash });
    const at = clock.wall();
    const { keyId } = unrecorded;
    return {
      kind: 'listing',
      listing: { id: uuidV7(at, random), hash, keyId, callId, party, at: rfc3339(at) },
    };
  });
}
