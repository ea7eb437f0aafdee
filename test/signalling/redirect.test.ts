import { afterEach, describe, expect, it } from 'vitest';
import { type NodeOptions, type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, header, type ScriptedPeer, startLine, tagOf } from './scripted-peer.ts';

let node: NodeUnderTest;

afterEach(async () => {
  await node.close();
});

const follow = (more: NodeOptions = {}): Promise<NodeUnderTest> =>
  nodeUnderTest({ peers: { carrier: { redirect: 'follow' }, second: { redirect: 'follow' } }, ...more });

/** Calls, and lets the first carrier answer with these Contacts, which it may make of itself and the others. */
async function redirected(
  contacts: (node: NodeUnderTest) => readonly string[],
  status = '302 Moved',
): Promise<string> {
  node.pbx.invite(node.uri('352123'), 'one');
  const invite = await node.carrier.expect('INVITE');
  refuse(node.carrier, invite, status, contacts(node));
  return invite;
}

/** A refusal without the Contact of its own that a scripted peer adds. */
function refuse(from: ScriptedPeer, invite: string, status: string, contacts: readonly string[] = []): void {
  const copied = invite.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
  const lines = copied.map((line) => (line.startsWith('To:') ? `${line};tag=no` : line));
  const headers = contacts.map((contact) => `Contact: ${contact}`);
  from.send([`SIP/2.0 ${status}`, ...lines, ...headers, 'Content-Length: 0', '', ''].join('\r\n'));
}

describe('a 302 of a peer whose redirections are followed', () => {
  it('goes to the peer that it names, for the user that it names, and the call is that peer’s', async () => {
    node = await follow();
    const first = await redirected(({ second }) => [
      `<sip:voicemail;box=12@127.0.0.1:${second.port};user=phone;transport=udp?Subject=x>`,
    ]);
    const invite = await node.second.expect('INVITE');
    expect(startLine(invite)).toBe(
      `INVITE sip:voicemail;box=12@127.0.0.1:${node.second.port};user=phone SIP/2.0`,
    );
    expect(header(invite, 'Call-ID')).not.toBe(header(first, 'Call-ID'));
    node.second.respond(invite, '200 OK', { tag: 'vm', body: audio(6000, '8') });
    const ok = await node.pbx.expect('SIP/2.0 200');
    node.pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    await node.second.expect('ACK');
    node.pbx.inDialog('BYE', ok, 'uac', { cseq: 2 });
    node.second.respond(await node.second.expect('BYE'), '200 OK');
    await node.director.hasEnded(1);
    expect(node.director.ends[0]!.legs.map(({ peerId }) => peerId)).toEqual(['pbx', 'second']);
  });

  it('RFC 3261 §8.1.3.4: takes the places in the order of q, and the next when one fails', async () => {
    node = await follow();
    await redirected(({ carrier, second }) => [
      `<sip:third@127.0.0.1:${second.port}>;q=0.1`,
      `<sip:first@127.0.0.1:${second.port}>, <sip:second@127.0.0.1:${carrier.port}>;q=0.5`,
    ]);
    const asked: string[] = [];
    for (const peer of [node.second, node.carrier]) {
      const invite = await peer.expect('INVITE');
      asked.push(startLine(invite).split(/[:@]/)[1] ?? '');
      refuse(peer, invite, '486 Busy Here');
    }
    const last = await node.second.expect('INVITE');
    asked.push(startLine(last).split(/[:@]/)[1] ?? '');
    expect(asked).toEqual(['first', 'second', 'third']);
    refuse(node.second, last, '404 Not Found');
    expect(startLine(await node.pbx.expect('SIP/2.0 4'))).toBe('SIP/2.0 404 Not Found');
  });

  it('RFC 3261 §21.6: a 6xx ends the search', async () => {
    node = await follow();
    await redirected(({ second }) => [
      `<sip:a@127.0.0.1:${second.port}>`,
      `<sip:b@127.0.0.1:${second.port}>`,
    ]);
    refuse(node.second, await node.second.expect('INVITE'), '603 Decline');
    await node.pbx.expect('SIP/2.0 603');
    expect(await node.second.settle(100)).toEqual([expect.stringMatching(/^ACK/)]);
  });

  it('after it has rung: the caller hears the new place under a tag of its own', async () => {
    node = await follow();
    node.pbx.invite(node.uri('352123'), 'one');
    const invite = await node.carrier.expect('INVITE');
    node.carrier.respond(invite, '180 Ringing', { tag: 'bob' });
    const first = tagOf(header(await node.pbx.expect('SIP/2.0 180'), 'To') ?? '');
    refuse(node.carrier, invite, '302 Moved', [`<sip:vm@127.0.0.1:${node.second.port}>`]);
    const next = await node.second.expect('INVITE');
    node.second.respond(next, '180 Ringing', { tag: 'vm' });
    expect(tagOf(header(await node.pbx.expect('SIP/2.0 180'), 'To') ?? '')).not.toBe(first);
    node.second.respond(next, '200 OK', { tag: 'vm', body: audio(6000, '8') });
    await node.pbx.expect('SIP/2.0 200');
  });

  it('in a circle: no place is asked twice, and the 302 goes on when none is left', async () => {
    node = await follow();
    await redirected(({ second }) => [`<sip:352123@127.0.0.1:${second.port}>`]);
    const back = `<sip:352123@127.0.0.1:${node.carrier.port};user=phone>`;
    refuse(node.second, await node.second.expect('INVITE'), '302 Moved', [back.replace(';user=phone', '')]);
    expect(header(await node.pbx.expect('SIP/2.0 302'), 'Contact')).toContain(`${node.carrier.port}`);
  });

  it('without end: five are followed', async () => {
    node = await follow();
    await redirected(({ carrier }) => [`<sip:0@127.0.0.1:${carrier.port}>`]);
    for (let i = 1; i <= 5; i++) {
      const invite = await node.carrier.expect('INVITE');
      refuse(node.carrier, invite, '302 Moved', [`<sip:${i}@127.0.0.1:${node.carrier.port}>`]);
    }
    expect(header(await node.pbx.expect('SIP/2.0 302'), 'Contact')).toContain('sip:5@');
  });
});

