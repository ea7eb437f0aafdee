import { describe, expect, it } from 'vitest';
import { calleeSdp, callerInvite, callerSdp, Scene, sdp } from './call-scene.ts';

const body = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('BYE', () => {
  it.each([
    ['caller', 'callee'],
    ['callee', 'caller'],
  ] as const)(
    'of the %s: 200 to it, BYE to the %s with its Reason, over when that is answered',
    (from, to) => {
      const scene = Scene.up();
      const bye = scene.from(from, 'BYE', {
        extra: [
          ['Reason', 'Q.850;cause=16'],
          ['X-Why', 'done'],
        ],
      });
      expect(scene.look()).toEqual([`200 to ${bye}`, `BYE to ${to}`]);
      const { headers } = scene.request('BYE').request;
      expect([headers.first('reason'), headers.first('x-why')]).toEqual(['Q.850;cause=16', 'done']);
      scene.answer('BYE', 200);
      expect(scene.look()).toEqual(['ended success/answered']);
      expect(scene.state.phase).toBe('over');
    },
  );

  it.each([
    ['481', (scene: Scene) => scene.answer('BYE', 481)],
    ['408', (scene: Scene) => scene.answer('BYE', 408)],
    ['nothing', (scene: Scene) => scene.fail('BYE', 'timeout')],
    ['a broken transport', (scene: Scene) => scene.fail('BYE', 'transport')],
  ])('RFC 3261 §15.1.1: answered by %s, the dialog has ended all the same', (_name, answer) => {
    const scene = Scene.up();
    scene.from('caller', 'BYE');
    scene.look();
    answer(scene);
    expect(scene.look()).toEqual(['ended success/answered']);
  });

  it('from both sides at once: each gets 200, and there is one end', () => {
    const scene = Scene.up();
    scene.from('caller', 'BYE');
    scene.look();
    const crossing = scene.from('callee', 'BYE');
    expect(scene.look()).toEqual([`200 to ${crossing}`]);
    scene.answer('BYE', 481);
    expect(scene.look()).toEqual(['ended success/answered']);
  });

  it('the peer that must be told lies silent: the release timer ends the call', () => {
    const scene = Scene.up();
    scene.from('caller', 'BYE');
    scene.look();
    expect(scene.timer('release')).toBe(69_000);
    scene.expire('release');
    expect(scene.look()).toEqual(['ended success/answered']);
  });

  it('RFC 3261 §15: of the callee before the caller has ACKed waits for that ACK', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    const bye = scene.from('callee', 'BYE');
    expect(scene.look()).toEqual([`200 to ${bye}`]);
    scene.expire('retransmit');
    expect(scene.look()).toEqual(['200 to caller-1 with SDP']);
    scene.callerAck();
    expect(scene.look()).toEqual(['BYE to caller']);
    scene.answer('BYE', 200);
    expect(scene.look()).toEqual(['ended success/answered']);
  });

  it('RFC 3261 §15: or until 64*T1 have passed', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.from('callee', 'BYE');
    scene.look();
    scene.expire('ack-wait');
    expect(scene.look()).toEqual(['BYE to caller']);
    scene.fail('BYE', 'timeout');
    expect(scene.look()).toEqual(['ended success/answered']);
  });

  it('of the caller without an ACK: the 200 is repeated no more', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    const bye = scene.from('caller', 'BYE');
    expect(scene.look()).toEqual([`200 to ${bye}`, 'BYE to callee']);
    expect([scene.timer('retransmit'), scene.timer('ack-wait')]).toEqual([null, null]);
  });

  it('after the end: 481', () => {
    const scene = Scene.up();
    scene.from('caller', 'BYE');
    scene.answer('BYE', 200);
    scene.look();
    const late = scene.from('caller', 'BYE');
    expect(scene.look()).toEqual([`481 to ${late}`]);
  });

  it('with another tag is of no dialog: 481, and the call goes on', () => {
    const scene = Scene.up();
    const forged = scene.from('callee', 'BYE', { tag: 'mallory' });
    expect(scene.look()).toEqual([`481 to ${forged}`]);
    expect(scene.state.phase).toBe('up');
  });

  it('in the dialog of a fork that lost is 481, and the call goes on', () => {
    const scene = new Scene().answer('INVITE', 180, { tag: 'bob' }).answer('INVITE', 180, { tag: 'carol' });
    scene.answer('INVITE', 200, { tag: 'bob', body: calleeSdp }).callerAck();
    scene.look();
    scene.callerSees = 'us.1';
    const stray = scene.from('caller', 'BYE');
    expect(scene.look()).toEqual([`481 to ${stray}`]);
  });

  it('RFC 3261 §12.2.2: a request whose number is behind is 500', () => {
    const scene = Scene.up();
    scene.from('caller', 'INFO', { cseq: 9 });
    scene.look();
    const late = scene.from('caller', 'BYE', { cseq: 5 });
    expect(scene.look()).toEqual([`500 to ${late}`]);
  });
});

