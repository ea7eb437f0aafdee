import { describe, expect, it } from 'vitest';
import { able, ableInvite, callerInvite, calleeSdp, callerSdp, Scene, sdp } from './call-scene.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const late = ableInvite('');
const lastBody = (scene: Scene): string => text(scene.responses.at(-1)!.response.body);
const version = (body: string): string => /^o=- \d+ (\d+)/m.exec(body)?.[1] ?? 'none';

/** Up to the caller's PRACK for the callee's reliable 183 with its answer, everything answered. */
function settled(scene = new Scene({ invite: ableInvite() })): Scene {
  scene.reliably(183, 1, { body: calleeSdp, extra: able.slice(1) });
  scene.prack(100);
  scene.answer('PRACK', 200).look();
  return scene;
}

describe('RFC 6337 Table 1, pattern 3: offer in INVITE, answer in a reliable provisional', () => {
  it('goes to the caller reliably, media are connected; the PRACK goes on; the 200 says the same again', () => {
    const scene = new Scene({ invite: ableInvite() });
    scene.look();
    scene.reliably(183, 1, { body: calleeSdp });
    expect(scene.look()).toEqual([
      'connect caller 4000 sendrecv 8',
      'connect callee 6000 sendrecv 8',
      '183 to caller-1 with SDP',
    ]);
    const first = lastBody(scene);
    const prack = scene.prack(100);
    scene.answer('PRACK', 200);
    expect(scene.look()).toEqual(['PRACK to callee', `200 to ${prack}`]);
    scene.answer('INVITE', 200);
    expect(scene.look().at(-1)).toBe('200 to caller-1 with SDP');
    expect(lastBody(scene)).toBe(first);
    scene.callerAck();
    expect(scene.look()).toEqual(['answered']);
  });
});

describe('RFC 6337 Table 1, pattern 4: offer in a reliable provisional, answer in PRACK', () => {
  it('the offer goes on reliably, the answer in our PRACK, and the 200 has no SDP any more', () => {
    const scene = new Scene({ invite: late });
    expect(scene.request('INVITE').request.headers.first('supported')).toBe('100rel, timer');
    scene.look();
    scene.reliably(183, 1, { body: sdp('198.51.100.1', 6000, '0 8') });
    expect(scene.look()).toEqual(['183 to caller-1 with SDP']);
    expect(lastBody(scene)).toContain('m=audio 20000 RTP/AVP 0 8\r\n');
    const prack = scene.prack(100, sdp('192.0.2.1', 4000, '8'));
    expect(scene.look()).toEqual([
      'connect callee 6000 sendrecv 8',
      'connect caller 4000 sendrecv 8',
      'PRACK to callee with SDP',
    ]);
    expect(text(scene.request('PRACK').request.body)).toContain('m=audio 20002 RTP/AVP 8\r\n');
    scene.answer('PRACK', 200).answer('INVITE', 200);
    expect(scene.look()).toEqual([`200 to ${prack}`, 'ACK to callee', '200 to caller-1']);
    scene.callerAck();
    expect(scene.look()).toEqual(['answered']);
  });

  it('a caller without PRACK: the callee is not told that it may, and the offer waits for the 200', () => {
    const scene = new Scene({ invite: callerInvite('') });
    expect(scene.request('INVITE').request.headers.first('supported')).toBe('timer');
    scene.look();
    scene.reliably(183, 1, { body: calleeSdp }).answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['183 to caller-1', '200 to caller-1 with SDP']);
  });

  it('a PRACK without the answer: refused, and so is the call', () => {
    const scene = new Scene({ invite: late }).reliably(183, 1, { body: calleeSdp });
    scene.look();
    const prack = scene.prack(100);
    expect(scene.look()).toEqual([`400 to ${prack}`, '500 to caller-1', 'CANCEL']);
  });

  it('an offer that nobody here speaks: 488, and CANCEL', () => {
    const admission = { kind: 'accept', encodings: ['PCMA/8000'], narrowing: 'must' } as const;
    const scene = new Scene({ invite: late, admission });
    scene.look();
    scene.reliably(183, 1, { body: sdp('198.51.100.1', 6000, '0') });
    expect(scene.look()).toEqual(['488 to caller-1', 'CANCEL']);
  });

  it('each fork may make an offer of its own', () => {
    const scene = new Scene({ invite: late }).reliably(183, 1, { body: calleeSdp });
    scene.reliably(183, 1, { tag: 'carol', body: sdp('198.51.100.1', 6100, '8') });
    scene.callerSees = 'us.1';
    scene.prack(100, callerSdp);
    scene.answer('PRACK', 200).look();
    scene.answer('INVITE', 200, { tag: 'carol' });
    expect(scene.look()).toEqual(['ACK to callee', '200 to caller-1']);
    expect(scene.request('PRACK').request.headers.first('to')).toContain('tag=carol');
  });
});

