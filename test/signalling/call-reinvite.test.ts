import { describe, expect, it } from 'vitest';
import { able, ableInvite, calleeSdp, callerSdp, Scene, sdp } from './call-scene.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const direction = (body: string): string =>
  /^a=(sendrecv|sendonly|recvonly|inactive)\r$/m.exec(body)?.[1] ?? 'sendrecv';
const lastAnswer = (scene: Scene): string => text(scene.responses.at(-1)!.response.body);
const version = (body: string): number => Number(/^o=- \d+ (\d+)/m.exec(body)?.[1]);

describe('RFC 3264 §8.4, §6.1: hold', () => {
  it.each([
    // offered, what the other party says to it, what the offerer gets, and what each may do
    ['sendonly', 'recvonly', 'recvonly', 'sendonly', 'recvonly'],
    ['sendonly', 'sendrecv', 'recvonly', 'sendonly', 'recvonly'],
    ['sendonly', 'inactive', 'inactive', 'inactive', 'inactive'],
    ['inactive', 'inactive', 'inactive', 'inactive', 'inactive'],
    ['inactive', 'sendrecv', 'inactive', 'inactive', 'inactive'],
    ['recvonly', 'sendonly', 'sendonly', 'recvonly', 'sendonly'],
    ['recvonly', 'sendrecv', 'sendonly', 'recvonly', 'sendonly'],
    ['sendrecv', 'sendrecv', 'sendrecv', 'sendrecv', 'sendrecv'],
    ['sendrecv', 'sendonly', 'sendonly', 'recvonly', 'sendonly'],
  ])('%s, answered %s by the other party: the offerer reads %s', (offered, said, read, offerer, answerer) => {
    for (const [from, other] of [
      ['caller', 'callee'],
      ['callee', 'caller'],
    ] as const) {
      const scene = Scene.up();
      scene.from(from, 'INVITE', { body: sdp('192.0.2.1', 4000, '8', offered) });
      expect(direction(text(scene.request('INVITE').request.body))).toBe(offered);
      scene.look();
      scene.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '8', said) });
      expect(direction(lastAnswer(scene))).toBe(read);
      expect(scene.look().slice(0, 2)).toEqual([
        `connect ${from} 4000 ${offerer} 8`,
        `connect ${other} 6000 ${answerer} 8`,
      ]);
    }
  });

  it('by the null address, of the older kind: told as a direction, answered without sending', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: sdp('0.0.0.0', 4000, '8') });
    expect(direction(text(scene.request('INVITE').request.body))).toBe('sendonly');
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(direction(lastAnswer(scene))).toBe('recvonly');
  });

  it('of both sides, and each resumes: nobody hears before both have', () => {
    const scene = Scene.up();
    const heard = (
      [
        ['caller', 'sendonly', 'recvonly'],
        ['callee', 'inactive', 'inactive'],
        ['caller', 'recvonly', 'sendonly'],
        ['callee', 'sendrecv', 'sendrecv'],
      ] as const
    ).map(([from, offered, said]) => {
      scene.look();
      scene.from(from, 'INVITE', { body: sdp('192.0.2.1', 4000, '8', offered) });
      scene.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '8', said) });
      if (from === 'caller') scene.callerAck();
      else scene.calleeAck();
      return scene
        .look()
        .filter((line) => line.startsWith('connect'))
        .map((line) => line.split(' ')[3]);
    });
    expect(heard).toEqual([
      ['sendonly', 'recvonly'],
      ['inactive', 'inactive'],
      ['recvonly', 'sendonly'],
      ['sendrecv', 'sendrecv'],
    ]);
  });
});

describe('RFC 3264 §8: what changes in a session', () => {
  const video = 'm=video 5000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n';

  it('a line that is added is rejected and keeps its place, in the answer as well', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: callerSdp + video });
    expect(text(scene.request('INVITE').request.body)).toMatch(
      /m=audio 20002 [^]*m=video 0 RTP\/AVP 96\r\n$/,
    );
    scene.answer('INVITE', 200, { body: `${calleeSdp}m=video 0 RTP/AVP 96\r\n` });
    expect(lastAnswer(scene)).toMatch(/m=audio 20000 [^]*m=video 0 RTP\/AVP 96\r\n$/);
  });

  it('and it is there again in what the other side offers later, who never saw it', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: callerSdp + video });
    scene.answer('INVITE', 200, { body: `${calleeSdp}m=video 0 RTP/AVP 96\r\n` }).callerAck();
    scene.from('callee', 'INVITE', { body: calleeSdp });
    expect(text(scene.request('INVITE').request.body)).toMatch(
      /m=audio 20000 [^]*m=video 0 RTP\/AVP 96\r\n$/,
    );
  });

  it('the audio line may move on to another: the first that is active counts', () => {
    const scene = Scene.up();
    const moved = callerSdp.replace('m=audio 4000', 'm=audio 0') + 'm=audio 4600 RTP/AVP 8\r\n';
    scene.from('caller', 'INVITE', { body: moved });
    expect(text(scene.request('INVITE').request.body)).toMatch(/m=audio 0 [^]*m=audio 20002 RTP\/AVP 8\r\n$/);
    scene.look();
    scene.answer('INVITE', 200, {
      body: calleeSdp.replace('m=audio 6000', 'm=audio 0') + 'm=audio 6600 RTP/AVP 8\r\n',
    });
    expect(scene.look()[0]).toBe('connect caller 4600 sendrecv 8');
  });

  it('formats in another order are another preference, and a change', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: sdp('192.0.2.1', 4000, '8 0') });
    const body = text(scene.request('INVITE').request.body);
    expect([body.includes('m=audio 20002 RTP/AVP 8 0\r\n'), version(body)]).toEqual([true, 2]);
  });

  it('a party that moves its media changes nothing for the other: the version stays', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: sdp('192.0.2.77', 4444) });
    expect(version(text(scene.request('INVITE').request.body))).toBe(1);
  });

  it('after a refused offer the next one is newer than it, also if it is the old one again', () => {
    const scene = Scene.up();
    const versions = [sdp('192.0.2.1', 4000, '0 8', 'sendonly'), callerSdp].map((offer) => {
      scene.from('caller', 'INVITE', { body: offer });
      const sent = version(text(scene.request('INVITE').request.body));
      scene.answer('INVITE', 488);
      return sent;
    });
    expect(versions).toEqual([2, 3]);
  });
});

