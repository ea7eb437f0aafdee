import { describe, expect, it } from 'vitest';
import { calleeSdp, callerInvite, callerSdp, local, Scene, sdp } from './call-scene.ts';

function header(headers: { first(name: string): string | null }, name: string): string | null {
  return headers.first(name);
}

describe('a call that is taken', () => {
  it('asks the director, opens media, dials, rings, answers, and is up with the ACK', () => {
    const scene = new Scene();
    expect(scene.look()).toEqual(['admit', 'open-media', 'INVITE to callee with SDP']);
    scene.answer('INVITE', 100).answer('INVITE', 180);
    expect(scene.look()).toEqual(['180 to caller-1']);
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual([
      'connect caller 4000 sendrecv 8',
      'connect callee 6000 sendrecv 8',
      'ACK to callee',
      '200 to caller-1 with SDP',
    ]);
    scene.callerAck();
    expect(scene.look()).toEqual(['answered']);
    expect(scene.state.phase).toBe('up');
  });

  it('the INVITE belongs to its leg: Request-URI, identities, ids, Contact, Max-Forwards, what passes and what not', () => {
    const scene = new Scene({
      invite: callerInvite(callerSdp, [
        ['P-Asserted-Identity', '"Ann" <sip:100@pbx.example>, <tel:+352100>'],
        ['Supported', '100rel, timer'],
        ['Session-Expires', '1800'],
        ['Min-SE', '90'],
        ['Record-Route', '<sip:192.0.2.9;lr>'],
        ['Route', '<sip:203.0.113.1;lr>'],
        ['Proxy-Authorization', 'Digest x'],
        ['Diversion', '<sip:200@pbx.example>'],
        ['X-Unknown', 'kept  as  it is'],
        ['Allow', 'INVITE, UPDATE'],
      ]),
    });
    const { request, hop, inviteTimeoutMs } = scene.request('INVITE');
    expect(request.uri).toBe('sip:+352123@198.51.100.1:5070;user=phone');
    expect([hop.address, hop.port, inviteTimeoutMs]).toEqual(['198.51.100.1', 5070, 4000]);
    const seen = Object.fromEntries(Array.from(request.headers, ({ name, value }) => [name, value]));
    expect(seen).toEqual({
      'Max-Forwards': '49',
      From: '"Ann" <sip:100@carrier.example;user=phone>;tag=we',
      To: '<sip:+352123@carrier.example>',
      'Call-ID': 'call-b',
      CSeq: '1 INVITE',
      Contact: '<sip:203.0.113.1:5060>',
      Allow: 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, NOTIFY, PRACK, UPDATE',
      Supported: '100rel, timer',
      'Session-Expires': '1800',
      'P-Asserted-Identity': '"Ann" <sip:100@carrier.example>, <tel:+352100>',
      Diversion: '<sip:200@pbx.example>',
      'X-Unknown': 'kept  as  it is',
      'Content-Type': 'application/sdp',
    });
    const body = Buffer.from(request.body).toString();
    expect(body).toContain('o=- 22 1 IN IP4 203.0.113.1\r\n');
    expect(body).toContain('m=audio 20002 RTP/AVP 0 8\r\n');
  });

  it('RFC 3261 §19.1.6: a tel: Request-URI becomes the number at the target', () => {
    const scene = new Scene({ invite: { ...callerInvite(), uri: 'tel:+352-123;ext=7' } });
    expect(scene.request('INVITE').request.uri).toBe('sip:+352123;ext=7@198.51.100.1:5070;user=phone');
    expect(scene.state.facts.to).toBe('+352123');
  });

  it('RFC 3966: tel: From and To stay, and the number of the caller is known', () => {
    const invite = callerInvite();
    invite.headers.set('From', '<tel:+352-20-30>;tag=ann').set('To', '<tel:+352123>');
    const scene = new Scene({ invite });
    const { headers } = scene.request('INVITE').request;
    expect([headers.first('from'), headers.first('to')]).toEqual([
      '<tel:+352-20-30>;tag=we',
      '<tel:+352123>',
    ]);
    expect(scene.state.facts.from).toBe('+3522030');
  });

  it('RFC 3323 §4.1.1.3: who is anonymous stays nobody', () => {
    const invite = callerInvite();
    invite.headers.set('From', '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=ann');
    expect(new Scene({ invite }).request('INVITE').request.headers.first('from')).toBe(
      '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=we',
    );
  });

  it.each([
    ['caller', ['pbx'], [null, '<sip:bob@203.0.113.1>']],
    ['callee', ['carrier'], [null, null]],
    ['nobody', [], ['<sip:ann@carrier.example>', '<sip:bob@203.0.113.1>']],
  ] as const)(
    'RFC 3325 §5, §7: private identities of request and response where the %s is untrusted',
    (_who, untrusted, [asked, answered]) => {
      const extra = [
        ['P-Asserted-Identity', '<sip:ann@pbx.example>'],
        ['Privacy', 'id'],
      ] as const;
      const scene = new Scene({ invite: callerInvite(callerSdp, extra), untrusted });
      scene.answer('INVITE', 180, { extra: [['P-Asserted-Identity', '<sip:bob@far.example>']] });
      const identity = 'p-asserted-identity';
      expect(scene.request('INVITE').request.headers.first(identity)).toBe(asked);
      expect(scene.responses.at(-1)!.response.headers.first(identity)).toBe(answered);
    },
  );

  it('the 200 belongs to its leg: our Contact and tag, Record-Route of the request, other headers pass', () => {
    const scene = new Scene({ invite: callerInvite(callerSdp, [['Record-Route', '<sip:192.0.2.9;lr>']]) });
    scene.answer('INVITE', 200, {
      body: calleeSdp,
      extra: [
        ['Record-Route', '<sip:198.51.100.9;lr>'],
        ['Require', 'timer'],
        ['Session-Expires', '90;refresher=uac'],
        ['P-Asserted-Identity', '<sip:bob@carrier.example>'],
        ['X-Unknown', 'kept'],
      ],
    });
    const { headers } = scene.responses.at(-1)!.response;
    expect(header(headers, 'to')).toBe('<sip:+352123@203.0.113.1>;tag=us');
    expect(header(headers, 'contact')).toBe('<sip:203.0.113.1:5060>');
    expect(headers.all('record-route')).toEqual(['<sip:192.0.2.9;lr>']);
    expect([headers.first('require'), headers.first('session-expires')]).toEqual([null, null]);
    expect(headers.first('p-asserted-identity')).toBe('<sip:bob@203.0.113.1>');
    expect(headers.first('x-unknown')).toBe('kept');
  });

  it('RFC 3261 §12.2.1.1: the ACK follows the Record-Route of the 200 in reverse order', () => {
    const scene = new Scene();
    scene.answer('INVITE', 200, {
      body: calleeSdp,
      extra: [['Record-Route', '<sip:198.51.100.8;lr>, <sip:198.51.100.2;lr>']],
    });
    expect(scene.acks[0]!.uri).toBe('sip:bob@198.51.100.1:5070');
    expect(scene.acks[0]!.headers.all('route')).toEqual(['<sip:198.51.100.2;lr>', '<sip:198.51.100.8;lr>']);
    expect(scene.look()).toContain('ACK to second');
  });

  it('an offer that is narrowed goes on narrowed', () => {
    const scene = new Scene({ admission: { kind: 'accept', encodings: ['PCMA/8000'], narrowing: 'must' } });
    expect(Buffer.from(scene.request('INVITE').request.body).toString()).toContain(
      'm=audio 20002 RTP/AVP 8\r\n',
    );
  });
});

