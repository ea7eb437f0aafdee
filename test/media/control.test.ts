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

const prompt = promptOf('told', new Int16Array(32_000).fill(1000));
let fixture: RelayFixture;

beforeEach(() => {
  fixture = new RelayFixture({ prompts: [prompt] });
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

/** The callee hears a prompt of 4 s while the caller's voice stays outside. */
async function promptedCall(): Promise<ControlledCall> {
  const call = await controlledCall();
  fixture.relay.command({ type: 'gate', session: call.session, open: false });
  fixture.relay.command({ type: 'play', session: call.session, leg: 1, prompt: 'told' });
  await call.speech[1].hears(1);
  return call;
}

describe('reports of our own', () => {
  it('come with the first packet of a prompt, and pair the wall clock with its timestamps', async () => {
    const call = await promptedCall();
    const first = await told(call, 1);
    const heard = call.speech[1].heard[0]!;
    expect(first).toMatchObject({ types: [200, 202], sender: heard.ssrc, block: null });
    expect(first.info).toMatchObject({ timestamp: heard.timestamp, packets: 1, octets: 160 });
    const from = fixture.clock.wall();
    while (fixture.stats().controlOut === 1) fixture.clock.advance(100);
    const second = await told(call, 1, 2);
    const ms = (ntp: readonly [number, number]): number => 1000 * (ntp[0] + ntp[1] / 2 ** 32);
    const passed = ms(second.info!.ntp) - ms(first.info!.ntp);
    expect((second.info!.timestamp - first.info!.timestamp) >>> 0).toBeCloseTo(passed * 8, -1);
    expect(second.info!.packets).toBe(Math.min(200, Math.floor(passed / 20 + 1e-3) + 1));
    expect(ms(first.info!.ntp) - 2_208_988_800_000).toBeCloseTo(from, 0);
    expect(second.cname).toBe(first.cname);
  });

  it('RFC 3550 §6.2: come within 1.8 to 5.6 s of each other, not on a beat', async () => {
    const call = await promptedCall();
    const steps: number[] = [];
    for (let at = fixture.clock.now; steps.length < 12; ) {
      const { controlOut } = fixture.stats();
      fixture.clock.advance(100);
      if (fixture.stats().controlOut === controlOut) continue;
      steps.push(fixture.clock.now - at);
      at = fixture.clock.now;
    }
    expect(call.speech[1].heard.length).toBeGreaterThan(0);
    // Once the prompt is over they ride on the tick of a second.
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(1800);
    expect(Math.max(...steps)).toBeLessThanOrEqual(5600 + 1000);
    expect(new Set(steps).size).toBeGreaterThan(2);
  });

  it('say what we hear of a party while its voice goes no further, and since when its last SR', async () => {
    const call = await promptedCall();
    for (const sequence of [10, 11, 14]) {
      await call.speech[1].send(rtpPacket({ sequence, ssrc: calleeSsrc }), call.ports[0][1]);
    }
    await fixture.drops('gate-closed', 3);
    await call.control[1].send(report(calleeSsrc, { ntp: [0x0001_2345, 0x6789_0000] }), call.ports[1][1]);
    await fixture.drops('rtcp-unmapped', 1);
    fixture.clock.advance(7000);
    const said = await told(call, 1, 2);
    expect(said.block).toMatchObject({
      ssrc: calleeSsrc,
      highest: 14,
      lost: 2,
      fraction: Math.floor((256 * 2) / 5),
    });
    expect(said.block!.lastSr).toBe(0x2345_6789);
    expect(said.block!.delay / 65_536).toBeGreaterThan(1.7);
    // Once the prompt is over, reports ride on the tick of a second.
    expect(said.block!.delay / 65_536).toBeLessThan(6.7);
  });

  it('go to parties whose other one reports nothing, after a while', async () => {
    const call = await talkingCall();
    for (let n = 0; n < 11; n++) fixture.clock.advance(1000);
    expect(fixture.stats().controlOut).toBe(0);
    for (let n = 0; n < 3; n++) fixture.clock.advance(1000);
    const said = await told(call, 1);
    expect(said).toMatchObject({
      types: [200, 202],
      block: { ssrc: calleeSsrc, highest: 0x1_0007, lost: 0 },
    });
    expect(said.info).toMatchObject({ packets: 10, octets: 1600 });
  });

  it('leave the clock of a stream to its source where that sends SRs of its own', async () => {
    const call = await talkingCall();
    await call.control[0].send(report(callerSsrc, { ntp: [9, 9] }), call.ports[1][0]);
    await told(call, 1);
    for (let n = 0; n < 14; n++) fixture.clock.advance(1000);
    expect(await told(call, 1, 2)).toMatchObject({ types: [201, 202], info: null });
  });

  it('BYE ends the stream of who was sent something, and nobody else is told', async () => {
    const call = await controlledCall();
    await call.speech[0].send(rtpPacket({ sequence: 1, ssrc: callerSsrc }), call.ports[0][0]);
    await call.speech[1].hears(1);
    fixture.relay.command({ type: 'close', session: call.session });
    expect(await told(call, 1)).toMatchObject({ types: [200, 202, 203], sender: call.ssrcTo(1) });
    expect(call.control[0].heard).toHaveLength(0);
  });
});

describe('a receiver report on the prompt', () => {
  const reportOn = async (
    call: ControlledCall,
    packet: number,
    lost = 0,
    lastSr = 0,
    delay = 0,
  ): Promise<void> => {
    const first = call.speech[1].heard[0]!;
    const highest = (first.sequence + packet - 1) & 0xffff;
    const before = fixture.stats().controlIn;
    await call.control[1].send(
      report(calleeSsrc, null, { ssrc: first.ssrc, highest, lost, lastSr, delay }),
      call.ports[1][1],
    );
    while (fixture.stats().controlIn === before) await new Promise((resolve) => setImmediate(resolve));
  };
  const laterReports = (): unknown[] =>
    fixture.events.flatMap((event) => (event.type === 'play-reported' ? [event.reported] : []));

  it('is evidence: how far it reaches, what was missed, and the round trip', async () => {
    const call = await promptedCall();
    const ntp = (await told(call, 1)).info!.ntp;
    fixture.clock.advance(1500);
    await call.speech[1].hears(76);
    await reportOn(call, 70, 2, (((ntp[0] & 0xffff) << 16) | (ntp[1] >>> 16)) >>> 0, 65_536);
    fixture.clock.advance(4000);
    const { report: played } = await fixture.said('played');
    expect(played).toMatchObject({ end: 'whole', packetsSent: 200 });
    expect(played.reported).toMatchObject({ packets: 70, lost: 2 });
    // 1500 ms after our SR, 1000 of which the party kept it.
    expect(played.reported?.roundTripMs).toBeCloseTo(500, 0);
  });

  it('is told later where it comes later, once it reaches further', async () => {
    const call = await promptedCall();
    fixture.clock.advance(4100);
    expect((await fixture.said('played')).report.reported).toBeNull();
    await call.speech[1].hears(200);
    await reportOn(call, 120);
    await reportOn(call, 120);
    fixture.relay.command({ type: 'gate', session: call.session, open: true });
    await call.speech[0].send(rtpPacket({ sequence: 1, ssrc: callerSsrc }), call.ports[0][0]);
    await call.speech[1].hears(201);
    await reportOn(call, 201, 3);
    await reportOn(call, 201, 5);
    expect(laterReports()).toMatchObject([
      { packets: 120, lost: 0, roundTripMs: null },
      { packets: 200, lost: 3 },
    ]);
    // Where the three were lost, in prompt or speech, nobody can say; of the two the other party hears.
    expect(await told(call, 0)).toMatchObject({
      block: { ssrc: callerSsrc, lost: 2, highest: 1, lastSr: 0 },
    });
  });

  it('is none where it names a number that was never sent', async () => {
    const call = await promptedCall();
    await reportOn(call, 40_000);
    fixture.clock.advance(4100);
    expect((await fixture.said('played')).report.reported).toBeNull();
  });
});

describe('the quality of a leg', () => {
  it('says what was measured, what the party reported, the round trip and a score', async () => {
    const call = await controlledCall();
    await call.control[0].send(report(callerSsrc, { ntp: [0xe000_1234, 0x5678_0000] }), call.ports[1][0]);
    for (let n = 0; n < 100; n++) {
      if (n % 20 !== 7) {
        await call.speech[0].send(
          rtpPacket({ sequence: n, payloadType: 8, ssrc: callerSsrc }),
          call.ports[0][0],
        );
        await call.speech[1].hears(n + 1 - Math.floor((n + 12) / 20));
      }
      fixture.clock.advance(20);
    }
    await call.control[0].send(report(callerSsrc, { ntp: [0xe000_1234, 0x5678_0000] }), call.ports[1][0]);
    await told(call, 1);
    fixture.clock.advance(140);
    const last = call.speech[1].heard.at(-1)!;
    const block = {
      ssrc: last.ssrc,
      highest: last.sequence,
      lost: 10,
      jitter: 80,
      lastSr: 0x1234_5678,
      delay: 65_536 / 10,
    };
    await call.control[1].send(report(calleeSsrc, null, block), call.ports[1][1]);
    await fixture.drops('none', 0);
    while (fixture.stats().controlIn < 3) await new Promise((resolve) => setImmediate(resolve));
    fixture.relay.command({ type: 'close', session: call.session });
    const { legs } = await fixture.said('closed');
    expect(legs[0].quality).toEqual({
      lossPercent: 5,
      jitterMs: 0,
      maxJitterMs: 0,
      roundTripMs: null,
      mos: expect.closeTo(3.94, 1) as number,
      reported: null,
    });
    // The callee said nothing, so that nothing was measured of it.
    expect(legs[1].quality).toBeNull();
  });
});
