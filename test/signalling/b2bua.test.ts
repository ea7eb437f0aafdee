import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeOptions, type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, body, header, startLine, tagOf } from './scripted-peer.ts';

let node: NodeUnderTest;

beforeEach(async () => {
  node = await nodeUnderTest();
});

afterEach(async () => {
  await node.close();
});

/** Another node in place of the usual one. */
async function startAgain(options: NodeOptions): Promise<void> {
  await node.close();
  node = await nodeUnderTest(options);
}

/** A call from the PBX to the carrier, up to the ACK. */
async function establish(callId: string): Promise<{ ok: string; invite: string; ack: string }> {
  const { pbx, carrier } = node;
  pbx.invite(node.uri('352123'), callId);
  const invite = await carrier.expect('INVITE');
  carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
  const ok = await pbx.expect('SIP/2.0 200');
  pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
  return { ok, invite, ack: await carrier.expect('ACK') };
}

describe('a call between two peers', () => {
  it('is set up, talks and ends, and the director hears all of it', async () => {
    const { pbx, carrier, director } = node;
    pbx.invite(node.uri('352123'), 'one', { headers: ['X-Unknown: kept'] });
    await pbx.expect('SIP/2.0 100');
    const invite = await carrier.expect('INVITE');
    expect(startLine(invite)).toBe(`INVITE sip:352123@127.0.0.1:${carrier.port} SIP/2.0`);
    expect(header(invite, 'From')).toMatch(/^"Ann" <sip:100@carrier\.example>;tag=[0-9a-f]{16}$/);
    expect(header(invite, 'To')).toBe('<sip:352123@carrier.example>');
    expect(header(invite, 'Call-ID')).not.toBe('one');
    expect(header(invite, 'Max-Forwards')).toBe('69');
    expect(header(invite, 'X-Unknown')).toBe('kept');
    expect(invite.match(/^Via:/gm)).toHaveLength(1);
    expect(body(invite)).toMatch(/^m=audio 20002 RTP\/AVP 0 8\r$/m);
    carrier.respond(invite, '100 Trying');
    carrier.respond(invite, '180 Ringing', { tag: 'bob' });
    const ringing = await pbx.expect('SIP/2.0 180');
    carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    const ok = await pbx.expect('SIP/2.0 200');
    expect(tagOf(header(ok, 'To'))).toBe(tagOf(header(ringing, 'To')));
    expect(header(ok, 'Contact')).toBe(`<sip:127.0.0.1:${node.port}>`);
    expect(body(ok)).toMatch(/^m=audio 20000 RTP\/AVP 8\r$/m);
    expect(startLine(await carrier.expect('ACK'))).toBe(`ACK sip:peer@127.0.0.1:${carrier.port} SIP/2.0`);
    expect(director.answeredCalls).toEqual([]);
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    pbx.inDialog('INFO', ok, 'uac', { cseq: 2, body: 'Signal=5' });
    const info = await carrier.expect('INFO');
    expect(body(info)).toBe('Signal=5');
    carrier.respond(info, '200 OK');
    await pbx.expect('SIP/2.0 200');
    expect(director.answeredCalls).toHaveLength(1);
    const target = header(invite, 'Contact') ?? '';
    carrier.inDialog('BYE', info, 'uas', { cseq: 7, target, headers: ['Reason: Q.850;cause=16'] });
    await carrier.expect('SIP/2.0 200');
    const bye = await pbx.expect('BYE');
    expect(startLine(bye)).toBe(`BYE sip:100@127.0.0.1:${pbx.port} SIP/2.0`);
    expect(header(bye, 'Reason')).toBe('Q.850;cause=16');
    expect([header(bye, 'Call-ID'), tagOf(header(bye, 'To'))]).toEqual(['one', 'ann-one']);
    pbx.respond(bye, '200 OK');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['success/answered']);
    expect(director.ends[0]!.legs.map(({ party, peerId }) => [party, peerId])).toEqual([
      ['caller', 'pbx'],
      ['callee', 'carrier'],
    ]);
    expect([director.closed, node.b2bua.activeCalls]).toEqual([1, 0]);
    expect(director.admitted[0]).toMatchObject({
      ...{ direction: 'outbound', callerPeer: 'pbx', calleePeer: 'carrier', from: '100', to: '352123' },
      ...{ emergency: false, callerSipCallId: 'one', offered: ['PCMU/8000', 'PCMA/8000'] },
    });
  });

  it('a callee that never answers the BYE: hung up is said at once, the end is not', async () => {
    const { pbx, carrier, director } = node;
    const { ok } = await establish('silent-bye');
    pbx.inDialog('BYE', ok, 'uac', { cseq: 2 });
    await carrier.expect('BYE');
    expect([director.hungUpCalls.length, director.ends.length, node.b2bua.activeCalls]).toEqual([1, 0, 1]);
    expect(director.hungUpCalls).toEqual(director.answeredCalls);
  });

  it('§9.1: a re-INVITE that rings on when the call has ended is cancelled, and not waited for without end', async () => {
    const { pbx, carrier, director } = node;
    const { ok, invite, ack } = await establish('ringing-on');
    const target = header(invite, 'Contact') ?? '';
    carrier.inDialog('INVITE', ack, 'uas', { cseq: 1, target, body: audio(6002, '8') });
    pbx.respond(await pbx.expect('INVITE'), '100 Trying');
    pbx.inDialog('BYE', ok, 'uac', { cseq: 2 });
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await director.hasEnded(1);
    await pbx.expect('CANCEL');
  });

  it('is held and resumed by re-INVITE', async () => {
    const { pbx, carrier, director } = node;
    const { ok } = await establish('hold');
    pbx.inDialog('INVITE', ok, 'uac', { cseq: 2, body: audio(4000, '8', 'a=sendonly') });
    const hold = await carrier.expect('INVITE');
    expect(body(hold)).toContain('a=sendonly');
    carrier.respond(hold, '200 OK', { body: audio(6000, '8', 'a=recvonly') });
    const held = await pbx.expect('SIP/2.0 200');
    expect(body(held)).toContain('a=recvonly');
    pbx.inDialog('ACK', held, 'uac', { cseq: 2 });
    expect(
      director.connected.slice(-2).map(({ party, media }) => [party, media.sends, media.receives]),
    ).toEqual([
      ['caller', true, false],
      ['callee', false, true],
    ]);
    carrier.inDialog('INVITE', hold, 'uas', { cseq: 1, body: audio(6002, '8') });
    const resume = await pbx.expect('INVITE');
    pbx.respond(resume, '200 OK', { body: audio(4000, '8') });
    await carrier.expect('SIP/2.0 200');
    await pbx.expect('ACK');
    expect(director.connected.at(-1)!.media.sends).toBe(true);
  });

  it('with the offer in the 200 and the answer in the ACK', async () => {
    const { pbx, carrier, director } = node;
    pbx.invite(node.uri('352123'), 'late', { body: '' });
    const invite = await carrier.expect('INVITE');
    expect(body(invite)).toBe('');
    carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '0 8') });
    const ok = await pbx.expect('SIP/2.0 200');
    expect(body(ok)).toMatch(/^m=audio 20000 RTP\/AVP 0 8\r$/m);
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1, body: audio(4000, '8') });
    expect(body(await carrier.expect('ACK'))).toMatch(/^m=audio 20002 RTP\/AVP 8\r$/m);
    expect(director.answeredCalls).toHaveLength(1);
  });

  it('RFC 3261 §13.3.1.4: the 200 comes again until the ACK, and each 200 of the callee gets one', async () => {
    const { pbx, carrier } = node;
    pbx.invite(node.uri('352123'), 'again');
    const invite = await carrier.expect('INVITE');
    carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    const first = await pbx.expect('SIP/2.0 200');
    const again = await pbx.expect('SIP/2.0 200');
    expect(again).toBe(first);
    carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    await carrier.expect('ACK');
    await carrier.expect('ACK');
    pbx.inDialog('ACK', again, 'uac', { cseq: 1 });
    expect(await pbx.settle(1200)).toEqual([]);
  });

  it('another fork that answers too gets ACK and BYE', async () => {
    const { carrier } = node;
    const { invite } = await establish('fork');
    carrier.respond(invite, '200 OK', { tag: 'carol', body: audio(6100, '8') });
    expect(tagOf(header(await carrier.expect('ACK'), 'To'))).toBe('carol');
    const bye = await carrier.expect('BYE');
    expect(tagOf(header(bye, 'To'))).toBe('carol');
    carrier.respond(bye, '200 OK');
    expect(node.b2bua.activeCalls).toBe(1);
  });

  it('over TCP: requests in the dialog come back on its connection, whatever Contact says', async () => {
    const { carrier, director } = node;
    const { peer } = await node.tcpPbx();
    peer.invite(node.uri('352123'), 'tcp', {
      headers: ['Contact: <sip:100@anonymous.invalid;transport=tcp>'],
    });
    const invite = await carrier.expect('INVITE');
    carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    const ok = await peer.expect('SIP/2.0 200');
    expect(header(ok, 'Contact')).toMatch(/;transport=tcp>$/);
    peer.inDialog('ACK', ok, 'uac', { cseq: 1 });
    const ack = await carrier.expect('ACK');
    carrier.inDialog('BYE', ack, 'uas', { cseq: 1, target: header(invite, 'Contact') ?? '' });
    await carrier.expect('SIP/2.0 200');
    peer.respond(await peer.expect('BYE'), '200 OK');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['success/answered']);
  });
});