describe('RFC 3261 §14.1: a re-INVITE without an offer', () => {
  it.each([
    ['caller', 'callee', (scene: Scene, body: string) => scene.callerAck(body)],
    ['callee', 'caller', (scene: Scene, body: string) => scene.calleeAck(body)],
  ] as const)('of the %s: offer in the 200, answer in the ACK', (from, other, ack) => {
    const scene = Scene.up();
    const transaction = scene.from(from, 'INVITE');
    expect(scene.look()).toEqual([`INVITE to ${other}`]);
    expect(scene.request('INVITE').request.headers.first('supported')).not.toContain('100rel');
    scene.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '0 8') });
    expect(scene.look()).toEqual([`200 to ${transaction} with SDP`]);
    ack(scene, sdp('192.0.2.1', 4000, '8'));
    expect(scene.look()).toEqual([
      `connect ${other} 6000 sendrecv 8`,
      `connect ${from} 4000 sendrecv 8`,
      `ACK to ${other} with SDP`,
    ]);
  });

  it('RFC 3262 §5: of who speaks 100rel: offer in a reliable 183, answer in PRACK, and a 200 without SDP', () => {
    const scene = Scene.up({ invite: ableInvite() });
    const transaction = scene.from('caller', 'INVITE', { extra: able });
    scene.look();
    scene.reliably(183, 1, { body: calleeSdp });
    expect(scene.look()).toEqual([`183 to ${transaction} with SDP`]);
    scene.prack(100, sdp('192.0.2.1', 4000, '8'));
    expect(scene.look().at(-1)).toBe('PRACK to callee with SDP');
    scene.answer('PRACK', 200).answer('INVITE', 200);
    expect(scene.look().slice(-2)).toEqual(['ACK to callee', `200 to ${transaction}`]);
  });
});

describe('RFC 6141 §3.3: a re-INVITE that is refused after a provisional has answered it', () => {
  it.each([
    ['is refused', (scene: Scene) => scene.answer('INVITE', 488)],
    ['cannot be sent on', (scene: Scene) => scene.fail('INVITE', 'transport')],
  ])('%s: media are as before', (_name, refuse) => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: sdp('192.0.2.1', 4500, '8') });
    scene.answer('INVITE', 183, { body: sdp('198.51.100.1', 6500, '8') });
    expect(scene.look()).toContain('connect caller 4500 sendrecv 8');
    refuse(scene);
    expect(scene.look().slice(-2)).toEqual([
      'connect caller 4000 sendrecv 8',
      'connect callee 6000 sendrecv 8',
    ]);
  });

  it('but what an UPDATE has changed meanwhile stays (§3.4)', () => {
    const scene = Scene.up({ invite: ableInvite() });
    scene.from('caller', 'INVITE', { body: sdp('192.0.2.1', 4500, '8'), extra: able });
    scene.reliably(183, 1, { body: calleeSdp });
    scene.prack(100);
    scene.answer('PRACK', 200);
    scene.from('callee', 'UPDATE', { body: sdp('198.51.100.1', 6700, '8') });
    scene.answer('UPDATE', 200, { body: sdp('192.0.2.1', 4700, '8') }).look();
    scene.answer('INVITE', 488);
    expect(scene.look().filter((line) => line.startsWith('connect'))).toEqual([]);
  });

  it('no PRACK for the provisional of a re-INVITE: 500, and CANCEL; the call goes on as it was', () => {
    const scene = Scene.up({ invite: ableInvite() });
    const transaction = scene.from('caller', 'INVITE', { body: sdp('192.0.2.1', 4500, '8'), extra: able });
    scene.answer('INVITE', 183, { body: calleeSdp }).look();
    while (scene.timer('prack us') !== null) scene.expire('prack us');
    expect(scene.look().slice(-4)).toEqual([
      `500 to ${transaction}`,
      'CANCEL',
      'connect caller 4000 sendrecv 8',
      'connect callee 6000 sendrecv 8',
    ]);
    scene.answer('INVITE', 487);
    expect(scene.state.phase).toBe('up');
  });

  it('and where the other side has answered already, the call ends', () => {
    const scene = Scene.up({ invite: ableInvite() });
    const transaction = scene.from('caller', 'INVITE', { body: callerSdp, extra: able });
    scene.answer('INVITE', 183, { body: calleeSdp }).answer('INVITE', 200, { body: calleeSdp }).look();
    while (scene.timer('prack us') !== null) scene.expire('prack us');
    expect(scene.look().slice(-3)).toEqual([`487 to ${transaction}`, 'BYE to caller', 'BYE to callee']);
  });
});
