import { describe, expect, it } from 'vitest';
import { parseDigestParams } from '../../src/sip/digest-params.ts';
import type { SipRequest } from '../../src/sip/message.ts';
import { calleeSdp, callerSdp, Scene } from './call-scene.ts';

const credentials = { username: 'us', password: 'hush', realm: 'carrier' };

type Lines = readonly (readonly [string, string])[];

function challenge(nonce: string, more = '', name = 'Proxy-Authenticate'): Lines {
  return [[name, `Digest realm="carrier", nonce="${nonce}", qop="auth"${more}`]];
}

function header(request: SipRequest | undefined, name: string): string | null {
  return request?.headers.first(name) ?? null;
}

/** `INVITE 2 n1/00000001`: method, sequence number, nonce and its count. */
function told({ request }: { readonly request: SipRequest }): string {
  const value = header(request, 'proxy-authorization') ?? header(request, 'authorization');
  const params = value === null ? null : parseDigestParams(value);
  const used = params === null ? '' : ` ${params.get('nonce') ?? ''}/${params.get('nc') ?? ''}`;
  return `${request.method} ${(header(request, 'cseq') ?? '').split(' ')[0] ?? ''}${used}`;
}

describe('an INVITE that the trunk challenges', () => {
  it('goes out again with credentials, one higher, and the caller hears nothing of it (RFC 3261 §22.2)', () => {
    const scene = new Scene({ credentials });
    const first = scene.request('INVITE');
    scene.look();
    scene.answer('INVITE', 100).answer('INVITE', 407, { extra: challenge('n1') });
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
    const again = scene.request('INVITE');
    expect(told(again)).toBe('INVITE 2 n1/00000001');
    for (const name of ['call-id', 'from', 'to', 'contact', 'max-forwards']) {
      expect([name, header(again.request, name)]).toEqual([name, header(first.request, name)]);
    }
    expect([again.request.uri, again.request.body, again.hop, again.inviteTimeoutMs]).toEqual([
      ...[first.request.uri, first.request.body, first.hop, first.inviteTimeoutMs],
    ]);
    scene.answer('INVITE', 200, { body: calleeSdp }).callerAck();
    expect(scene.state.phase).toBe('up');
    expect(scene.warnings).toEqual([]);
  });

  it('its ACK carries the credentials of the INVITE (RFC 3261 §22.1)', () => {
    const scene = new Scene({ credentials }).answer('INVITE', 401, {
      extra: challenge('n1', '', 'WWW-Authenticate'),
    });
    scene.answer('INVITE', 200, { body: calleeSdp });
    const [ack] = scene.acks;
    expect(header(ack, 'cseq')).toBe('2 ACK');
    expect(header(ack, 'authorization')).toBe(header(scene.request('INVITE').request, 'authorization'));
    expect(header(ack, 'authorization')).toContain('nonce="n1"');
  });

  it.each([
    ['the same again: the password is wrong', challenge('n2'), false, 'credentials-refused'],
    ['a stale nonce: once more', challenge('n2', ', stale=true'), true, null],
    ['a second server, after the proxy', challenge('s1', '', 'WWW-Authenticate'), true, null],
    [
      'a second realm',
      [['Proxy-Authenticate', 'Digest realm="x", nonce="n"']] as Lines,
      false,
      'challenge-unmet',
    ],
  ])('and then %s', (_what, extra, goesOn, warning) => {
    const scene = new Scene({ credentials }).answer('INVITE', 407, { extra: challenge('n1') });
    scene.look();
    scene.answer('INVITE', 407, { extra });
    expect(scene.look()).toEqual(
      goesOn ? ['INVITE to callee with SDP'] : ['403 to caller-1', 'ended upstream/rejected'],
    );
    expect(scene.warnings.map(({ event }) => event)).toEqual(warning === null ? [] : [warning]);
  });

  it('both a proxy and a server behind it get their own (RFC 3261 §22.3)', () => {
    const scene = new Scene({ credentials })
      .answer('INVITE', 407, { extra: challenge('p1') })
      .answer('INVITE', 401, { extra: challenge('s1', '', 'WWW-Authenticate') });
    const { request } = scene.request('INVITE');
    expect(header(request, 'cseq')).toBe('3 INVITE');
    expect(header(request, 'proxy-authorization')).toMatch(/nonce="p1".*nc=00000002/);
    expect(header(request, 'authorization')).toMatch(/nonce="s1".*nc=00000001/);
  });

  it('is not sent for ever to a trunk whose nonces are always stale', () => {
    const scene = new Scene({ credentials });
    for (let n = 0; n < 5; n++) {
      scene.answer('INVITE', 407, { extra: challenge(`n${n}`, ', stale=true') });
    }
    expect(scene.sent.map(told)).toEqual(['INVITE 1', 'INVITE 2 n0/00000001', 'INVITE 3 n1/00000001']);
    expect(scene.look().slice(-2)).toEqual(['403 to caller-1', 'ended upstream/rejected']);
  });

  it.each([
    ['another realm', 'Digest realm="evil", nonce="n"', 'evil'],
    ['an unknown algorithm', 'Digest realm="carrier", nonce="n", algorithm=X', 'carrier'],
    ['another scheme', 'Basic realm="carrier"', ''],
    ['a realm that would forge a line of the log', 'Digest realm="a\xa0\x1b[0m", nonce="n"', 'a??[0m'],
  ])('in %s: no credentials, 403, and the log says which realm asked', (_what, value, askedRealm) => {
    const scene = new Scene({ credentials });
    scene.look();
    scene.answer('INVITE', 407, { extra: [['Proxy-Authenticate', value]] });
    expect(scene.look()).toEqual(['403 to caller-1', 'ended upstream/rejected']);
    expect(scene.sent).toHaveLength(1);
    expect(scene.warnings).toEqual([
      { event: 'challenge-unmet', fields: { peer: 'carrier', askedRealm, configuredRealm: 'carrier' } },
    ]);
  });

  it('by a peer without credentials: 403, and the log says that none are configured', () => {
    const scene = new Scene().answer('INVITE', 407, { extra: challenge('n') });
    expect(scene.sent).toHaveLength(1);
    expect(scene.warnings).toEqual([
      { event: 'challenge-unmet', fields: { peer: 'carrier', askedRealm: 'carrier', configuredRealm: null } },
    ]);
  });

  it('that was cancelled meanwhile is left at that', () => {
    const scene = new Scene({ credentials }).answer('INVITE', 180);
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    scene.look();
    scene.answer('INVITE', 407, { extra: challenge('n1') });
    expect(scene.look()).toEqual(['ended caller/cancelled']);
  });

  it('that rang before, since a proxy had forked it, rings on', () => {
    const scene = new Scene({ credentials })
      .answer('INVITE', 180)
      .answer('INVITE', 407, { extra: challenge('n1') });
    scene.look();
    scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp }).callerAck();
    expect(scene.state.phase).toBe('up');
  });

  it('CANCEL goes to the INVITE that was sent last', () => {
    const scene = new Scene({ credentials }).answer('INVITE', 407, { extra: challenge('n1') });
    scene.look();
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    expect(scene.look()).toEqual(['487 to caller-1', 'CANCEL']);
    expect(scene.state.callee?.invite?.client).toBe(scene.request('INVITE').client);
  });
});

