import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, body, header, type ScriptedPeer, startLine, tagOf } from './scripted-peer.ts';

let node: NodeUnderTest;

beforeEach(async () => {
  node = await nodeUnderTest({ peers: { pbx: { refer: 'relay' } } });
});

afterEach(async () => {
  await node.close();
});

interface Call {
  /** The 200 that the PBX got, and the INVITE that the other side did. */
  readonly ok: string;
  readonly invite: string;
}

/** A call of the PBX that `answering` takes, up to the ACK. */
async function establish(callId: string, answering: ScriptedPeer, tag: string): Promise<Call> {
  const { pbx, carrier, second } = node;
  pbx.invite(node.uri('352123'), callId);
  if (answering === second) carrier.respond(await carrier.expect('INVITE'), '503 Full', { tag: 'no' });
  const invite = await answering.expect('INVITE');
  answering.respond(invite, '200 OK', { tag, body: audio(6000, '8'), headers: ['Supported: replaces'] });
  const ok = await pbx.expect('SIP/2.0 200');
  pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
  await answering.expect('ACK');
  return { ok, invite };
}

/** The dialog of a call as the PBX writes it into Replaces: the tags as we see them. */
function pbxReplaces({ ok }: Call): string {
  const [callId, to, from] = ['Call-ID', 'To', 'From'].map((name) => header(ok, name));
  return `${callId ?? ''};to-tag=${tagOf(to ?? '')};from-tag=${tagOf(from ?? '')}`;
}

/** The same call as the one who was called knows it. */
function farReplaces({ invite }: Call, tag: string): string {
  return `${header(invite, 'Call-ID') ?? ''};to-tag=${tag};from-tag=${tagOf(header(invite, 'From') ?? '')}`;
}

const uriOf = (referTo: string | null): string => /<([^>]+)>/.exec(referTo ?? '')?.[1] ?? '';
const replacesIn = (referTo: string | null): string =>
  decodeURIComponent(/Replaces=([^&>]+)/.exec(referTo ?? '')?.[1] ?? '');

