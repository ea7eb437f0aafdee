import { describe, expect, it } from 'vitest';
import { callerInvite, Scene, sdp } from './call-scene.ts';

const offer = callerInvite(sdp('192.0.2.1', 4000, '0 18'));
const bare = callerInvite('');

function narrowed(
  narrowing: 'prefer' | 'must',
  invite = offer,
  attempts: ('callee' | 'second')[] = ['callee'],
): Scene {
  const scene = new Scene({
    invite,
    attempts,
    admission: { kind: 'accept', encodings: ['PCMU/8000'], narrowing },
  });
  scene.look();
  return scene;
}

function audioLine(bytes: Uint8Array): string {
  return /^m=audio \d+ RTP\/AVP (.*)\r$/m.exec(Buffer.from(bytes).toString('latin1'))?.[1] ?? '';
}

const g729 = sdp('198.51.100.1', 6000, '18');

describe('an offer with nothing of what it is to be narrowed to', () => {
  it('passes whole where narrowing is preferred, in the 200 as well as in the INVITE', () => {
    const scene = narrowed('prefer', bare).answer('INVITE', 200, { body: g729 });
    expect(scene.look()).toEqual(['200 to caller-1 with SDP']);
    expect(audioLine(scene.responses.at(-1)!.response.body)).toBe('18');
    scene.callerAck(sdp('192.0.2.1', 4000, '18'));
    expect(scene.look()).toEqual([
      'connect callee 6000 sendrecv 18',
      'connect caller 4000 sendrecv 18',
      'ACK to callee with SDP',
      'answered',
    ]);
    const early = narrowed('prefer', callerInvite(sdp('192.0.2.1', 4000, '18')));
    expect(audioLine(early.request('INVITE').request.body)).toBe('18');
  });

  it('ends the call where narrowing is a must', () => {
    const scene = narrowed('must', bare).answer('INVITE', 200, { body: g729 });
    expect(scene.look()).toEqual(['ACK to callee with SDP', 'BYE to callee', '488 to caller-1']);
  });

  it('has no speech at all: refused however it is', () => {
    const scene = narrowed('prefer', bare);
    scene.answer('INVITE', 200, {
      body: sdp('198.51.100.1', 6000, '101', 'rtpmap:101 telephone-event/8000'),
    });
    expect(scene.look()).toContain('488 to caller-1');
  });

  it('one with some of it goes on narrowed', () => {
    const scene = narrowed('prefer', bare).answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '18 0') });
    expect(audioLine(scene.responses.at(-1)!.response.body)).toBe('0');
  });
});

describe('media of a narrowed offer are refused', () => {
  it.each([415, 488, 606])(
    '%i: the same target is asked again with the whole offer, in a new dialog',
    (status) => {
      const scene = narrowed('prefer', offer, ['callee', 'second']).answer('INVITE', status);
      expect(scene.look()).toEqual(['INVITE to callee with SDP']);
      expect(scene.sent.map(({ request }) => audioLine(request.body))).toEqual(['0', '0 18']);
      expect(scene.sent.map(({ request }) => request.headers.first('call-id'))).toEqual([
        'call-b',
        'call-b-1',
      ]);
      scene.answer('INVITE', 200, { tag: 'bob2', body: g729 }).callerAck();
      expect(scene.look()).toEqual([
        'connect caller 4000 sendrecv 18',
        'connect callee 6000 sendrecv 18',
        'ACK to callee',
        '200 to caller-1 with SDP',
        'answered',
      ]);
    },
  );

  it.each([
    [488, '488 to caller-1', 'ended upstream/no-codec'],
    [486, '486 to caller-1', 'ended upstream/busy'],
  ])('only the answer to the whole offer goes on: %i', (status, response, end) => {
    const scene = narrowed('prefer').answer('INVITE', 488);
    scene.look();
    scene.answer('INVITE', status);
    expect(scene.look()).toEqual([response, end]);
  });

  it('after an 18x too; the early dialog of the new INVITE is another one to the caller', () => {
    const scene = narrowed('prefer').answer('INVITE', 180).answer('INVITE', 488);
    scene.answer('INVITE', 180, { tag: 'bob2' });
    expect(scene.look()).toEqual(['180 to caller-1', 'INVITE to callee with SDP', '180 to caller-1']);
    expect(scene.responses.map(({ response }) => response.headers.first('to')?.split('tag=')[1])).toEqual([
      'us',
      'us.1',
    ]);
  });

  it('CANCEL meets the second INVITE', () => {
    const scene = narrowed('prefer').answer('INVITE', 488);
    scene.look();
    scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null });
    expect(scene.look()).toEqual(['487 to caller-1', 'CANCEL']);
    scene.answer('INVITE', 487);
    expect(scene.look()).toEqual(['ended caller/cancelled']);
  });

  it.each<[string, () => Scene]>([
    ['narrowing is a must', () => narrowed('must')],
    ['nothing was left out', () => narrowed('prefer', callerInvite(sdp('192.0.2.1', 4000, '0')))],
    ['there was no offer', () => narrowed('prefer', bare)],
  ])('%s: 488 goes on', (_name, start) => {
    const scene = start().answer('INVITE', 488);
    expect(scene.look()).toEqual(['488 to caller-1', 'ended upstream/no-codec']);
  });
});
