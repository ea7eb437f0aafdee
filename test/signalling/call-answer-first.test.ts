import { describe, expect, it } from 'vitest';
import type { Admission } from '../../src/signalling/ports.ts';
import type { SipResponse } from '../../src/sip/message.ts';
import { able, callerInvite, Scene, type SceneOptions, sdp } from './call-scene.ts';

const admission: Admission = {
  ...{ kind: 'accept', encodings: ['PCMA/8000', 'PCMU/8000', 'TELEPHONE-EVENT/8000'], narrowing: 'must' },
  ...{ tellFirst: ['PCMA/8000', 'PCMU/8000'], tellBy: 'answer' },
};
const events = ['rtpmap:101 telephone-event/8000', 'fmtp:101 0-15'];
const offer = sdp('192.0.2.1', 4000, '18 8 0 101', ...events);
const answer = sdp('198.51.100.1', 6000, '8 96', 'rtpmap:96 telephone-event/8000');
const other = sdp('198.51.100.1', 6000, '0 101', ...events);

function scene(more: SceneOptions = {}): Scene {
  return new Scene({ invite: callerInvite(offer), admission, ...more });
}

/** Answered, told, and the callee is dialled. */
function dialled(more: SceneOptions = {}): Scene {
  const call = scene(more).callerAck().step({ type: 'dial' });
  call.look();
  return call;
}

const last = ({ responses }: Scene): SipResponse => responses.at(-1)!.response;
const reasons = (call: Scene): string[] => [...call.request('BYE').request.headers.all('reason')];
const offered = (one: Scene): string => Buffer.from(one.request('INVITE').request.body).toString();

describe('a caller that is answered before anybody is dialled', () => {
  it('RFC 3261 §13.3.1.4: gets a 200 with one codec, and is told once its ACK has come', () => {
    const call = scene();
    expect(call.look()).toEqual([
      ...['admit', 'open-media', 'connect caller 4000 sendrecv 8,101', '200 to caller-1 with SDP'],
    ]);
    expect(Buffer.from(last(call).body).toString()).toContain('m=audio 20000 RTP/AVP 8 101\r\n');
    call.step({ type: 'dial' });
    call.expire('retransmit');
    expect(call.look()).toEqual(['200 to caller-1 with SDP']);
    call.callerAck();
    expect(call.look()).toEqual(['early']);
    expect(call.timers).not.toContain('retransmit');
  });

  it('and then the callee is offered that codec alone; its answer connects both, and nothing more is said to the caller', () => {
    const call = scene().callerAck();
    call.look();
    call.step({ type: 'dial' });
    expect(call.look()).toEqual(['INVITE to callee with SDP']);
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 8 101\r\n');
    call.answer('INVITE', 180);
    expect(call.look()).toEqual(['ringing']);
    call.answer('INVITE', 200, { body: answer });
    expect(call.look()).toEqual([
      ...['connect caller 4000 sendrecv 8,101', 'connect callee 6000 sendrecv 8,96,101'],
      ...['ACK to callee', 'answered'],
    ]);
    expect(call.state.phase).toBe('up');
    call.from('callee', 'BYE');
    expect(call.look()).toEqual(['200 to callee-2', 'BYE to caller']);
  });

  it('RFC 3262 §4: a reliable provisional of the callee has its PRACK of us, and its early media are heard', () => {
    const call = dialled({ invite: callerInvite(offer, able) });
    call.reliably(183, 7, { body: answer });
    expect(call.look()).toEqual(['connect callee 6000 sendrecv 8,96,101', 'PRACK to callee']);
    call.answer('PRACK', 200).answer('INVITE', 200);
    expect(call.look().slice(-2)).toEqual(['ACK to callee', 'answered']);
  });

  it('RFC 3261 §13.2.2.4: of two forks the one that answers is the call, in the one dialog of the caller', () => {
    const call = dialled();
    call.answer('INVITE', 183, { body: answer }).answer('INVITE', 183, { body: other, tag: 'carol' });
    call.answer('INVITE', 200, { body: other, tag: 'carol' });
    expect(call.look().slice(-3)).toEqual(['ACK to callee', 'answered', 'INVITE to caller with SDP']);
    expect(call.state.callee?.dialog?.remoteTag).toBe('carol');
    expect(call.state.caller.dialog?.localTag).toBe('us');
  });

  it('RFC 3261 §13.3.1.4: without an ACK the call is over, and nobody was dialled', () => {
    const call = scene();
    call.look();
    call.expire('ack-wait');
    expect(call.look()).toEqual(['BYE to caller']);
    expect(call.state.end).toEqual({ outcome: 'indeterminate', reason: 'protocol-error' });
  });
});

describe('who hangs up', () => {
  it('RFC 3261 §9.1: CANCEL comes too late, and changes nothing', () => {
    const call = scene().callerAck();
    call.look();
    call.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    expect(call.look()).toEqual([]);
    expect(call.state.phase).toBe('telling');
  });

  it('the caller, in the prompt: nobody is dialled, whatever is said then', () => {
    const call = scene().callerAck();
    call.look();
    call.from('caller', 'BYE');
    call.step({ type: 'dial' });
    expect(call.look()).toEqual(['200 to caller-2', 'ended caller/cancelled']);
  });

  it('the caller, while the callee rings: CANCEL there; a 200 that crosses it gets ACK and BYE', () => {
    const call = dialled().answer('INVITE', 180);
    call.look();
    call.from('caller', 'BYE', { extra: [['Reason', 'SIP;cause=487']] });
    expect(call.look()).toEqual(['200 to caller-2', 'CANCEL']);
    call.answer('INVITE', 200, { body: answer });
    expect(call.look()).toEqual(['ACK to callee', 'BYE to callee']);
    call.answer('BYE', 200);
    expect(call.look()).toEqual(['ended caller/cancelled']);
  });

  it('we, in the prompt: BYE, once the ACK has come', () => {
    const call = scene().step({ type: 'hang-up', reason: 'recording-failed' });
    expect(call.look().at(-1)).toBe('200 to caller-1 with SDP');
    call.callerAck();
    expect(call.look()).toEqual(['BYE to caller']);
    expect(call.sent).toHaveLength(1);
  });
});

