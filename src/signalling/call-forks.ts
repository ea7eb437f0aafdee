import { newOrigin } from '../sdp/origin.ts';
import { dialogFromResponse } from '../sip/dialog.ts';
import type { SipResponse } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { reconnect } from './call-offer-answer.ts';
import type { Exchange, Fork, Leg } from './call-state.ts';
import { newTalk, type Side } from './dialog-side.ts';
import type { Turn } from './turn.ts';

/** Early dialogs of one call. A callee that makes more is not heard in them. */
const maxForks = 16;

/**
 * The early dialog that a provisional of the callee's side belongs to, made where it is the first with its tag. A tag
 * that comes after responses without any is theirs. Null: it has ended, or there are too many.
 */
export function forkOf(turn: Turn, exchange: Exchange, response: SipResponse): Fork | null {
  const { callee, forks } = turn.call;
  if (callee === null || callee.invite === null) return null;
  const remoteTag = tagOf(response.headers.first('to') ?? '');
  const known = knownFork(turn, remoteTag);
  const fork = known ?? (forks.length < maxForks ? addFork(turn, exchange, callee, remoteTag) : null);
  if (fork === null || fork.ended) return null;
  const dialog = fork.callee.dialog ?? dialogFromResponse(callee.invite.request, response);
  turn.updateFork(fork, { remoteTag, callee: { ...fork.callee, dialog } });
  return turn.fork(fork.callerTag);
}

/** The fork of a 2xx, which may be the first that is heard of it. */
export function forkOfAccepted(turn: Turn, exchange: Exchange, callee: Leg, response: SipResponse): Fork {
  const remoteTag = tagOf(response.headers.first('to') ?? '');
  return knownFork(turn, remoteTag) ?? addFork(turn, exchange, callee, remoteTag);
}

function knownFork({ call }: Turn, remoteTag: string | null): Fork | null {
  const live = call.forks.filter(({ ended }) => !ended);
  const named = remoteTag === null ? live[0] : call.forks.find((fork) => fork.remoteTag === remoteTag);
  return named ?? live.find((fork) => fork.remoteTag === null) ?? null;
}

function addFork(turn: Turn, { request }: Exchange, callee: Leg, remoteTag: string | null): Fork {
  const { forks, tokens, caller } = turn.call;
  const fork: Fork = {
    remoteTag,
    callerTag: forks.length === 0 ? tokens.callerTag : `${tokens.callerTag}.${forks.length}`,
    caller: {
      ...sideOf(caller),
      // Each early dialog is a session of its own, with versions of its own (RFC 3264 §5, §8).
      origin: newOrigin(caller.origin.sessionId),
      talk: newTalk(request),
    },
    callee: sideOf(callee),
    ended: false,
  };
  turn.update({ forks: [...forks, fork] });
  return fork;
}

function sideOf({ origin, abilities }: Leg): Side {
  return {
    ...{ dialog: null, origin, abilities },
    ...{ said: null, described: null, media: null, talk: null },
  };
}

/** Its early dialogs are no more; media go back to the newest of the others that has any. */
export function endFork(turn: Turn, fork: Fork): void {
  turn.updateFork(fork, { ended: true });
  turn.clearTimer(`prack ${fork.callerTag}`);
  const heard = turn.call.forks.findLast(({ ended, callee }) => !ended && callee.media !== null);
  if (heard === undefined) return;
  reconnect(turn, 'caller', heard.callerTag);
  reconnect(turn, 'callee', heard.callerTag);
}

/** Another INVITE takes the place of ours: what its predecessor made is over, and none of the next has those tags. */
export function endForks(turn: Turn): void {
  for (const fork of turn.call.forks) turn.clearTimer(`prack ${fork.callerTag}`);
  turn.update({ forks: turn.call.forks.map((fork) => ({ ...fork, remoteTag: '', ended: true })) });
}