describe('RFC 6337 Table 1, pattern 5: offer in PRACK, answer in its 200', () => {
  it('goes on, and the answer comes back; the 200 of the INVITE repeats no answer that is out of date', () => {
    const scene = new Scene({ invite: ableInvite() }).reliably(183, 1, { body: calleeSdp });
    scene.look();
    const prack = scene.prack(100, sdp('192.0.2.1', 4100, '8'));
    expect(scene.look()).toEqual(['PRACK to callee with SDP']);
    scene.answer('PRACK', 200, { body: sdp('198.51.100.1', 6100, '8') });
    expect(scene.look()).toEqual([
      'connect caller 4100 sendrecv 8',
      'connect callee 6100 sendrecv 8',
      `200 to ${prack} with SDP`,
    ]);
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual([
      'connect caller 4100 sendrecv 8',
      'connect callee 6100 sendrecv 8',
      'ACK to callee',
      '200 to caller-1',
    ]);
  });

  it('where the provisional of the callee was a plain one, we answer out of what it has described', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 183, { body: calleeSdp });
    scene.look();
    const prack = scene.prack(100, sdp('192.0.2.1', 4100, '0 8', 'sendonly'));
    expect(scene.look()).toEqual(['connect caller 4100 sendonly 8', `200 to ${prack} with SDP`]);
    expect(lastBody(scene)).toMatch(/m=audio 20000 RTP\/AVP 8\r\n(.*\r\n)*a=recvonly\r\n/);
  });

  it('RFC 6337 Table 2: an offer of nothing in common is answered with nothing, and the session stays', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 183, { body: calleeSdp });
    scene.look();
    const prack = scene.prack(100, sdp('192.0.2.1', 4100, '18'));
    expect(scene.look()).toEqual([`200 to ${prack} with SDP`]);
    expect(lastBody(scene)).toContain('m=audio 0 RTP/AVP 18\r\n');
  });

  it('refused by the callee, it is refused', () => {
    const scene = new Scene({ invite: ableInvite() }).reliably(183, 1, { body: calleeSdp });
    const prack = scene.prack(100, sdp('192.0.2.1', 4100, '8'));
    scene.look();
    scene.answer('PRACK', 488);
    expect(scene.look()).toEqual([`488 to ${prack}`]);
    scene.answer('INVITE', 200).callerAck();
    expect(scene.state.phase).toBe('up');
  });

  it('RFC 3262 §5: while the INVITE has no answer it may not be made', () => {
    const scene = new Scene({ invite: ableInvite() }).reliably(180, 1);
    scene.look();
    const prack = scene.prack(100, callerSdp);
    expect(scene.look()).toEqual([`500 to ${prack}`]);
  });
});

