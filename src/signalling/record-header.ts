import type { ControlAction } from '../records/control-event.ts';
import type { SipHeaders, SipRequest } from '../sip/message.ts';
import { makeResponse } from '../sip/response.ts';
import type { ArrivedRequest, LegPeer } from './call-state.ts';
import type { Party } from '../records/call-record.ts';
import { respondRefusal } from './call-responses.ts';
import { recordHeader } from './header-map.ts';
import type { Turn } from './turn.ts';

const actions: Readonly<Record<string, ControlAction>> = {
  on: 'start',
  off: 'stop',
  pause: 'pause',
  resume: 'resume',
};

/**
 * An INFO with `Record: on|off|pause|resume` of a PBX: answered here, and goes no further. True: it was one. Of anybody
 * else it is an INFO like any, without the header.
 */
export function takesRecordInfo(turn: Turn, party: Party, peer: LegPeer, arrived: ArrivedRequest): boolean {
  const { transaction, request } = arrived;
  if (request.method !== 'INFO' || !peer.controls || request.headers.count(recordHeader) === 0) return false;
  const action = actionIn(request.headers, recordHeader);
  if (action === null) {
    respondRefusal(turn, transaction, request, { status: 400, phrase: 'Bad Record' });
    return true;
  }
  turn.emit({ type: 'control', party, action, by: 'info', answer: { transaction, ...answersTo(request) } });
  return true;
}

/** A re-INVITE may ask for the same by the header that is configured; it goes on, without it. */
export function heedsRecordHeader(turn: Turn, party: Party, peer: LegPeer, { headers }: SipRequest): void {
  if (!peer.controls || peer.recordHeader === null) return;
  const action = actionIn(headers, peer.recordHeader);
  if (action !== null) turn.emit({ type: 'control', party, action, by: 'reinvite', answer: null });
}

function actionIn(headers: SipHeaders, name: string): ControlAction | null {
  const value = (headers.first(name) ?? '').trim().toLowerCase();
  return Object.hasOwn(actions, value) ? (actions[value] ?? null) : null;
}

function answersTo(request: SipRequest) {
  return {
    done: makeResponse(request, 200, 'OK', null),
    forbidden: makeResponse(request, 403, 'Forbidden', null),
    // RFC 3261 §21.4.26: what was asked for cannot be had as things stand.
    conflict: makeResponse(request, 488, 'Not Acceptable Here', null),
  };
}