describe('narrowing that is preferred', () => {
  it('a callee that speaks only what was left out is asked again, and the call connects', async () => {
    const { pbx, carrier, director } = node;
    director.admission = { kind: 'accept', encodings: ['PCMU/8000'], narrowing: 'prefer' };
    pbx.invite(node.uri('352123'), 'wide', { body: audio(4000, '0 18') });
    const first = await carrier.expect('INVITE');
    expect(body(first)).toMatch(/^m=audio 20002 RTP\/AVP 0\r$/m);
    carrier.respond(first, '488 Not Acceptable Here', { tag: 'bob' });
    await carrier.expect('ACK');
    const whole = await carrier.expect('INVITE');
    expect(body(whole)).toMatch(/^m=audio 20002 RTP\/AVP 0 18\r$/m);
    expect(header(whole, 'Call-ID')).not.toBe(header(first, 'Call-ID'));
    carrier.respond(whole, '200 OK', { tag: 'bob2', body: audio(6000, '18') });
    const ok = await pbx.expect('SIP/2.0 200');
    expect(body(ok)).toMatch(/^m=audio 20000 RTP\/AVP 18\r$/m);
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    const ack = await carrier.expect('ACK');
    carrier.inDialog('BYE', ack, 'uas', { cseq: 1, target: header(whole, 'Contact') ?? '' });
    await carrier.expect('SIP/2.0 200');
    pbx.respond(await pbx.expect('BYE'), '200 OK');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['success/answered']);
  });
});

