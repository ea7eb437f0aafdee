import { describe, expect, it } from 'vitest';
import { Scene } from './call-scene.ts';

describe('hung up, of a call that is up', () => {
  it('is said at once to a callee that never answers the BYE, and the end after Timer F', () => {
    const scene = Scene.up();
    scene.from('caller', 'BYE');
    expect(scene.told.slice(-2)).toEqual(['answered', 'hung-up']);
    expect(scene.state.phase).toBe('ending');
    scene.fail('BYE', 'timeout');
    expect(scene.told.slice(-3)).toEqual(['answered', 'hung-up', 'ended']);
  });

  it.each<[string, (scene: Scene) => unknown]>([
    ['BYE of the callee', (scene) => scene.from('callee', 'BYE')],
    ['our own hang-up', (scene) => scene.step({ type: 'hang-up', reason: 'media-timeout' })],
    [
      'BYE of both, then our own hang-up',
      (scene) => {
        scene.from('callee', 'BYE');
        scene.from('caller', 'BYE');
        scene.step({ type: 'hang-up', reason: 'shutdown' });
      },
    ],
  ])('is said once: %s', (_name, end) => {
    const scene = Scene.up();
    end(scene);
    expect(scene.told.filter((word) => word === 'hung-up')).toHaveLength(1);
  });
});

describe('hung up, of a call that is not taken', () => {
  const cancel = { type: 'cancelled', transaction: 'caller-1', reason: null } as const;
  const accept = { kind: 'accept', encodings: null, narrowing: 'must' } as const;

  it.each<[string, (scene: Scene) => unknown]>([
    ['a final failure was passed on', (scene) => scene.answer('INVITE', 486)],
    ['nobody could be reached', (scene) => scene.fail('INVITE', 'timeout')],
    ['the 200 is of no use', (scene) => scene.answer('INVITE', 200).answer('BYE', 200)],
    ['it rang for too long', (scene) => scene.expire('ring').answer('INVITE', 487)],
  ])('before the end: %s', (_name, end) => {
    const scene = new Scene();
    end(scene);
    expect(scene.told).toEqual(['admit', 'open-media', 'hung-up', 'ended']);
  });

  it('with a CANCEL, not with what the callee makes of it', () => {
    const scene = new Scene().answer('INVITE', 180).step(cancel);
    expect(scene.told).toEqual(['admit', 'open-media', 'hung-up']);
    scene.answer('INVITE', 487);
    expect(scene.told.slice(2)).toEqual(['hung-up', 'ended']);
  });

  it('never of a call that was refused', () => {
    const refusal = { status: 503, phrase: 'No', retryAfterSeconds: null, reason: 'overload' } as const;
    expect(new Scene({ admission: { kind: 'refuse', ...refusal } }).told).toEqual(['admit', 'ended']);
  });

  it("of a call let in after its CANCEL, with the director's word", () => {
    const scene = new Scene({ cold: true }).step(cancel);
    expect(scene.told).toEqual(['admit']);
    scene.step({ type: 'admitted', admission: accept });
    expect(scene.told).toEqual(['admit', 'hung-up', 'ended']);
  });

  it('no ports: before the end', () => {
    const scene = new Scene({ cold: true }).step({ type: 'admitted', admission: accept });
    scene.step({ type: 'opened', local: null });
    expect(scene.told).toEqual(['admit', 'open-media', 'hung-up', 'ended']);
  });
});