describe('hang-up from our side', () => {
  it('of a call that is up: BYE to both with the Reason of RFC 3326', () => {
    const scene = Scene.up();
    scene.step({ type: 'hang-up', reason: 'media-timeout' });
    expect(scene.look()).toEqual(['BYE to caller', 'BYE to callee']);
    expect(scene.sent.slice(-2).map(({ request }) => request.headers.first('reason'))).toEqual([
      'Q.850;cause=41;text="Media timeout"',
      'Q.850;cause=41;text="Media timeout"',
    ]);
    for (const { client } of scene.sent.slice(-2)) scene.answer('BYE', 200, { client });
    expect(scene.look()).toEqual(['ended indeterminate/media-timeout']);
  });

  it.each([
    ['while the director thinks', new Scene({ cold: true }), ['503 to caller-1']],
    ['while it is dialled', new Scene(), ['503 to caller-1', 'CANCEL']],
    [
      'before the ACK: the callee at once, the caller after its ACK',
      new Scene().answer('INVITE', 200, { body: calleeSdp }),
      ['BYE to callee'],
    ],
  ])('%s', (_name, scene, expected) => {
    scene.look();
    scene.step({ type: 'hang-up', reason: 'shutdown' });
    expect(scene.look()).toEqual(expected);
  });

  it('twice is once', () => {
    const scene = Scene.up();
    scene.step({ type: 'hang-up', reason: 'shutdown' });
    scene.look();
    scene.step({ type: 'hang-up', reason: 'media-timeout' });
    expect(scene.look()).toEqual([]);
    for (const { client } of scene.sent.slice(-2)) scene.answer('BYE', 200, { client });
    expect(scene.look()).toEqual(['ended ours/shutdown']);
  });
});

describe('RFC 3261 §13.2.1: an INVITE without an offer', () => {
  const invite = callerInvite('');

  it('the offer of the 200 goes to the caller, the answer of its ACK to the callee', () => {
    const scene = new Scene({ invite });
    expect(scene.look().at(-1)).toBe('INVITE to callee');
    scene.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '0 8') });
    expect(scene.look()).toEqual(['200 to caller-1 with SDP']);
    expect(body(scene.responses.at(-1)!.response.body)).toContain('m=audio 20000 RTP/AVP 0 8\r\n');
    scene.callerAck(sdp('192.0.2.1', 4000, '8'));
    expect(scene.look()).toEqual([
      'connect callee 6000 sendrecv 8',
      'connect caller 4000 sendrecv 8',
      'ACK to callee with SDP',
      'answered',
    ]);
    expect(body(scene.acks[0]!.body)).toContain('m=audio 20002 RTP/AVP 8\r\n');
  });

  it('a repeated 200 gets no ACK before there is an answer, and its own after', () => {
    const scene = new Scene({ invite }).answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual([]);
    scene.callerAck(callerSdp);
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee with SDP']);
  });

  it('the offer is narrowed too', () => {
    const admission = { kind: 'accept', encodings: ['PCMA/8000'], narrowing: 'must' } as const;
    const scene = new Scene({ invite, admission }).answer('INVITE', 200, {
      body: sdp('198.51.100.1', 6000, '0 8'),
    });
    expect(body(scene.responses.at(-1)!.response.body)).toContain('m=audio 20000 RTP/AVP 8\r\n');
  });

  it('a 183 goes on without its SDP, which is no offer yet', () => {
    const scene = new Scene({ invite });
    scene.look();
    scene.answer('INVITE', 183, { body: calleeSdp });
    expect(scene.look()).toEqual(['183 to caller-1']);
  });

  it('an ACK without the answer: the offer is declined, both legs end', () => {
    const scene = new Scene({ invite }).answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.callerAck();
    expect(scene.look()).toEqual(['ACK to callee with SDP', 'BYE to caller', 'BYE to callee']);
    expect(body(scene.acks[0]!.body)).toContain('m=audio 0 RTP/AVP 8\r\n');
  });

  it('no ACK at all: the same after 64*T1', () => {
    const scene = new Scene({ invite }).answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.expire('ack-wait');
    expect(scene.look()).toEqual(['ACK to callee with SDP', 'BYE to caller', 'BYE to callee']);
  });

  it('the callee hangs up before the ACK: the caller is told after it', () => {
    const scene = new Scene({ invite }).answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    const bye = scene.from('callee', 'BYE');
    expect(scene.look()).toEqual([`200 to ${bye}`, 'ACK to callee with SDP']);
    scene.callerAck(callerSdp);
    expect(scene.look()).toEqual(['BYE to caller']);
  });

  it('CANCEL crossing the 200 with the offer: ACK that declines it, BYE', () => {
    const scene = new Scene({ invite }).answer('INVITE', 180);
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee with SDP', 'BYE to callee']);
  });
});

