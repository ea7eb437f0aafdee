import { describe, expect, it } from 'vitest';
import { able, ableInvite, calleeSdp, callerInvite, Scene, sdp } from './call-scene.ts';

const cancel = { type: 'cancelled', transaction: 'caller-1', reason: null } as const;
const to = (scene: Scene, method: string): string => scene.request(method).request.headers.first('to') ?? '';

/** Bob and Carol ring; the caller sees them as `us` and `us.1`. */
function ringing(invite = callerInvite()): Scene {
  const scene = new Scene({ invite })
    .answer('INVITE', 180, { tag: 'bob' })
    .answer('INVITE', 180, { tag: 'carol' });
  scene.look();
  return scene;
}

describe('RFC 3261 §12.1: requests in early dialogs', () => {
  it.each([
    ['us', 'bob'],
    ['us.1', 'carol'],
  ])('of the caller under our tag %s reach %s, and the answer comes back', (tag, remote) => {
    const scene = ringing();
    scene.callerSees = tag;
    const info = scene.from('caller', 'INFO', { body: 'Signal=1' });
    expect(to(scene, 'INFO')).toBe(`<sip:+352123@carrier.example>;tag=${remote}`);
    scene.answer('INFO', 200);
    expect(scene.look().at(-1)).toBe(`200 to ${info}`);
  });

  it.each([
    ['bob', 'us'],
    ['carol', 'us.1'],
  ])('of %s come to the caller under our tag %s', (tag, ours) => {
    const scene = ringing();
    const info = scene.from('callee', 'INFO', { tag });
    const { headers } = scene.request('INFO').request;
    expect([headers.first('from'), headers.first('to'), headers.first('cseq')]).toEqual([
      `<sip:+352123@203.0.113.1>;tag=${ours}`,
      '"Ann" <sip:100@pbx.example;user=phone>;tag=ann',
      '1 INFO',
    ]);
    scene.answer('INFO', 200);
    expect(scene.look().at(-1)).toBe(`200 to ${info}`);
  });

  it.each([
    ['the caller, of no fork', 'caller', 'us.9', 'ann'],
    ['the caller, with a foreign tag', 'caller', 'us', 'mallory'],
    ['the callee, of no fork', 'callee', 'us', 'mallory'],
  ] as const)('of %s go nowhere', (_name, party, ours, theirs) => {
    const scene = ringing();
    scene.callerSees = ours;
    const info = scene.from(party, 'INFO', { tag: theirs });
    expect(scene.look()).toEqual([`500 to ${info}`]);
  });

  it('each fork counts on its own, and keeps its count when it answers', () => {
    const scene = ringing();
    scene.from('callee', 'INFO', { tag: 'carol' });
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp });
    scene.callerSees = 'us.1';
    scene.callerAck();
    scene.step({ type: 'hang-up', reason: 'shutdown' });
    const byes = scene.sent.filter(({ request }) => request.method === 'BYE');
    expect(byes.map(({ request }) => request.headers.first('cseq'))).toEqual(['2 BYE', '2 BYE']);
  });

  it('an answer that is lost with its fork is given up, and nothing else is', () => {
    const scene = ringing();
    scene.callerSees = 'us.1';
    const info = scene.from('caller', 'INFO');
    scene.answer('INVITE', 200, { tag: 'bob', body: calleeSdp });
    scene.callerSees = 'us';
    scene.callerAck().look();
    scene.fail('INFO', 'timeout');
    expect([scene.look(), scene.state.phase]).toEqual([[`408 to ${info}`], 'up']);
  });
});

describe('RFC 3262 §5: an offer in the PRACK of a fork', () => {
  it('that is answered when another one has the call changes nothing of the call', () => {
    const scene = new Scene({ invite: ableInvite() });
    scene.reliably(183, 1, { tag: 'carol', body: sdp('198.51.100.1', 6200, '8'), extra: able });
    const prack = scene.prack(100, sdp('192.0.2.1', 4100, '0 8'));
    scene.answer('INVITE', 200, { tag: 'bob', body: calleeSdp });
    scene.look();
    scene.answer('PRACK', 200, { tag: 'carol', body: sdp('198.51.100.1', 6300, '8') });
    expect(scene.look()).toEqual([`200 to ${prack}`]);
  });
});

