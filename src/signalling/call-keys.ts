import { codeWithinMs, typedCode } from '../kernel/typed-code.ts';
import type { Party } from '../records/call-record.ts';
import { makeResponse } from '../sip/response.ts';
import { relay } from './call-relay.ts';
import type { ArrivedRequest, LegPeer } from './call-state.ts';
import { heldOf, hold, letGo } from './held-infos.ts';
import { keyOfInfo } from './key-info.ts';
import type { Turn } from './turn.ts';

/**
 * An INFO with a key that is an answer to us, or one of a code by which a PBX controls the recording. True: it goes no
 * further; or not yet, and unanswered, while it may become a code: who sent it waits a second at most.
 */
export function takesKey(turn: Turn, party: Party, peer: LegPeer, arrived: ArrivedRequest): boolean {
  const key = arrived.request.method === 'INFO' ? keyOfInfo(arrived.request) : null;
  if (key === null) return false;
  if (turn.call.asking.has(party)) {
    releaseKeys(turn, party);
    consume(turn, arrived);
    turn.emit({ type: 'key', party, key });
    return true;
  }
  return peer.controls && mayBeCode(turn, party, key, arrived);
}

function mayBeCode(turn: Turn, party: Party, key: string, arrived: ArrivedRequest): boolean {
  const { codes } = turn.call;
  if (typedCode(codes, heldOf(turn, party).typed + key) === 'none') releaseKeys(turn, party);
  const held = heldOf(turn, party);
  const typed = held.typed + key;
  switch (typedCode(codes, typed)) {
    case 'none':
      return false;
    case 'begun':
      if (held.infos.length === 0) turn.setTimer(`keys-${party}`, codeWithinMs);
      hold(turn, party, { typed, infos: [...held.infos, arrived] });
      return true;
    case 'whole':
      letGo(turn, party);
      for (const info of [...held.infos, arrived]) consume(turn, info);
      turn.emit({ type: 'code', party, code: typed });
      return true;
  }
}

/** No code came of them: they go on, in their order. */
export function releaseKeys(turn: Turn, party: Party): void {
  const { infos } = heldOf(turn, party);
  letGo(turn, party);
  for (const info of infos) relay(turn, party, info);
}

function consume(turn: Turn, { transaction, request }: ArrivedRequest): void {
  turn.emit({ type: 'respond', transaction, response: makeResponse(request, 200, 'OK', null) });
}
