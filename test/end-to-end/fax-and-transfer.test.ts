import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rtpPacket, Party } from '../media/party.ts';
import { body, header, ScriptedPeer, tagOf } from '../signalling/scripted-peer.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { RunningNode, removeDirectory } from '../support/node.ts';
import { announcedElsewhere, nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { after } from './voices.ts';

let node: RunningNode;
let pbx: ScriptedPeer;
let trunk: ScriptedPeer;
let lanPort = 0;

beforeAll(async () => {
  lanPort = await freeUdpRange(2);
  const wanPort = lanPort + 1;
  pbx = await ScriptedPeer.udp(() => lanPort);
  trunk = await ScriptedPeer.udp(() => wanPort);
  const config = await nodeConfig({
    ...{ lanPort, wanPort, transport: 'udp', rule: announcedElsewhere },
    pbxTarget: `sip:127.0.0.1:${pbx.port}`,
    trunkTarget: `sip:127.0.0.1:${trunk.port}`,
  });
  const relaying = config.replace('"id": "pbx",', '"id": "pbx",\n        "refer": "relay",');
  node = await RunningNode.start({ config: relaying });
});
afterAll(async () => {
  pbx.close();
  trunk.close();
  await node.stop();
  removeDirectory(node.directory);
});

const description = (media: string): string =>
  ['v=0', 'o=x 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', media, ''].join('\r\n');
const speech = (port: number): string => description(`m=audio ${port} RTP/AVP 8`);
const fax = (port: number): string => description(`m=image ${port} udptl t38\r\na=T38FaxVersion:0`);
const portIn = (message: string): number => Number(/^m=\w+ (\d+)/m.exec(body(message))?.[1]);

interface Call {
  /** The 200 that the PBX got, and the INVITE that the trunk did, with the trunk's tag in its To. */
  readonly ok: string;
  readonly invite: string;
}

async function establish(callId: string, tag: string, ports: readonly [number, number]): Promise<Call> {
  pbx.invite(`sip:352123@127.0.0.1:${lanPort}`, callId, { body: speech(ports[0]) });
  const invite = await trunk.expect('INVITE');
  trunk.respond(invite, '200 OK', { tag, body: speech(ports[1]) });
  const ok = await pbx.expect('SIP/2.0 200');
  pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
  await trunk.expect('ACK');
  return { ok, invite: invite.replace(/^To: .*$/m, `$&;tag=${tag}`) };
}

async function hangUp({ ok }: Call, cseq: number): Promise<void> {
  pbx.inDialog('BYE', ok, 'uac', { cseq });
  await pbx.expect('SIP/2.0 200');
  trunk.respond(await trunk.expect('BYE'), '200 OK');
}

describe('a fax in mid-call', () => {
  it('passes as UDPTL byte for byte, and the recording of what was said before it says why it ends', async () => {
    const [caller, callee] = [await Party.at(), await Party.at()];
    const [faxCaller, faxCallee] = [await Party.at(), await Party.at()];
    const call = await establish('fax', 'bob', [caller.port, callee.port]);
    const [toCaller, toCallee] = [portIn(call.ok), portIn(call.invite)];
    const began = performance.now();
    for (let sequence = 0; sequence < 50; sequence++) {
      await caller.send(rtpPacket({ sequence, payloadType: 8 }), toCaller);
      await callee.send(rtpPacket({ sequence, payloadType: 8 }), toCallee);
      await after(20);
    }

    trunk.inDialog('INVITE', call.invite, 'uas', { cseq: 60, body: fax(faxCallee.port) });
    const offered = await pbx.expect('INVITE');
    expect(body(offered)).toMatch(/^m=image \d+ udptl t38\r$/m);
    pbx.respond(offered, '200 OK', { body: fax(faxCaller.port) });
    const answered = await trunk.expect('SIP/2.0 200');
    trunk.inDialog('ACK', call.invite, 'uas', { cseq: 60 });
    await pbx.expect('ACK');
    expect([portIn(offered), portIn(answered)]).toEqual([toCaller, toCallee]);

    const untilFaxMs = performance.now() - began;
    // The media worker hears of it from another thread than the one that has answered.
    await after(100);
    const pages = Array.from({ length: 20 }, (_, i) => Buffer.from([0, i, ...Buffer.alloc(30, 0xa0 + i)]));
    for (const page of pages) {
      await faxCaller.send(page, toCaller);
      await faxCallee.send(page, toCallee);
    }
    expect((await faxCallee.hears(20)).map(({ packet }) => packet)).toEqual(pages);
    expect((await faxCaller.hears(20)).map(({ packet }) => packet)).toEqual(pages);

    // The call is still up, and its recording is complete.
    const recording = await waitUntil('a sealed recording', async () =>
      (await node.api.recordings()).find(({ state }) => state === 'sealed'),
    );
    expect(recording.reason).toBe('t38');
    expect(recording.durationMs).toBeGreaterThan(800);
    expect(recording.durationMs).toBeLessThan(untilFaxMs + 400);
    const [live] = await node.api.calls();
    expect(live).toMatchObject({ id: recording.callId, endedAt: null });
    await hangUp(call, 70);
    await waitUntil('the end of the call', async () => (await node.api.calls())[0]?.endedAt ?? undefined);
    expect(await node.api.recordings()).toHaveLength(1);
    for (const party of [caller, callee, faxCaller, faxCallee]) party.close();
  });
});

describe('an attended transfer', () => {
  it('of a PBX that joins its two calls at the trunk: REFER with Replaces, NOTIFY, and both calls end', async () => {
    const first = await establish('one', 'bob', [4000, 6000]);
    const second = await establish('two', 'carol', [4002, 6002]);
    const [to, from] = ['To', 'From'].map((name) => tagOf(header(second.ok, name)));
    const replaces = encodeURIComponent(`two;to-tag=${to};from-tag=${from}`);
    pbx.inDialog('REFER', first.ok, 'uac', {
      cseq: 20,
      headers: [`Refer-To: <sip:352999@127.0.0.1:${lanPort}?Replaces=${replaces}>`],
    });
    const refer = await trunk.expect('REFER');
    expect(header(refer, 'Call-ID')).toBe(header(first.invite, 'Call-ID'));
    const [target = '', ids = ''] = /<([^>]+)>/.exec(header(refer, 'Refer-To') ?? '')?.[1]?.split('?') ?? [];
    expect(target).toBe(`sip:peer@127.0.0.1:${trunk.port}`);
    expect(decodeURIComponent(ids)).toBe(
      `Replaces=${header(second.invite, 'Call-ID')};to-tag=carol;from-tag=${tagOf(header(second.invite, 'From'))}`,
    );
    trunk.respond(refer, '202 Accepted');
    await pbx.expect('SIP/2.0 202');
    for (const [cseq, status, state] of [
      [40, '100 Trying', 'active;expires=60'],
      [41, '200 OK', 'terminated;reason=noresource'],
    ] as const) {
      trunk.inDialog('NOTIFY', refer, 'uas', {
        cseq,
        headers: [`Event: refer;id=${header(refer, 'CSeq')?.split(' ')[0]}`, `Subscription-State: ${state}`],
        body: `SIP/2.0 ${status}`,
      });
      const notify = await pbx.expect('NOTIFY');
      expect([header(notify, 'Event'), body(notify)]).toEqual(['refer;id=20', `SIP/2.0 ${status}`]);
      pbx.respond(notify, '200 OK');
      await trunk.expect('SIP/2.0 200');
    }
    trunk.inDialog('BYE', second.invite, 'uas', { cseq: 42 });
    pbx.respond(await pbx.expect('BYE'), '200 OK');
    await trunk.expect('SIP/2.0 200');
    await hangUp(first, 21);
    const ended = await waitUntil('both calls to end', async () => {
      const calls = (await node.api.calls()).filter(({ legs }) =>
        legs.some(({ sipCallId }) => ['one', 'two'].includes(sipCallId)),
      );
      return calls.length === 2 && calls.every(({ endedAt }) => endedAt !== null) ? calls : undefined;
    });
    expect(ended.map(({ outcome }) => outcome)).toEqual(['success', 'success']);
  });
});
