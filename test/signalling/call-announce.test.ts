import { describe, expect, it } from 'vitest';
import type { Admission } from '../../src/signalling/ports.ts';
import type { SipResponse } from '../../src/sip/message.ts';
import { able, callerInvite, Scene, type SceneOptions, sdp } from './call-scene.ts';

const admission: Admission = {
  ...{ kind: 'accept', encodings: ['PCMA/8000', 'PCMU/8000', 'TELEPHONE-EVENT/8000'], narrowing: 'must' },
  tellFirst: ['PCMA/8000', 'PCMU/8000'],
};
const events = ['rtpmap:101 telephone-event/8000', 'fmtp:101 0-15'];
/** G.729 is what it likes best, and what we do not speak. */
const offer = sdp('192.0.2.1', 4000, '18 8 0 101', ...events, 'ptime:30');
const answer = sdp('198.51.100.1', 6000, '8 96', 'rtpmap:96 telephone-event/8000');

const unable = callerInvite(offer);
const required = callerInvite(offer, [['Require', '100rel'], ...able]);

function scene(invite = unable, more: SceneOptions = {}): Scene {
  return new Scene({ invite, admission, ...more });
}

function media(response: SipResponse): string {
  return /^m=.*$/m.exec(Buffer.from(response.body).toString())?.[0].trim() ?? '';
}

const last = ({ responses }: Scene): SipResponse => responses.at(-1)!.response;
const offered = (one: Scene): string => Buffer.from(one.request('INVITE').request.body).toString();

describe('a caller that hears us before anybody is dialled', () => {
  it('RFC 3261 §13.2.1: gets our answer in a 183, with one codec and telephone events under its own numbers', () => {
    const call = scene();
    expect(call.look()).toEqual([
      'admit',
      'open-media',
      'connect caller 4000 sendrecv 8,101',
      '183 to caller-1 with SDP',
      'early',
    ]);
    const body = Buffer.from(last(call).body).toString();
    expect(media(last(call))).toBe('m=audio 20000 RTP/AVP 8 101');
    expect(body).toContain('a=rtpmap:101 telephone-event/8000\r\n');
    expect(body).toContain('a=ptime:30\r\n');
    expect(body).not.toMatch(/192\.0\.2\.1|sendonly|inactive/);
    expect(last(call).headers.first('contact')).toBe('<sip:203.0.113.1:5060>');
    expect(call.state.phase).toBe('telling');
  });

  it('and only then the callee is dialled, with that codec alone, which recurs in the 200', () => {
    const call = scene();
    const told = last(call);
    call.look();
    call.step({ type: 'dial' });
    expect(call.look()).toEqual(['INVITE to callee with SDP']);
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 8 101\r\n');
    call.answer('INVITE', 180).answer('INVITE', 200, { body: answer });
    expect(call.look()).toEqual([
      '180 to caller-1',
      'ringing',
      'connect caller 4000 sendrecv 8,101',
      'connect callee 6000 sendrecv 8,96,101',
      'ACK to callee',
      '200 to caller-1 with SDP',
    ]);
    expect(Buffer.from(last(call).body)).toEqual(Buffer.from(told.body));
    expect(last(call).headers.first('to')).toBe(told.headers.first('to'));
    call.callerAck();
    expect(call.look()).toEqual(['answered']);
  });

  it('a word to dial that comes twice, or when the call is over, dials nobody', () => {
    const call = scene().step({ type: 'dial' });
    call.look();
    expect(call.step({ type: 'dial' }).look()).toEqual([]);
    const gone = scene().step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    gone.look();
    expect(gone.step({ type: 'dial' }).look()).toEqual([]);
    expect(gone.sent).toEqual([]);
  });

  it('RFC 3261 §9.2: CANCEL in the middle of it gets 487, and nobody is dialled', () => {
    const call = scene();
    call.look();
    call.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    expect(call.look()).toEqual(['487 to caller-1', 'ended caller/cancelled']);
    expect(call.sent).toEqual([]);
    expect(call.told).toEqual(['admit', 'open-media', 'connect', 'early', 'hung-up', 'ended']);
  });

  it('RFC 3261 §15: so does BYE in its early dialog', () => {
    const call = scene();
    call.look();
    call.from('caller', 'BYE');
    expect(call.look()).toEqual(['200 to caller-2', '487 to caller-1', 'ended caller/cancelled']);
  });

  it('our hanging up refuses it', () => {
    const call = scene();
    call.look();
    call.step({ type: 'hang-up', reason: 'recording-failed' });
    expect(call.look()).toEqual(['503 to caller-1', 'ended ours/recording-failed']);
  });

  it('RFC 3264 §8.4: early media of the callee does not change the answer, and is heard', () => {
    const call = scene().step({ type: 'dial' });
    const told = last(call);
    call.look();
    call.answer('INVITE', 183, { body: answer });
    expect(call.look()).toEqual(['connect callee 6000 sendrecv 8,96,101', '183 to caller-1 with SDP']);
    expect(Buffer.from(last(call).body)).toEqual(Buffer.from(told.body));
  });
});

