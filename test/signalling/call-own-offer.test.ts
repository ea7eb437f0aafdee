import { describe, expect, it } from 'vitest';
import type { Admission } from '../../src/signalling/ports.ts';
import type { SipResponse } from '../../src/sip/message.ts';
import { able, callerInvite, Scene, type SceneOptions, sdp } from './call-scene.ts';

const among = ['PCMU/8000', 'PCMA/8000', 'G722/8000', 'OPUS/48000'];
const admission: Admission = {
  ...{ kind: 'accept', encodings: [...among, 'TELEPHONE-EVENT/8000'], narrowing: 'must', tellFirst: among },
};
const answersFirst: Admission = { ...admission, tellBy: 'answer' };
const events = ['rtpmap:101 telephone-event/8000', 'fmtp:101 0-15'];
const callerAnswer = sdp('192.0.2.1', 4000, '0 8 101', ...events);
const held = sdp('192.0.2.1', 4000, '0 101', ...events, 'inactive');
const calleeAnswer = sdp('198.51.100.1', 6000, '0 101', ...events);
const strange = sdp('192.0.2.1', 4000, '18');

/** A caller, often a call centre's machine, that leaves it to us to offer. */
const early = (more: SceneOptions = {}): Scene =>
  new Scene({ invite: callerInvite('', able), admission, ...more });
const answered = (more: SceneOptions = {}): Scene =>
  new Scene({ invite: callerInvite(''), admission: answersFirst, ...more });

const last = ({ responses }: Scene): SipResponse => responses.at(-1)!.response;
const text = (body: Uint8Array): string => Buffer.from(body).toString();
const offered = (one: Scene): string => text(one.request('INVITE').request.body);

