import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bye, cname, nack, readControl, report, type Said } from './control-packets.ts';
import { type Party, rtpPacket } from './party.ts';
import { promptOf, RelayFixture } from './relay-fixture.ts';

const [callerSsrc, calleeSsrc] = [0xaaaa_0001, 0xbbbb_0002];

interface ControlledCall {
  readonly session: number;
  readonly speech: readonly [Party, Party];
  readonly control: readonly [Party, Party];
  readonly ports: readonly [rtp: readonly [number, number], rtcp: readonly [number, number]];
  /** The SSRC under which each party hears the other; 0 before it has. */
  ssrcTo(leg: 0 | 1): number;
}

let fixture: RelayFixture;

beforeEach(() => {
  fixture = new RelayFixture({ prompts: [promptOf('told', new Int16Array(32_000).fill(1000))] });
});
afterEach(() => {
  fixture.stop();
});

async function controlledCall(): Promise<ControlledCall> {
  const { session, legs } = await fixture.open();
  const speech = [await fixture.party(), await fixture.party()] as const;
  const control = [await fixture.party(), await fixture.party()] as const;
  for (const leg of [0, 1] as const) {
    const { address, port } = speech[leg];
    fixture.connect(session, leg, speech[leg], { remote: { address, port, rtcpPort: control[leg].port } });
  }
  return {
    session,
    speech,
    control,
    ports: [
      [legs[0].rtpPort, legs[1].rtpPort],
      [legs[0].rtcpPort, legs[1].rtcpPort],
    ],
    ssrcTo: (leg) => speech[leg].heard[0]?.ssrc ?? 0,
  };
}

/** Both have spoken: the caller 100 to 109, the callee 65534 to 65543, which wraps. */
async function talkingCall(): Promise<ControlledCall> {
  const call = await controlledCall();
  for (let n = 0; n < 10; n++) {
    await call.speech[0].send(rtpPacket({ sequence: 100 + n, ssrc: callerSsrc }), call.ports[0][0]);
    await call.speech[1].send(rtpPacket({ sequence: 65_534 + n, ssrc: calleeSsrc }), call.ports[0][1]);
    fixture.clock.advance(20);
  }
  await call.speech[0].hears(10);
  await call.speech[1].hears(10);
  return call;
}

/** The nth RTCP datagram that a party gets. */
async function told(call: ControlledCall, leg: 0 | 1, n = 1): Promise<Said> {
  const heard = await call.control[leg].hears(n);
  return readControl(heard[n - 1]!.packet);
}

const lastTo = (call: ControlledCall, leg: 0 | 1): number => call.speech[leg].heard.at(-1)!.sequence;