describe('RFC 3261 §13.3.1.4: the 2xx until its ACK', () => {
  it('is repeated after T1, at intervals that double up to T2', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    const intervals = Array.from({ length: 6 }, () => {
      const interval = scene.timer('retransmit');
      scene.expire('retransmit');
      return interval;
    });
    expect(intervals).toEqual([500, 1000, 2000, 4000, 4000, 4000]);
    expect(scene.responses.filter(({ response }) => response.status === 200)).toHaveLength(7);
    scene.callerAck();
    expect([scene.timer('retransmit'), scene.timer('ack-wait')]).toEqual([null, null]);
  });

  it('without an ACK after 64*T1 both legs get BYE', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    expect(scene.timer('ack-wait')).toBe(32_000);
    scene.expire('ack-wait');
    expect(scene.look()).toEqual(['BYE to caller', 'BYE to callee']);
    expect(scene.state.phase).toBe('ending');
    for (const { client } of scene.sent.slice(-2)) scene.answer('BYE', 200, { client });
    expect(scene.look()).toEqual(['ended indeterminate/protocol-error']);
    expect(scene.timer('retransmit')).toBeNull();
  });

  it('an ACK with another sequence number is not its ACK', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.callerAck('', 9);
    expect(scene.look()).toEqual([]);
  });

  it('RFC 3261 §13.2.2.4: each repeated 200 of the callee gets its ACK again', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee']);
    scene.callerAck();
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee']);
    expect(new Set(scene.acks.map((ack) => ack.headers.first('cseq')))).toEqual(new Set(['1 ACK']));
  });
});