describe('RFC 3262 §5: a caller without an offer that knows 100rel', () => {
  it('gets an offer of all that we speak, in a reliable 183, and is told once its PRACK has answered', () => {
    const call = early();
    expect(call.look()).toEqual(['admit', 'open-media', '183 to caller-1 with SDP']);
    expect(last(call).headers.first('require')).toBe('100rel');
    const offer = text(last(call).body);
    expect(offer).toContain('m=audio 20000 RTP/AVP 8 0 9 96 101 102\r\n');
    for (const map of ['96 opus/48000/2', '101 telephone-event/8000', '102 telephone-event/48000'])
      expect(offer).toContain(`a=rtpmap:${map}\r\n`);
    expect(offer).toMatch(/^v=0\r\no=- 11 1 IN IP4 203\.0\.113\.1\r\n/);
    const prack = call.prack(100, callerAnswer);
    expect(call.look()).toEqual(['connect caller 4000 sendrecv 0,101', `200 to ${prack}`, 'early']);
    expect(call.sent).toEqual([]);
  });

  it('then the callee is offered what the caller has answered, in one codec, and the caller is told no answer', () => {
    const call = early();
    call.prack(100, callerAnswer);
    call.step({ type: 'dial' });
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 0 101\r\n');
    expect(offered(call)).not.toContain('192.0.2.1');
    call.look();
    // Whose forks are not all heard is not to wait for a PRACK.
    expect(call.request('INVITE').request.headers.joined('supported')).not.toContain('100rel');
    call.answer('INVITE', 183, { body: calleeAnswer });
    expect(call.look()).toEqual(['connect callee 6000 sendrecv 0,101', '183 to caller-1']);
    call.answer('INVITE', 200, { body: calleeAnswer });
    expect(call.look().slice(-2)).toEqual(['ACK to callee', '200 to caller-1']);
    call.callerAck();
    expect(call.look()).toEqual(['answered']);
    expect(call.state.phase).toBe('up');
  });

  it('RFC 3261 §21.4.26: 488 of the callee: it gets all that the caller has answered, and the caller a re-INVITE', () => {
    const call = early();
    call.prack(100, callerAnswer);
    call.step({ type: 'dial' }).answer('INVITE', 488);
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 0 8 101\r\n');
    call.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '8') });
    expect(last(call).body).toHaveLength(0);
    call.look();
    call.callerAck();
    expect(call.look()).toEqual(['answered', 'INVITE to caller with SDP']);
    expect(offered(call)).toContain('m=audio 20000 RTP/AVP 8\r\n');
  });

  it('of two forks the first is heard, and the one that answers is the call, in the one dialog of the caller', () => {
    const call = early();
    const told = last(call);
    call.prack(100, callerAnswer);
    call.step({ type: 'dial' });
    call.answer('INVITE', 183, { tag: 'carol', body: sdp('198.51.100.1', 6200, '0') });
    call.answer('INVITE', 180, { tag: 'bob' });
    call.look();
    call.answer('INVITE', 200, { tag: 'bob', body: calleeAnswer });
    expect(call.look().slice(-3)).toEqual([
      'connect callee 6000 sendrecv 0,101',
      'ACK to callee',
      '200 to caller-1',
    ]);
    expect(last(call).headers.first('to')).toBe(told.headers.first('to'));
    expect(call.state.callee?.dialog?.remoteTag).toBe('bob');
    expect(call.state.forks).toEqual([]);
    call.answer('INVITE', 200, { tag: 'carol', body: calleeAnswer });
    expect(call.look()).toEqual(['ACK to callee', 'BYE to callee']);
  });

  it.each([481, 408])('what a fork that has lost answers late, %i, ends nothing', (status) => {
    const call = early();
    call.prack(100, callerAnswer);
    call.step({ type: 'dial' }).answer('INVITE', 180, { tag: 'carol' });
    const info = call.from('caller', 'INFO', { body: 'Signal=1' });
    call.answer('INVITE', 200, { tag: 'bob', body: calleeAnswer });
    call.callerAck();
    call.look();
    call.answer('INFO', status);
    expect([call.look(), call.state.phase]).toEqual([[`${status} to ${info}`], 'up']);
  });

  it('RFC 6228 §4: a fork that ends leaves the one dialog to the next', () => {
    const call = early({ invite: callerInvite('', [['Supported', '199, 100rel']]) });
    call.prack(100, callerAnswer);
    call.step({ type: 'dial' }).answer('INVITE', 180, { tag: 'carol' });
    call.look();
    call.answer('INVITE', 199, { tag: 'carol' });
    expect(call.look()).toEqual([]);
    call.answer('INVITE', 183, { tag: 'bob', body: calleeAnswer });
    expect(call.look()).toEqual(['connect callee 6000 sendrecv 0,101', '183 to caller-1']);
    call.answer('INVITE', 200, { tag: 'bob', body: calleeAnswer });
    expect(call.look().slice(-2)).toEqual(['ACK to callee', '200 to caller-1']);
  });

  it('the 183 comes again until its PRACK, and without one the INVITE gets 500', () => {
    const call = early();
    while (call.timers.includes('prack us')) call.expire('prack us');
    expect(call.look().slice(-2)).toEqual(['500 to caller-1', 'ended caller/protocol-error']);
    expect(call.sent).toEqual([]);
  });

  it.each([
    ['no answer', '', 'protocol-error'],
    ['nothing that we speak', strange, 'no-codec'],
  ])('%s in the PRACK ends the call, and nobody was dialled', (_what, body, reason) => {
    const call = early();
    call.look();
    const prack = call.prack(100, body);
    const [first, , end] = call.look();
    expect(first).toBe(`400 to ${prack}`);
    expect(end).toBe(`ended caller/${reason}`);
    expect(call.sent).toEqual([]);
  });

  it('RFC 3264 §8.4: an answer on hold hears nothing: the callee is dialled at once, and who is owed is told later', () => {
    const call = early();
    call.look();
    const prack = call.prack(100, held);
    expect(call.look()).toEqual(['connect caller 4000 inactive 0,101', `200 to ${prack}`, 'unheard']);
    call.step({ type: 'dial' });
    expect(offered(call)).toMatch(/m=audio 20002 RTP\/AVP 0 101\r\n[^]*a=inactive/);
    call.answer('INVITE', 180);
    expect(call.look().slice(-2)).toEqual(['180 to caller-1', 'ringing']);
  });

  it('RFC 3311 §5.2: its own offer in an UPDATE has to wait for the answer to ours', () => {
    const call = early();
    call.look();
    const update = call.from('caller', 'UPDATE', { body: callerAnswer });
    expect(call.look()).toEqual([`491 to ${update}`]);
  });

  it('CANCEL in the middle of it gets 487, and nobody is dialled', () => {
    const call = early();
    call.prack(100, callerAnswer);
    call.look();
    call.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    expect(call.look()).toEqual(['487 to caller-1', 'ended caller/cancelled']);
  });

  it('RFC 4568 §5.1: is offered SRTP where that is asked of it, and hears us under its own key', () => {
    const key = Buffer.alloc(30, 'a').toString('base64');
    const call = early({ srtp: { pbx: 'require' } });
    const offer = text(last(call).body);
    expect(offer).toContain('m=audio 20000 RTP/SAVP 8 0 9 96 101 102\r\n');
    expect(offer).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:');
    const crypto = `crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`;
    call.prack(100, sdp('192.0.2.1', 4000, '8', crypto).replace('RTP/AVP', 'RTP/SAVP'));
    expect(Buffer.from(call.media.at(-1)!.security!.theirs.key).toString()).toBe('a'.repeat(16));
    call.step({ type: 'dial' });
    expect(offered(call)).not.toContain('crypto');
  });
});