describe('the rest of a call whose INVITE was challenged', () => {
  const up = (): Scene => {
    const scene = new Scene({ credentials }).answer('INVITE', 407, { extra: challenge('n1') });
    scene.answer('INVITE', 200, { body: calleeSdp }).callerAck();
    scene.look();
    return scene;
  };

  it('carries credentials without being asked, and counts them (RFC 3261 §22.3, RFC 7616 §3.4)', () => {
    const scene = up();
    scene.from('caller', 'INFO');
    scene.answer('INFO', 200);
    scene.from('caller', 'INVITE', { body: callerSdp });
    scene.answer('INVITE', 200, { body: calleeSdp }).callerAck();
    scene.from('caller', 'BYE');
    expect(scene.sent.map(told)).toEqual([
      ...[
        'INVITE 1',
        'INVITE 2 n1/00000001',
        'INFO 3 n1/00000002',
        'INVITE 4 n1/00000003',
        'BYE 5 n1/00000004',
      ],
    ]);
  });

  it.each(['INFO', 'INVITE', 'BYE'])(
    'an outdated nonce in %s: the new one, and the sequence goes on',
    (method) => {
      const scene = up();
      scene.from('caller', method, method === 'INVITE' ? { body: callerSdp } : {});
      scene.look();
      scene.answer(method, 407, { extra: challenge('n2', ', stale=true') });
      expect(scene.look()).toHaveLength(1);
      expect(scene.sent.slice(-2).map(told)).toEqual([`${method} 3 n1/00000002`, `${method} 4 n2/00000001`]);
      scene.answer(method, 200, method === 'INVITE' ? { body: calleeSdp } : {});
      expect(scene.look().at(-1)).toBe(
        { INFO: '200 to caller-2', INVITE: '200 to caller-2 with SDP', BYE: 'ended success/answered' }[
          method
        ],
      );
    },
  );

  it('an outdated nonce that is not called stale is renewed too, once', () => {
    const scene = up();
    scene.from('caller', 'INFO');
    scene.answer('INFO', 407, { extra: challenge('n2') }).answer('INFO', 407, { extra: challenge('n3') });
    expect(scene.sent.slice(-2).map(told)).toEqual(['INFO 3 n1/00000002', 'INFO 4 n2/00000001']);
    expect(scene.look().at(-1)).toBe('403 to caller-2');
  });

  it('a request that is challenged while another was sent takes the next number after both', () => {
    const scene = up();
    scene.from('caller', 'INVITE', { body: callerSdp });
    scene.from('caller', 'INFO');
    scene.answer('INVITE', 401, { extra: challenge('s', '', 'WWW-Authenticate') });
    expect(scene.sent.slice(-3).map(({ request }) => header(request, 'cseq'))).toEqual([
      ...['3 INVITE', '4 INFO', '5 INVITE'],
    ]);
  });

  it('a challenge in mid-call, the first of all: re-INVITE, INFO and BYE alike', () => {
    const scene = Scene.up({ credentials });
    scene.from('caller', 'INFO');
    scene.answer('INFO', 401, { extra: challenge('n1', '', 'WWW-Authenticate') }).answer('INFO', 200);
    scene.from('caller', 'BYE');
    scene.answer('BYE', 401, { extra: challenge('n2', ', stale=true', 'WWW-Authenticate') });
    expect(scene.sent.map(told)).toEqual([
      ...['INVITE 1', 'INFO 2', 'INFO 3 n1/00000001', 'BYE 4 n1/00000002', 'BYE 5 n2/00000001'],
    ]);
    scene.answer('BYE', 200);
    expect(scene.state.phase).toBe('over');
  });

  it('a BYE that is refused all the same ends the dialog (RFC 3261 §15.1.1)', () => {
    const scene = up();
    scene.from('caller', 'BYE');
    for (let n = 2; n < 5; n++) scene.answer('BYE', 407, { extra: challenge(`n${n}`) });
    expect(scene.state.phase).toBe('over');
    expect(scene.sent.filter(({ request }) => request.method === 'BYE')).toHaveLength(2);
  });

  it('a challenged re-INVITE that its sender has cancelled, and an INFO after the BYE, are left at that', () => {
    const scene = up();
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp });
    scene.step({ type: 'cancelled', transaction, reason: null });
    scene.answer('INVITE', 407, { extra: challenge('n2', ', stale=true') });
    scene.from('caller', 'INFO');
    scene.from('caller', 'BYE');
    scene.answer('INFO', 407, { extra: challenge('n3', ', stale=true') });
    const methods = scene.sent.map(({ request }) => request.method);
    expect(methods).toEqual(['INVITE', 'INVITE', 'INVITE', 'INFO', 'BYE']);
  });

  it('a challenged PRACK of a fork whose BYE has gone is left at that, while another rings (RFC 3261 §15)', () => {
    const scene = new Scene({ credentials });
    scene.answer('INVITE', 183, { tag: 'carol', body: calleeSdp });
    scene.reliably(183, 1, { body: calleeSdp });
    scene.callerSees = 'us.1';
    scene.from('caller', 'BYE');
    scene.look();
    expect(scene.request('BYE').request.headers.first('to')).toContain('bob');
    scene.answer('PRACK', 407, { extra: challenge('n1') });
    expect(scene.look().filter((line) => line.startsWith('PRACK'))).toEqual([]);
  });

  it('a challenge to a BYE that nobody waits for any more is left at that', () => {
    const scene = up();
    scene.from('caller', 'BYE');
    scene.expire('release');
    scene.answer('BYE', 407, { extra: challenge('n2', ', stale=true') });
    expect(scene.sent.filter(({ request }) => request.method === 'BYE')).toHaveLength(1);
  });

  it('shows nothing of it to the other party', () => {
    const scene = up();
    scene.from('callee', 'INFO');
    scene.from('callee', 'BYE');
    const toCaller = [
      ...scene.responses.map(({ response }) => response.headers),
      ...scene.sent.flatMap(({ request }) =>
        header(request, 'call-id') === 'call-a' ? [request.headers] : [],
      ),
    ];
    expect(toCaller.length).toBeGreaterThan(3);
    const names = toCaller.flatMap((headers) => headers.canonicalFields().map(({ canonical }) => canonical));
    expect(names.filter((name) => name.includes('auth'))).toEqual([]);
  });

  it('keeps nothing once everything is answered', () => {
    const scene = up();
    scene.from('caller', 'INFO');
    scene.answer('INFO', 200);
    scene.from('caller', 'INFO');
    scene.fail('INFO', 'transport');
    expect(scene.state.sent.size).toBe(0);
  });
});
