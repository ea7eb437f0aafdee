import { describe, expect, it } from 'vitest';
import { startInviteClient, stepInviteClient } from '../../src/sip/invite-client-machine.ts';
import type { InviteClientEvent } from '../../src/sip/invite-client-machine.ts';
import { startInviteServer, stepInviteServer } from '../../src/sip/invite-server-machine.ts';
import type { InviteServerEvent } from '../../src/sip/invite-server-machine.ts';
import { startRequestClient, stepRequestClient } from '../../src/sip/request-client-machine.ts';
import type { RequestClientEvent } from '../../src/sip/request-client-machine.ts';
import { startRequestServer, stepRequestServer } from '../../src/sip/request-server-machine.ts';
import type { RequestServerEvent } from '../../src/sip/request-server-machine.ts';

/** An effect as a word: `send-ack`, `fail timeout`, `A=1000`, `-B`, `send 486`. */
function word(effect: object): string {
  const { do: what, timer, ms, cause, response } = effect as Record<string, string | number | undefined>;
  if (what === 'start-timer') return `${timer}=${ms}`;
  if (what === 'stop-timer') return `-${timer}`;
  if (what === 'fail') return `fail ${cause}`;
  return what === 'send' ? `send ${response}` : String(what);
}

interface Machine<E> {
  start(): { state: { phase: string }; effects: readonly object[] };
  step(state: never, event: E): { state: { phase: string }; effects: readonly object[] };
}

/** Runs the events and gives the last phase and the effects of the last step. */
function last<E>(machine: Machine<E>, events: readonly E[]): [string, string] {
  let { state, effects } = machine.start();
  for (const event of events) ({ state, effects } = machine.step(state as never, event));
  return [state.phase, effects.map(word).join(' ')];
}

describe('INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2)', () => {
  const over = (reliable: boolean): Machine<InviteClientEvent> => ({
    start: () => startInviteClient(reliable),
    step: stepInviteClient,
  });
  const response = (status: number): InviteClientEvent => ({ type: 'response', status });
  const timer = (name: 'A' | 'B' | 'D' | 'M'): InviteClientEvent => ({ type: 'timer', timer: name });
  const lost: InviteClientEvent = { type: 'transport-error' };

  it.each<[string, InviteClientEvent[], string, string]>([
    [
      '"MUST pass the request to the transport layer"; Timers A and B',
      [],
      'calling',
      'send-request A=500 B=32000',
    ],
    [
      '"When timer A fires, the client transaction MUST retransmit the request [...] MUST reset the timer with a value of 2*T1"',
      [timer('A')],
      'calling',
      'send-request A=1000',
    ],
    [
      '"[...] the request MUST be retransmitted again [...] in this way, doubled"',
      [timer('A'), timer('A')],
      'calling',
      'send-request A=2000',
    ],
    [
      'Timer A has no upper bound but Timer B',
      [timer('A'), timer('A'), timer('A'), timer('A'), timer('A')],
      'calling',
      'send-request A=16000',
    ],
    [
      '"If [...] still in the "Calling" state when timer B fires, [...] SHOULD inform the TU that a timeout has occurred" and "MUST NOT generate an ACK"',
      [timer('B')],
      'terminated',
      'fail timeout terminate',
    ],
    ['§17.1.4: a transport error in Calling is told', [lost], 'terminated', 'fail transport terminate'],
    [
      '"If the client transaction receives a provisional response [...] it transitions to the "Proceeding" state [...] SHOULD NOT retransmit the request any longer"',
      [response(180)],
      'proceeding',
      '-A -B pass-response',
    ],
    [
      '"Any further provisional responses MUST be passed up to the TU while in the "Proceeding" state"',
      [response(100), response(183)],
      'proceeding',
      'pass-response',
    ],
    [
      'Timer A that was already on its way does nothing in Proceeding',
      [response(100), timer('A')],
      'proceeding',
      '',
    ],
    [
      '"reception of a response with status code from 300-699 MUST cause the client transaction to transition to "Completed" [...] MUST pass the received response up to the TU, and [...] MUST generate an ACK"; Timer D of at least 32 s',
      [response(486)],
      'completed',
      '-A -B D=32000 send-ack pass-response',
    ],
    ['the same in Proceeding', [response(180), response(603)], 'completed', 'D=32000 send-ack pass-response'],
    [
      '"Any retransmissions of the final response [...] MUST cause the ACK to be re-passed to the transport layer [...] MUST NOT be passed up to the TU"',
      [response(486), response(486)],
      'completed',
      'send-ack',
    ],
    ['a late provisional or 2xx in Completed is nothing', [response(486), response(200)], 'completed', ''],
    [
      '"If timer D fires [...] MUST move to the terminated state"',
      [response(486), timer('D')],
      'terminated',
      'terminate',
    ],
    [
      '§17.1.1.2: an ACK that cannot be sent is told',
      [response(486), lost],
      'terminated',
      'fail transport terminate',
    ],
    [
      'RFC 6026 §7.2: a 2xx in Calling leads to Accepted, "passed up to the TU", Timer M of 64*T1',
      [response(200)],
      'accepted',
      '-A -B M=32000 pass-response',
    ],
    [
      'RFC 6026 §7.2: the same in Proceeding',
      [response(180), response(202)],
      'accepted',
      'M=32000 pass-response',
    ],
    [
      'RFC 6026 §7.2: "a 2xx response received while in the "Accepted" state MUST be passed up to the TU"',
      [response(200), response(200)],
      'accepted',
      'pass-response',
    ],
    ['RFC 6026 §7.2: and nothing else is', [response(200), response(486)], 'accepted', ''],
    ['RFC 6026 §7.2: a transport error in Accepted ends nothing', [response(200), lost], 'accepted', ''],
    ['RFC 6026 §7.2: Timer M ends it', [response(200), timer('M')], 'terminated', 'terminate'],
    ['Terminated does nothing', [timer('B'), response(200)], 'terminated', ''],
  ])('unreliable: %s', (_, events, phase, effects) => {
    expect(last(over(false), events)).toEqual([phase, effects]);
  });

  it.each<[string, InviteClientEvent[], string, string]>([
    [
      '"If a reliable transport is being used, the client transaction SHOULD NOT start timer A"',
      [],
      'calling',
      'send-request B=32000',
    ],
    [
      '"a value of zero seconds for Timer D"',
      [response(486)],
      'terminated',
      '-A -B send-ack pass-response terminate',
    ],
    [
      'RFC 6026 §7.2: Timer M all the same: forks answer one by one',
      [response(200)],
      'accepted',
      '-A -B M=32000 pass-response',
    ],
  ])('reliable: %s', (_, events, phase, effects) => {
    expect(last(over(true), events)).toEqual([phase, effects]);
  });
});

