import { describe, expect, it } from 'vitest';
import { ableInvite, callerInvite, calleeSdp, callerSdp, Scene } from './call-scene.ts';

const requires = callerInvite(callerSdp, [['Require', '100rel']]);

describe('RFC 3262 §4: reliable provisionals of the callee', () => {
  it('we say that we know them, and each gets a PRACK of ours in its early dialog', () => {
    const scene = new Scene().reliably(180, 7);
    expect(scene.request('INVITE').request.headers.first('supported')).toBe('100rel, timer');
    expect(scene.look().slice(-2)).toEqual(['PRACK to callee', '180 to caller-1']);
    const { request } = scene.request('PRACK');
    expect([request.uri, request.headers.first('to'), request.headers.first('cseq')]).toEqual([
      'sip:bob@198.51.100.1:5070',
      '<sip:+352123@carrier.example>;tag=bob',
      '2 PRACK',
    ]);
    expect(request.headers.first('rack')).toBe('7 1 INVITE');
  });

  it('a caller that does not know them gets neither Require nor RSeq', () => {
    const scene = new Scene().reliably(183, 7, { body: calleeSdp });
    const { headers } = scene.responses.at(-1)!.response;
    expect([headers.first('require'), headers.first('rseq')]).toEqual([null, null]);
  });

  it.each([
    ['repeated', 7],
    ['after one that is missing', 9],
    ['older', 6],
  ])('one that is %s is not processed', (_name, rseq) => {
    const scene = new Scene().reliably(180, 7);
    scene.look();
    scene.reliably(180, rseq);
    expect(scene.look()).toEqual([]);
  });

  it('the next in order is, and each fork has an order of its own', () => {
    const scene = new Scene().reliably(180, 7).reliably(183, 8, { body: calleeSdp });
    scene.reliably(180, 7000, { tag: 'carol' });
    const racks = scene.sent.flatMap(({ request }) => request.headers.all('rack'));
    expect(racks).toEqual(['7 1 INVITE', '8 1 INVITE', '7000 1 INVITE']);
    const sequence = scene.sent.map(({ request }) => request.headers.first('cseq'));
    expect(sequence).toEqual(['1 INVITE', '2 PRACK', '3 PRACK', '2 PRACK']);
  });

  it.each([
    [
      'no To-tag',
      {
        tag: null,
        extra: [
          ['Require', '100rel'],
          ['RSeq', '7'],
        ],
      },
    ],
    ['no RSeq', { extra: [['Require', '100rel']] }],
    [
      'an RSeq of 0',
      {
        extra: [
          ['Require', '100rel'],
          ['RSeq', '0'],
        ],
      },
    ],
    ['no Require', { extra: [['RSeq', '7']] }],
  ] as const)('with %s it is a plain one', (_name, how) => {
    const scene = new Scene();
    scene.look();
    scene.answer('INVITE', 180, how);
    expect(scene.look()).toEqual(['180 to caller-1']);
  });

  it('what our PRACK is answered, or not, is no matter: the INVITE decides', () => {
    const scene = new Scene()
      .reliably(180, 7)
      .fail('PRACK', 'timeout')
      .answer('INVITE', 200, { body: calleeSdp });
    scene.callerAck();
    expect(scene.state.phase).toBe('up');
  });

  it('the dialog that a 200 confirms has counted our PRACK', () => {
    const scene = new Scene().reliably(180, 7).answer('INVITE', 200, { body: calleeSdp }).callerAck();
    scene.step({ type: 'hang-up', reason: 'shutdown' });
    expect(scene.request('BYE').request.headers.first('cseq')).toBe('3 BYE');
    expect(scene.acks[0]!.headers.first('cseq')).toBe('1 ACK');
  });

  it('and the BYE to a fork that answers too late has counted it as well', () => {
    const scene = new Scene().reliably(180, 7, { tag: 'carol' });
    scene.answer('INVITE', 200, { tag: 'bob', body: calleeSdp }).callerAck();
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp });
    const { headers } = scene.request('BYE').request;
    expect([headers.first('to'), headers.first('cseq')]).toEqual([
      '<sip:+352123@carrier.example>;tag=carol',
      '3 BYE',
    ]);
  });
});

