import { describe, expect, it } from 'vitest';
import type { NamedDialog } from '../../src/signalling/named-dialog.ts';
import { SipHeaders, type SipRequest } from '../../src/sip/message.ts';
import { Scene } from './call-scene.ts';

type Lines = readonly (readonly [string, string])[];

const relaying = (): Scene => Scene.up({ refer: 'relay' });
const referTo: Lines = [['Refer-To', '<sip:+352999@203.0.113.1:5060>']];
const about = (event: string, state = 'active;expires=60'): Lines => [
  ['Event', event],
  ['Subscription-State', state],
];

describe('a REFER within a dialog', () => {
  it('RFC 3261 §8.2.1: where it is not relayed it is 405, and Allow does not name it', () => {
    const scene = Scene.up();
    const transaction = scene.from('caller', 'REFER', { extra: referTo });
    expect(scene.look()).toEqual([`405 to ${transaction}`]);
    expect(scene.responses.at(-1)!.response.headers.first('allow')).not.toContain('REFER');
  });

  it('Allow names it on the legs of peers whose REFERs are relayed', () => {
    const scene = relaying();
    expect(scene.request('INVITE').request.headers.first('allow')).toMatch(/, REFER$/);
    expect(scene.responses.at(-1)!.response.headers.first('allow')).toMatch(/, REFER$/);
  });

  it.each([
    ['caller', 'callee'],
    ['callee', 'caller'],
  ] as const)('of the %s goes on to the %s, and its 202 comes back', (from, to) => {
    const scene = relaying();
    const transaction = scene.from(from, 'REFER', {
      extra: [
        ...referTo,
        ['b', '<sip:ann@pbx.example>'],
        ['Refer-Sub', 'false'],
        ['Require', 'norefersub'],
        ['Target-Dialog', 'x;local-tag=1;remote-tag=2'],
      ],
    });
    expect(scene.look()).toEqual([`REFER to ${to}`]);
    const { headers } = scene.request('REFER').request;
    expect([headers.first('refer-sub'), headers.first('require')]).toEqual(['false', 'norefersub']);
    expect(headers.first('contact')).toBe('<sip:203.0.113.1:5060>');
    expect(headers.first('target-dialog')).toBeNull();
    const host = to === 'callee' ? 'carrier.example' : '203.0.113.1';
    expect(headers.first('referred-by')).toBe(`<sip:ann@${host}>`);
    scene.answer('REFER', 202, { extra: [['Refer-Sub', 'false']] });
    expect(scene.look()).toEqual([`202 to ${transaction}`]);
    const answer = scene.responses.at(-1)!.response.headers;
    expect([answer.first('contact'), answer.first('refer-sub')]).toEqual(['<sip:203.0.113.1:5060>', 'false']);
  });

  it.each([
    ['none', []],
    ['two', [...referTo, ...referTo]],
    ['one that cannot be read', [['Refer-To', '<sip:']]],
  ] as [string, Lines][])('RFC 3515 §2.4.2: %s Refer-To is 400', (_name, extra) => {
    const scene = relaying();
    const transaction = scene.from('caller', 'REFER', { extra });
    expect(scene.look()).toEqual([`400 to ${transaction}`]);
  });

  it('is never dialled by us: the one who is referred declines, and that is all', () => {
    const scene = relaying();
    const transaction = scene.from('caller', 'REFER', { extra: referTo });
    scene.answer('REFER', 603);
    expect(scene.look()).toEqual(['REFER to callee', `603 to ${transaction}`]);
    expect(scene.state).toMatchObject({ phase: 'up', referrals: [] });
  });

  it('that nobody answers is 408, and forgotten', () => {
    const scene = relaying();
    const transaction = scene.from('caller', 'REFER', { extra: referTo });
    scene.fail('REFER', 'timeout');
    expect(scene.look()).toContain(`408 to ${transaction}`);
    expect(scene.state.referrals).toEqual([]);
  });

  it('RFC 3261 §8.2.1: the 405 of the one who is referred says what we allow', () => {
    const scene = relaying();
    scene.from('caller', 'REFER', { extra: referTo });
    scene.answer('REFER', 405);
    expect(scene.responses.at(-1)!.response.headers.first('allow')).not.toContain('REFER');
  });

  it('what the one who is referred does not support is said by its name', () => {
    const scene = relaying();
    scene.from('caller', 'REFER', { extra: [...referTo, ['Require', 'norefersub']] });
    scene.answer('REFER', 420, { extra: [['Unsupported', 'norefersub, x']] });
    expect(scene.responses.at(-1)!.response.headers.first('unsupported')).toBe('norefersub');
  });
});