describe('non-INVITE client transaction (RFC 3261 §17.1.2)', () => {
  const over = (reliable: boolean): Machine<RequestClientEvent> => ({
    start: () => startRequestClient(reliable),
    step: stepRequestClient,
  });
  const response = (status: number): RequestClientEvent => ({ type: 'response', status });
  const timer = (name: 'E' | 'F' | 'K'): RequestClientEvent => ({ type: 'timer', timer: name });

  it.each<[string, RequestClientEvent[], string, string]>([
    [
      '"the transaction SHOULD set timer F to fire in 64*T1 [...] The request MUST be passed to the transport layer"',
      [],
      'trying',
      'send-request E=500 F=32000',
    ],
    ['"if timer E fires, it is reset [...] MIN(2*T1, T2)"', [timer('E')], 'trying', 'send-request E=1000'],
    ['up to T2', Array.from({ length: 3 }, () => timer('E')), 'trying', 'send-request E=4000'],
    ['and no further', Array.from({ length: 4 }, () => timer('E')), 'trying', 'send-request E=4000'],
    [
      '"If Timer F fires while [...] in the "Trying" state, the client transaction SHOULD inform the TU"',
      [timer('F')],
      'terminated',
      'fail timeout terminate',
    ],
    [
      '"If a provisional response is received while in the "Trying" state, the response MUST be passed to the TU"',
      [response(100)],
      'proceeding',
      'pass-response',
    ],
    [
      '"If Timer E fires while in the "Proceeding" state, the request MUST be passed to the transport layer for retransmission, and Timer E MUST be reset with a value of T2"',
      [response(100), timer('E')],
      'proceeding',
      'send-request E=4000',
    ],
    [
      '"If timer F fires while in the "Proceeding" state, the TU MUST be informed of a timeout"',
      [response(100), timer('F')],
      'terminated',
      'fail timeout terminate',
    ],
    [
      '"If a final response (status codes 200-699) is received [...] MUST be passed to the TU [...] Timer K [...] T4"',
      [response(200)],
      'completed',
      '-E -F K=5000 pass-response',
    ],
    ['the same in Proceeding', [response(100), response(404)], 'completed', '-E -F K=5000 pass-response'],
    ['Completed buffers retransmitted responses', [response(200), response(200)], 'completed', ''],
    [
      '"If Timer K fires while in this state, the client transaction MUST transition to the "Terminated" state"',
      [response(200), timer('K')],
      'terminated',
      'terminate',
    ],
    [
      '§17.1.4: a transport error is told',
      [{ type: 'transport-error' }],
      'terminated',
      'fail transport terminate',
    ],
    [
      "a transport error after the answer is nobody's",
      [response(200), { type: 'transport-error' }],
      'completed',
      '',
    ],
  ])('unreliable: %s', (_, events, phase, effects) => {
    expect(last(over(false), events)).toEqual([phase, effects]);
  });

  it.each<[string, RequestClientEvent[], string, string]>([
    ['no Timer E', [], 'trying', 'send-request F=32000'],
    ['Timer K is zero', [response(200)], 'terminated', 'pass-response terminate'],
  ])('reliable: %s', (_, events, phase, effects) => {
    expect(last(over(true), events)).toEqual([phase, effects]);
  });
});

