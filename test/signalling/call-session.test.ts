import { describe, expect, it } from 'vitest';
import type { SipHeaders } from '../../src/sip/message.ts';
import { calleeSdp, callerInvite, callerSdp, Scene, sdp } from './call-scene.ts';

type Lines = readonly (readonly [string, string])[];

const timerSupported: Lines = [['Supported', 'timer']];

function said(headers: SipHeaders): (string | null)[] {
  return ['session-expires', 'min-se', 'require'].map((name) => headers.first(name));
}

/** A call that is up, whose callee has answered so, and whose caller has asked so. */
function up(callee: Lines, caller: Lines = []): Scene {
  const scene = new Scene({ invite: callerInvite(callerSdp, caller) });
  scene.answer('INVITE', 200, { body: calleeSdp, extra: callee }).callerAck();
  scene.look();
  return scene;
}

function timers(scene: Scene): Record<string, number> {
  const names = ['refresh-caller', 'expiry-caller', 'refresh-callee', 'expiry-callee'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const delay = scene.timer(name);
      return delay === null ? [] : [[name, delay]];
    }),
  );
}

const refreshedByUs: Lines = [
  ['Session-Expires', '600;refresher=uac'],
  ['Require', 'timer'],
];
const refreshedByThem: Lines = [
  ['Session-Expires', '600;refresher=uas'],
  ['Require', 'timer'],
];
const knowsUpdate: Lines = [
  ['Allow', 'INVITE, ACK, BYE, CANCEL, UPDATE'],
  ['Supported', 'timer'],
];

describe('a session that we begin (RFC 4028 §7)', () => {
  it('§7.1: asks for half an hour and says that it knows timers, whoever refreshes', () => {
    const { headers } = new Scene().request('INVITE').request;
    expect([headers.first('supported'), ...said(headers)]).toEqual(['100rel, timer', '1800', null, null]);
  });

  it('asks for none where none is configured, and says its minimum where it is not 90', () => {
    const none = new Scene({ session: { expiresSeconds: 0, minSeconds: 90 } });
    expect(said(none.request('INVITE').request.headers)).toEqual([null, null, null]);
    const long = new Scene({ session: { expiresSeconds: 1800, minSeconds: 300 } });
    expect(said(long.request('INVITE').request.headers)).toEqual(['1800', '300', null]);
  });

  it.each([
    ['no Session-Expires: no session expiration', [] as Lines, {}],
    ['we refresh', refreshedByUs, { 'refresh-callee': 300_000, 'expiry-callee': 568_000 }],
    ['they refresh', refreshedByThem, { 'expiry-callee': 568_000 }],
  ])('§7.2: %s', (_rule, extra, expected) => {
    expect(timers(up(extra))).toEqual(expected);
  });

  it('a 2xx of another fork says nothing of this session', () => {
    const scene = up([]);
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp, extra: refreshedByUs });
    expect(timers(scene)).toEqual({});
  });

  it('§7.3: 422 has it asked again: Min-SE, one higher, in the same Call-ID', () => {
    const scene = new Scene();
    const first = scene.request('INVITE').request;
    scene.look();
    scene.answer('INVITE', 422, { extra: [['Min-SE', '3600']] });
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
    const { headers, body } = scene.request('INVITE').request;
    expect([headers.first('cseq'), ...said(headers)]).toEqual(['2 INVITE', '3600', '3600', null]);
    expect([headers.first('call-id'), headers.first('from'), body]).toEqual([
      ...[first.headers.first('call-id'), first.headers.first('from'), first.body],
    ]);
    scene.answer('INVITE', 200, { body: calleeSdp, extra: [['Session-Expires', '3600;refresher=uac']] });
    expect(scene.acks[0]?.headers.first('cseq')).toBe('2 ACK');
    expect(timers(scene)).toEqual({ 'refresh-callee': 1_800_000, 'expiry-callee': 3_568_000 });
  });

  it.each([
    ['without Min-SE', [[]]],
    ['that asks for what it has', [[['Min-SE', '3600']], [['Min-SE', '3600']]]],
    [
      'again and again',
      [[['Min-SE', '2000']], [['Min-SE', '2100']], [['Min-SE', '2200']], [['Min-SE', '2300']]],
    ],
  ] as const)('422 %s goes on as 500: intervals are of one leg', (_how, answers) => {
    const scene = new Scene();
    for (const extra of answers) scene.answer('INVITE', 422, { extra });
    expect(scene.look().slice(-2)).toEqual(['500 to caller-1', 'ended upstream/rejected']);
  });

  it('422 and a challenge: the credentials are for the INVITE that goes out last', () => {
    const credentials = { username: 'u', password: 'p', realm: 'r' };
    const scene = new Scene({ credentials });
    scene.answer('INVITE', 407, {
      extra: [['Proxy-Authenticate', 'Digest realm="r", nonce="n", qop="auth"']],
    });
    scene.answer('INVITE', 422, { extra: [['Min-SE', '3600']] });
    const { headers } = scene.request('INVITE').request;
    expect([headers.first('cseq'), headers.first('session-expires')]).toEqual(['3 INVITE', '3600']);
    expect(headers.first('proxy-authorization')).toContain('nc=00000002');
    const stale = 'Digest realm="r", nonce="m", qop="auth", stale=true';
    scene.answer('INVITE', 407, { extra: [['Proxy-Authenticate', stale]] });
    expect(scene.request('INVITE').request.headers.first('proxy-authorization')).toContain('nonce="m"');
  });
});