describe('what we know and do not serve within a dialog', () => {
  it.each(['SUBSCRIBE', 'PUBLISH', 'REGISTER'])('%s: 405, with what we allow', (method) => {
    const scene = relaying();
    const transaction = scene.from('caller', method);
    expect(scene.look()).toEqual([`405 to ${transaction}`]);
    const allow = scene.responses.at(-1)!.response.headers.first('allow');
    expect(allow).toMatch(/, REFER$/);
    expect(allow).not.toContain(method);
  });

  it('what nobody knows: 501', () => {
    const scene = relaying();
    const transaction = scene.from('caller', 'FROBNICATE');
    expect(scene.look()).toEqual([`501 to ${transaction}`]);
  });

  it('RFC 6086: INFO passes with a body of any type, and its package', () => {
    const scene = relaying();
    scene.from('callee', 'INFO', {
      body: '\x00\xff binary',
      extra: [
        ['Info-Package', 'nortel'],
        ['Content-Disposition', 'Info-Package'],
      ],
    });
    const { headers, body } = scene.request('INFO').request;
    expect([headers.first('info-package'), headers.first('content-disposition')]).toEqual([
      'nortel',
      'Info-Package',
    ]);
    expect(Buffer.from(body).toString('latin1')).toBe('\x00\xff binary');
  });
});

describe('NOTIFY of a REFER', () => {
  it('RFC 3515 §2.4.6: the id is the number that the REFER had on the other leg', () => {
    const scene = relaying();
    scene.from('caller', 'REFER', { extra: referTo, cseq: 41 });
    const sent = scene.request('REFER').request.headers.first('cseq')!.split(' ')[0]!;
    scene.answer('REFER', 202).look();
    expect(sent).not.toBe('41');
    const notify = scene.from('callee', 'NOTIFY', {
      body: 'SIP/2.0 100 Trying',
      extra: about(`Refer;x=1 ; id=${sent}`),
    });
    expect(scene.look()).toEqual(['NOTIFY to caller with SDP']);
    const { headers, body } = scene.request('NOTIFY').request;
    expect(headers.first('event')).toBe('refer;x=1;id=41');
    expect(headers.first('subscription-state')).toBe('active;expires=60');
    expect(headers.first('contact')).toBe('<sip:203.0.113.1:5060>');
    expect(Buffer.from(body).toString()).toBe('SIP/2.0 100 Trying');
    scene.answer('NOTIFY', 200, { from: 'caller' });
    expect(scene.look()).toEqual([`200 to ${notify}`]);
  });

  it.each([
    ['without an id it stays without', 'refer', 'refer'],
    ['of another package it is not ours to read', 'talk;id=2', 'talk;id=2'],
    ['with an id that nobody knows it passes as it is', 'refer;id=999', 'refer;id=999'],
  ])('%s', (_name, event, passed) => {
    const scene = relaying();
    scene.from('caller', 'REFER', { extra: referTo });
    scene.answer('REFER', 202);
    scene.from('callee', 'NOTIFY', { extra: about(event) });
    expect(scene.request('NOTIFY').request.headers.first('event')).toBe(passed);
  });

  it('may come before the 202', () => {
    const scene = relaying();
    scene.from('caller', 'REFER', { extra: referTo, cseq: 41 });
    const sent = scene.request('REFER').request.headers.first('cseq')!.split(' ')[0]!;
    scene.from('callee', 'NOTIFY', { extra: about(`refer;id=${sent}`) });
    expect(scene.request('NOTIFY').request.headers.first('event')).toBe('refer;id=41');
  });

  it('may come before the 202 to a REFER that was challenged', () => {
    const credentials = { username: 'us', password: 'hush', realm: 'carrier' };
    const scene = Scene.up({ refer: 'relay', credentials });
    scene.from('caller', 'REFER', { extra: referTo, cseq: 41 });
    scene.answer('REFER', 407, {
      extra: [['Proxy-Authenticate', 'Digest realm="carrier", nonce="n1", qop="auth"']],
    });
    const sent = scene.request('REFER').request.headers.first('cseq')!.split(' ')[0]!;
    scene.from('callee', 'NOTIFY', { extra: about(`refer;id=${sent}`) });
    expect(scene.request('NOTIFY').request.headers.first('event')).toBe('refer;id=41');
  });

  it('that says "terminated" is the last: its REFER is forgotten', () => {
    const scene = relaying();
    scene.from('caller', 'REFER', { extra: referTo });
    scene.answer('REFER', 202);
    scene.from('callee', 'NOTIFY', { extra: about('refer', 'terminated;reason=noresource') });
    expect(scene.state.referrals).toEqual([]);
  });

  it('RFC 6665 §4.2.2: a 481 to it speaks of the subscription, and the call goes on', () => {
    const scene = relaying();
    scene.from('caller', 'REFER', { extra: referTo });
    scene.answer('REFER', 202).look();
    const notify = scene.from('callee', 'NOTIFY', { extra: about('refer') });
    scene.answer('NOTIFY', 481, { from: 'caller' });
    expect(scene.look()).toEqual(['NOTIFY to caller', `481 to ${notify}`]);
    expect(scene.state.phase).toBe('up');
  });

  it('of REFERs without end only the last sixteen are remembered', () => {
    const scene = relaying();
    for (let i = 0; i < 20; i++) {
      scene.from('caller', 'REFER', { extra: referTo });
      scene.answer('REFER', 202);
    }
    expect(scene.state.referrals).toHaveLength(16);
  });
});