describe('RFC 6337 Table 1, pattern 6: UPDATE', () => {
  it.each([
    ['early, of the caller', settled, 'caller', 'callee'],
    ['early, of the callee', settled, 'callee', 'caller'],
    ['confirmed, of the caller', () => confirmed(), 'caller', 'callee'],
    ['confirmed, of the callee', () => confirmed(), 'callee', 'caller'],
  ] as const)('%s: goes on, and media follow the answer', (_name, begin, from, to) => {
    const scene = begin();
    const update = scene.from(from, 'UPDATE', {
      body: sdp('192.0.2.7', 4200, '8', 'sendonly'),
      extra: [['Contact', '<sip:moved@192.0.2.7>']],
    });
    expect(scene.look()).toEqual([`UPDATE to ${to} with SDP`]);
    expect(scene.request('UPDATE').request.headers.first('contact')).toBe('<sip:203.0.113.1:5060>');
    scene.answer('UPDATE', 200, { body: sdp('192.0.2.8', 6200, '8', 'recvonly') });
    expect(scene.look()).toEqual([
      `connect ${from} 4200 sendonly 8`,
      `connect ${to} 6200 recvonly 8`,
      `200 to ${update} with SDP`,
    ]);
    expect(scene.responses.at(-1)!.response.headers.first('contact')).toBe('<sip:203.0.113.1:5060>');
    scene.from(to, 'INFO');
    expect(scene.request('INFO').request.uri).toBe('sip:moved@192.0.2.7');
  });

  it('without an offer it is a target refresh of its leg (RFC 3311 §5.2), and answered here', () => {
    const scene = confirmed();
    const update = scene.from('caller', 'UPDATE', { extra: [['Contact', '<sip:moved@192.0.2.7>']] });
    expect(scene.look()).toEqual([`200 to ${update}`]);
    scene.from('callee', 'INFO');
    expect(scene.request('INFO').request.uri).toBe('sip:moved@192.0.2.7');
  });

  it.each([
    ['488', (scene: Scene) => scene.answer('UPDATE', 488), '488'],
    ['491', (scene: Scene) => scene.answer('UPDATE', 491), '491'],
    ['a 200 without the answer', (scene: Scene) => scene.answer('UPDATE', 200), '500'],
    ['a 200 that is no answer', (scene: Scene) => scene.answer('UPDATE', 200, { body: 'x' }), '400'],
  ])('answered by %s: the session stays', (_name, answer, status) => {
    const scene = confirmed();
    const update = scene.from('caller', 'UPDATE', { body: callerSdp });
    scene.look();
    answer(scene);
    expect([scene.look(), scene.state.phase]).toEqual([[`${status} to ${update}`], 'up']);
  });

  it.each([
    ['481', (scene: Scene) => scene.answer('UPDATE', 481)],
    ['nothing', (scene: Scene) => scene.fail('UPDATE', 'timeout')],
  ])(
    'RFC 3261 §12.2.1.2: %s ends a confirmed dialog, and leaves an early one to its INVITE',
    (_name, answer) => {
      const [up, early] = [confirmed(), settled()];
      for (const scene of [up, early]) {
        scene.from('caller', 'UPDATE', { body: callerSdp });
        answer(scene);
      }
      expect([up.state.phase, early.state.phase]).toEqual(['ending', 'dialling']);
    },
  );

  it('a callee that does not allow it gets a re-INVITE, whose answer is the one of the UPDATE', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 200, { body: calleeSdp }).callerAck();
    scene.look();
    const update = scene.from('caller', 'UPDATE', { body: sdp('192.0.2.1', 4300, '8') });
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
    scene.answer('INVITE', 180).answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual([
      'connect caller 4300 sendrecv 8',
      'connect callee 6000 sendrecv 8',
      'ACK to callee',
      `200 to ${update} with SDP`,
    ]);
    expect([scene.state.exchange, scene.timer('retransmit'), scene.timer('ack-wait')]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('RFC 3311 §5.2: such a re-INVITE that waits for a user is cancelled in time, the UPDATE 504', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 200, { body: calleeSdp }).callerAck();
    const update = scene.from('caller', 'UPDATE', { body: callerSdp });
    expect(scene.timer('exchange')).toBe(20_000);
    scene.look();
    scene.expire('exchange').answer('INVITE', 487);
    expect([scene.look(), scene.state.phase]).toEqual([['CANCEL', `504 to ${update}`], 'up']);
  });

  it.each([
    ['early, a callee that has not settled on its answer', 'caller', false],
    ['early, a caller without PRACK', 'callee', true],
  ] as const)('%s cannot be asked: we answer out of what it has described', (_name, from, reliable) => {
    const scene = new Scene({ invite: from === 'caller' ? ableInvite() : callerInvite() });
    if (reliable) scene.reliably(183, 1, { body: calleeSdp });
    else scene.answer('INVITE', 183, { body: calleeSdp });
    if (from === 'caller') scene.prack(100);
    scene.look();
    const update = scene.from(from, 'UPDATE', { body: sdp('192.0.2.9', 4400, '8') });
    expect(scene.look()).toEqual([`connect ${from} 4400 sendrecv 8`, `200 to ${update} with SDP`]);
  });

  it('and 488 where there is nothing in common', () => {
    const scene = new Scene().reliably(183, 1, { body: calleeSdp });
    scene.look();
    const update = scene.from('callee', 'UPDATE', { body: sdp('198.51.100.1', 6000, '18') });
    expect(scene.look()).toEqual([`488 to ${update}`]);
  });
});