describe('an attended transfer: the PBX has two calls and joins their other ends', () => {
  it('that are both at the carrier: it gets the ids and the target of its own dialog, and reports back', async () => {
    const { pbx, carrier, director } = node;
    const first = await establish('one', carrier, 'bob');
    const second = await establish('two', carrier, 'carol');
    pbx.inDialog('REFER', first.ok, 'uac', {
      cseq: 20,
      headers: [
        `Refer-To: <${node.uri('352999')}?Replaces=${encodeURIComponent(pbxReplaces(second))}>`,
        'Referred-By: <sip:100@pbx.example>',
      ],
    });
    const refer = await carrier.expect('REFER');
    expect(header(refer, 'Call-ID')).toBe(header(first.invite, 'Call-ID'));
    expect(uriOf(header(refer, 'Refer-To'))).toMatch(`sip:peer@127.0.0.1:${carrier.port}?Replaces=`);
    expect(replacesIn(header(refer, 'Refer-To'))).toBe(farReplaces(second, 'carol'));
    expect(header(refer, 'Referred-By')).toBe('<sip:100@carrier.example>');
    carrier.respond(refer, '202 Accepted');
    await pbx.expect('SIP/2.0 202');

    const id = header(refer, 'CSeq')?.split(' ')[0] ?? '';
    carrier.inDialog('NOTIFY', refer, 'uas', {
      cseq: 40,
      headers: [`Event: refer;id=${id}`, 'Subscription-State: terminated;reason=noresource'],
      body: 'SIP/2.0 200 OK',
    });
    const notify = await pbx.expect('NOTIFY');
    expect([header(notify, 'Call-ID'), header(notify, 'Event')]).toEqual(['one', 'refer;id=20']);
    expect(body(notify)).toBe('SIP/2.0 200 OK');
    pbx.respond(notify, '200 OK');
    await carrier.expect('SIP/2.0 200');

    // The carrier has joined the two itself: both calls of ours are over, each by its BYE.
    const ended = second.invite.replace(/^To:.*$/m, `To: ${header(second.invite, 'To') ?? ''};tag=carol`);
    carrier.inDialog('BYE', ended, 'uas', { cseq: 41 });
    pbx.respond(await pbx.expect('BYE'), '200 OK');
    pbx.inDialog('BYE', first.ok, 'uac', { cseq: 21 });
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await director.hasEnded(2);
    expect(director.outcomes).toEqual(['success/answered', 'success/answered']);
    expect(director.admitted).toHaveLength(2);
  });

  it('that are at two carriers: the one calls us, and we take the place of the call that the other has', async () => {
    const { pbx, carrier, second, director } = node;
    const first = await establish('one', carrier, 'bob');
    const other = await establish('two', second, 'carol');
    pbx.inDialog('REFER', first.ok, 'uac', {
      cseq: 20,
      headers: [`Refer-To: <sip:127.0.0.1:${node.port}?Replaces=${encodeURIComponent(pbxReplaces(other))}>`],
    });
    const refer = await carrier.expect('REFER');
    const referTo = header(refer, 'Refer-To');
    expect(uriOf(referTo)).toMatch(`sip:352123@127.0.0.1:${node.port}?Replaces=`);
    expect(replacesIn(referTo)).toBe(pbxReplaces(other));
    carrier.respond(refer, '202 Accepted');
    await pbx.expect('SIP/2.0 202');

    const [target = ''] = uriOf(referTo).split('?');
    carrier.invite(target, 'three', {
      headers: [`Replaces: ${replacesIn(referTo)};x=kept`, 'Require: replaces'],
    });
    const invite = await second.expect('INVITE');
    expect(startLine(invite)).toBe(`INVITE sip:peer@127.0.0.1:${second.port} SIP/2.0`);
    expect(header(invite, 'Replaces')).toBe(`${farReplaces(other, 'carol')};x=kept`);
    expect(header(invite, 'Require')).toBe('replaces');
    second.respond(invite, '200 OK', { tag: 'carol2', body: audio(6002, '8') });
    const ok = await carrier.expect('SIP/2.0 200');
    carrier.inDialog('ACK', ok, 'uac', { cseq: 1 });
    await second.expect('ACK');

    const replaced = other.invite.replace(/^To:.*$/m, `To: ${header(other.invite, 'To') ?? ''};tag=carol`);
    second.inDialog('BYE', replaced, 'uas', { cseq: 41 });
    const bye = await pbx.expect('BYE');
    expect(header(bye, 'Call-ID')).toBe('two');
    pbx.respond(bye, '200 OK');
    carrier.inDialog('NOTIFY', refer, 'uas', {
      cseq: 40,
      headers: ['Event: refer', 'Subscription-State: terminated;reason=noresource'],
      body: 'SIP/2.0 200 OK',
    });
    pbx.respond(await pbx.expect('NOTIFY'), '200 OK');
    pbx.inDialog('BYE', first.ok, 'uac', { cseq: 21 });
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await director.hasEnded(2);
    expect(node.b2bua.activeCalls).toBe(1);
    expect(director.admitted.at(-1)).toMatchObject({ callerPeer: 'carrier', calleePeer: 'second' });
  });
});

