import { describe, expect, it } from 'vitest';
import type { OwnAsk } from '../../src/signalling/call-state.ts';
import { calleeSdp, callerSdp, Scene, sdp } from './call-scene.ts';

const refresh: OwnAsk = { purpose: 'refresh', method: 'INVITE', headers: [['Session-Expires', '1800']] };
const update: OwnAsk = { ...refresh, method: 'UPDATE' };

describe('a re-INVITE of our own', () => {
  it('offers what we said last, under the same version (RFC 3264 §8), with the headers asked for', () => {
    const scene = Scene.up().ask('callee', refresh);
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
    const [first, again] = scene.sent.map(({ request }) => Buffer.from(request.body).toString());
    expect(again).toBe(first);
    const { headers } = scene.request('INVITE').request;
    expect([headers.first('session-expires'), headers.first('contact'), headers.first('cseq')]).toEqual([
      '1800',
      '<sip:203.0.113.1:5060>',
      '2 INVITE',
    ]);
  });

  it('its 200 is ACKed, each repetition too, and media follow its answer on that leg alone', () => {
    const scene = Scene.up().ask('callee', refresh);
    scene.look();
    scene.answer('INVITE', 180).answer('INVITE', 200, { body: sdp('198.51.100.1', 6100, '8') });
    expect(scene.look()).toEqual(['ACK to callee', 'connect callee 6100 sendrecv 8']);
    scene.answer('INVITE', 200, { body: sdp('198.51.100.1', 6100, '8') });
    expect(scene.look()).toEqual(['ACK to callee']);
    expect(scene.timer('own-callee')).toBeNull();
  });

  it('UPDATE has Contact (RFC 3311 §5.1) and no description; its 200 is the end of it', () => {
    const scene = Scene.up().ask('caller', update);
    expect(scene.look()).toEqual(['UPDATE to caller']);
    expect(scene.request('UPDATE').request.headers.first('contact')).toBe('<sip:203.0.113.1:5060>');
    scene.answer('UPDATE', 200);
    expect(scene.look()).toEqual([]);
    expect(scene.state.caller.own).toBeNull();
  });

  it('waits until the exchange under way is complete', () => {
    const scene = Scene.up();
    scene.from('caller', 'INVITE', { body: callerSdp });
    scene.look();
    scene.ask('callee', refresh);
    expect(scene.look()).toEqual([]);
    scene.answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.callerAck();
    expect(scene.look()).toEqual(['INVITE to callee with SDP']);
  });

  it.each([
    ['callee', 'we made the Call-ID: 2.1 to 4 s', 2430],
    ['caller', 'they made the Call-ID: 0 to 2 s', 330],
  ] as const)('RFC 3261 §14.1: 491 of the %s, %s, then once more', (party, _why, delayMs) => {
    const scene = Scene.up().ask(party, refresh).answer('INVITE', 491);
    scene.look();
    expect(scene.timer(`own-${party}`)).toBe(delayMs);
    scene.expire(`own-${party}`);
    expect(scene.look()).toEqual([`INVITE to ${party} with SDP`]);
  });

  it('491 again and again: it is given up, the call goes on', () => {
    const scene = Scene.up().ask('callee', refresh);
    for (let i = 0; i < 8; i++) scene.answer('INVITE', 491).expire('own-callee');
    scene.answer('INVITE', 491);
    expect([scene.timer('own-callee'), scene.state.callee?.own, scene.state.phase]).toEqual([
      null,
      null,
      'up',
    ]);
  });

  it.each(['caller', 'callee'] as const)('RFC 3261 §14.2: an INVITE of the %s meanwhile is 491', (party) => {
    const scene = Scene.up().ask('callee', refresh);
    scene.look();
    const crossing = scene.from(party, 'INVITE', { body: callerSdp });
    expect(scene.look()).toEqual([`491 to ${crossing}`]);
    scene.answer('INVITE', 200, { body: calleeSdp });
    scene.look();
    scene.from(party, 'INVITE', { body: callerSdp });
    expect(scene.look()).toHaveLength(1);
  });

  it.each([
    ['481', (scene: Scene) => scene.answer('INVITE', 481), 'indeterminate/session-expired'],
    ['408', (scene: Scene) => scene.answer('INVITE', 408), 'indeterminate/session-expired'],
    ['nothing', (scene: Scene) => scene.fail('INVITE', 'timeout'), 'indeterminate/session-expired'],
  ])('RFC 3261 §12.2.1.2, RFC 4028 §10: answered by %s, the call ends', (_name, answer, end) => {
    const scene = Scene.up().ask('callee', refresh);
    scene.look();
    answer(scene);
    expect(scene.look()).toEqual(['BYE to caller', 'BYE to callee']);
    for (const { client } of scene.sent.slice(-2)) scene.answer('BYE', 200, { client });
    expect(scene.look()).toEqual([`ended ${end}`]);
  });

  it.each([['488'], ['503'], ['transport']])('answered by %s, the session stays as it was', (how) => {
    const scene = Scene.up().ask('callee', refresh);
    scene.look();
    if (how === 'transport') scene.fail('INVITE', how);
    else scene.answer('INVITE', Number(how));
    expect(scene.look()).toEqual([]);
    expect([scene.state.phase, scene.state.callee?.own]).toEqual(['up', null]);
  });

  it('never answered after a provisional: CANCEL after the ring time, and its 487 leaves the session', () => {
    const scene = Scene.up().ask('callee', refresh).answer('INVITE', 180);
    scene.look();
    scene.expire('own-callee');
    expect([scene.look(), scene.timer('own-callee')]).toEqual([['CANCEL'], 32_000]);
    scene.answer('INVITE', 487);
    expect([scene.look(), scene.state.phase, scene.state.callee?.own]).toEqual([[], 'up', null]);
  });

  it('nor after the CANCEL: the call ends; a late 200 gets its ACK', () => {
    const scene = Scene.up().ask('callee', refresh).answer('INVITE', 180);
    scene.expire('own-callee').expire('own-callee');
    expect(scene.look().slice(-2)).toEqual(['BYE to caller', 'BYE to callee']);
    scene.answer('INVITE', 200, { body: calleeSdp });
    expect(scene.look()).toEqual(['ACK to callee']);
  });

  it('the call ends meanwhile: BYE goes out, and nothing is asked again', () => {
    const scene = Scene.up().ask('callee', refresh).answer('INVITE', 491);
    scene.look();
    scene.from('caller', 'BYE');
    expect([scene.look().at(-1), scene.timer('own-callee')]).toEqual(['BYE to callee', null]);
  });
});