describe('RFC 3261 §13.2.1: a caller without an offer that is answered first', () => {
  it('gets our offer in the 200, and is told once its ACK has answered', () => {
    const call = answered();
    expect(call.look()).toEqual(['admit', 'open-media', '200 to caller-1 with SDP']);
    expect(text(last(call).body)).toContain('m=audio 20000 RTP/AVP 8 0 9 96 101 102\r\n');
    call.callerAck(callerAnswer);
    expect(call.look()).toEqual(['connect caller 4000 sendrecv 0,101', 'early']);
    call.step({ type: 'dial' });
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 0 101\r\n');
    call.answer('INVITE', 180).answer('INVITE', 200, { body: calleeAnswer });
    expect(call.look().slice(-2)).toEqual(['ACK to callee', 'answered']);
    expect(call.state.phase).toBe('up');
  });

  it('no answer in the ACK: BYE, and nobody was dialled', () => {
    const call = answered();
    call.look();
    call.callerAck();
    expect(call.look()).toEqual(['BYE to caller']);
    expect(call.state.end).toEqual({ outcome: 'caller', reason: 'protocol-error' });
  });

  it('an answer on hold: the callee is dialled at once', () => {
    const call = answered();
    call.callerAck(held);
    expect(call.look().at(-1)).toBe('unheard');
    call.step({ type: 'dial' });
    expect(call.look()).toEqual(['INVITE to callee with SDP']);
  });
});

describe('who cannot be offered anything early', () => {
  it('no 100rel: the callee is dialled at once, without an offer', () => {
    const call = early({ invite: callerInvite('') });
    expect(call.look()).toEqual(['admit', 'open-media', 'INVITE to callee']);
  });

  it('there is no codec that we could name', () => {
    const call = early({ admission: { ...admission, tellFirst: ['SPEEX/8000'] } });
    expect(call.look()).toEqual(['admit', 'open-media', 'INVITE to callee']);
    expect(call.state.forks).toEqual([]);
  });
});

describe('RFC 5009: P-Early-Media', () => {
  const invite = (...values: string[]): SceneOptions => ({
    invite: callerInvite(
      callerAnswer,
      values.map((value) => ['P-Early-Media', value] as const),
    ),
  });
  const permits = (options: SceneOptions): string | null =>
    last(early(options)).headers.first('p-early-media');

  it.each([
    [
      '§8: who has said that it is supported is asked to let our early media pass',
      invite('supported'),
      'sendonly',
    ],
    ['in a list', invite('gated, Supported'), 'sendonly'],
    ['who has not said so is not', invite(), null],
    ['nor who says something else', invite('sendrecv'), null],
    ['§4: nor who is not trusted', { ...invite('supported'), untrusted: ['pbx'] }, null],
  ])('%s', (_what, options, value) => {
    expect(permits(options)).toBe(value);
  });
});