describe('an INVITE with Replaces', () => {
  /** The answer to a new INVITE of the carrier with these headers. */
  const asked = async (...headers: string[]): Promise<string> => {
    node.carrier.invite(node.uri('100'), 'three', { headers });
    return startLine(await node.carrier.expect('SIP/2.0 4')).slice(8);
  };

  it.each([
    ['RFC 3891 §3: of a dialog that there is not', ['Replaces: x;to-tag=a;from-tag=b'], '481'],
    ['§3: two of them', ['Replaces: x;to-tag=a;from-tag=b', 'Replaces: y;to-tag=a;from-tag=b'], '400'],
    ['§3: beside a Join', ['Replaces: x;to-tag=a;from-tag=b', 'Join: y;to-tag=a;from-tag=b'], '400'],
    ['without its tags', ['Replaces: x'], '400'],
  ])('%s: %s is %s', async (_rule, headers, status) => {
    expect(await asked(...headers)).toMatch(new RegExp(`^${status}`));
    expect(node.b2bua.activeCalls).toBe(0);
  });

  it('§3: "early-only" of a confirmed dialog is 486', async () => {
    const call = await establish('one', node.carrier, 'bob');
    expect(await asked(`Replaces: ${pbxReplaces(call)};early-only`)).toBe('486 Busy Here');
  });

  it('tags that are exchanged name no dialog', async () => {
    const { ok } = await establish('one', node.carrier, 'bob');
    const [to, from] = ['To', 'From'].map((name) => tagOf(header(ok, name) ?? ''));
    expect(await asked(`Replaces: one;to-tag=${from};from-tag=${to}`)).toMatch(/^481/);
  });

  it('RFC 3261 §8.2.2.3: whom it goes to may not know it, and says so', async () => {
    const { carrier } = node;
    const call = await establish('one', carrier, 'bob');
    carrier.invite(node.uri('100'), 'three', {
      headers: [`Replaces: ${pbxReplaces(call)}`, 'Require: replaces'],
    });
    carrier.respond(await carrier.expect('INVITE'), '420 Bad Extension', {
      tag: 'bob2',
      headers: ['Unsupported: replaces'],
    });
    expect(header(await carrier.expect('SIP/2.0 420'), 'Unsupported')).toBe('replaces');
  });

  it('of a call that rings, by who is called: its caller is asked (call pickup)', async () => {
    const { pbx, carrier } = node;
    pbx.invite(node.uri('352123'), 'one');
    const ringing = await carrier.expect('INVITE');
    carrier.respond(ringing, '180 Ringing', { tag: 'bob' });
    const progress = await pbx.expect('SIP/2.0 180');
    const ours = tagOf(header(ringing, 'From') ?? '');
    carrier.invite(node.uri('100'), 'three', {
      headers: [`Replaces: ${header(ringing, 'Call-ID') ?? ''};to-tag=${ours};from-tag=bob;early-only`],
    });
    const invite = await pbx.expect('INVITE');
    expect(startLine(invite)).toBe(`INVITE sip:100@127.0.0.1:${pbx.port} SIP/2.0`);
    expect(header(invite, 'Replaces')).toBe(
      `one;to-tag=ann-one;from-tag=${tagOf(header(progress, 'To') ?? '')};early-only`,
    );
  });

  it.each([
    ['as many calls', { maxCalls: 1 }, '30'],
    ['as many calls a second', { callsPerSecond: 0.01 }, '1'],
  ])('of a peer that has %s as it may have is refused', async (_name, limit, seconds) => {
    await node.close();
    node = await nodeUnderTest({ peers: { pbx: limit } });
    const { pbx, carrier } = node;
    const call = await establish('one', carrier, 'bob');
    pbx.invite(node.uri('352123'), 'three', { headers: [`Replaces: ${pbxReplaces(call)}`] });
    expect(header(await pbx.expect('SIP/2.0 503'), 'Retry-After')).toBe(seconds);
  });

  it('is not held up by the limits of whom it reaches', async () => {
    await node.close();
    node = await nodeUnderTest({ peers: { carrier: { maxCalls: 1, callsPerSecond: 0.01 } } });
    const call = await establish('one', node.carrier, 'bob');
    node.pbx.invite(node.uri('352123'), 'three', { headers: [`Replaces: ${pbxReplaces(call)}`] });
    expect(header(await node.carrier.expect('INVITE'), 'Replaces')).toBe(farReplaces(call, 'bob'));
  });

  it('RFC 3911: Join is mapped in the same way', async () => {
    const { pbx, carrier } = node;
    const call = await establish('one', carrier, 'bob');
    pbx.invite(node.uri('352123'), 'three', { headers: [`Join: ${pbxReplaces(call)}`] });
    expect(header(await carrier.expect('INVITE'), 'Join')).toBe(farReplaces(call, 'bob'));
  });

  it('RFC 4538: Target-Dialog goes on naming the dialog of who is called', async () => {
    const { pbx, carrier } = node;
    const call = await establish('one', carrier, 'bob');
    const [ours, theirs] = ['To', 'From'].map((name) => tagOf(header(call.ok, name) ?? ''));
    pbx.invite(node.uri('352123'), 'three', {
      headers: [`Target-Dialog: one;local-tag=${ours};remote-tag=${theirs}`],
    });
    const sent = tagOf(header(call.invite, 'From') ?? '');
    expect(header(await carrier.expect('INVITE'), 'Target-Dialog')).toBe(
      `${header(call.invite, 'Call-ID') ?? ''};local-tag=bob;remote-tag=${sent}`,
    );
  });
});