describe('a session that we refresh (RFC 4028 §7.4, §10)', () => {
  it('by UPDATE where the party allows it, half an hour and more', () => {
    const scene = up([...refreshedByUs, ...knowsUpdate]);
    for (let n = 0; n < 12; n++) {
      scene.expire('refresh-callee');
      expect(scene.look()).toEqual(['UPDATE to callee']);
      const { headers, body } = scene.request('UPDATE').request;
      expect([said(headers)[0], headers.first('cseq'), body.length]).toEqual([
        ...['600;refresher=uac', `${n + 2} UPDATE`, 0],
      ]);
      scene.answer('UPDATE', 200, { extra: refreshedByUs });
      expect(scene.look()).toEqual([]);
      expect(timers(scene)).toEqual({ 'refresh-callee': 300_000, 'expiry-callee': 568_000 });
    }
    expect(scene.state.phase).toBe('up');
  });

  it('else by INVITE with the description that it knows, o= and all (RFC 3264 §8)', () => {
    const scene = up(refreshedByUs);
    const before = Buffer.from(scene.request('INVITE').request.body).toString('latin1');
    scene.expire('refresh-callee');
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
    expect(Buffer.from(scene.request('INVITE').request.body).toString('latin1')).toBe(before);
    scene.answer('INVITE', 200, { body: calleeSdp, extra: refreshedByUs });
    expect(scene.look()).toEqual(['ACK to callee', 'connect callee 6000 sendrecv 8']);
    expect(timers(scene)['refresh-callee']).toBe(300_000);
  });

  it.each(['405', '500', 'transport', 'nothing yet'])(
    'UPDATE answered by %s: INVITE after an eighth',
    (answer) => {
      const scene = up([...refreshedByUs, ...knowsUpdate]);
      scene.expire('refresh-callee');
      if (answer === 'transport') scene.fail('UPDATE', answer);
      else if (answer !== 'nothing yet') scene.answer('UPDATE', Number(answer));
      scene.look();
      expect(timers(scene)).toEqual({ 'refresh-callee': 75_000, 'expiry-callee': 568_000 });
      scene.expire('refresh-callee');
      expect(scene.look()).toEqual(answer === 'nothing yet' ? [] : ['INVITE to callee with SDP']);
    },
  );

  it.each(['481', '408', 'timeout'])(
    'answered by %s: the party is gone, and so is the call (§10)',
    (answer) => {
      const scene = up(refreshedByUs);
      scene.expire('refresh-callee');
      scene.look();
      if (answer === 'timeout') scene.fail('INVITE', answer);
      else scene.answer('INVITE', Number(answer));
      expect(scene.look()).toEqual(['BYE to caller', 'BYE to callee']);
      expect(scene.request('BYE').request.headers.first('reason')).toBe(
        'Q.850;cause=102;text="Session timer expired"',
      );
      expect(timers(scene)).toEqual({});
    },
  );

  it('glare: 491, and again after the back-off of RFC 3261 §14.1', () => {
    const scene = up(refreshedByUs);
    scene.expire('refresh-callee');
    scene.answer('INVITE', 491);
    scene.look();
    scene.expire('own-callee');
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
  });

  it('422 to a refresh: a longer interval from now on', () => {
    const scene = up([...refreshedByUs, ...knowsUpdate]);
    scene.expire('refresh-callee');
    scene.answer('UPDATE', 422, { extra: [['Min-SE', '900']] });
    expect(said(scene.request('UPDATE').request.headers)).toEqual(['900;refresher=uac', '900', null]);
    scene.answer('UPDATE', 200, { extra: [['Session-Expires', '900;refresher=uac']] });
    expect(timers(scene)).toEqual({ 'refresh-callee': 450_000, 'expiry-callee': 868_000 });
  });

  it('a hold that is relayed refreshes the session of the leg that it goes to', () => {
    const scene = up([...refreshedByUs, ...timerSupported]);
    scene.from('caller', 'INVITE', { body: sdp('192.0.2.1', 4000, '0 8', 'sendonly') });
    expect(said(scene.request('INVITE').request.headers)[0]).toBe('600;refresher=uac');
    scene.answer('INVITE', 200, { body: calleeSdp, extra: [['Session-Expires', '300;refresher=uac']] });
    expect(timers(scene)).toEqual({ 'refresh-callee': 150_000, 'expiry-callee': 268_000 });
  });

  it('is not asked for again, of who has answered without knowing it', () => {
    const scene = up([]);
    scene.from('caller', 'INVITE', { body: sdp('192.0.2.1', 4000, '0 8', 'sendonly') });
    expect(said(scene.request('INVITE').request.headers)).toEqual([null, null, null]);
  });

  it('until it expires: BYE with Reason to both (§10)', () => {
    const scene = up(refreshedByUs);
    scene.expire('refresh-callee').answer('INVITE', 500);
    scene.look();
    scene.expire('expiry-callee');
    expect(scene.look()).toEqual(['BYE to caller', 'BYE to callee']);
    for (const { client } of scene.sent.slice(-2)) scene.answer('BYE', 200, { client });
    expect(scene.look()).toEqual(['ended indeterminate/session-expired']);
  });

  it('a 2xx without Session-Expires turns the timer off (§7.2)', () => {
    const scene = up([...refreshedByUs, ...knowsUpdate]);
    scene.expire('refresh-callee').answer('UPDATE', 200);
    expect(timers(scene)).toEqual({});
  });
});