describe('RFC 3261 §15: BYE in an early dialog', () => {
  it('of the caller ends that fork and no other', () => {
    const scene = ringing();
    scene.callerSees = 'us.1';
    const bye = scene.from('caller', 'BYE');
    expect(scene.look()).toEqual([`200 to ${bye}`, 'BYE to callee']);
    expect(to(scene, 'BYE')).toContain('tag=carol');
    scene.answer('INVITE', 183, { tag: 'carol', body: calleeSdp });
    expect(scene.look()).toEqual([]);
    scene.answer('INVITE', 200, { tag: 'bob', body: calleeSdp });
    scene.callerSees = 'us';
    scene.callerAck();
    expect(scene.state.phase).toBe('up');
  });

  it('a fork that answers after it gets ACK and BYE, and the others ring on', () => {
    const scene = ringing();
    scene.callerSees = 'us.1';
    scene.from('caller', 'BYE');
    scene.look();
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp });
    expect([scene.look(), scene.state.phase]).toEqual([['ACK to callee', 'BYE to callee'], 'dialling']);
  });

  it('in the last of them: 487, and CANCEL', () => {
    const scene = ringing();
    scene.callerSees = 'us.1';
    scene.from('caller', 'BYE');
    scene.look();
    scene.callerSees = 'us';
    const bye = scene.from('caller', 'BYE');
    expect(scene.look()).toEqual([`200 to ${bye}`, '487 to caller-1', 'CANCEL']);
  });

  it('the callee may not send one: it is told to wait', () => {
    const scene = ringing();
    const bye = scene.from('callee', 'BYE');
    expect([scene.look(), scene.state.phase]).toEqual([[`500 to ${bye}`], 'dialling']);
  });

  it('media go back to the newest fork that is left', () => {
    const scene = new Scene();
    scene.answer('INVITE', 183, { tag: 'bob', body: sdp('198.51.100.1', 6000, '8') });
    scene.answer('INVITE', 183, { tag: 'carol', body: sdp('198.51.100.1', 6100, '8') });
    scene.look();
    scene.callerSees = 'us.1';
    scene.from('caller', 'BYE');
    expect(scene.look().slice(-2)).toEqual([
      'connect caller 4000 sendrecv 8',
      'connect callee 6000 sendrecv 8',
    ]);
  });
});

describe('the end of forking', () => {
  it.each([486, 603])('%i after several forks is the one answer that the caller gets', (status) => {
    const scene = ringing();
    scene.answer('INVITE', status);
    expect(scene.look()).toEqual([`${status} to caller-1`, expect.stringMatching(/^ended upstream/)]);
  });

  it('more forks than a call keeps are not heard, and may answer all the same', () => {
    const scene = new Scene();
    for (let i = 0; i < 20; i++) scene.answer('INVITE', 180, { tag: `fork${i}` });
    expect([scene.look().filter((line) => line.startsWith('180')).length, scene.state.forks.length]).toEqual([
      16, 16,
    ]);
    scene.answer('INVITE', 200, { tag: 'fork19', body: calleeSdp });
    expect(scene.responses.at(-1)!.response.headers.first('to')).toContain(';tag=us.16');
  });

  it('two forks answer: the first is the call, the second gets ACK and BYE (§13.2.2.4)', () => {
    const scene = ringing().answer('INVITE', 200, { tag: 'bob', body: calleeSdp });
    scene.look();
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee', 'BYE to callee']);
    expect(to(scene, 'BYE')).toContain('tag=carol');
  });

  it.each([
    ['after the 200', (scene: Scene) => scene.answer('INVITE', 200, { body: calleeSdp })],
    ['after the CANCEL', (scene: Scene) => scene.step(cancel)],
    ['after the end', (scene: Scene) => scene.step(cancel).answer('INVITE', 487)],
  ])('a provisional %s means nothing any more', (_name, before) => {
    const scene = before(ringing());
    scene.look();
    scene.answer('INVITE', 183, { body: calleeSdp }).reliably(180, 1);
    expect(scene.look()).toEqual([]);
  });

  it('CANCEL stops what is sent again, and a late PRACK is of no dialog', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 183, { body: calleeSdp }).step(cancel);
    expect(scene.timer('prack us')).toBeNull();
    scene.look();
    const prack = scene.prack(100);
    expect(scene.look()).toEqual([`481 to ${prack}`]);
  });

  it('failover is for who has not rung; a redial begins with no fork, and its tags are new to the caller', () => {
    const admission = { kind: 'accept', encodings: ['PCMA/8000'], narrowing: 'prefer' } as const;
    const scene = new Scene({ admission }).answer('INVITE', 180).answer('INVITE', 488);
    scene.answer('INVITE', 180).answer('INVITE', 200, { body: calleeSdp });
    const tags = scene.responses.map(({ response }) => response.headers.first('to')?.split('tag=')[1]);
    expect(tags).toEqual(['us', 'us.1', 'us.1']);
  });

  it('what each fork allows is known of each', () => {
    const scene = new Scene({ invite: ableInvite() });
    scene.reliably(183, 1, { tag: 'bob', body: calleeSdp, extra: able.slice(1) });
    scene.reliably(183, 1, { tag: 'carol', body: calleeSdp });
    const updates = ['us', 'us.1'].map((tag) => {
      scene.callerSees = tag;
      scene.prack(100);
      scene.answer('PRACK', 200).look();
      scene.from('caller', 'UPDATE', { body: sdp('192.0.2.1', 4100, '8') });
      return scene.look().at(-1);
    });
    expect(updates).toEqual(['UPDATE to callee with SDP', expect.stringMatching(/^200 to .* with SDP$/)]);
  });
});