describe('a call that is not taken', () => {
  it('486 passes with its Reason', async () => {
    const { pbx, carrier, director } = node;
    pbx.invite(node.uri('352123'), 'busy');
    carrier.respond(await carrier.expect('INVITE'), '486 Busy Here', {
      tag: 'bob',
      headers: ['Reason: Q.850;cause=17'],
    });
    await carrier.expect('ACK');
    expect(header(await pbx.expect('SIP/2.0 486'), 'Reason')).toBe('Q.850;cause=17');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['upstream/busy']);
  });

  it('a silent peer is passed over for the next of the route', async () => {
    await startAgain({ trunk: { inviteTimeoutMs: 400 } });
    const { pbx, second, director } = node;
    pbx.invite(node.uri('352123'), 'silent');
    const invite = await second.expect('INVITE');
    second.respond(invite, '486 Busy Here', { tag: 'bob' });
    await pbx.expect('SIP/2.0 486');
    await director.hasEnded(1);
    expect(director.ends[0]!.legs.map(({ peerId }) => peerId)).toEqual(['pbx', 'second']);
  });

  it('a target that failed is tried last for a while, and calls go where they can', async () => {
    await startAgain({ trunk: { inviteTimeoutMs: 300 } });
    const { pbx, carrier, second } = node;
    pbx.invite(node.uri('352123'), 'first');
    await carrier.expect('INVITE');
    second.respond(await second.expect('INVITE'), '486 Busy Here', { tag: 'a' });
    await pbx.expect('SIP/2.0 486');
    pbx.invite(node.uri('352123'), 'next');
    second.respond(await second.expect('INVITE'), '503 Service Unavailable', { tag: 'a' });
    carrier.respond(await carrier.expect('INVITE'), '486 Busy Here', { tag: 'b' });
    await pbx.expect('SIP/2.0 486');
    pbx.invite(node.uri('352123'), 'answered');
    carrier.respond(await carrier.expect('INVITE'), '486 Busy Here', { tag: 'c' });
    await pbx.expect('SIP/2.0 486');
  });

  it('503 is passed over too, and the last one goes on as 500', async () => {
    const { pbx, carrier, second } = node;
    pbx.invite(node.uri('352123'), 'unavailable');
    carrier.respond(await carrier.expect('INVITE'), '503 Service Unavailable', { tag: 'a' });
    second.respond(await second.expect('INVITE'), '503 Service Unavailable', { tag: 'b' });
    await pbx.expect('SIP/2.0 500');
  });

  it('nobody at all: 408', async () => {
    await startAgain({ trunk: { inviteTimeoutMs: 400 } });
    node.pbx.invite(node.uri('352123'), 'nobody');
    await node.pbx.expect('SIP/2.0 408');
    await node.director.hasEnded(1);
    expect(node.director.outcomes).toEqual(['upstream/upstream-timeout']);
  });

  it('it rings for too long: CANCEL to the callee, 408 to the caller', async () => {
    await startAgain({ ringMs: 600 });
    const { pbx, carrier, director } = node;
    pbx.invite(node.uri('352123'), 'rings');
    const invite = await carrier.expect('INVITE');
    carrier.respond(invite, '180 Ringing', { tag: 'bob' });
    const cancel = await carrier.expect('CANCEL');
    carrier.respond(cancel, '200 OK', { tag: 'bob' });
    carrier.respond(invite, '487 Request Terminated', { tag: 'bob' });
    await carrier.expect('ACK');
    await pbx.expect('SIP/2.0 408');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['upstream/no-answer']);
  });

  it('CANCEL while it rings: 487 to the caller, CANCEL with its Reason to the callee', async () => {
    const { pbx, carrier, director } = node;
    const invite = pbx.invite(node.uri('352123'), 'cancel');
    const dialled = await carrier.expect('INVITE');
    carrier.respond(dialled, '180 Ringing', { tag: 'bob' });
    await pbx.expect('SIP/2.0 180');
    pbx.send(cancelOf(invite, 'Reason: SIP;cause=200'));
    const cancel = await carrier.expect('CANCEL');
    expect(header(cancel, 'Reason')).toBe('SIP;cause=200');
    await pbx.expect('SIP/2.0 487');
    carrier.respond(cancel, '200 OK', { tag: 'bob' });
    carrier.respond(dialled, '487 Request Terminated', { tag: 'bob' });
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['caller/cancelled']);
  });

  it('CANCEL that crosses the 200: ACK, then BYE', async () => {
    const { pbx, carrier, director } = node;
    const invite = pbx.invite(node.uri('352123'), 'cross');
    const dialled = await carrier.expect('INVITE');
    carrier.respond(dialled, '180 Ringing', { tag: 'bob' });
    await pbx.expect('SIP/2.0 180');
    pbx.send(cancelOf(invite));
    await pbx.expect('SIP/2.0 487');
    carrier.respond(dialled, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    await carrier.expect('ACK');
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['caller/cancelled']);
  });
});