describe('ringing', () => {
  it.each([180, 181, 182, 183])('%i goes on to the caller', (status) => {
    const scene = new Scene();
    scene.look();
    scene.answer('INVITE', status);
    expect(scene.look()).toEqual([`${status} to caller-1`]);
  });

  it('an 18x without To-tag survives, and its tag is the one that the 200 has', () => {
    const scene = new Scene().answer('INVITE', 180, { tag: null }).answer('INVITE', 200, { body: calleeSdp });
    const tags = scene.responses.map(({ response }) => response.headers.first('to'));
    expect(new Set(tags)).toEqual(new Set(['<sip:+352123@203.0.113.1>;tag=us']));
  });

  it('each fork has its own tag towards the caller', () => {
    const scene = new Scene();
    for (const tag of ['bob', 'carol', 'bob', 'dave']) scene.answer('INVITE', 180, { tag });
    expect(scene.responses.map(({ response }) => response.headers.first('to')?.split('tag=')[1])).toEqual([
      'us',
      'us.1',
      'us',
      'us.2',
    ]);
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp });
    expect(scene.responses.at(-1)!.response.headers.first('to')).toContain(';tag=us.1');
  });

  it('early media is connected, from the newest fork, and then from the one that answers', () => {
    const scene = new Scene();
    scene.look();
    scene.answer('INVITE', 183, { tag: 'bob', body: sdp('198.51.100.1', 7000, '8') });
    scene.answer('INVITE', 183, { tag: 'carol', body: sdp('198.51.100.1', 7100, '8') });
    scene.answer('INVITE', 200, { tag: 'bob', body: sdp('198.51.100.1', 7000, '8') });
    expect(scene.look().filter((line) => line.startsWith('connect callee'))).toEqual([
      'connect callee 7000 sendrecv 8',
      'connect callee 7100 sendrecv 8',
      'connect callee 7000 sendrecv 8',
    ]);
  });

  it('an answer given in a 183 stands for the one that the 200 leaves out', () => {
    const scene = new Scene().answer('INVITE', 183, { body: calleeSdp });
    scene.look();
    scene.answer('INVITE', 200);
    expect(scene.look()).toContain('200 to caller-1 with SDP');
  });

  it('RFC 3261 §13.2.2.4: the 200 of another fork gets ACK and BYE, each repetition its ACK', () => {
    const scene = Scene.up();
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee', 'BYE to callee']);
    expect(scene.request('BYE').request.headers.first('to')).toContain('tag=carol');
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee']);
    scene.answer('BYE', 200);
    expect(scene.state.phase).toBe('up');
  });

  it.each([
    ['an ordinary call, for a quarter of an hour in all', false, 900_000],
    ['an emergency call, without end', true, null],
  ])('RFC 3261 §16.7 item 2: each provisional lets it wait on: %s', (_name, emergency, inAll) => {
    const scene = new Scene({ emergency, attempts: ['callee', 'second'] });
    const began = (): number => scene.begun.filter((name) => name === 'ring').length;
    expect([began(), scene.timer('ring'), scene.timer('unanswered')]).toEqual([1, 180_000, inAll]);
    scene.answer('INVITE', 503).answer('INVITE', 100);
    expect(began()).toBe(2);
    for (const status of [183, 182, 182]) scene.answer('INVITE', status);
    expect(began()).toBe(5);
    expect(scene.begun.filter((name) => name === 'unanswered')).toHaveLength(emergency ? 0 : 1);
    if (!emergency) scene.expire('unanswered');
    expect(scene.state.end?.reason ?? null).toBe(emergency ? null : 'no-answer');
  });

  it.each([
    ['of the first INVITE repeated: its ACK again', 'bob', ['ACK to callee']],
    ['of another fork: ACK and BYE', 'carol', ['ACK to callee', 'BYE to callee']],
  ])('RFC 3261 §13.2.2.4: after a re-INVITE the 200 %s', (_name, tag, lines) => {
    const scene = Scene.up();
    const { client } = scene.request('INVITE');
    for (let i = 0; i < 3; i++) {
      scene.from('caller', 'INVITE', { body: callerSdp });
      scene.answer('INVITE', 200, { body: calleeSdp }).callerAck();
    }
    scene.look();
    scene.answer('INVITE', 200, { tag, client, body: calleeSdp });
    expect(scene.look()).toEqual(lines);
    expect(scene.acks.at(-1)!.headers.first('cseq')).toBe('1 ACK');
  });

  it('nobody answers for too long: CANCEL, and 408 to the caller', () => {
    const scene = new Scene().answer('INVITE', 180);
    scene.look();
    scene.expire('ring');
    expect(scene.look()).toEqual(['408 to caller-1', 'CANCEL']);
    scene.answer('INVITE', 487);
    expect(scene.look()).toEqual(['ended upstream/no-answer']);
  });
});