describe('what is not dialled, and passes to the caller with its Contacts', () => {
  it.each<[string, (node: NodeUnderTest) => string, NodeOptions]>([
    ['an address of nobody', () => '<sip:9@127.0.0.1:9>', {}],
    ['a name of nobody', () => '<sip:9@premium.example>', {}],
    ['a peer that is not on the route', ({ pbx }) => `<sip:9@127.0.0.1:${pbx.port}>`, {}],
    [
      'another transport than the peer’s',
      ({ second }) => `<sip:9@127.0.0.1:${second.port};transport=tcp>`,
      {},
    ],
    ['sips:', ({ second }) => `<sips:9@127.0.0.1:${second.port}>`, {}],
    ['a telephone number', () => '<tel:+3529>', {}],
    ['any, where they are passed', ({ second }) => `<sip:9@127.0.0.1:${second.port}>`, { peers: {} }],
  ])('%s', async (_name, contact, options) => {
    node = await follow(options);
    await redirected((it) => [contact(it)]);
    const passed = await node.pbx.expect('SIP/2.0 302');
    expect(header(passed, 'Contact')).toBe(contact(node));
    expect(await node.second.settle(50)).toEqual([]);
  });
});

it('a Contact may be an address that a peer of the route is recognised by', async () => {
  const wide = { match: ['127.0.0.2/32'], redirect: 'follow' };
  node = await follow({ peers: { carrier: { redirect: 'follow' }, second: wide } });
  await redirected(() => ['<sip:9@127.0.0.2:5099>']);
  // Nobody listens there; the caller waits instead of hearing of the 302.
  expect(await node.pbx.settle(50)).toEqual(['SIP/2.0 100 Trying']);
});