describe('a session that a party begins (RFC 4028 §9)', () => {
  it.each([
    ['does not speak of timers: none', [] as Lines, [null, null, null], {}],
    [
      'knows timers: we ask, and refresh',
      timerSupported,
      ['1800;refresher=uas', null, 'timer'],
      { 'refresh-caller': 900_000, 'expiry-caller': 1_768_000 },
    ],
    [
      'refreshes itself: Require is a must, since it has to look',
      [...timerSupported, ['Session-Expires', '600;refresher=uac']] as Lines,
      ['600;refresher=uac', null, 'timer'],
      { 'expiry-caller': 568_000 },
    ],
    [
      'wants us to',
      [...timerSupported, ['Session-Expires', '600;refresher=uas']] as Lines,
      ['600;refresher=uas', null, 'timer'],
      { 'refresh-caller': 300_000, 'expiry-caller': 568_000 },
    ],
    [
      'has a proxy that wants one: we refresh, and nothing is required',
      [['x', '600;refresher=uac']] as Lines,
      ['600;refresher=uas', null, null],
      { 'refresh-caller': 300_000, 'expiry-caller': 568_000 },
    ],
    [
      'has a Min-SE above ours',
      [...timerSupported, ['Min-SE', '7200']] as Lines,
      ['7200;refresher=uas', null, 'timer'],
      { 'refresh-caller': 3_600_000, 'expiry-caller': 7_168_000 },
    ],
    [
      'requires timers, which is no reason for 420',
      [
        ['Require', 'timer'],
        ['Session-Expires', '600;refresher=uac'],
      ] as Lines,
      ['600;refresher=uac', null, 'timer'],
      { 'expiry-caller': 568_000 },
    ],
  ])('who %s', (_rule, extra, expected, running) => {
    const scene = up([], extra);
    const ok = scene.responses.find(({ response }) => response.status === 200);
    expect([said(ok!.response.headers), timers(scene)]).toEqual([expected, running]);
  });

  const callerRefreshes: Lines = [...timerSupported, ['Session-Expires', '600;refresher=uac']];

  it('is refreshed by its UPDATE, which the other party hears nothing of', () => {
    const scene = up([], callerRefreshes);
    for (let n = 0; n < 12; n++) {
      const update = scene.from('caller', 'UPDATE', { extra: callerRefreshes });
      expect(scene.look()).toEqual([`200 to ${update}`]);
      expect(said(scene.responses.at(-1)!.response.headers)).toEqual(['600;refresher=uac', null, 'timer']);
    }
    expect(timers(scene)).toEqual({ 'expiry-caller': 568_000 });
  });

  it('is refreshed by its INVITE without a change, which is answered here with the same o=', () => {
    const scene = up([], callerRefreshes);
    const first = scene.responses.at(-1)!.response;
    const again = scene.from('caller', 'INVITE', { body: callerSdp, extra: callerRefreshes });
    expect(scene.look()).toEqual([...['connect caller 4000 sendrecv 8', `200 to ${again} with SDP`]]);
    const { response } = scene.responses.at(-1)!;
    expect(Buffer.from(response.body).toString('latin1')).toBe(Buffer.from(first.body).toString('latin1'));
    expect(said(response.headers)).toEqual(['600;refresher=uac', null, 'timer']);
    expect(timers(scene)).toEqual({ 'expiry-caller': 568_000 });
    scene.expire('retransmit');
    expect(scene.look()).toEqual([`200 to ${again} with SDP`]);
    expect(scene.responses.at(-1)!.response).toBe(response);
    scene.callerAck();
    expect([scene.look(), scene.timer('ack-wait'), scene.state.exchange]).toEqual([[], null, null]);
  });

  it.each([
    ['a hold', sdp('192.0.2.1', 4000, '0 8', 'sendonly'), [] as Lines],
    ['no description', '', [] as Lines],
    ['who is there now (RFC 4916)', callerSdp, [['P-Asserted-Identity', '<sip:200@pbx.example>']] as Lines],
  ])('its INVITE with %s goes on', (_what, body, extra) => {
    const scene = up([], callerRefreshes);
    scene.from('caller', 'INVITE', { body, extra: [...callerRefreshes, ...extra] });
    expect(scene.look()[0]).toMatch(/^INVITE to callee/);
  });

  it('its INVITE without a change and without Session-Expires is no refresh, and goes on', () => {
    const scene = up([], callerRefreshes);
    scene.from('caller', 'INVITE', { body: callerSdp, extra: timerSupported });
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
  });

  it('ends the call when it never comes (§10)', () => {
    const scene = up([], callerRefreshes);
    scene.expire('expiry-caller');
    expect(scene.look()).toEqual(['BYE to caller', 'BYE to callee']);
    expect(scene.state.end).toEqual({ outcome: 'indeterminate', reason: 'session-expired' });
  });

  it('§9: 422 to a refresh that is too short, with our Min-SE; the session stays', () => {
    const scene = up([], callerRefreshes);
    const short: Lines = [...timerSupported, ['Session-Expires', '60']];
    const update = scene.from('caller', 'UPDATE', { extra: short });
    expect(scene.look()).toEqual([`422 to ${update}`]);
    expect(said(scene.responses.at(-1)!.response.headers)).toEqual([null, '90', null]);
    const invite = scene.from('callee', 'INVITE', { body: calleeSdp, extra: short });
    expect(scene.look()).toEqual([`422 to ${invite}`]);
    expect([scene.state.phase, timers(scene)]).toEqual(['up', { 'expiry-caller': 568_000 }]);
  });

  it('but never to an emergency call', () => {
    const scene = new Scene({ emergency: true, invite: callerInvite(callerSdp, timerSupported) });
    scene.answer('INVITE', 200, { body: calleeSdp }).callerAck();
    scene.from('caller', 'UPDATE', { extra: [...timerSupported, ['Session-Expires', '60']] });
    expect(said(scene.responses.at(-1)!.response.headers)[0]).toBe('60;refresher=uas');
  });

  it('an UPDATE before the INVITE is answered begins no session', () => {
    const scene = new Scene().answer('INVITE', 183, { body: calleeSdp });
    scene.from('caller', 'UPDATE', { extra: callerRefreshes });
    expect(timers(scene)).toEqual({});
  });

  it('each leg has its own timer, and both are stopped by the end', () => {
    const scene = up(refreshedByThem, timerSupported);
    expect(Object.keys(timers(scene))).toEqual(['refresh-caller', 'expiry-caller', 'expiry-callee']);
    scene.from('caller', 'BYE');
    expect(timers(scene)).toEqual({});
  });
});