describe('a call that is not taken', () => {
  it.each([
    [302, 302, 'indeterminate/rejected'],
    [401, 403, 'upstream/rejected'],
    [403, 403, 'upstream/rejected'],
    [404, 404, 'upstream/not-found'],
    [407, 403, 'upstream/rejected'],
    [408, 408, 'upstream/no-answer'],
    [480, 480, 'upstream/no-answer'],
    [484, 484, 'upstream/not-found'],
    [486, 486, 'upstream/busy'],
    [488, 488, 'upstream/no-codec'],
    [500, 500, 'upstream/upstream-error'],
    [503, 500, 'upstream/upstream-error'],
    [600, 600, 'upstream/busy'],
    [603, 603, 'upstream/rejected'],
    [604, 604, 'upstream/not-found'],
  ])('%i reaches the caller as %i and ends %s', (status, expected, end) => {
    const scene = new Scene();
    scene.look();
    scene.answer('INVITE', status, {
      extra: [
        ['Reason', 'Q.850;cause=17'],
        ['WWW-Authenticate', 'x'],
      ],
    });
    expect(scene.look()).toEqual([`${expected} to caller-1`, `ended ${end}`]);
    const { headers } = scene.responses.at(-1)!.response;
    expect([headers.first('reason'), headers.first('www-authenticate')]).toEqual(['Q.850;cause=17', null]);
  });

  it('RFC 3261 §21.3: the Contact of a 302 is where to go, and passes', () => {
    const scene = new Scene().answer('INVITE', 302);
    expect(scene.responses.at(-1)!.response.headers.first('contact')).toBe('<sip:bob@198.51.100.1:5070>');
  });

  it.each([
    ['timeout', '408 to caller-1', 'ended upstream/upstream-timeout'],
    ['transport', '500 to caller-1', 'ended upstream/upstream-error'],
  ] as const)('the last target fails by %s', (cause, response, end) => {
    const scene = new Scene();
    scene.look();
    scene.fail('INVITE', cause);
    expect(scene.look()).toEqual([response, end]);
  });

  it.each([
    ['503', (scene: Scene) => scene.answer('INVITE', 503)],
    ['a timeout', (scene: Scene) => scene.fail('INVITE', 'timeout')],
    ['a broken transport', (scene: Scene) => scene.fail('INVITE', 'transport')],
  ])('%s before anything rings: the next target, with a Call-ID of its own', (_name, fail) => {
    const scene = new Scene({ attempts: ['callee', 'second'] });
    scene.look();
    fail(scene);
    expect(scene.look()).toEqual(['INVITE to second with SDP']);
    expect(scene.sent.map(({ request }) => request.headers.first('call-id'))).toEqual(['call-b', 'call-b-1']);
    expect(scene.sent[1]!.request.uri).toBe('sip:+352123@198.51.100.2:5070;user=phone');
    scene.answer('INVITE', 200, { body: calleeSdp, from: 'second' }).callerAck();
    expect(scene.state.phase).toBe('up');
  });

  it('after an 18x there is no failover', () => {
    const scene = new Scene({ attempts: ['callee', 'second'] }).answer('INVITE', 180);
    scene.look();
    scene.answer('INVITE', 503);
    expect(scene.look()).toEqual(['500 to caller-1', 'ended upstream/upstream-error']);
  });

  it('486 is an answer, not a failure: no failover', () => {
    const scene = new Scene({ attempts: ['callee', 'second'] });
    scene.look();
    scene.answer('INVITE', 486);
    expect(scene.look()).toEqual(['486 to caller-1', 'ended upstream/busy']);
  });

  it('the director refuses: its status, Retry-After, and the end', () => {
    const admission = {
      kind: 'refuse',
      status: 503,
      phrase: 'Service Unavailable',
      retryAfterSeconds: 30,
      reason: 'recording-failed',
    } as const;
    const scene = new Scene({ admission });
    expect(scene.look()).toEqual(['admit', '503 to caller-1', 'ended ours/recording-failed']);
    expect(scene.responses[0]!.response.headers.first('retry-after')).toBe('30');
  });

  it('no ports: 503 with Retry-After', () => {
    const scene = new Scene({ cold: true });
    scene.step({ type: 'admitted', admission: { kind: 'accept', encodings: null, narrowing: 'must' } });
    scene.look();
    scene.step({ type: 'opened', local: null });
    expect(scene.look()).toEqual(['503 to caller-1', 'ended ours/no-ports']);
    expect(scene.responses[0]!.response.headers.first('retry-after')).toBe('5');
  });

  it('nothing of the offer is spoken: 488', () => {
    const scene = new Scene({ admission: { kind: 'accept', encodings: ['G722/8000'], narrowing: 'must' } });
    expect(scene.look()).toEqual(['admit', 'open-media', '488 to caller-1', 'ended caller/no-codec']);
  });

  it('a 200 without an answer is ACKed and ended, the caller refused', () => {
    const scene = new Scene();
    scene.look();
    scene.answer('INVITE', 200);
    expect(scene.look()).toEqual(['ACK to callee', 'BYE to callee', '500 to caller-1']);
    scene.answer('BYE', 200);
    expect(scene.look()).toEqual(['ended upstream/protocol-error']);
  });

  it('the director never answers: 503, and the end is said', () => {
    const scene = new Scene({ cold: true });
    scene.look();
    scene.expire('admission');
    expect(scene.look()).toEqual(['503 to caller-1', 'ended ours/overload']);
    scene.step({ type: 'admitted', admission: { kind: 'accept', encodings: null, narrowing: 'must' } });
    expect(scene.look()).toEqual([]);
  });
});

