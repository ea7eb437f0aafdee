import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Leg } from '../../src/signalling/call-state.ts';
import { type NamedDialog, namedDialog } from '../../src/signalling/named-dialog.ts';
import { passReferTo, referredDialog } from '../../src/signalling/refer-to.ts';
import { targetDialogs } from '../../src/signalling/outside-refer.ts';
import { SipHeaders, type SipRequest } from '../../src/sip/message.ts';
import { parseNameAddr } from '../../src/sip/name-addr.ts';
import { callerInvite, Scene } from './call-scene.ts';

const reference = (callId: string, localTag: string, remoteTag: string) => ({
  ...{ callId, localTag, remoteTag },
  params: [],
});

describe('namedDialog', () => {
  const up = Scene.up().state;

  it.each([
    [
      'the caller’s by its tags: the callee’s is meant',
      'caller',
      ['call-a', 'us', 'ann'],
      ['call-b', 'bob', 'we'],
    ],
    ['the callee’s: the caller’s is meant', 'callee', ['call-b', 'we', 'bob'], ['call-a', 'ann', 'us']],
    ['RFC 3891 §3: tags are seen from us, not exchanged', 'caller', ['call-a', 'ann', 'us'], null],
    ['both tags count', 'caller', ['call-a', 'us', 'eve'], null],
    ['and the Call-ID', 'caller', ['call-x', 'us', 'ann'], null],
  ] as const)('%s', (_rule, party, [callId, localTag, remoteTag], meant) => {
    const found = namedDialog(up, party, reference(callId, localTag, remoteTag));
    expect(found && [found.callId, found.localTag, found.remoteTag]).toEqual(meant);
    if (found !== null) expect(found.dialog.state).toBe('confirmed');
  });

  describe('while it rings', () => {
    const ringing = new Scene()
      .answer('INVITE', 180, { tag: 'bob' })
      .answer('INVITE', 180, { tag: 'carol' }).state;

    it.each([
      ['a fork on the callee’s side', 'callee', ['call-b', 'we', 'carol'], ['call-a', 'ann', 'us.1']],
      ['the same fork on the caller’s side', 'caller', ['call-a', 'us.1', 'ann'], ['call-b', 'carol', 'we']],
      ['a fork that there is not', 'callee', ['call-b', 'we', 'dave'], null],
      ['a fork of somebody else', 'caller', ['call-a', 'us', 'eve'], null],
    ] as const)('%s', (_rule, party, [callId, localTag, remoteTag], meant) => {
      const found = namedDialog(ringing, party, reference(callId, localTag, remoteTag));
      expect(found && [found.callId, found.localTag, found.remoteTag]).toEqual(meant);
      if (found !== null) expect(found.dialog.state).toBe('early');
    });
  });

  it('before anything rings there is no dialog to name', () => {
    expect(namedDialog(new Scene().state, 'caller', reference('call-a', 'us', 'ann'))).toBeNull();
  });
});

const { state: here } = Scene.up();
const by = here.caller;
const to = here.callee!;
/** The PBX has a second call, whose other party answered at 198.51.100.1:5070 as `<sip:bob@...>`. */
const second = Scene.up().state;
const named = namedDialog(second, 'caller', reference('call-a', 'us', 'ann'));

const refer = (...values: string[]): SipRequest => ({
  ...{ type: 'request', method: 'REFER', uri: 'sip:us', body: new Uint8Array(0) },
  headers: new SipHeaders(values.map((value) => ({ name: 'Refer-To', value }))),
});

describe('referredDialog', () => {
  const find = (asked: { callId: string }): NamedDialog | null => (asked.callId === 'call-a' ? named : null);

  it.each([
    ['one of ours', '<sip:bob@h?Replaces=call-a%3Bto-tag%3Dus%3Bfrom-tag%3Dann>', true],
    [
      'compact and among others',
      '"B" <sip:b@h?Subject=x&Replaces=call-a%3Bfrom-tag%3Dann%3Bto-tag%3Dus>;x',
      true,
    ],
    ['one that is not ours', '<sip:bob@h?Replaces=call-z%3Bto-tag%3Dus%3Bfrom-tag%3Dann>', false],
    ['without tags', '<sip:bob@h?Replaces=call-a>', false],
    ['no Replaces', '<sip:bob@h>', false],
    ['a number', '<tel:+352123>', false],
    ['nothing that can be read', '<', false],
  ])('%s', (_name, value, found) => {
    expect(referredDialog(refer(value), find) !== null).toBe(found);
  });

  it('is for REFER alone', () => {
    const invite = callerInvite();
    invite.headers.append('Refer-To', '<sip:bob@h?Replaces=call-a%3Bto-tag%3Dus%3Bfrom-tag%3Dann>');
    expect(referredDialog(invite, find)).toBeNull();
  });
});