describe('RFC 3311 §5.2, RFC 6337 §5: one exchange at a time', () => {
  it.each([
    ['the INVITE of the same party', 'caller', '500'],
    ['our INVITE to this party', 'callee', '491'],
  ] as const)('an offer in UPDATE while %s is not answered: %s gets %s', (_name, from, status) => {
    const scene = new Scene({ invite: ableInvite() }).reliably(180, 1);
    scene.look();
    const update = scene.from(from, 'UPDATE', { body: callerSdp });
    expect(scene.look()).toEqual([`${status} to ${update}`]);
    expect(scene.responses.at(-1)!.response.headers.first('retry-after')).toBe(status === '500' ? '7' : null);
  });

  it.each([
    ['before the PRACK', () => undefined],
    ['before the answer to the PRACK', (scene: Scene) => scene.prack(100)],
  ])('UAS-IsU: an offer of the caller %s for the answer is 500', (_name, before) => {
    const scene = new Scene({ invite: ableInvite() });
    scene.reliably(183, 1, { body: calleeSdp, extra: able.slice(1) });
    before(scene);
    scene.look();
    const update = scene.from('caller', 'UPDATE', { body: callerSdp });
    expect(scene.look()).toEqual([`500 to ${update}`]);
  });

  it('after an answer that may be lost it is not answered either', () => {
    const scene = new Scene().answer('INVITE', 183, { body: calleeSdp });
    scene.look();
    const update = scene.from('caller', 'UPDATE', { body: callerSdp });
    expect(scene.look()).toEqual([`500 to ${update}`]);
  });

  it.each([
    ['UPDATE', 'caller', '500'],
    ['UPDATE', 'callee', '491'],
    ['INVITE', 'caller', '500'],
    ['INVITE', 'callee', '491'],
  ] as const)('%s of the %s while an UPDATE of the caller is under way: %s', (method, from, status) => {
    const scene = confirmed();
    scene.from('caller', 'UPDATE', { body: callerSdp });
    scene.look();
    const second = scene.from(from, method, { body: calleeSdp });
    expect(scene.look()).toEqual([`${status} to ${second}`]);
    scene.answer('UPDATE', 200, { body: calleeSdp }).look();
    scene.from(from, method, { body: calleeSdp });
    expect(scene.look()).toHaveLength(1);
  });

  it.each([
    ['caller', '500'],
    ['callee', '491'],
  ] as const)(
    'UPDATE with an offer of the %s while a re-INVITE of the caller is under way: %s',
    (from, status) => {
      const scene = confirmed();
      scene.from('caller', 'INVITE', { body: callerSdp });
      scene.look();
      const update = scene.from(from, 'UPDATE', { body: calleeSdp });
      expect(scene.look()).toEqual([`${status} to ${update}`]);
    },
  );

  it('and once its answer has come in a reliable 183, UPDATE is free again (RFC 6337 §5, UAS-IsU)', () => {
    const scene = confirmed();
    scene.from('caller', 'INVITE', { body: callerSdp, extra: able });
    scene.reliably(183, 1, { body: calleeSdp });
    scene.prack(100);
    expect(scene.look().slice(-2)).toEqual(['183 to caller-4 with SDP', 'PRACK to callee']);
    scene.answer('PRACK', 200).look();
    scene.from('callee', 'UPDATE', { body: calleeSdp });
    expect(scene.look()).toEqual(['UPDATE to caller with SDP']);
  });

  it('before the caller has ACKed the 200, an offer of the callee is 491', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    const update = scene.from('callee', 'UPDATE', { body: calleeSdp });
    expect(scene.look()).toEqual([`491 to ${update}`]);
  });
});