describe('RFC 3262 §3: reliable provisionals to the caller', () => {
  it.each([
    ['it requires them', requires, (scene: Scene) => scene.answer('INVITE', 180)],
    [
      'it supports them and there is SDP',
      ableInvite(),
      (s: Scene) => s.answer('INVITE', 183, { body: calleeSdp }),
    ],
    ['it supports them and the callee wants it so', ableInvite(), (s: Scene) => s.reliably(180, 7)],
  ])('where %s: Require, RSeq, Contact, and again at T1 doubled until the PRACK', (_name, invite, ring) => {
    const scene = ring(new Scene({ invite }));
    const { headers, status } = scene.responses.at(-1)!.response;
    expect([headers.first('require'), headers.first('rseq'), headers.first('contact')]).toEqual([
      '100rel',
      '100',
      '<sip:203.0.113.1:5060>',
    ]);
    scene.look();
    const intervals = [1, 2, 3].map(() => {
      const interval = scene.timer('prack us');
      scene.expire('prack us');
      return interval;
    });
    expect(intervals).toEqual([500, 1000, 2000]);
    expect(new Set(scene.look())).toEqual(new Set([expect.stringMatching(`^${status} to caller-1`)]));
    const prack = scene.prack(100);
    if (scene.state.relays.size > 0) scene.answer('PRACK', 200);
    expect([scene.look().at(-1), scene.timer('prack us')]).toEqual([`200 to ${prack}`, null]);
  });

  it.each([
    ['it only supports them, and there is nothing to lose', ableInvite()],
    ['it does not know them', callerInvite()],
  ])('not where %s', (_name, invite) => {
    const scene = new Scene({ invite }).answer('INVITE', 180);
    expect(scene.responses.at(-1)!.response.headers.first('require')).toBeNull();
  });

  it('without a PRACK for 64*T1 the INVITE is refused with 5xx, the callee cancelled', () => {
    const scene = new Scene({ invite: requires }).answer('INVITE', 180);
    let elapsed = 0;
    scene.look();
    for (let i = 0; i < 10 && scene.state.phase !== 'ending'; i++) {
      elapsed += scene.timer('prack us')!;
      scene.expire('prack us');
    }
    expect([elapsed, scene.look().slice(-2)]).toEqual([32_000, ['500 to caller-1', 'CANCEL']]);
    scene.answer('INVITE', 487);
    expect(scene.look()).toEqual(['ended caller/protocol-error']);
  });

  it.each([
    ['another RSeq', '101 1 INVITE'],
    ['another CSeq', '100 2 INVITE'],
    ['another method', '100 1 UPDATE'],
    ['nonsense', 'x'],
  ])('a PRACK with %s matches nothing: 481', (_name, rack) => {
    const scene = new Scene({ invite: requires }).answer('INVITE', 180);
    scene.look();
    const prack = scene.from('caller', 'PRACK', { extra: [['RAck', rack]] });
    expect([scene.look(), scene.timer('prack us')]).toEqual([[`481 to ${prack}`], 500]);
  });

  it('a second PRACK for the same one is 481', () => {
    const scene = new Scene({ invite: requires }).answer('INVITE', 180);
    scene.prack(100);
    scene.look();
    const again = scene.prack(100);
    expect(scene.look()).toEqual([`481 to ${again}`]);
  });

  it('the next waits for the PRACK of the last, and has the next number', () => {
    const scene = new Scene({ invite: requires }).answer('INVITE', 180).answer('INVITE', 181);
    scene.look();
    const prack = scene.prack(100);
    expect(scene.look()).toEqual([`200 to ${prack}`, '181 to caller-1']);
    expect(scene.responses.at(-1)!.response.headers.first('rseq')).toBe('101');
  });

  it('those that wait have a bound', () => {
    const scene = new Scene({ invite: requires });
    for (let i = 0; i < 20; i++) scene.answer('INVITE', 180);
    expect(scene.state.forks[0]!.caller.talk!.queue).toHaveLength(8);
  });

  it('one that finds no room to wait has its PRACK from us, or the callee would repeat it and give up', () => {
    const scene = new Scene({ invite: ableInvite() });
    for (let rseq = 1; rseq <= 9; rseq++) scene.reliably(180, rseq);
    scene.look();
    scene.reliably(180, 10);
    expect(scene.look()).toEqual(['PRACK to callee']);
    expect(scene.request('PRACK').request.headers.first('rack')).toBe('10 1 INVITE');
  });

  it('each fork has numbers and timers of its own', () => {
    const scene = new Scene({ invite: requires })
      .answer('INVITE', 180)
      .answer('INVITE', 180, { tag: 'carol' });
    expect([scene.timer('prack us'), scene.timer('prack us.1')]).toEqual([500, 500]);
    scene.callerSees = 'us.1';
    scene.prack(100);
    expect([scene.timer('prack us'), scene.timer('prack us.1')]).toEqual([500, null]);
  });

  it('the PRACK for one that passes on goes on, and is answered as the callee answers', () => {
    const scene = new Scene({ invite: ableInvite() }).reliably(183, 7, { body: calleeSdp });
    expect(scene.look().at(-1)).toBe('183 to caller-1 with SDP');
    const prack = scene.prack(100);
    expect(scene.look()).toEqual(['PRACK to callee']);
    expect(scene.request('PRACK').request.headers.first('rack')).toBe('7 1 INVITE');
    scene.answer('PRACK', 200);
    expect(scene.look()).toEqual([`200 to ${prack}`]);
  });
});