describe('Refer-To without Replaces, from the PBX at 192.0.2.1 to a carrier that we reach from 203.0.113.1', () => {
  it.each<[string, string, string]>([
    [
      'who is at our host is in the carrier’s domain',
      '<sip:+352999@203.0.113.1:5060>',
      '<sip:+352999@carrier.example>',
    ],
    [
      'who is at the PBX is reached through us',
      '"Bo" <sip:102@192.0.2.1;user=phone>;x=y',
      '"Bo" <sip:102@203.0.113.1:5060;user=phone>;x=y',
    ],
    [
      'who is elsewhere is left to the carrier',
      '<sip:room@bridge.example;method=INVITE>',
      '<sip:room@bridge.example;method=INVITE>',
    ],
    ['a number stays one', '<tel:+352999>', '<tel:+352999>'],
    ['headers stay', '<sip:1@203.0.113.1?Subject=a%20b>', '<sip:1@carrier.example?Subject=a%20b>'],
    [
      'ids that are not ours stay',
      '<sip:1@elsewhere.example?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>',
      '<sip:1@elsewhere.example?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>',
    ],
  ])('%s', (_rule, value, passed) => {
    expect(passReferTo(value, { by, to, named: null })).toBe(passed);
  });

  it('towards a peer whose domain is our own address, that is where it calls', () => {
    expect(passReferTo('<sip:9@203.0.113.1>', { by: to, to: by, named: null })).toBe(
      '<sip:9@203.0.113.1:5060>',
    );
  });

  it('a peer’s own domain is at the peer', () => {
    expect(passReferTo('<sip:9@Carrier.Example>', { by: to, to: by, named: null })).toBe(
      '<sip:9@203.0.113.1:5060>',
    );
  });
});

describe('Refer-To with Replaces of a dialog of ours', () => {
  const value =
    '<sip:203.0.113.1:5060?Require=replaces&Replaces=call-a%3Bto-tag%3Dus%3Bfrom-tag%3Dann%3Bearly-only>';

  it('both parties at one peer: it gets the ids and the target that it knows', () => {
    expect(passReferTo(value, { by, to, named })).toBe(
      '<sip:bob@198.51.100.1:5070?Require=replaces&Replaces=call-b%3Bto-tag%3Dbob%3Bfrom-tag%3Dwe%3Bearly-only>',
    );
  });

  it('parties at two peers: who is referred calls us, by the ids that we know, and by whom we speak with', () => {
    const other: Leg = { ...to, peer: { ...to.peer, id: 'second' } };
    expect(passReferTo(value, { by, to: other, named })).toBe(
      '<sip:+352123@203.0.113.1:5060?Require=replaces&Replaces=call-a%3Bto-tag%3Dus%3Bfrom-tag%3Dann%3Bearly-only>',
    );
    expect(passReferTo(value.replace('sip:', 'sip:777@'), { by, to: other, named })).toContain(
      '<sip:777@203.0.113.1:5060?',
    );
  });

  it('a Call-ID cannot break out of the URI', () => {
    const evil = { ...named!, callId: 'a>;x="' };
    expect(passReferTo(value, { by, to, named: evil })).toContain('Replaces=a%3E%3Bx%3D%22%3Bto-tag');
  });
});

describe('targetDialogs (RFC 4538)', () => {
  const request = (...values: string[]): SipRequest => ({
    ...refer(),
    headers: new SipHeaders(values.map((one) => ({ name: 'Target-Dialog', value: one }))),
  });

  it('§7: the tags are seen from who receives it; then the other way round', () => {
    expect(targetDialogs(request('c@h;local-tag=l;remote-tag=r'))).toMatchObject([
      { callId: 'c@h', localTag: 'l', remoteTag: 'r' },
      { callId: 'c@h', localTag: 'r', remoteTag: 'l' },
    ]);
  });

  it.each([
    ['none', []],
    ['two', ['c;local-tag=l;remote-tag=r', 'd;local-tag=l;remote-tag=r']],
    ['one without tags', ['c@h']],
  ])('%s names nothing', (_name, values) => {
    expect(targetDialogs(request(...values))).toEqual([]);
  });
});

it('whatever a Refer-To holds, it goes on as one header that parses, or as it was', () => {
  const piece = fc.constantFrom(
    ...['<sip:', '>', '@', '?', '&', '=', ';', ':', '%', '%3B', '%0D%0A', '"', ',', 'Replaces=', 'to-tag'],
    ...['203.0.113.1', '192.0.2.1', '[::1]', 'call-a%3Bto-tag%3Dus%3Bfrom-tag%3Dann', 'tel:', '\xff', ' '],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.boolean(), (pieces, isOurs) => {
      const value = pieces.join('');
      const passed = passReferTo(value, { by, to, named: isOurs ? named : null });
      expect(passed).not.toMatch(/[\r\n]/);
      expect(passed === value || parseNameAddr(passed) !== null).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