describe('RFC 3261 §14: re-INVITE', () => {
  it.each([
    [
      'hold by sendonly',
      callerSdp.replace('RTP/AVP 0 8\r\n', 'RTP/AVP 0 8\r\na=sendonly\r\n'),
      sdp('198.51.100.1', 6000, '8', 'recvonly'),
      ['connect caller 4000 sendonly 8', 'connect callee 6000 recvonly 8'],
    ],
    [
      'hold by inactive',
      sdp('192.0.2.1', 4000, '8', 'inactive'),
      sdp('198.51.100.1', 6000, '8', 'inactive'),
      ['connect caller 4000 inactive 8', 'connect callee 6000 inactive 8'],
    ],
    [
      'hold by the null address',
      sdp('0.0.0.0', 4000, '8'),
      sdp('198.51.100.1', 6000, '8', 'recvonly'),
      ['connect caller none sendonly 8', 'connect callee 6000 recvonly 8'],
    ],
    [
      'a new address',
      sdp('192.0.2.77', 4444, '8'),
      calleeSdp,
      ['connect caller 4444 sendrecv 8', 'connect callee 6000 sendrecv 8'],
    ],
    [
      'PCMA to PCMU',
      sdp('192.0.2.1', 4000, '0'),
      sdp('198.51.100.1', 6000, '0'),
      ['connect caller 4000 sendrecv 0', 'connect callee 6000 sendrecv 0'],
    ],
  ])('of the caller, %s: goes on, is answered, and media follow', (_name, offer, answer, connects) => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: offer });
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
    scene.answer('INVITE', 100).answer('INVITE', 200, { body: answer });
    expect(scene.look()).toEqual([...connects, 'ACK to callee', `200 to ${transaction} with SDP`]);
    scene.callerAck();
    expect(scene.look()).toEqual([]);
    expect([scene.state.exchange, scene.timer('retransmit')]).toEqual([null, null]);
  });

  it('of the callee goes to the caller', () => {
    const scene = Scene.up();
    const transaction = scene.from('callee', 'INVITE', { body: sdp('198.51.100.1', 6100, '8', 'sendonly') });
    expect(scene.look()).toEqual(['INVITE to caller with SDP']);
    scene.answer('INVITE', 200, { body: sdp('192.0.2.1', 4000, '8', 'recvonly') });
    expect(scene.look()).toEqual([
      'connect callee 6100 sendonly 8',
      'connect caller 4000 recvonly 8',
      'ACK to caller',
      `200 to ${transaction} with SDP`,
    ]);
  });

  it('RFC 3264 §8: the version of our description grows only when it changes', () => {
    const scene = Scene.up();
    const versions = [callerSdp, sdp('192.0.2.1', 4000, '0 8', 'sendonly')].map((offer) => {
      scene.from('caller', 'INVITE', { body: offer });
      const origin = /o=- \d+ (\d+)/.exec(body(scene.request('INVITE').request.body))?.[1];
      scene.answer('INVITE', 200, { body: calleeSdp }).callerAck();
      return origin;
    });
    expect(versions).toEqual(['1', '2']);
  });

  it('the INVITE and its 200 carry our Contact (RFC 3261 §12.2.1.1, §13.3.1.4), and theirs become the targets', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: callerSdp, extra: [['Contact', '<sip:moved@192.0.2.1:5099>']] });
    expect(scene.request('INVITE').request.headers.all('contact')).toEqual(['<sip:203.0.113.1:5060>']);
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.responses.at(-1)!.response.headers.all('contact')).toEqual(['<sip:203.0.113.1:5060>']);
    scene.callerAck();
    scene.step({ type: 'hang-up', reason: 'shutdown' });
    expect(scene.sent.map(({ request }) => `${request.method} ${request.uri}`)).toContain(
      'BYE sip:moved@192.0.2.1:5099',
    );
  });

  it('without an offer: the answer comes in the ACK', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE');
    expect(scene.look()).toEqual(['INVITE to callee']);
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual([`200 to ${transaction} with SDP`]);
    scene.callerAck(sdp('192.0.2.1', 4000, '8'));
    expect(scene.look()).toEqual([
      'connect callee 6000 sendrecv 8',
      'connect caller 4000 sendrecv 8',
      'ACK to callee with SDP',
    ]);
  });

  it.each([[486], [488], [491], [500], [603]])('refused with %i: the session stays as it was', (status) => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp });
    scene.look();
    scene.answer('INVITE', status);
    expect(scene.look()).toEqual([`${status} to ${transaction}`]);
    expect([scene.state.phase, scene.state.exchange]).toEqual(['up', null]);
  });

  it.each([
    ['481', (scene: Scene) => scene.answer('INVITE', 481), '481', 'indeterminate/protocol-error'],
    ['408', (scene: Scene) => scene.answer('INVITE', 408), '408', 'upstream/upstream-timeout'],
    ['nothing', (scene: Scene) => scene.fail('INVITE', 'timeout'), '408', 'upstream/upstream-timeout'],
  ])('RFC 3261 §12.2.1.2: answered by %s, the call ends both ways', (_name, answer, status, end) => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp });
    scene.look();
    answer(scene);
    expect(scene.look()).toEqual([`${status} to ${transaction}`, 'BYE to caller', 'BYE to callee']);
    for (const { client } of scene.sent.slice(-2)) scene.answer('BYE', 481, { client });
    expect(scene.look()).toEqual([`ended ${end}`]);
  });

  it('an offer that cannot be used is 488, and never reaches the other side', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: sdp('192.0.2.1', 0) });
    expect(scene.look()).toEqual([`488 to ${transaction}`]);
    expect(scene.state.phase).toBe('up');
  });

  it('RFC 3261 §14.2: while ours is out to the same party, theirs is glare: 491', () => {
    const scene = Scene.up();
    const first = scene.from('caller', 'INVITE', { body: callerSdp });
    const crossing = scene.from('callee', 'INVITE', { body: calleeSdp });
    expect(scene.look()).toEqual(['INVITE to callee with SDP', `491 to ${crossing}`]);
    scene.answer('INVITE', 491);
    expect(scene.look()).toEqual([`491 to ${first}`]);
    expect([scene.state.phase, scene.state.exchange]).toEqual(['up', null]);
  });

  it('RFC 3261 §14.2: a second one before the first has its final response: 500 with Retry-After', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: callerSdp });
    scene.look();
    const second = scene.from('caller', 'INVITE', { body: callerSdp });
    expect(scene.look()).toEqual([`500 to ${second}`]);
    expect(scene.responses.at(-1)!.response.headers.first('retry-after')).toBe('7');
  });

  it('before the caller has ACKed the first 200, the callee is told to try later', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    const early = scene.from('callee', 'INVITE', { body: calleeSdp });
    expect(scene.look()).toEqual([`491 to ${early}`]);
  });

  it('a new one says that the 200 of the last has arrived', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: callerSdp });
    scene.answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.from('caller', 'INVITE', { body: callerSdp });
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
    expect(scene.timer('retransmit')).toBeNull();
  });

  it('its 200 without an ACK after 64*T1 ends the call', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: callerSdp });
    scene.answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.expire('ack-wait');
    expect(scene.look()).toEqual(['BYE to caller', 'BYE to callee']);
  });

  it('CANCEL of it goes on; what the other side says decides', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp });
    scene.look();
    scene.step({ type: 'cancelled', transaction, reason: null });
    expect(scene.look()).toEqual(['CANCEL']);
    scene.answer('INVITE', 487);
    expect(scene.look()).toEqual([`487 to ${transaction}`]);
    expect(scene.state.phase).toBe('up');
  });

  it('CANCEL of it crossing the 200: both sides have the new session', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp });
    scene.step({ type: 'cancelled', transaction, reason: null });
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look().at(-1)).toBe(`200 to ${transaction} with SDP`);
  });

  it('never decided: CANCEL after the ring time, and 64*T1 later the end', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp });
    scene.answer('INVITE', 180);
    scene.look();
    scene.expire('exchange');
    expect(scene.look()).toEqual(['CANCEL']);
    scene.expire('exchange');
    expect(scene.look()).toEqual([`408 to ${transaction}`, 'BYE to caller', 'BYE to callee']);
  });

  it('RFC 3261 §15.1.2: BYE of the one who asked: its INVITE gets 487, the late 200 its ACK', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp });
    const { client } = scene.request('INVITE');
    scene.look();
    const bye = scene.from('caller', 'BYE');
    expect(scene.look()).toEqual([`200 to ${bye}`, `487 to ${transaction}`, 'BYE to callee']);
    scene.answer('INVITE', 200, { client, body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee']);
  });

  it('BYE of the one who was asked: the INVITE of the other gets 487', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp });
    scene.look();
    const bye = scene.from('callee', 'BYE');
    expect(scene.look()).toEqual([`200 to ${bye}`, `487 to ${transaction}`, 'BYE to caller']);
  });
});

