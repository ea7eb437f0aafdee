import { describe, expect, it } from 'vitest';
import { cryptoAttributes } from '../../src/sdp/crypto-attribute.ts';
import { parseSdp } from '../../src/sdp/parse.ts';
import type { MediaDescription } from '../../src/sdp/session-description.ts';
import type { SrtpPolicy } from '../../src/sdp/media-security.ts';
import type { NegotiatedMedia } from '../../src/signalling/ports.ts';
import { able, callerInvite, Scene, type SceneOptions, sdp } from './call-scene.ts';

const aes128 = 'AES_CM_128_HMAC_SHA1_80';
const aes256 = 'AES_256_CM_HMAC_SHA1_80';

/** `1 SUITE inline:...`, all of whose key is one letter. */
function crypto(tag: number, letter: string, suite = aes128): string {
  return `crypto:${tag} ${suite} inline:${Buffer.alloc(suite === aes128 ? 30 : 46, letter).toString('base64')}`;
}

function secure(body: string): string {
  return body.replace('RTP/AVP', 'RTP/SAVP');
}

const callerPlain = sdp('192.0.2.1', 4000, '8');
const callerSaid = (...lines: string[]): string => sdp('192.0.2.1', 4000, '8', ...lines);
const calleeSaid = (...lines: string[]): string => sdp('198.51.100.1', 6000, '8', ...lines);

function audioOf(body: Uint8Array): MediaDescription {
  const parsed = parseSdp(body);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value.media[0]!;
}

const begin = (srtp: SceneOptions['srtp'], body: string): Scene =>
  new Scene({ srtp: srtp!, invite: callerInvite(body) });

const offeredTo = (scene: Scene): MediaDescription => audioOf(scene.request('INVITE').request.body);
const toCaller = (scene: Scene): MediaDescription => audioOf(scene.responses.at(-1)!.response.body);
const letters = ({ security }: NegotiatedMedia): string | null =>
  security === undefined ? null : String.fromCharCode(security.theirs.key[0]!);

/** The answer of a callee that takes our line of this suite. */
function calleeTakes(scene: Scene, letter: string, suite = aes128): string {
  const taken = cryptoAttributes(offeredTo(scene).lines).find((one) => one.suite === suite)!;
  const said = calleeSaid(crypto(taken.tag, letter, suite));
  return offeredTo(scene).proto === 'RTP/SAVP' ? secure(said) : said;
}

const inline = ({ lines }: MediaDescription): string[] =>
  cryptoAttributes(lines).map(({ key }) => Buffer.from(key.key).toString('hex'));

describe('an offer towards a peer', () => {
  it.each([
    ['off', 'RTP/AVP', 0],
    ['prefer', 'RTP/AVP', 3],
    ['require', 'RTP/SAVP', 3],
  ] as const)('with `srtp: %s` is %s with %i keys', (policy, proto, count) => {
    const offered = offeredTo(begin({ carrier: policy }, callerPlain));
    expect(offered.proto).toBe(proto);
    expect(cryptoAttributes(offered.lines)).toHaveLength(count);
    expect(new Set(inline(offered)).size).toBe(count);
  });

  it('never has a key of the other leg', () => {
    const body = secure(callerSaid(crypto(1, 'c')));
    const scene = begin({ pbx: 'require', carrier: 'require' }, body);
    expect(Buffer.from(scene.request('INVITE').request.body).toString()).not.toContain(
      Buffer.alloc(30, 'c').toString('base64'),
    );
  });

  it('has other keys at the next target', () => {
    const scene = new Scene({
      srtp: { carrier: 'require' },
      attempts: ['callee', 'second'],
      invite: callerInvite(callerPlain),
    });
    const first = inline(offeredTo(scene));
    scene.answer('INVITE', 503);
    expect(inline(offeredTo(scene)).filter((one) => first.includes(one))).toEqual([]);
  });
});