describe('INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1)', () => {
  const over = (reliable: boolean): Machine<InviteServerEvent<number>> => ({
    start: () => startInviteServer(reliable, 100),
    step: stepInviteServer<number>,
  });
  const respond = (status: number): InviteServerEvent<number> => ({
    type: 'respond',
    status,
    response: status,
  });
  const timer = (name: 'G' | 'H' | 'I' | 'L'): InviteServerEvent<number> => ({ type: 'timer', timer: name });
  const again: InviteServerEvent<number> = { type: 'retransmission' };
  const ack: InviteServerEvent<number> = { type: 'ack' };
  const lost: InviteServerEvent<number> = { type: 'transport-error' };

  it.each<[string, InviteServerEvent<number>[], string, string]>([
    ['"The server transaction MUST generate a 100 (Trying) response"', [], 'proceeding', 'send 100'],
    [
      '"If a request retransmission is received while in the "Proceeding" state, the most recent provisional response [...] MUST be passed to the transport layer"',
      [again],
      'proceeding',
      'send 100',
    ],
    ['and that is the last one of the TU', [respond(180), respond(183), again], 'proceeding', 'send 183'],
    [
      '"the TU passes any number of provisional responses [...] each of these MUST be passed to the transport layer"',
      [respond(180)],
      'proceeding',
      'send 180',
    ],
    [
      '"If, while in the "Proceeding" state, the TU passes a response with status code from 300 to 699 [...] MUST enter the "Completed" state"; Timers G and H',
      [respond(486)],
      'completed',
      'send 486 G=500 H=32000',
    ],
    [
      '"If timer G fires, the response is passed to the transport layer once more [...] MIN(2*T1, T2)"',
      [respond(486), timer('G')],
      'completed',
      'send 486 G=1000',
    ],
    [
      'up to T2',
      [respond(486), ...Array.from({ length: 5 }, () => timer('G'))],
      'completed',
      'send 486 G=4000',
    ],
    [
      '"if a request retransmission is received [in Completed], the server SHOULD pass the response to the transport"',
      [respond(486), again],
      'completed',
      'send 486',
    ],
    ['a later response of the TU is nothing', [respond(486), respond(200)], 'completed', ''],
    [
      '"If an ACK is received while [...] in the "Completed" state, [...] MUST transition to the "Confirmed" state"; Timer I of T4',
      [respond(486), ack],
      'confirmed',
      '-G -H I=5000',
    ],
    [
      '"If timer H fires while in the "Completed" state, it implies that the ACK was never received [...] MUST indicate to the TU"',
      [respond(486), timer('H')],
      'terminated',
      'fail timeout terminate',
    ],
    ['Confirmed absorbs ACKs', [respond(486), ack, ack], 'confirmed', ''],
    ['and INVITEs', [respond(486), ack, again], 'confirmed', ''],
    [
      '"Once timer I fires, the server MUST transition to the "Terminated" state"',
      [respond(486), ack, timer('I')],
      'terminated',
      'terminate',
    ],
    [
      'RFC 6026 §7.1: a 2xx leads to Accepted with Timer L of 64*T1',
      [respond(200)],
      'accepted',
      'send 200 L=32000',
    ],
    [
      'RFC 6026 §7.1: "any retransmissions of the INVITE received [...] MUST be absorbed"',
      [respond(200), again],
      'accepted',
      '',
    ],
    [
      'RFC 6026 §7.1: "A 2xx [...] the TU passes MUST be passed to the transport layer"',
      [respond(200), respond(200)],
      'accepted',
      'send 200',
    ],
    ['RFC 6026 §7.1: no other response passes', [respond(200), respond(486)], 'accepted', ''],
    ['RFC 6026 §7.1: an ACK goes to the TU', [respond(200), ack], 'accepted', 'pass-ack'],
    ['RFC 6026 §7.1: Timer L ends it', [respond(200), timer('L')], 'terminated', 'terminate'],
    [
      'RFC 6026 §8.8: a transport error "MUST NOT discard transaction state", in Proceeding',
      [lost],
      'proceeding',
      'fail transport',
    ],
    ['RFC 6026 §8.8: in Accepted', [respond(200), lost], 'accepted', 'fail transport'],
    ['an ACK before any final response is nothing', [ack], 'proceeding', ''],
  ])('unreliable: %s', (_, events, phase, effects) => {
    expect(last(over(false), events)).toEqual([phase, effects]);
  });

  it.each<[string, InviteServerEvent<number>[], string, string]>([
    [
      '"timer G [...] for reliable transports, not"; Timer H "for all transports"',
      [respond(486)],
      'completed',
      'send 486 H=32000',
    ],
    ['Timer I is zero', [respond(486), ack], 'terminated', 'terminate'],
    ['RFC 6026 §7.1: Timer L all the same', [respond(200)], 'accepted', 'send 200 L=32000'],
  ])('reliable: %s', (_, events, phase, effects) => {
    expect(last(over(true), events)).toEqual([phase, effects]);
  });
});

