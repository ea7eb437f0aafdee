import { describe, expect, it } from 'vitest';
import { calleeSdp, callerInvite, callerSdp, Scene, sdp } from './call-scene.ts';

const head = (address: string): string =>
  `v=0\r\no=- 1 2 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\n`;
const fax = 'udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n';
const replaced = (address: string, port: number): string => `${head(address)}m=image ${port} ${fax}`;
const beside = (address: string, port: number): string =>
  `${head(address)}m=audio 0 RTP/AVP 8\r\nm=image ${port} ${fax}`;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const media = (bytes: Uint8Array): string[] => text(bytes).match(/^m=.*/gm) ?? [];
/** Transports of the newest two `connect`s. */
const transports = (scene: Scene): string[] => scene.media.slice(-2).map(({ transport }) => transport);

describe('a re-INVITE to T.38', () => {
  it.each([
    ['image in the place of the audio line', replaced, ['m=image 20000 udptl t38']],
    ['image beside an audio line with port 0', beside, ['m=audio 0 RTP/AVP 8', 'm=image 20000 udptl t38']],
  ])('of the callee, %s: goes on as UDPTL, and the answer comes back', (_name, form, lines) => {
    const scene = Scene.up();
    const transaction = scene.from('callee', 'INVITE', { body: form('198.51.100.1', 7000) });
    expect(scene.look()).toEqual(['INVITE to caller with SDP']);
    expect(media(scene.request('INVITE').request.body)).toEqual(lines);
    expect(text(scene.request('INVITE').request.body)).toContain('a=T38FaxUdpEC:t38UDPRedundancy');
    scene.answer('INVITE', 200, { body: form('192.0.2.1', 5000), from: 'caller' });
    expect(scene.look()).toEqual([
      'connect callee 7000 sendrecv ',
      'connect caller 5000 sendrecv ',
      'ACK to caller',
      `200 to ${transaction} with SDP`,
    ]);
    expect(transports(scene)).toEqual(['udptl', 'udptl']);
    expect(media(scene.responses.at(-1)!.response.body)).toEqual(
      lines.map((line) => line.replace('20000', '20002')),
    );
  });

  it('may be an UPDATE (RFC 3311)', () => {
    const scene = Scene.up({ invite: callerInvite(callerSdp, [['Allow', 'INVITE, UPDATE']]) });
    scene.from('callee', 'UPDATE', { body: replaced('198.51.100.1', 7000) });
    scene.answer('UPDATE', 200, { body: replaced('192.0.2.1', 5000), from: 'caller' });
    expect(transports(scene)).toEqual(['udptl', 'udptl']);
  });

  it('refused with 488: the refusal goes on, and speech stays as it was', () => {
    const scene = Scene.up();
    const transaction = scene.from('callee', 'INVITE', { body: replaced('198.51.100.1', 7000) });
    scene.look();
    scene.answer('INVITE', 488);
    expect(scene.look()).toEqual([`488 to ${transaction}`]);
    expect(scene.state.phase).toBe('up');
  });

  it('and back to speech', () => {
    const scene = Scene.up();
    scene.from('callee', 'INVITE', { body: replaced('198.51.100.1', 7000) });
    scene.answer('INVITE', 200, { body: replaced('192.0.2.1', 5000), from: 'caller' }).calleeAck();
    scene.look();
    scene.from('callee', 'INVITE', { body: calleeSdp });
    scene.answer('INVITE', 200, { body: sdp('192.0.2.1', 4000, '8'), from: 'caller' });
    expect(scene.look().slice(1, 3)).toEqual([
      'connect callee 6000 sendrecv 8',
      'connect caller 4000 sendrecv 8',
    ]);
    expect(transports(scene)).toEqual(['rtp', 'rtp']);
  });

  it('over TCP is refused by us: 488 with RFC 3261 §20.43 Warning 304', () => {
    const scene = Scene.up();
    const transaction = scene.from('callee', 'INVITE', {
      body: `${head('198.51.100.1')}m=image 7000 tcptl t38\r\n`,
    });
    expect(scene.look()).toEqual([`488 to ${transaction}`]);
    expect(scene.responses.at(-1)!.response.headers.first('warning')).toMatch(/^304 /);
  });
});

describe('T.38 from the first INVITE', () => {
  const invite = callerInvite(replaced('192.0.2.1', 4000));

  it('is a call like any other, of no speech', () => {
    const admission = { kind: 'accept', encodings: ['PCMA/8000'], narrowing: 'must' } as const;
    const scene = new Scene({ invite, admission });
    expect(scene.state.facts.offered).toBeNull();
    scene.answer('INVITE', 200, { body: replaced('198.51.100.1', 7000) }).callerAck();
    expect(scene.state.phase).toBe('up');
    expect(transports(scene)).toEqual(['udptl', 'udptl']);
  });

  it('refused with 488 is not asked for again: nothing of it was left out', () => {
    const admission = { kind: 'accept', encodings: ['PCMA/8000'], narrowing: 'prefer' } as const;
    const scene = new Scene({ invite, admission });
    scene.look();
    scene.answer('INVITE', 488);
    expect(scene.look()).toEqual(['488 to caller-1', 'ended upstream/no-codec']);
  });
});