describe('RFC 3262: a caller that acknowledges provisionals', () => {
  it.each([
    ['requires', required],
    ['knows', callerInvite(offer, able)],
  ])('§3: %s 100rel: the 183 is reliable, and it is told once the PRACK has come', (_how, invite) => {
    const call = scene(invite);
    expect(call.look().slice(2)).toEqual(['connect caller 4000 sendrecv 8,101', '183 to caller-1 with SDP']);
    expect([last(call).headers.first('require'), last(call).headers.first('rseq')]).toEqual([
      '100rel',
      '100',
    ]);
    const prack = call.prack(100);
    expect(call.look()).toEqual([`200 to ${prack}`, 'early']);
    call.step({ type: 'dial' });
    expect(call.look()).toEqual(['INVITE to callee with SDP']);
    call.reliably(180, 7);
    expect(call.look()).toEqual(['180 to caller-1', 'ringing']);
    expect(last(call).headers.first('rseq')).toBe('101');
    const second = call.prack(101);
    expect(call.look()).toEqual(['PRACK to callee']);
    call.answer('PRACK', 200).answer('INVITE', 200, { body: answer });
    expect(call.look().slice(0, 1)).toEqual([`200 to ${second}`]);
    call.callerAck();
    expect(call.state.phase).toBe('up');
  });

  it('§3: the 183 comes again until then, and without a PRACK the INVITE gets 500', () => {
    const call = scene(required);
    call.look();
    call.expire('prack us');
    expect(call.look()).toEqual(['183 to caller-1 with SDP']);
    while (call.timers.includes('prack us')) call.expire('prack us');
    expect(call.look().slice(-2)).toEqual(['500 to caller-1', 'ended caller/protocol-error']);
    expect(call.sent).toEqual([]);
  });

  it('§3: a PRACK that fits nothing tells nobody', () => {
    const call = scene(required);
    call.look();
    const prack = call.prack(99);
    expect(call.look()).toEqual([`481 to ${prack}`]);
  });

  it('RFC 3311 §5.2: an offer in UPDATE is answered by us while there is nobody else', () => {
    const call = scene(required);
    call.prack(100);
    call.look();
    const update = call.from('caller', 'UPDATE', { body: sdp('192.0.2.1', 4100, '0 8 101', ...events) });
    expect(call.look()).toEqual(['connect caller 4100 sendrecv 8,101', `200 to ${update} with SDP`]);
    expect(media(last(call))).toBe('m=audio 20000 RTP/AVP 8 101');
  });

  it('RFC 3262 §5: an offer in a PRACK does not meet the one that the callee has yet to answer', () => {
    const call = scene(required);
    call.prack(100);
    call.step({ type: 'dial' });
    call.reliably(180, 7);
    call.look();
    const prack = call.prack(101, sdp('192.0.2.1', 4100, '8'));
    expect(call.look()).toEqual([
      'PRACK to callee',
      'connect caller 4100 sendrecv 8',
      `200 to ${prack} with SDP`,
    ]);
    expect(call.request('PRACK').request.body).toHaveLength(0);
  });

  it('a PRACK that is outstanding from a target that fell silent is not passed on to the next', () => {
    const call = scene(required, { attempts: ['callee', 'second'] });
    call.prack(100);
    call.step({ type: 'dial' });
    call.reliably(180, 7);
    call.answer('INVITE', 488);
    call.look();
    const prack = call.prack(101);
    expect(call.look()).toEqual([`200 to ${prack}`]);
    call.reliably(180, 3);
    expect(call.look()).toEqual(['180 to caller-1', 'ringing']);
  });
});