describe('RFC 3262 §3: the final response and what is not acknowledged', () => {
  it('a 200 waits where SDP is outstanding, and goes out with the PRACK; the callee has its ACK', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 183, { body: calleeSdp });
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look().slice(-1)).toEqual(['ACK to callee']);
    expect([scene.timer('retransmit'), scene.state.exchange?.stage]).toEqual([null, 'held']);
    const prack = scene.prack(100);
    expect(scene.look()).toEqual([`200 to ${prack}`, '200 to caller-1 with SDP']);
    scene.callerAck();
    expect(scene.state.phase).toBe('up');
  });

  it('a 200 of the callee that is repeated meanwhile gets its ACK again', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 183, { body: calleeSdp });
    scene.answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee']);
  });

  it.each([
    [
      'no PRACK ever',
      (scene: Scene) => {
        runOut(scene);
      },
      '500 to caller-1',
    ],
    [
      'CANCEL',
      (scene: Scene) => scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null }),
      '487 to caller-1',
    ],
    ['BYE of the callee', (scene: Scene) => scene.from('callee', 'BYE'), '487 to caller-1'],
  ])(
    'a 200 that waits, and then %s: the caller is refused, the callee gets BYE',
    (_name, happens, refusal) => {
      const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 183, { body: calleeSdp });
      scene.answer('INVITE', 200, { body: calleeSdp });
      scene.look();
      happens(scene);
      expect(scene.look()).toContain(refusal);
      if (scene.state.phase !== 'over') scene.answer('BYE', 200);
      expect([scene.state.phase, scene.timer('prack us')]).toEqual(['over', null]);
    },
  );

  it.each([
    ['481', '481', (scene: Scene) => scene.answer('PRACK', 481)],
    ['408', '408', (scene: Scene) => scene.answer('PRACK', 408)],
    ['nothing', '408', (scene: Scene) => scene.fail('PRACK', 'timeout')],
  ])(
    '§3: 481 to a PRACK says that it matches no provisional: answered by %s after the 200, the call goes on',
    (_name, status, answer) => {
      const scene = new Scene({ invite: ableInvite() }).reliably(183, 7, { body: calleeSdp });
      const prack = scene.prack(100);
      scene.answer('INVITE', 200, { body: calleeSdp }).callerAck().look();
      answer(scene);
      expect([scene.look(), scene.state.phase]).toEqual([[`${status} to ${prack}`], 'up']);
    },
  );

  it('without SDP it does not wait; a late PRACK is answered here', () => {
    const scene = new Scene({ invite: requires })
      .answer('INVITE', 180)
      .answer('INVITE', 200, { body: calleeSdp });
    expect([scene.look().at(-1), scene.timer('prack us')]).toEqual(['200 to caller-1 with SDP', null]);
    const prack = scene.prack(100);
    expect(scene.look()).toEqual([`200 to ${prack}`]);
  });

  it('a refusal does not wait', () => {
    const scene = new Scene({ invite: ableInvite() }).answer('INVITE', 183, { body: calleeSdp });
    scene.look();
    scene.answer('INVITE', 486);
    expect([scene.look(), scene.timer('prack us')]).toEqual([
      ['486 to caller-1', 'ended upstream/busy'],
      null,
    ]);
  });
});

describe('RFC 6228: 199', () => {
  const knows = callerInvite(callerSdp, [['Supported', '199']]);

  it('is promised and passed on where the caller promises it, and ends that early dialog alone', () => {
    const scene = new Scene({ invite: knows }).answer('INVITE', 180).answer('INVITE', 180, { tag: 'carol' });
    expect(scene.request('INVITE').request.headers.first('supported')).toBe('100rel, timer, 199');
    scene.look();
    scene.answer('INVITE', 199, { tag: 'carol' }).answer('INVITE', 183, { tag: 'carol' });
    expect(scene.look()).toEqual(['199 to caller-1']);
    scene.answer('INVITE', 200, { tag: 'bob', body: calleeSdp }).callerAck();
    expect(scene.state.phase).toBe('up');
  });

  it('ends here where it does not', () => {
    const scene = new Scene().answer('INVITE', 180);
    scene.look();
    scene.answer('INVITE', 199);
    expect(scene.look()).toEqual([]);
  });
});

/** Lets the reliable provisional that is outstanding run out of time. */
function runOut(scene: Scene): void {
  while (scene.timer('prack us') !== null) scene.expire('prack us');
}