describe('RTCP from leg to leg', () => {
  it('says an SR under the SSRC and on the clock that the other party hears', async () => {
    const call = await talkingCall();
    const ntp = [0xe000_0000, 0x8000_0000] as const;
    const sr = report(callerSsrc, { ntp, timestamp: 110 * 160, packets: 77, octets: 7777 });
    await call.control[0].send(
      Buffer.concat([sr, cname(callerSsrc, 'alice@192.0.2.9', 'phone 1.0')]),
      call.ports[1][0],
    );
    const said = await told(call, 1);
    const heard = call.speech[1].heard[0]!;
    expect(said).toMatchObject({ types: [200, 202], sender: heard.ssrc, block: null });
    expect(said.info).toEqual({
      ntp,
      timestamp: (heard.timestamp + 10 * 160) >>> 0,
      packets: 10,
      octets: 1600,
    });
    expect(call.control[1].heard[0]!.fromPort).toBe(call.ports[1][1]);
  });

  it('names us by a random CNAME, always the same, and passes no name of theirs', async () => {
    const call = await talkingCall();
    for (const name of ['alice@192.0.2.9', 'bob']) {
      const sr = report(callerSsrc, { ntp: [1, 0] });
      await call.control[0].send(Buffer.concat([sr, cname(callerSsrc, name)]), call.ports[1][0]);
    }
    const [first, second] = [await told(call, 1, 1), await told(call, 1, 2)];
    expect(first.cname).toMatch(/^[A-Za-z0-9+/]{16}$/);
    expect(second.cname).toBe(first.cname);
  });

  it('says a report block of the SSRC and numbers that its reader sent, with their cycles', async () => {
    const call = await talkingCall();
    const about = { ssrc: call.ssrcTo(0), fraction: 12, lost: 3, highest: lastTo(call, 0), jitter: 44 };
    await call.control[0].send(report(callerSsrc, null, about), call.ports[1][0]);
    // The callee began at 65534: its tenth number is 7, in the second cycle.
    expect(await told(call, 1)).toMatchObject({
      types: [201, 202],
      block: { ssrc: calleeSsrc, fraction: 12, lost: 3, highest: 0x1_0007, jitter: 44, lastSr: 0, delay: 0 },
    });
  });

  it('lets the parties measure the round trip between them, and measures its own to each', async () => {
    const call = await talkingCall();
    await call.control[0].send(report(callerSsrc, { ntp: [0xe000_1234, 0x5678_0000] }), call.ports[1][0]);
    await told(call, 1);
    fixture.clock.advance(30);
    const answer = { ssrc: call.ssrcTo(1), highest: lastTo(call, 1), lastSr: 0x1234_5678, delay: 655 };
    await call.control[1].send(report(calleeSsrc, null, answer), call.ports[1][1]);
    expect((await told(call, 0)).block).toMatchObject({ ssrc: callerSsrc, lastSr: 0x1234_5678, delay: 655 });
  });

  it('RFC 4585: asks for lost packets by the numbers that their sender gave', async () => {
    const call = await talkingCall();
    const last = lastTo(call, 0);
    const asked = nack(
      callerSsrc,
      call.ssrcTo(0),
      [(last - 4) & 0xffff, 0b111_1111],
      [(last + 9) & 0xffff, 0],
    );
    await call.control[0].send(Buffer.concat([report(callerSsrc, null), asked]), call.ports[1][0]);
    expect(await told(call, 1)).toMatchObject({
      types: [201, 202, 205],
      nackOf: calleeSsrc,
      // The fifth from the end, and of the seven after it the four that there are.
      nacks: [[3, 0b1111]],
    });
  });

  it.each([
    {
      name: 'a block about a stream that is not ours',
      packet: () => report(callerSsrc, null, { ssrc: 0x1234 }),
    },
    {
      name: 'a highest number that was never sent',
      packet: (ours: number, last: number) =>
        report(callerSsrc, null, { ssrc: ours, highest: (last + 5) & 0xffff }),
    },
    { name: 'XR', packet: () => Buffer.from('80cf0001aaaa0001', 'hex') },
    { name: 'APP', packet: () => Buffer.from('80cc0002aaaa000141424344', 'hex') },
    { name: 'payload feedback', packet: () => Buffer.from('81ce0002aaaa0001bbbb0002', 'hex') },
    { name: 'BYE, since our stream goes on', packet: () => bye(callerSsrc) },
  ])('drops and counts $name', async ({ packet }) => {
    const call = await talkingCall();
    await call.control[0].send(packet(call.ssrcTo(0), lastTo(call, 0)), call.ports[1][0]);
    await fixture.drops('rtcp-unmapped', 1);
    expect(call.control[1].heard).toHaveLength(0);
  });

  it('passes on the part of a datagram that can be said', async () => {
    const call = await talkingCall();
    const sr = report(callerSsrc, { ntp: [5, 6] }, { ssrc: 0x9999 });
    await call.control[0].send(Buffer.concat([sr, Buffer.from('80cf0001aaaa0001', 'hex')]), call.ports[1][0]);
    expect(await told(call, 1)).toMatchObject({ types: [200, 202], block: null });
    await fixture.drops('rtcp-unmapped', 1);
  });

  it('counts what is no RTCP, and what comes from elsewhere', async () => {
    const call = await talkingCall();
    const stranger = await fixture.party('127.0.0.9');
    await call.control[0].send(Buffer.from('junk'), call.ports[1][0]);
    await fixture.drops('not-rtcp', 1);
    await stranger.send(report(callerSsrc, null), call.ports[1][0], '127.0.0.1');
    await fixture.drops('foreign-address', 1);
    const other = await fixture.party();
    await other.send(report(0x7777, null), call.ports[1][0]);
    await fixture.drops('foreign-port', 1);
  });

  it('learns the port of a party behind a translator by its SSRC, and answers there', async () => {
    const call = await talkingCall();
    const behind = await fixture.party();
    await behind.send(report(callerSsrc, { ntp: [1, 1] }), call.ports[1][0]);
    await told(call, 1);
    await call.control[1].send(report(calleeSsrc, { ntp: [2, 2] }), call.ports[1][1]);
    await behind.hears(1);
    expect(call.control[0].heard).toHaveLength(0);
  });

  it('RFC 5761: takes and sends RTCP on the port of RTP where both agreed to', async () => {
    const call = await talkingCall();
    const { address, port } = call.speech[0];
    fixture.connect(call.session, 0, call.speech[0], {
      remote: { address, port, rtcpPort: call.control[0].port },
      rtcpMux: true,
    });
    await call.speech[0].send(report(callerSsrc, { ntp: [1, 1] }), call.ports[0][0]);
    await told(call, 1);
    const before = call.speech[0].heard.length;
    await call.control[1].send(report(calleeSsrc, { ntp: [2, 2] }), call.ports[1][1]);
    const heard = await call.speech[0].hears(before + 1);
    expect(readControl(heard.at(-1)!.packet).types).toEqual([200, 202]);
    expect(heard.at(-1)!.fromPort).toBe(call.ports[0][0]);
  });
});