describe('a REFER outside of a dialog', () => {
  const outside = (from: ScriptedPeer, ...headers: string[]): void => {
    from.request('REFER', node.uri('100'), [
      ...['Max-Forwards: 70', 'From: <sip:100@pbx.example>;tag=new', `To: <${node.uri('352123')}>`],
      ...['Call-ID: refer', 'CSeq: 1 REFER', `Contact: <sip:100@127.0.0.1:${from.port}>`],
      ...[`Refer-To: <${node.uri('352999')}>`, ...headers],
    ]);
  };
  const target = ({ ok }: Call): string => {
    const [ours, theirs] = ['To', 'From'].map((name) => tagOf(header(ok, name) ?? ''));
    return `Target-Dialog: one;local-tag=${ours};remote-tag=${theirs}`;
  };

  it('RFC 4538: is relayed within the dialog that it names, and its NOTIFY comes in its own', async () => {
    const { pbx, carrier } = node;
    const call = await establish('one', carrier, 'bob');
    outside(pbx, target(call), 'Require: tdialog');
    const refer = await carrier.expect('REFER');
    expect(header(refer, 'Call-ID')).toBe(header(call.invite, 'Call-ID'));
    expect(header(refer, 'Refer-To')).toBe('<sip:352999@carrier.example>');
    carrier.respond(refer, '202 Accepted');
    const accepted = await pbx.expect('SIP/2.0 202');
    carrier.inDialog('NOTIFY', refer, 'uas', {
      cseq: 40,
      headers: [
        `Event: refer;id=${header(refer, 'CSeq')?.split(' ')[0] ?? ''}`,
        'Subscription-State: active',
      ],
      body: 'SIP/2.0 100 Trying',
    });
    const notify = await pbx.expect('NOTIFY');
    expect([header(notify, 'Call-ID'), header(notify, 'From'), header(notify, 'Event')]).toEqual([
      'refer',
      header(accepted, 'To'),
      'refer',
    ]);
    pbx.respond(notify, '200 OK');
    await carrier.expect('SIP/2.0 200');
  });

  it.each([
    ['without Target-Dialog', () => '', '403'],
    ['naming no dialog of ours', () => 'Target-Dialog: x;local-tag=a;remote-tag=b', '403'],
  ])('%s is refused', async (_name, named, status) => {
    outside(node.pbx, named());
    expect(startLine(await node.pbx.expect('SIP/2.0 4'))).toContain(status);
  });

  it('of a peer whose REFERs are refused is 405, whatever it names', async () => {
    const call = await establish('one', node.carrier, 'bob');
    outside(node.carrier, target(call));
    const refused = await node.carrier.expect('SIP/2.0 4');
    expect(startLine(refused)).toBe('SIP/2.0 405 Method Not Allowed');
    expect(header(refused, 'Allow')).not.toContain('REFER');
  });
});

it('a REFER of another peer for a dialog that is not its own is refused', async () => {
  await node.close();
  node = await nodeUnderTest({ peers: { second: { refer: 'relay' } } });
  const { ok } = await establish('one', node.carrier, 'bob');
  const [ours, theirs] = ['To', 'From'].map((name) => tagOf(header(ok, name) ?? ''));
  node.second.request('REFER', node.uri('100'), [
    ...['Max-Forwards: 70', 'From: <sip:eve@x>;tag=new', `To: <${node.uri('1')}>`, 'Call-ID: refer'],
    ...['CSeq: 1 REFER', `Contact: <sip:eve@127.0.0.1:${node.second.port}>`, 'Refer-To: <sip:9@x>'],
    `Target-Dialog: one;local-tag=${ours};remote-tag=${theirs}`,
  ]);
  expect(startLine(await node.second.expect('SIP/2.0 4'))).toBe('SIP/2.0 403 Forbidden');
});