describe('RFC 3326 §2: a callee that does not come: the caller gets BYE, with the reason', () => {
  const q850 = ['Reason', 'Q.850;cause=34;text="No circuit"'] as const;
  const rows: [string, (call: Scene) => unknown, string[], string][] = [
    [
      'busy',
      (call) => call.answer('INVITE', 486),
      ['SIP;cause=486;text="Phrase 486"', 'Q.850;cause=17;text="User busy"'],
      'upstream/busy',
    ],
    [
      'with a cause of its own',
      (call) => call.answer('INVITE', 500, { extra: [q850] }),
      ['SIP;cause=500;text="Phrase 500"', q850[1]],
      'upstream/upstream-error',
    ],
    [
      'rings for too long',
      (call) => call.answer('INVITE', 180).expire('ring'),
      ['Q.850;cause=19;text="No answer"'],
      'upstream/no-answer',
    ],
    [
      'is not there',
      (call) => call.fail('INVITE', 'timeout'),
      ['Q.850;cause=18;text="No response"'],
      'upstream/upstream-timeout',
    ],
    [
      'RFC 3264 §4: answers without a description',
      (call) => call.answer('INVITE', 200),
      ['Q.850;cause=111;text="Protocol error"'],
      'upstream/protocol-error',
    ],
  ];
  it.each(rows)('%s', (_why, happens, said, ended) => {
    const call = dialled();
    happens(call);
    expect(call.look()).toContain('BYE to caller');
    expect(reasons(call)).toEqual(said);
    expect(call.responses.filter(({ response }) => response.status >= 300)).toEqual([]);
    expect(call.state.end).toEqual({ outcome: ended.split('/')[0], reason: ended.split('/')[1] });
    expect(call.state.exchange).toBeNull();
  });

  it('RFC 3263 §4.3: 503 takes the next target first', () => {
    const call = dialled({ attempts: ['callee', 'second'] }).answer('INVITE', 503);
    expect(call.look()).toEqual(['INVITE to second with SDP']);
    call.answer('INVITE', 200, { body: answer, from: 'second', tag: 'carol' });
    expect(call.look().at(-1)).toBe('answered');
  });
});

describe('a callee that does not take the one codec', () => {
  it('RFC 3261 §21.4.26: 488: it gets the full offer, and the caller a re-INVITE after the answer', () => {
    const call = dialled().answer('INVITE', 488);
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 8 0 101\r\n');
    call.answer('INVITE', 200, { body: other });
    expect(call.look().slice(-2)).toEqual(['answered', 'INVITE to caller with SDP']);
    expect(offered(call)).toContain('m=audio 20000 RTP/AVP 0 101\r\n');
  });
});

describe('while the callee rings', () => {
  it('RFC 3311 §5.2: an offer in UPDATE is answered by us, and the callee is not asked', () => {
    const call = dialled();
    const update = call.from('caller', 'UPDATE', { body: sdp('192.0.2.1', 4100, '8 101', ...events) });
    expect(call.look()).toEqual(['connect caller 4100 sendrecv 8,101', `200 to ${update} with SDP`]);
    call.answer('INVITE', 200, { body: answer });
    expect(call.look()).toContain('connect caller 4100 sendrecv 8,101');
  });

  it('an offer of the callee in UPDATE goes to the caller, in its confirmed dialog', () => {
    const call = dialled({ invite: callerInvite(offer, able) });
    call.reliably(183, 7, { body: answer }).answer('PRACK', 200);
    call.look();
    call.from('callee', 'UPDATE', { body: sdp('198.51.100.1', 6200, '8') });
    expect(call.look()).toEqual(['UPDATE to caller with SDP']);
    call.answer('UPDATE', 200, { body: sdp('192.0.2.1', 4000, '8'), from: 'caller', tag: null });
    expect(call.look().at(-1)).toBe('200 to callee-2 with SDP');
    call.answer('INVITE', 200);
    expect(call.look()).toContain('answered');
    call.step({ type: 'hang-up', reason: 'shutdown' });
    const numbers = call.sent
      .filter(({ hop }) => hop.address === '192.0.2.1')
      .map(({ request }) => request.headers.first('cseq'));
    expect(new Set(numbers.map((one) => one?.split(' ')[0])).size).toBe(numbers.length);
  });

  it('RFC 4028 §7.4: the session of the caller begins with its 200, and is refreshed by UPDATE', () => {
    const asks = [...able, ['Session-Expires', '90;refresher=uas'], ['Supported', 'timer']] as const;
    const call = dialled({ invite: callerInvite(offer, asks) });
    expect(call.timers).toContain('refresh-caller');
    call.expire('refresh-caller');
    expect(call.look()).toEqual(['UPDATE to caller']);
  });

  it('RFC 3261 §14.2: a re-INVITE of the caller is to come again', () => {
    const call = dialled();
    const again = call.from('caller', 'INVITE', { body: offer });
    expect(call.look()).toEqual([`500 to ${again}`]);
    expect(last(call).headers.first('retry-after')).toBe('7');
  });
});
