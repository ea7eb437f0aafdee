import { describe, expect, it } from 'vitest';
import { Scene } from './call-scene.ts';

type Party = 'caller' | 'callee';

/** A call that is up, whose PBX dials these codes; the caller's peer is the PBX. */
function up(codes: readonly string[] = ['*1', '*2']): Scene {
  return Scene.up({ admission: { kind: 'accept', encodings: null, narrowing: 'must', codes } });
}

/** The scene says "with SDP" of any body. */
function press(scene: Scene, key: string, party: Party = 'caller'): string {
  return scene.from(party, 'INFO', {
    body: `Signal=${key}\r\nDuration=160`,
    extra: [['Content-Type', 'application/dtmf-relay']],
  });
}

describe('a code that is dialled by INFO', () => {
  it('is held at its first key, unanswered, and at its last is ours and answered', () => {
    const scene = up();
    const star = press(scene, '*');
    expect(scene.look()).toEqual([]);
    expect(scene.timer('keys-caller')).toBe(1000);
    const one = press(scene, '1');
    expect(scene.look()).toEqual([`200 to ${star}`, `200 to ${one}`, 'code *1 of caller']);
    expect(scene.timers).not.toContain('keys-caller');
  });

  it('goes on in its order, and whole, once another key follows', () => {
    const scene = up();
    press(scene, '*');
    press(scene, '7');
    expect(scene.look()).toEqual(['INFO to callee with SDP', 'INFO to callee with SDP']);
    expect(scene.sent.slice(-2).map(({ request }) => Buffer.from(request.body).toString())).toEqual([
      'Signal=*\r\nDuration=160',
      'Signal=7\r\nDuration=160',
    ]);
  });

  it('goes on once a second has passed, and is answered as the other side does', () => {
    const scene = up();
    const star = press(scene, '*');
    scene.expire('keys-caller');
    expect(scene.look()).toEqual(['INFO to callee with SDP']);
    scene.answer('INFO', 200);
    expect(scene.look()).toEqual([`200 to ${star}`]);
  });

  it('may begin with the key that spoilt the one before', () => {
    const scene = up();
    press(scene, '*');
    press(scene, '*');
    expect(scene.look()).toEqual(['INFO to callee with SDP']);
    press(scene, '2');
    expect(scene.look()).toContain('code *2 of caller');
  });

  it.each<[string, () => Scene, string, Party]>([
    ['a key that begins none', () => up(), '5', 'caller'],
    ['the keys of a trunk', () => up(), '*', 'callee'],
    ['keys of a call without codes', () => up([]), '*', 'caller'],
  ])('%s goes on at once', (_what, made, key, party) => {
    const scene = made();
    press(scene, key, party);
    expect(scene.look()).toEqual([`INFO to ${party === 'caller' ? 'callee' : 'caller'} with SDP`]);
  });

  it('is an answer to a question that is open, and what was held before goes on', () => {
    const scene = up();
    press(scene, '*');
    scene.step({ type: 'ask', party: 'caller', on: true });
    const one = press(scene, '1');
    expect(scene.look()).toEqual(['INFO to callee with SDP', `200 to ${one}`, 'key 1 of caller']);
  });

  it('is refused with 487 where the call ends meanwhile (RFC 3261 §15.1.2)', () => {
    const scene = up();
    const star = press(scene, '*');
    scene.from('callee', 'BYE');
    expect(scene.look()).toContain(`487 to ${star}`);
    expect(scene.state.heldKeys.size).toBe(0);
    expect(scene.timers).not.toContain('keys-caller');
  });
});