/** The CANCEL of an INVITE (RFC 3261 §9.1), by text. */
function cancelOf(invite: string, ...headers: string[]): string {
  const lines = invite.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|Max-Forwards):/.test(line));
  const start = startLine(invite).replace('INVITE', 'CANCEL');
  return [start, ...lines, 'CSeq: 1 CANCEL', ...headers, 'Content-Length: 0', '', ''].join('\r\n');
}

describe('what is no call', () => {
  it('RFC 3261 §16.3: an INVITE of ours that comes back is 482, one for another user is a new call', async () => {
    const { pbx, carrier } = node;
    pbx.invite(node.uri('352123'), 'loop');
    const invite = await carrier.expect('INVITE');
    carrier.respond(invite, '100 Trying');
    const via = `Via: SIP/2.0/UDP 127.0.0.1:${carrier.port};branch=z9hG4bK-loop`;
    const back = (user: string, branch: string): string =>
      invite
        .replace(/^INVITE \S+/, `INVITE ${node.uri(user)}`)
        .replace(/\r\nVia/, `\r\n${via}${branch}\r\nVia`);
    carrier.send(back('352123', '1'));
    await carrier.expect('SIP/2.0 482');
    carrier.send(back('352999', '2'));
    expect(startLine(await pbx.expect('INVITE'))).toContain('sip:352999@');
  });

  it('RFC 3261 §8.2.2.2: the same INVITE on a second way is 482', async () => {
    const { pbx, carrier } = node;
    const invite = pbx.invite(node.uri('352123'), 'merged');
    await carrier.expect('INVITE');
    pbx.send(invite.replace(/branch=\S+/, 'branch=z9hG4bK-other'));
    await pbx.expect('SIP/2.0 482');
  });

  it.each([
    ['an unknown method', 'FETCH', [], 'SIP/2.0 501'],
    ['REGISTER', 'REGISTER', [], 'SIP/2.0 405'],
    ['MESSAGE without a dialog', 'MESSAGE', [], 'SIP/2.0 405'],
    ['BYE of no dialog', 'BYE', [], 'SIP/2.0 481'],
    ['OPTIONS', 'OPTIONS', [], 'SIP/2.0 200'],
    ['OPTIONS that require an extension', 'OPTIONS', ['Require: x'], 'SIP/2.0 420'],
    ['Max-Forwards 0', 'INVITE', ['Max-Forwards: 0'], 'SIP/2.0 483'],
    ['Require', 'INVITE', ['Require: x'], 'SIP/2.0 420'],
  ])('%s', async (_name, method, headers, expected) => {
    const common = ['From: <sip:a@b>;tag=a', 'To: <sip:c@d>', 'Call-ID: none', `CSeq: 1 ${method}`];
    const contact = `Contact: <sip:a@127.0.0.1:${node.pbx.port}>`;
    const hops = headers.some((line) => line.startsWith('Max-Forwards')) ? [] : ['Max-Forwards: 70'];
    node.pbx.request(method, node.uri('x'), [...common, contact, ...hops, ...headers]);
    const response = await node.pbx.expect(expected);
    expect(tagOf(header(response, 'To'))).not.toBe('');
    if (expected.endsWith('405')) expect(header(response, 'Allow')).toContain('INVITE');
    if (method === 'OPTIONS' && headers.length === 0)
      expect(header(response, 'Accept')).toBe('application/sdp');
    if (expected.endsWith('420')) expect(header(response, 'Unsupported')).toBe(headers[0]!.split(': ')[1]);
    expect(node.director.admitted).toEqual([]);
  });

  it('a peer with as many calls a second as it may have is passed over; none is left: 503 with Retry-After', async () => {
    await startAgain({ trunk: { callsPerSecond: 0.01 } });
    const { pbx, carrier, second } = node;
    pbx.invite(node.uri('352123'), 'one');
    carrier.respond(await carrier.expect('INVITE'), '503 Service Unavailable', { tag: 'a' });
    second.respond(await second.expect('INVITE'), '486 Busy Here', { tag: 'a' });
    await pbx.expect('SIP/2.0 486');
    pbx.invite(node.uri('352123'), 'two');
    expect(header(await pbx.expect('SIP/2.0 503'), 'Retry-After')).toBe('1');
    pbx.invite(node.uri('112'), 'emergency');
    second.respond(await second.expect('INVITE'), '486 Busy Here', { tag: 'c' });
    await pbx.expect('SIP/2.0 486');
  });

  it('a peer with as many calls as it may have is passed over; none is left: 503 with Retry-After', async () => {
    await startAgain({ trunk: { maxCalls: 1 } });
    const { pbx, carrier, second } = node;
    for (const callId of ['first', 'second']) pbx.invite(node.uri('352123'), callId);
    carrier.respond(await carrier.expect('INVITE'), '180 Ringing', { tag: 'a' });
    second.respond(await second.expect('INVITE'), '180 Ringing', { tag: 'b' });
    pbx.invite(node.uri('352123'), 'third');
    expect(header(await pbx.expect('SIP/2.0 503'), 'Retry-After')).toBe('30');
    pbx.invite(node.uri('112'), 'emergency');
    expect(startLine(await carrier.expect('INVITE'))).toContain('sip:112@');
  });

  it('a peer without a route gets 404', async () => {
    node.second.invite(node.uri('1'), 'nowhere');
    await node.second.expect('SIP/2.0 404');
  });

  it('a target that `match` does not name may speak in the dialog that was made with it, and begin none', async () => {
    await startAgain({ peers: { carrier: { match: ['127.0.0.9/32'] } } });
    const { pbx, carrier } = node;
    const { invite, ack } = await establish('moved');
    carrier.invite(node.uri('100'), 'none');
    await carrier.expect('SIP/2.0 403');
    carrier.inDialog('BYE', ack, 'uas', { cseq: 9, target: header(invite, 'Contact') ?? '' });
    pbx.respond(await pbx.expect('BYE'), '200 OK');
    await carrier.expect('SIP/2.0 200');
  });

  it('another peer cannot speak in a dialog', async () => {
    const { second } = node;
    const { ok } = await establish('hijack');
    second.inDialog('BYE', ok, 'uac', { cseq: 9 });
    await second.expect('SIP/2.0 481');
    expect(node.b2bua.activeCalls).toBe(1);
  });
});

