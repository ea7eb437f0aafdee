import { t1 } from '../sip/transaction-timers.ts';
import type { Exchange } from './call-state.ts';
import type { Provisional } from './dialog-side.ts';
import { sendPrack } from './leg-requests.ts';
import { otherParty, type Turn } from './turn.ts';

/** Provisionals that may wait for the PRACK of the one before. */
const maxQueue = 8;

/**
 * RFC 3262 §3: numbered one by one, and one at a time. For one that finds no room the other party has its PRACK, since
 * its number is taken; the one that has the offer always finds room.
 */
export function sendReliably(
  turn: Turn,
  exchange: Exchange,
  at: string | null,
  made: Omit<Provisional, 'rseq'>,
): void {
  const talk = turn.side(exchange.from, at)?.talk;
  if (talk === undefined || talk === null) return;
  if (talk.queue.length >= maxQueue && made.carries !== 'offer') {
    if (made.upstream !== null) sendPrack(turn, otherParty(exchange.from), at, made.upstream);
    return;
  }
  const rseq = talk.sent === null ? turn.call.tokens.firstRSeq : talk.sent + 1;
  made.response.headers.append('Require', '100rel').append('RSeq', String(rseq));
  turn.updateTalk(exchange.from, at, { sent: rseq, queue: [...talk.queue, { rseq, ...made }] });
  sendNextProvisional(turn, at);
}

/** Sends the first that waits, unless one is unacknowledged. */
export function sendNextProvisional(turn: Turn, at: string | null): void {
  const { exchange } = turn.call;
  if (exchange?.stage !== 'relayed') return;
  const { from, transaction } = exchange;
  const talk = turn.side(from, at)?.talk;
  const [next, ...queue] = talk?.queue ?? [];
  if (talk === undefined || talk === null || next === undefined || talk.outstanding !== null) return;
  turn.updateTalk(from, at, { queue, outstanding: { intervalMs: t1, elapsedMs: 0, ...next } });
  turn.emit({ type: 'respond', transaction, response: next.response });
  turn.setTimer(prackTimer(turn, at), t1);
}

/** The timer of the provisional that is outstanding there; our tag, which its dialog keeps. */
export function prackTimer(turn: Turn, at: string | null): `prack ${string}` {
  const from = turn.call.exchange?.from ?? 'caller';
  return `prack ${at ?? turn.dialog(from)?.localTag ?? ''}`;
}

/**
 * RFC 3262 §3: after a final response "it SHOULD NOT continue to retransmit the unacknowledged reliable provisional
 * responses", but takes their PRACKs.
 */
export function stopProvisionals(turn: Turn): void {
  for (const fork of turn.call.forks) {
    if (fork.caller.talk?.outstanding !== null) turn.clearTimer(`prack ${fork.callerTag}`);
  }
  for (const leg of [turn.call.caller, turn.call.callee]) {
    if (leg === null || leg.dialog === null || leg.talk?.outstanding === null) continue;
    turn.clearTimer(`prack ${leg.dialog.localTag}`);
  }
}