describe('a callee that does not take the one codec', () => {
  const other = sdp('198.51.100.1', 6000, '0 101', ...events);

  it('RFC 3261 §21.4.26: 488: it gets the full offer, and the caller a re-INVITE after the answer', () => {
    const call = scene().step({ type: 'dial' });
    const told = last(call);
    call.answer('INVITE', 488);
    expect(call.sent).toHaveLength(2);
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 8 0 101\r\n');
    call.answer('INVITE', 200, { body: other });
    expect(Buffer.from(last(call).body)).toEqual(Buffer.from(told.body));
    call.look();
    call.callerAck();
    expect(call.look()).toEqual(['answered', 'INVITE to caller with SDP']);
    expect(offered(call)).toContain('m=audio 20000 RTP/AVP 0 101\r\n');
  });

  it('that was all there is, and is refused again: the caller gets it', () => {
    const call = scene().step({ type: 'dial' }).answer('INVITE', 488).answer('INVITE', 488);
    expect(call.look().slice(-2)).toEqual(['488 to caller-1', 'ended upstream/no-codec']);
  });

  it('RFC 3264 §4: a 200 without an answer is of no use, though the caller has one', () => {
    const call = scene().step({ type: 'dial' });
    call.look();
    call.answer('INVITE', 200);
    expect(call.look()).toEqual(['ACK to callee', 'BYE to callee', '500 to caller-1']);
  });

  it('there is nothing more to offer: 488 goes to the caller at once', () => {
    const one = callerInvite(sdp('192.0.2.1', 4000, '8 101', ...events));
    const call = scene(one).step({ type: 'dial' }).answer('INVITE', 488);
    expect(call.sent).toHaveLength(1);
    expect(last(call).status).toBe(488);
  });

  it('narrowing is only preferred: at last the whole offer', () => {
    const call = scene(unable, { admission: { ...admission, narrowing: 'prefer' } }).step({ type: 'dial' });
    call.answer('INVITE', 488).answer('INVITE', 488);
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 18 8 0 101\r\n');
  });
});

describe('another target', () => {
  it('RFC 3263 §4.3: 503 takes the next, with the codec that the caller was told, and the same dialog', () => {
    const call = scene(unable, { attempts: ['callee', 'second'] }).step({ type: 'dial' });
    const told = last(call);
    call.answer('INVITE', 503);
    expect(offered(call)).toContain('m=audio 20002 RTP/AVP 8 101\r\n');
    call.answer('INVITE', 200, { body: answer, from: 'second', tag: 'carol' });
    expect(last(call).headers.first('to')).toBe(told.headers.first('to'));
    expect(Buffer.from(last(call).body)).toEqual(Buffer.from(told.body));
  });
});

describe('a caller that cannot hear us early', () => {
  const rows: [string, SceneOptions][] = [
    ['an INVITE without an offer', { invite: callerInvite('') }],
    ['RFC 3264 §8.4: on hold', { invite: callerInvite(sdp('192.0.2.1', 4000, '8', 'sendonly')) }],
    ['RFC 2543: on hold by the null address', { invite: callerInvite(sdp('0.0.0.0', 4000, '8')) }],
    [
      'no codec that we speak',
      {
        invite: callerInvite(sdp('192.0.2.1', 4000, '8')),
        admission: { ...admission, tellFirst: ['OPUS/48000'] },
      },
    ],
    ['an emergency call, whatever the director says', { emergency: true }],
  ];
  it.each(rows)('%s: the callee is dialled at once', (_why, options) => {
    const call = scene(unable, options);
    const seen = call.look();
    expect(seen.slice(0, 2)).toEqual(['admit', 'open-media']);
    expect(seen.filter((line) => /183|early|connect/.test(line))).toEqual([]);
    expect(call.sent).toHaveLength(1);
    expect(call.state.forks).toEqual([]);
    call.answer('INVITE', 180);
    expect(call.look()).toEqual(['180 to caller-1']);
  });
});

describe('RFC 4568: a caller of SRTP', () => {
  const key = Buffer.alloc(30, 'a').toString('base64');
  const secured = (body: string): string => body.replace('RTP/AVP', 'RTP/SAVP');
  const wants = callerInvite(
    secured(sdp('192.0.2.1', 4000, '8', `crypto:4 AES_CM_128_HMAC_SHA1_80 inline:${key}`)),
  );

  it('§5.1.2: hears us under the key of the 183, which recurs in the 200; the callee speaks in clear', () => {
    const call = scene(wants, { srtp: { pbx: 'require' } });
    const told = Buffer.from(last(call).body).toString();
    expect(told).toMatch(/m=audio 20000 RTP\/SAVP 8\r\n[^]*a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:/);
    expect(told).not.toContain(key);
    const [early] = call.media;
    expect(Buffer.from(early!.security!.theirs.key).toString()).toBe('a'.repeat(16));
    call.step({ type: 'dial' });
    expect(offered(call)).not.toContain('crypto');
    call.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '8') });
    expect(Buffer.from(last(call).body).toString()).toBe(told);
    expect(call.media.at(-2)?.security).toEqual(early!.security);
  });
});