describe('what the node asks', () => {
  it('hangUp: BYE to both, with Reason', async () => {
    const { pbx, carrier, director, b2bua } = node;
    await establish('hangup');
    b2bua.hangUp(director.admitted[0]!.callId, 'media-timeout');
    for (const peer of [pbx, carrier]) {
      const bye = await peer.expect('BYE');
      expect(header(bye, 'Reason')).toBe('Q.850;cause=41;text="Media timeout"');
      peer.respond(bye, '200 OK');
    }
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['indeterminate/media-timeout']);
  });

  it('drain: new calls 503 but emergency calls, OPTIONS 503, resolved with the last call', async () => {
    const { pbx, carrier, b2bua, director } = node;
    const { ok } = await establish('last');
    let drained = false;
    const done = b2bua.drain().then(() => {
      drained = true;
    });
    pbx.invite(node.uri('352123'), 'refused');
    expect(header(await pbx.expect('SIP/2.0 503'), 'Retry-After')).not.toBeNull();
    pbx.invite(node.uri('112'), 'sos');
    const sos = await carrier.expect('INVITE');
    expect(director.admitted.at(-1)!.emergency).toBe(true);
    carrier.respond(sos, '486 Busy Here', { tag: 'x' });
    await pbx.expect('SIP/2.0 486');
    expect(drained).toBe(false);
    pbx.inDialog('BYE', ok, 'uac', { cseq: 2 });
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await done;
    expect(b2bua.activeCalls).toBe(0);
  });

  it('the director refuses: its status and Retry-After', async () => {
    const { pbx, director } = node;
    director.admission = {
      ...{ kind: 'refuse', status: 503, phrase: 'Service Unavailable', retryAfterSeconds: 30 },
      reason: 'recording-failed',
    } as const;
    pbx.invite(node.uri('352123'), 'no');
    expect(header(await pbx.expect('SIP/2.0 503'), 'Retry-After')).toBe('30');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['ours/recording-failed']);
  });

  it('a bug in what is told of a call ends that call and no other', async () => {
    const { pbx, carrier, director } = node;
    director.answered = () => {
      throw new Error('bug');
    };
    await establish('bug');
    for (const peer of [pbx, carrier]) peer.respond(await peer.expect('BYE'), '200 OK');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['ours/crash']);
  });

  it('an admission that throws is a 500, and the end is said', async () => {
    const { pbx, director } = node;
    director.admit = () => Promise.reject(new Error('disk'));
    pbx.invite(node.uri('352123'), 'throws');
    await pbx.expect('SIP/2.0 500');
    await director.hasEnded(1);
  });
});
