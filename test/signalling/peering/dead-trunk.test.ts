import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from '../node-under-test.ts';
import { audio } from '../scripted-peer.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';

let time: HandSchedule;
let node: NodeUnderTest;

beforeEach(async () => {
  time = new HandSchedule();
  node = await nodeUnderTest({ schedule: time.schedule });
});

afterEach(async () => {
  await node.close();
});

const failures = (): unknown[] =>
  node.meter
    .snapshot()
    .flatMap(({ name, labels, value }) => (name === 'onrecord_hop_failures_total' ? [[labels, value]] : []));

describe('a trunk that dies in mid-call', () => {
  it('shows in the BYE that nobody answers: counted, the call ends, and the next one goes elsewhere', async () => {
    const { pbx, carrier, second, director } = node;
    pbx.invite(node.uri('352123'), 'dies');
    carrier.respond(await carrier.expect('INVITE'), '200 OK', { tag: 'bob', body: audio(6000, '8') });
    const ok = await pbx.expect('SIP/2.0 200');
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    await carrier.expect('ACK');
    pbx.inDialog('BYE', ok, 'uac', { cseq: 2 });
    await pbx.expect('SIP/2.0 200');
    await carrier.expect('BYE');
    expect(failures()).toEqual([]);
    // Timer F (RFC 3261 §17.1.2.2).
    time.advance(32_000);
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['success/answered']);
    expect(failures()).toEqual([[{ peer: 'carrier', cause: 'timeout' }, 1]]);
    pbx.invite(node.uri('352123'), 'elsewhere');
    second.respond(await second.expect('INVITE'), '486 Busy Here', { tag: 'b' });
    await pbx.expect('SIP/2.0 486');
  });

  it('never after 18x: a callee that rings and then is silent is not rung a second time elsewhere', async () => {
    const { pbx, carrier, second } = node;
    pbx.invite(node.uri('352123'), 'rings');
    const invite = await carrier.expect('INVITE');
    carrier.respond(invite, '180 Ringing', { tag: 'bob' });
    await pbx.expect('SIP/2.0 180');
    carrier.respond(invite, '503 Service Unavailable', { tag: 'bob' });
    await pbx.expect('SIP/2.0 500');
    expect(await second.settle(50)).toEqual([]);
  });
});