describe('RFC 3261 §13.2.1: the caller sees one answer in a dialog', () => {
  it('the SDP of later provisionals and of the 200 is the first one again, under the same version', () => {
    const scene = new Scene().answer('INVITE', 183, { body: calleeSdp });
    const first = lastBody(scene);
    scene.look();
    scene.answer('INVITE', 183, { body: sdp('198.51.100.9', 6900, '8') });
    expect(scene.look()).toEqual(['connect callee 6900 sendrecv 8', '183 to caller-1 with SDP']);
    scene.answer('INVITE', 200, { body: sdp('198.51.100.9', 6999, '8') });
    expect(scene.look()).toEqual([
      'connect caller 4000 sendrecv 8',
      'connect callee 6999 sendrecv 8',
      'ACK to callee',
      '200 to caller-1 with SDP',
    ]);
    expect(new Set(scene.responses.map(({ response }) => text(response.body)))).toEqual(new Set([first]));
    scene.callerAck();
    expect(scene.look()).toEqual(['answered']);
  });

  it('each fork is a dialog, with an answer and versions of its own', () => {
    const scene = new Scene().answer('INVITE', 183, { body: calleeSdp });
    scene.answer('INVITE', 183, { tag: 'carol', body: sdp('198.51.100.1', 6100, '0') });
    expect(lastBody(scene)).toContain('m=audio 20000 RTP/AVP 0\r\n');
    scene.answer('INVITE', 200, { tag: 'bob', body: calleeSdp });
    expect(scene.responses.map(({ response }) => version(text(response.body)))).toEqual(['1', '1', '1']);
  });

  it('other encodings in the 200 than in the 183: the caller is told by a re-INVITE of ours', () => {
    const scene = new Scene().answer('INVITE', 183, { body: sdp('198.51.100.1', 6000, '0') });
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(lastBody(scene)).toContain('m=audio 20000 RTP/AVP 0\r\n');
    scene.look();
    scene.callerAck();
    expect(scene.look()).toEqual(['answered', 'INVITE to caller with SDP']);
    const offer = text(scene.request('INVITE').request.body);
    expect([offer.includes('m=audio 20000 RTP/AVP 8\r\n'), version(offer)]).toEqual([true, '2']);
    scene.answer('INVITE', 200, { body: sdp('192.0.2.1', 4000, '8') });
    expect(scene.look()).toEqual(['ACK to caller', 'connect caller 4000 sendrecv 8']);
    expect(scene.state.caller.own).toBeNull();
  });

  it('an answer that the callee has replaced by UPDATE is not heard again in its 200', () => {
    const scene = new Scene().reliably(183, 1, { body: calleeSdp });
    scene.from('callee', 'UPDATE', { body: sdp('198.51.100.1', 6500, '8') });
    const first = text(scene.responses.find(({ response }) => response.status === 183)!.response.body);
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual([
      'connect caller 4000 sendrecv 8',
      'connect callee 6500 sendrecv 8',
      'ACK to callee',
      '200 to caller-1 with SDP',
    ]);
    expect(lastBody(scene)).toBe(first);
  });
});

/** A call that is up, between parties that both take UPDATE. */
function confirmed(): Scene {
  const scene = new Scene({ invite: ableInvite() });
  scene.answer('INVITE', 200, { body: calleeSdp, extra: able.slice(1) }).callerAck();
  scene.from('caller', 'INFO');
  scene.answer('INFO', 200);
  scene.from('callee', 'INFO');
  scene.answer('INFO', 200).look();
  return scene;
}