describe('a REFER outside of a dialog (RFC 4538)', () => {
  const refer = (extra: Lines = referTo): SipRequest => ({
    ...{ type: 'request', method: 'REFER', uri: 'sip:203.0.113.1:5060' },
    headers: new SipHeaders(
      [
        ['Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr'],
        ['From', '<sip:100@pbx.example>;tag=new'],
        ['To', '<sip:203.0.113.1>'],
        ['Call-ID', 'refer-call'],
        ['CSeq', '93809824 REFER'],
        ['Contact', '<sip:100@192.0.2.1:5060>'],
        ['Record-Route', '<sip:192.0.2.1:5066;lr>'],
        ['Max-Forwards', '70'],
        ...extra,
      ].map(([name = '', value = '']) => ({ name, value })),
    ),
    body: new Uint8Array(0),
  });
  const received = (scene: Scene, request: SipRequest, named: NamedDialog | null = null): Scene =>
    scene.step({ type: 'refer', party: 'caller', transaction: 'r', request, named });

  it('goes on within the dialog of the other leg, and makes a dialog of its own here', () => {
    const scene = received(
      relaying(),
      refer([...referTo, ['Target-Dialog', 'call-a;local-tag=us;remote-tag=ann']]),
    );
    expect(scene.look()).toEqual(['REFER to callee']);
    const { headers } = scene.request('REFER').request;
    expect([headers.first('call-id'), headers.first('target-dialog')]).toEqual(['call-b', null]);
    scene.answer('REFER', 202);
    expect(scene.look()).toEqual(['202 to r']);
    const answer = scene.responses.at(-1)!.response.headers;
    expect([answer.first('to'), answer.first('record-route')]).toEqual([
      '<sip:203.0.113.1>;tag=us',
      '<sip:192.0.2.1:5066;lr>',
    ]);
  });

  it('its NOTIFYs come back in that dialog, numbered there, without an id', () => {
    const scene = received(relaying(), refer());
    const sent = scene.request('REFER').request.headers.first('cseq')!.split(' ')[0]!;
    scene.answer('REFER', 202).look();
    scene.from('callee', 'NOTIFY', { extra: about(`refer;id=${sent}`) });
    expect(scene.look()).toEqual(['NOTIFY to caller']);
    const first = scene.request('NOTIFY').request;
    expect(first.uri).toBe('sip:100@192.0.2.1:5060');
    const { headers } = first;
    expect(
      ['call-id', 'from', 'to', 'cseq', 'event', 'route', 'contact'].map((name) => headers.first(name)),
    ).toEqual([
      'refer-call',
      '<sip:203.0.113.1>;tag=us',
      '<sip:100@pbx.example>;tag=new',
      '1 NOTIFY',
      'refer',
      '<sip:192.0.2.1:5066;lr>',
      '<sip:203.0.113.1:5060>',
    ]);
    scene.answer('NOTIFY', 200, { from: 'caller' });
    scene.from('callee', 'NOTIFY', { extra: about('refer', 'terminated') });
    expect(scene.request('NOTIFY').request.headers.first('cseq')).toBe('2 NOTIFY');
    expect(scene.state.referrals).toEqual([]);
  });

  it.each([
    ['RFC 3261 §16.3: that has counted down to nothing', { 'Max-Forwards': '0' }, 483],
    ['that requires what nobody speaks', { Require: 'x' }, 420],
    ['without Refer-To', { 'Refer-To': null }, 400],
  ])('%s is %s', (_name, change, status) => {
    const request = refer();
    for (const [name, value] of Object.entries(change)) {
      if (value === null) request.headers.remove(name.toLowerCase());
      else request.headers.set(name, value);
    }
    const scene = received(relaying(), request);
    expect(scene.look()).toEqual([`${status} to r`]);
  });

  it('before the call is up has to wait', () => {
    const scene = new Scene({ refer: 'relay' });
    scene.look();
    received(scene, refer());
    expect(scene.look()).toEqual(['500 to r']);
    expect(scene.responses.at(-1)!.response.headers.first('retry-after')).toBe('7');
  });
});
