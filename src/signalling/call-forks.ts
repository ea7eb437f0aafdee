import { newOrigin } from '../sdp/origin.ts';
import { dialogFromResponse } from '../sip/dialog.ts';
import type { SipResponse } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { reconnect } from './call-offer-answer.ts';
import type { Exchange, Fork, Leg, Relay } from './call-state.ts';
import { newTalk, type Side, type Talk } from './dialog-side.ts';
import { unknownAbilities } from './leg-abilities.ts';
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
  const room = isAlone(turn) ? 0 : maxForks - forks.length;
  const fork = known ?? (room > 0 ? addFork(turn, exchange, sideOf(callee), remoteTag) : null);
  if (fork === null || fork.ended) return null;
  const dialog = fork.callee.dialog ?? dialogFromResponse(callee.invite.request, response);
  turn.updateFork(fork, { remoteTag, callee: { ...fork.callee, dialog } });
  return turn.fork(fork.callerTag);
}

/** The fork of a 2xx, which may be the first that is heard of it. */
export function forkOfAccepted(turn: Turn, exchange: Exchange, callee: Leg, response: SipResponse): Fork {
  const remoteTag = tagOf(response.headers.first('to') ?? '');
  const known = knownFork(turn, remoteTag);
  if (known !== null) return known;
  const alone = isAlone(turn) ? turn.fork(turn.call.tokens.callerTag) : null;
  if (alone === null) return addFork(turn, exchange, sideOf(callee), remoteTag);
  return tie(turn, alone, callee, remoteTag);
}

/**
 * A caller that has answered an offer of ours early has one session, and no offer of its own that others could answer: it
 * sees one early dialog, and who answers the call is heard in it.
 */
export function isAlone({ call: { announcing } }: Turn): boolean {
  return announcing !== null && announcing.by === 'early' && announcing.offered !== null;
}

function knownFork({ call }: Turn, remoteTag: string | null): Fork | null {
  const live = call.forks.filter(({ ended }) => !ended);
  const named = remoteTag === null ? live[0] : call.forks.find((fork) => fork.remoteTag === remoteTag);
  return named ?? live.find((fork) => fork.remoteTag === null) ?? null;
}

/**
 * The dialog in which a caller hears us before there is a callee. It is the caller's side of the first fork of whoever is
 * dialled then, so that what it was told holds.
 */
export function addFirstFork(turn: Turn, exchange: Exchange): Fork {
  const origin = newOrigin(turn.call.tokens.calleeSession);
  return addFork(turn, exchange, sideOf({ origin, abilities: unknownAbilities }), null);
}

/** Gives that dialog its other side: somebody is being dialled. */
export function meetCallee(turn: Turn): void {
  const { announcing, callee, forks, tokens } = turn.call;
  const fork = forks.find(({ callerTag }) => callerTag === tokens.callerTag);
  if (announcing === null || callee === null || fork === undefined) return;
  tie(turn, fork, callee, null);
}

function tie(turn: Turn, fork: Fork, callee: Leg, remoteTag: string | null): Fork {
  const { talk } = fork.caller;
  const caller = { ...fork.caller, talk: talk === null ? null : untiedTalk(talk) };
  const tied = { ...fork, remoteTag, callee: sideOf(callee), ended: false, caller };
  turn.updateFork(fork, tied);
  leaveRelays(turn, fork);
  return tied;
}

/** What is on its way between the caller and who was here before says nothing of who is here now. */
function leaveRelays(turn: Turn, { callerTag }: Fork): void {
  const relays = [...turn.call.relays].map(([client, relay]): [string, Relay] =>
    relay.at === callerTag
      ? [client, { ...relay, offer: null, completes: false, isStray: true }]
      : [client, relay],
  );
  turn.update({ relays: new Map(relays) });
}

/** Of the one who was dialled before nothing stays: neither numbers nor what waits for a PRACK of ours. */
function untiedTalk(talk: Talk): Talk {
  const { outstanding, queue } = talk;
  return {
    ...{ ...talk, received: null, asked: 'open' },
    outstanding: outstanding === null ? null : { ...outstanding, upstream: null },
    queue: queue.map((one) => ({ ...one, upstream: null })),
  };
}

function addFork(turn: Turn, { request }: Exchange, callee: Side, remoteTag: string | null): Fork {
  const { forks, tokens, caller } = turn.call;
  const fork: Fork = {
    remoteTag,
    callerTag: forks.length === 0 ? tokens.callerTag : `${tokens.callerTag}.${forks.length}`,
    caller: {
      ...sideOf(caller),
      // Each early dialog is a session of its own, with versions of its own (RFC 3264 §5, §8).
      origin: newOrigin(caller.origin.sessionId),
      talk: { ...newTalk(request), ...answeredTalk(turn) },
    },
    callee,
    ended: false,
  };
  turn.update({ forks: [...forks, fork] });
  return fork;
}

/** Who was answered before anybody was dialled has its answer, whoever gives one now. */
function answeredTalk(turn: Turn): Partial<Talk> {
  const answer = turn.isAnswered ? turn.call.caller.talk?.answer : undefined;
  return answer === undefined ? {} : { answer, asker: 'settled' };
}

function sideOf({ origin, abilities }: Pick<Side, 'origin' | 'abilities'>): Side {
  return { dialog: null, origin, abilities, said: null, described: null, media: null, talk: null };
}

/** RFC 6228 §4: that dialog of the callee's has ended, others may go on. */
export function onForkEnded(turn: Turn, fork: Fork): void {
  const { callee } = turn.call;
  // The caller's one dialog stays, for whoever answers.
  if (isAlone(turn) && callee !== null) tie(turn, fork, callee, null);
  else endFork(turn, fork);
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
  const { announcing, tokens } = turn.call;
  for (const { callerTag } of turn.call.forks) {
    // What the caller was told before anybody was dialled still wants its PRACK.
    if (announcing === null || callerTag !== tokens.callerTag) turn.clearTimer(`prack ${callerTag}`);
  }
  turn.update({ forks: turn.call.forks.map((fork) => ({ ...fork, remoteTag: '', ended: true })) });
}