describe('a call between what a PBX and a trunk want', () => {
  const rows: readonly {
    name: string;
    pbx: SrtpPolicy;
    carrier: SrtpPolicy;
    offer: string;
    answer: 'plain' | 'keyed';
    keys: readonly [string | null, string | null];
    proto: string;
  }[] = [
    {
      ...{ name: 'a secure PBX and a plain trunk', pbx: 'require', carrier: 'off' },
      ...{ offer: secure(callerSaid(crypto(5, 'c'))), answer: 'plain', keys: ['c', null], proto: 'RTP/SAVP' },
    },
    {
      ...{ name: 'a plain PBX and a secure trunk', pbx: 'off', carrier: 'require' },
      ...{ offer: callerPlain, answer: 'keyed', keys: [null, 't'], proto: 'RTP/AVP' },
    },
    {
      ...{ name: 'both secure, each with its own keys', pbx: 'require', carrier: 'require' },
      ...{ offer: secure(callerSaid(crypto(1, 'c'))), answer: 'keyed', keys: ['c', 't'], proto: 'RTP/SAVP' },
    },
    {
      ...{ name: 'RFC 8643: a key in RTP/AVP is taken', pbx: 'prefer', carrier: 'prefer' },
      ...{ offer: callerSaid(crypto(1, 'c')), answer: 'keyed', keys: ['c', 't'], proto: 'RTP/AVP' },
    },
    {
      ...{ name: 'RFC 8643: nobody knows SRTP', pbx: 'prefer', carrier: 'prefer' },
      ...{ offer: callerPlain, answer: 'plain', keys: [null, null], proto: 'RTP/AVP' },
    },
    {
      ...{ name: 'a key in RTP/AVP is passed over where it is off', pbx: 'off', carrier: 'off' },
      ...{ offer: callerSaid(crypto(1, 'c')), answer: 'plain', keys: [null, null], proto: 'RTP/AVP' },
    },
  ];
  it.each(rows)('$name', ({ pbx, carrier, offer, answer, keys, proto }) => {
    const scene = begin({ pbx, carrier }, offer);
    const body = answer === 'plain' ? calleeSaid() : calleeTakes(scene, 't');
    scene.answer('INVITE', 200, { body }).callerAck();
    expect([letters(scene.state.caller.media!), letters(scene.state.callee!.media!)]).toEqual(keys);
    const answered = toCaller(scene);
    expect(answered.proto).toBe(proto);
    const [said] = cryptoAttributes(answered.lines);
    expect(said?.tag ?? null).toBe(keys[0] === null ? null : Number(/crypto:(\d)/.exec(offer)![1]));
    // What media protect with is what our description says.
    expect(said?.key.key ?? null).toEqual(scene.state.caller.media!.security?.ours.key ?? null);
  });

  it.each([
    { name: 'RTP/SAVP from a peer with `srtp: off`', pbx: 'off', offer: secure(callerSaid(crypto(1, 'c'))) },
    { name: 'RTP/AVP from a peer with `srtp: require`', pbx: 'require', offer: callerPlain },
    { name: 'RTP/SAVP without a key', pbx: 'prefer', offer: secure(callerPlain) },
  ] as const)('488: $name', ({ pbx, offer }) => {
    expect(() => begin({ pbx }, offer)).toThrow('488');
  });

  it.each([
    { name: 'in clear', answer: () => calleeSaid() },
    { name: 'under a tag that we did not offer', answer: () => secure(calleeSaid(crypto(9, 't'))) },
  ])('a trunk that must answer with a key, and answers $name: the call ends', ({ answer }) => {
    const scene = begin({ carrier: 'require' }, callerPlain);
    scene.answer('INVITE', 200, { body: answer() });
    expect(scene.responses.at(-1)!.response.status).toBe(488);
    expect(scene.sent.at(-1)!.request.method).toBe('BYE');
    expect(scene.state.callee?.media).toBe(null);
  });

  it('an emergency call is served as it asks', () => {
    const invite = callerInvite(secure(callerSaid(crypto(1, 'c'))));
    const scene = new Scene({ emergency: true, srtp: { pbx: 'off', carrier: 'off' }, invite });
    scene.answer('INVITE', 200, { body: calleeSaid() }).callerAck();
    expect(letters(scene.state.caller.media!)).toBe('c');
  });
});

describe('keys in the course of a call', () => {
  const up = (): Scene => {
    const scene = begin({ pbx: 'require', carrier: 'require' }, secure(callerSaid(crypto(1, 'c'))));
    return scene.answer('INVITE', 200, { body: calleeTakes(scene, 't') }).callerAck();
  };
  const ours = (scene: Scene) =>
    [scene.state.caller, scene.state.callee!].map(({ media }) => media!.security!.ours.key);

  it('stay over a re-INVITE with the same keys', () => {
    const scene = up();
    const before = ours(scene);
    scene.from('caller', 'INVITE', { body: secure(callerSaid(crypto(1, 'c'), 'sendonly')) });
    scene.answer('INVITE', 200, { body: calleeTakes(scene, 't') });
    expect(ours(scene)).toEqual(before);
    expect(letters(scene.state.caller.media!)).toBe('c');
  });

  it('a party with a new key gets a new one, and the other leg keeps its own', () => {
    const scene = up();
    const before = ours(scene);
    scene.from('caller', 'INVITE', { body: secure(callerSaid(crypto(1, 'd'))) });
    scene.answer('INVITE', 200, { body: calleeTakes(scene, 't') });
    expect(ours(scene)[0]).not.toEqual(before[0]);
    expect(ours(scene)[1]).toEqual(before[1]);
    expect(letters(scene.state.caller.media!)).toBe('d');
  });

  it('another suite in a re-INVITE', () => {
    const scene = up();
    scene.from('caller', 'INVITE', { body: secure(callerSaid(crypto(1, 'd', aes256))) });
    scene.answer('INVITE', 200, { body: calleeTakes(scene, 'u', aes256) });
    const { caller, callee } = scene.state;
    expect([caller.media!.security!.suite, callee!.media!.security!.suite]).toEqual([aes256, aes256]);
    expect(letters(callee!.media!)).toBe('u');
  });

  it('of several early answers the last that was heard counts, and then the one that takes the call', () => {
    const scene = new Scene({ srtp: { carrier: 'require' }, invite: callerInvite(callerPlain, able) });
    scene.answer('INVITE', 183, { tag: 'a', body: calleeTakes(scene, 'a') });
    expect(letters(scene.media.at(-1)!)).toBe('a');
    scene.answer('INVITE', 183, { tag: 'b', body: calleeTakes(scene, 'b') });
    expect(letters(scene.media.at(-1)!)).toBe('b');
    scene.answer('INVITE', 200, { tag: 'a', body: calleeTakes(scene, 'a') });
    expect(letters(scene.state.callee!.media!)).toBe('a');
    expect(letters(scene.media.at(-1)!)).toBe('a');
  });
});