describe('other requests in the dialog', () => {
  it.each(['INFO', 'MESSAGE', 'NOTIFY'])(
    '%s goes to the other leg with its body, the answer comes back',
    (method) => {
      const scene = Scene.up();
      const transaction = scene.from('callee', method, { body: 'Signal=1', extra: [['X-Unknown', 'kept']] });
      expect(scene.look()).toEqual([`${method} to caller with SDP`]);
      const { request } = scene.request(method);
      expect([
        body(request.body),
        request.headers.first('x-unknown'),
        request.headers.first('max-forwards'),
      ]).toEqual(['Signal=1', 'kept', '69']);
      scene.answer(method, 200, { extra: [['X-Answer', 'kept']] });
      expect(scene.look()).toEqual([`200 to ${transaction}`]);
      expect(scene.responses.at(-1)!.response.headers.first('x-answer')).toBe('kept');
      expect(scene.state.relays.size).toBe(0);
    },
  );

  it.each([
    ['481', (scene: Scene) => scene.answer('INFO', 481), '481'],
    ['408', (scene: Scene) => scene.answer('INFO', 408), '408'],
    ['nothing', (scene: Scene) => scene.fail('INFO', 'timeout'), '408'],
  ])('RFC 3261 §12.2.1.2: INFO answered by %s ends the call both ways', (_name, answer, status) => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INFO');
    scene.look();
    answer(scene);
    expect(scene.look()).toEqual([`${status} to ${transaction}`, 'BYE to caller', 'BYE to callee']);
  });

  it.each(['INFO', 'MESSAGE', 'NOTIFY', 'REFER'])(
    'RFC 3261 §21.5.1: %s while 32 requests wait for the other side is 500 with Retry-After',
    (method) => {
      const scene = Scene.up({ refer: 'relay' });
      for (let i = 0; i < 32; i++) scene.from('caller', 'INFO');
      scene.look();
      const extra = [['Refer-To', '<sip:+352999@203.0.113.1:5060>']] as const;
      const refused = scene.from('caller', method, { extra });
      expect(scene.look()).toEqual([`500 to ${refused}`]);
      expect(scene.responses.at(-1)!.response.headers.first('retry-after')).toBe('7');
      scene.answer('INFO', 200).look();
      scene.from('caller', method, { extra });
      expect(scene.look()).toEqual([`${method} to callee`]);
    },
  );

  it('INFO refused otherwise is just refused', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INFO');
    scene.look();
    scene.answer('INFO', 415);
    expect(scene.look()).toEqual([`415 to ${transaction}`]);
    expect(scene.state.phase).toBe('up');
  });

  it.each([
    ['OPTIONS', [], '200'],
    ['REFER', [], '405'],
    ['UPDATE', [], '200'],
    ['PRACK', [], '481'],
    ['INVITE', [['Require', 'nosuch']], '420'],
    ['INFO', [['Require', 'nosuch']], '420'],
  ] as const)('%s with %j is answered %s here', (method, extra, status) => {
    const scene = Scene.up();
    const transaction = scene.from('caller', method, { extra });
    expect(scene.look()).toEqual([`${status} to ${transaction}`]);
  });

  it('405 and 420 say what is allowed and what is not supported', () => {
    const scene = Scene.up();
    scene.from('caller', 'REFER');
    scene.from('caller', 'INFO', { extra: [['Require', 'a, 100rel, b']] });
    const headers = scene.responses.slice(-2).map(({ response }) => response.headers);
    expect(headers[0]!.first('allow')).toBe(
      'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, NOTIFY, PRACK, UPDATE',
    );
    expect(headers[1]!.first('unsupported')).toBe('a, b');
  });

  it('of the callee before its response has made a dialog: told to try later', () => {
    const scene = new Scene();
    scene.look();
    const early = scene.from('callee', 'INFO');
    expect(scene.look()).toEqual([`500 to ${early}`]);
  });
});
