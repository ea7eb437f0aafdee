import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scene } from './call-scene.ts';
import { type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, header } from './scripted-peer.ts';

type Party = 'caller' | 'callee';

describe('recording controlled by INFO', () => {
  it.each([
    ['on', 'start'],
    ['off', 'stop'],
    ['pause', 'pause'],
    ['Resume ', 'resume'],
  ])('`Record: %s` of a PBX is %s, and goes no further', (value, action) => {
    const scene = Scene.up();
    scene.from('caller', 'INFO', { extra: [['Record', value]] });
    expect(scene.look()).toEqual([`control ${action} by info of caller, to be answered`]);
  });

  it.each([
    ['another word', 'maybe'],
    ['nothing', ''],
    ['a name that every object has', 'constructor'],
  ])('%s is 400, and goes no further', (_what, value) => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'INFO', { extra: [['Record', value]] });
    expect(scene.look()).toEqual([`400 to ${transaction}`]);
  });

  it('of a trunk it is an INFO like any, without the header', () => {
    const scene = Scene.up();
    scene.from('callee', 'INFO', { extra: [['Record', 'off']] });
    expect(scene.look()).toEqual(['INFO to caller']);
    expect(scene.request('INFO').request.headers.count('record')).toBe(0);
  });
});

describe('recording controlled by a header of a re-INVITE', () => {
  const reinvite = (party: Party, name: string, value: string): Scene => {
    const scene = Scene.up();
    scene.from(party, 'INVITE', { body: audio(4000, '8'), extra: [[name, value]] });
    return scene;
  };

  it('is heeded, and the re-INVITE goes on without it', () => {
    const scene = reinvite('caller', 'X-Record', 'pause');
    expect(scene.look()[0]).toBe('control pause by reinvite of caller');
    expect(scene.request('INVITE').request.headers.count('x-record')).toBe(0);
  });

  it.each<[string, Party, string, string]>([
    ['of a trunk', 'callee', 'X-Record', 'pause'],
    ['by another header', 'caller', 'X-Other', 'pause'],
    ['by the header of INFO', 'caller', 'Record', 'pause'],
    ['with another word', 'caller', 'X-Record', 'maybe'],
  ])('%s it is not', (_what, party, name, value) => {
    const scene = reinvite(party, name, value);
    expect(scene.look().filter((line) => line.startsWith('control'))).toEqual([]);
    const { headers } = scene.request('INVITE').request;
    expect(headers.count('x-record') + headers.count('record')).toBe(0);
  });
});

describe('a node between a PBX and a carrier', () => {
  let node: NodeUnderTest;
  let ok: string;
  beforeEach(async () => {
    node = await nodeUnderTest();
    const { pbx, carrier } = node;
    pbx.invite(node.uri('352123'), 'one', { headers: ['Record: on'] });
    const invite = await carrier.expect('INVITE');
    expect(header(invite, 'Record')).toBeNull();
    carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    ok = await pbx.expect('SIP/2.0 200');
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    await carrier.expect('ACK');
  });
  afterEach(() => node.close());

  it.each([
    ['done', 'SIP/2.0 200'],
    ['forbidden', 'SIP/2.0 403'],
    ['conflict', 'SIP/2.0 488'],
  ] as const)('an INFO whose control is %s is answered %s', async (controlled, status) => {
    node.director.controlled = controlled;
    node.pbx.inDialog('INFO', ok, 'uac', { cseq: 2, headers: ['Record: pause'] });
    await node.pbx.expect(status);
    expect(node.director.controls).toEqual(['pause caller by info']);
  });
});