describe('CANCEL', () => {
  it('while the director thinks: 487 at once, the end when the director has answered, nothing dialled', () => {
    const scene = new Scene({ cold: true });
    scene.look();
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    expect(scene.look()).toEqual(['487 to caller-1']);
    scene.step({ type: 'admitted', admission: { kind: 'accept', encodings: null, narrowing: 'must' } });
    expect(scene.look()).toEqual(['ended caller/cancelled']);
  });

  it('while media open: the end comes after them', () => {
    const scene = new Scene({ cold: true });
    scene.step({ type: 'admitted', admission: { kind: 'accept', encodings: null, narrowing: 'must' } });
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    scene.look();
    scene.step({ type: 'opened', local });
    expect(scene.look()).toEqual(['ended caller/cancelled']);
  });

  it.each([
    ['before any provisional', (scene: Scene) => scene],
    ['while it rings', (scene: Scene) => scene.answer('INVITE', 180)],
  ])('%s: 487 to the caller, CANCEL to the callee, over with its 487', (_name, ring) => {
    const scene = ring(new Scene());
    scene.look();
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: 'SIP;cause=200' });
    expect(scene.look()).toEqual(['487 to caller-1', 'CANCEL']);
    scene.answer('INVITE', 487);
    expect(scene.look()).toEqual(['ended caller/cancelled']);
  });

  it('RFC 3261 §9.1: crossing a 200: ACK, then BYE', () => {
    const scene = new Scene().answer('INVITE', 180);
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    scene.look();
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee', 'BYE to callee']);
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee']);
    scene.answer('BYE', 200);
    expect(scene.look()).toEqual(['ended caller/cancelled']);
  });

  it('after our 200 it has no effect (RFC 3261 §9.2)', () => {
    const scene = new Scene().answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    expect(scene.look()).toEqual([]);
    scene.callerAck();
    expect(scene.state.phase).toBe('up');
  });

  it('RFC 3261 §9.1: a callee that never says 487 is given up after 64*T1', () => {
    const scene = new Scene().answer('INVITE', 180);
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    scene.look();
    expect(scene.timer('cancel-wait')).toBe(32_000);
    scene.expire('cancel-wait');
    expect(scene.look()).toEqual(['ended caller/cancelled']);
  });

  it('a callee that was never reached: over when its INVITE has failed, no failover', () => {
    const scene = new Scene({ attempts: ['callee', 'second'] });
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    scene.look();
    scene.fail('INVITE', 'timeout');
    expect(scene.look()).toEqual(['ended caller/cancelled']);
  });

  it('RFC 3261 §15: BYE on an early dialog does the same', () => {
    const scene = new Scene().answer('INVITE', 180);
    scene.look();
    const bye = scene.from('caller', 'BYE');
    expect(scene.look()).toEqual([`200 to ${bye}`, '487 to caller-1', 'CANCEL']);
  });

  it('responses cannot reach the caller any more: the callee is cancelled', () => {
    const scene = new Scene().answer('INVITE', 180);
    scene.look();
    scene.step({ type: 'server-failed', transaction: 'caller-1', cause: 'transport' });
    expect(scene.look()).toEqual(['500 to caller-1', 'CANCEL']);
  });
});
