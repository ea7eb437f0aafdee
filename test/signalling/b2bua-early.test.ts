import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, body, header, startLine, tagOf } from './scripted-peer.ts';

let node: NodeUnderTest;

beforeEach(async () => {
  node = await nodeUnderTest();
});

afterEach(async () => {
  await node.close();
});

const able = ['Supported: 100rel', 'Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE'];
const reliable = (rseq: number): string[] => ['Require: 100rel', `RSeq: ${rseq}`, able[1]!];

describe('before the answer, over the wire', () => {
  it('offer in a reliable 183, answer in PRACK, 200 without SDP', async () => {
    const { pbx, carrier } = node;
    pbx.invite(node.uri('352123'), 'late', { headers: able, body: '' });
    const invite = await carrier.expect('INVITE');
    expect([body(invite), header(invite, 'Supported')]).toEqual(['', expect.stringContaining('100rel')]);
    carrier.respond(invite, '183 Session Progress', { tag: 'bob', headers: reliable(88), body: audio(6000) });
    const progress = await pbx.expect('SIP/2.0 183');
    expect(body(progress)).toMatch(/^m=audio 20000 RTP\/AVP 0 8\r$/m);
    const rseq = header(progress, 'RSeq') ?? '';
    pbx.inDialog('PRACK', progress, 'uac', {
      ...{ cseq: 2, headers: [`RAck: ${rseq} 1 INVITE`], body: audio(4000, '8') },
    });
    const prack = await carrier.expect('PRACK');
    expect([header(prack, 'RAck'), tagOf(header(prack, 'To'))]).toEqual(['88 1 INVITE', 'bob']);
    expect(body(prack)).toMatch(/^m=audio 20002 RTP\/AVP 8\r$/m);
    carrier.respond(prack, '200 OK');
    expect(header(await pbx.expect('SIP/2.0 200'), 'CSeq')).toBe('2 PRACK');
    carrier.respond(invite, '200 OK', { tag: 'bob' });
    const ok = await pbx.expect('SIP/2.0 200');
    expect([header(ok, 'CSeq'), body(ok)]).toEqual(['1 INVITE', '']);
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    expect(body(await carrier.expect('ACK'))).toBe('');
    expect(node.director.connected.map(({ media }) => media.remote?.port)).toEqual([6000, 4000]);
  });

  it('our reliable 183 comes again until its PRACK, and the 200 waits for that', async () => {
    const { pbx, carrier } = node;
    pbx.invite(node.uri('352123'), 'held', { headers: able });
    const invite = await carrier.expect('INVITE');
    carrier.respond(invite, '183 Session Progress', { tag: 'bob', body: audio(6000, '8') });
    const progress = await pbx.expect('SIP/2.0 183');
    carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    await carrier.expect('ACK');
    const again = await pbx.expect('SIP/2.0');
    expect([startLine(again), header(again, 'RSeq')]).toEqual([
      startLine(progress),
      header(progress, 'RSeq'),
    ]);
    const rack = `RAck: ${header(progress, 'RSeq') ?? ''} 1 INVITE`;
    pbx.inDialog('PRACK', progress, 'uac', { cseq: 2, headers: [rack] });
    expect(header(await pbx.expect('SIP/2.0 200'), 'CSeq')).toBe('2 PRACK');
    const ok = await pbx.expect('SIP/2.0 200');
    expect([header(ok, 'CSeq'), body(ok)]).toEqual(['1 INVITE', body(progress)]);
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    pbx.inDialog('BYE', ok, 'uac', { cseq: 3 });
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await pbx.expect('SIP/2.0 200');
    await node.director.hasEnded(1);
    expect(node.director.ends[0]?.reason).toBe('answered');
  });

  it('two forks, each with an UPDATE in its own dialog; the one that answers keeps what was agreed to', async () => {
    const { pbx, carrier } = node;
    pbx.invite(node.uri('352123'), 'forks', { headers: able });
    const invite = await carrier.expect('INVITE');
    const seen = [];
    for (const tag of ['bob', 'carol']) {
      carrier.respond(invite, '183 Session Progress', { tag, headers: reliable(1), body: audio(6000, '8') });
      const progress = await pbx.expect('SIP/2.0 183');
      const rack = `RAck: ${header(progress, 'RSeq') ?? ''} 1 INVITE`;
      pbx.inDialog('PRACK', progress, 'uac', { cseq: 2, headers: [rack] });
      carrier.respond(await carrier.expect('PRACK'), '200 OK');
      await pbx.expect('SIP/2.0 200');
      seen.push(progress);
    }
    expect(new Set(seen.map((progress) => tagOf(header(progress, 'To')))).size).toBe(2);
    pbx.inDialog('UPDATE', seen[1]!, 'uac', { cseq: 3, body: audio(4200, '8', 'a=sendonly') });
    const update = await carrier.expect('UPDATE');
    expect([tagOf(header(update, 'To')), body(update)]).toEqual([
      'carol',
      expect.stringContaining('a=sendonly'),
    ]);
    carrier.respond(update, '200 OK', { body: audio(6200, '8', 'a=recvonly') });
    expect(body(await pbx.expect('SIP/2.0 200'))).toContain('a=recvonly');
    carrier.respond(invite, '200 OK', { tag: 'carol' });
    const ok = await pbx.expect('SIP/2.0 200');
    expect([tagOf(header(ok, 'To')), body(ok)]).toEqual([tagOf(header(seen[1]!, 'To')), '']);
    expect(node.director.connected.slice(-2).map(({ media }) => media.remote?.port)).toEqual([4200, 6200]);
  });
});