describe('non-INVITE server transaction (RFC 3261 §17.2.2)', () => {
  const over = (reliable: boolean): Machine<RequestServerEvent<number>> => ({
    start: () => startRequestServer<number>(reliable),
    step: stepRequestServer<number>,
  });
  const respond = (status: number): RequestServerEvent<number> => ({
    type: 'respond',
    status,
    response: status,
  });
  const again: RequestServerEvent<number> = { type: 'retransmission' };

  it.each<[string, RequestServerEvent<number>[], string, string]>([
    [
      '"Once in the "Trying" state, any further request retransmissions are discarded"',
      [again],
      'trying',
      '',
    ],
    [
      '"if the TU passes a provisional response [...] MUST enter the "Proceeding" state [...] MUST be passed to the transport layer"',
      [respond(100)],
      'proceeding',
      'send 100',
    ],
    [
      '"If a retransmission [...] is received while in the "Proceeding" state, the most recently sent provisional response MUST be passed to the transport layer"',
      [respond(100), again],
      'proceeding',
      'send 100',
    ],
    [
      '"If the TU passes a final response (status codes 200-699) [...] MUST enter the "Completed" state, and the response MUST be passed"; Timer J of 64*T1',
      [respond(200)],
      'completed',
      'send 200 J=32000',
    ],
    [
      '"the server transaction MUST pass the final response to the transport layer for retransmission whenever a retransmission of the request is received"',
      [respond(200), again],
      'completed',
      'send 200',
    ],
    [
      '"Any other final responses passed by the TU [...] MUST be discarded while in the "Completed" state"',
      [respond(200), respond(404)],
      'completed',
      '',
    ],
    ['Timer J ends it', [respond(200), { type: 'timer', timer: 'J' }], 'terminated', 'terminate'],
    [
      'RFC 6026 §8.8: a transport error is told and ends nothing',
      [respond(200), { type: 'transport-error' }],
      'completed',
      'fail transport',
    ],
  ])('unreliable: %s', (_, events, phase, effects) => {
    expect(last(over(false), events)).toEqual([phase, effects]);
  });

  it('reliable: Timer J is zero', () => {
    expect(last(over(true), [respond(200)])).toEqual(['terminated', 'send 200 terminate']);
  });
});
