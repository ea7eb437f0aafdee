import { afterEach, describe, expect, it } from 'vitest';
import { type Schedule, systemSchedule } from '../../src/kernel/timers.ts';
import { type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, body, header, startLine } from './scripted-peer.ts';

let node: NodeUnderTest;

afterEach(async () => {
  await node.close();
});

/** What takes a minute and more runs 3,000 times as fast: half an hour in 600 ms. The transactions keep their time. */
const hurried: Schedule = (delayMs, run) => systemSchedule(delayMs < 60_000 ? delayMs : delayMs / 3_000, run);

const timer = (value: string): string[] => [
  `Session-Expires: ${value}`,
  'Require: timer',
  'Supported: timer',
];
const withUpdate = 'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE';

/** A call from the PBX to the carrier that is up. */
async function establish(
  pbxHeaders: readonly string[],
  carrierHeaders: readonly string[],
): Promise<{ ok: string; invite: string }> {
  node = await nodeUnderTest({ schedule: hurried });
  const { pbx, carrier } = node;
  pbx.invite(node.uri('352123'), 'session', { headers: pbxHeaders });
  const invite = await carrier.expect('INVITE');
  carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8'), headers: carrierHeaders });
  const ok = await pbx.expect('SIP/2.0 200');
  await carrier.expect('ACK');
  pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
  return { ok, invite };
}

describe('session timers (RFC 4028)', () => {
  it('the carrier is refreshed by UPDATE every quarter of an hour, and its silence ends the call', async () => {
    const { invite } = await establish([], [...timer('1800;refresher=uac'), withUpdate]);
    const { pbx, carrier, director } = node;
    expect(header(invite, 'Session-Expires')).toBe('1800');
    for (let n = 0; n < 4; n++) {
      const update = await carrier.expect('UPDATE');
      expect([header(update, 'Session-Expires'), body(update)]).toEqual(['1800;refresher=uac', '']);
      carrier.respond(update, '200 OK', { headers: timer('1800;refresher=uac') });
    }
    await carrier.expect('UPDATE');
    const bye = await pbx.expect('BYE');
    expect(header(bye, 'Reason')).toBe('Q.850;cause=102;text="Session timer expired"');
    pbx.respond(bye, '200 OK');
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['indeterminate/session-expired']);
    expect(pbx.seen.filter((message) => message.startsWith('UPDATE'))).toEqual([]);
  });

  it('the PBX refreshes by INVITE, which the carrier hears nothing of, until it vanishes', async () => {
    const headers = ['Supported: timer', 'Session-Expires: 1800;refresher=uac'];
    const { ok } = await establish(headers, []);
    const { pbx, carrier, director } = node;
    expect(header(ok, 'Session-Expires')).toBe('1800;refresher=uac');
    expect(header(ok, 'Require')).toBe('timer');
    for (let cseq = 2; cseq < 6; cseq++) {
      pbx.inDialog('INVITE', ok, 'uac', { cseq, body: audio(4000), headers });
      const refreshed = await pbx.expect('SIP/2.0 200');
      expect(body(refreshed)).toBe(body(ok));
      pbx.inDialog('ACK', refreshed, 'uac', { cseq });
    }
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    pbx.respond(await pbx.expect('BYE'), '200 OK');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['indeterminate/session-expired']);
    expect(carrier.seen.filter((message) => message.startsWith('INVITE'))).toHaveLength(1);
  });

  it('an interval that is too short is 422 with what we take, but not for an emergency call (§9)', async () => {
    node = await nodeUnderTest();
    const { pbx, carrier } = node;
    const headers = ['Supported: timer', 'Session-Expires: 60'];
    pbx.invite(node.uri('352123'), 'short', { headers });
    const refused = await pbx.expect('SIP/2.0 4');
    expect([startLine(refused), header(refused, 'Min-SE')]).toEqual([
      'SIP/2.0 422 Session Interval Too Small',
      '90',
    ]);
    pbx.invite(node.uri('112'), 'help', { headers });
    carrier.respond(await carrier.expect('INVITE'), '200 OK', { tag: 'bob', body: audio(6000, '8') });
    expect(header(await pbx.expect('SIP/2.0 200'), 'Session-Expires')).toBe('60;refresher=uas');
  });
});
