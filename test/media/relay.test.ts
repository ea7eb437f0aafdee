import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Party, rtpPacket } from './party.ts';
import { RelayFixture, speechFormats } from './relay-fixture.ts';

let fixture: RelayFixture;

beforeEach(() => {
  fixture = new RelayFixture();
});
afterEach(() => {
  fixture.stop();
});

const talk = async (party: Party, port: number, ...sequences: number[]): Promise<void> => {
  for (const sequence of sequences) await party.send(rtpPacket({ sequence }), port);
};
const differences = (numbers: readonly number[]): number[] => numbers.slice(1).map((n, i) => n - numbers[i]!);

describe('relaying', () => {
  it('sends what one party says to the other, from the port that the other was told', async () => {
    const { legs, parties } = await fixture.call();
    await talk(parties[0], legs[0].rtpPort, 500);
    await talk(parties[1], legs[1].rtpPort, 900);
    const [toCallee] = await parties[1].hears(1);
    const [toCaller] = await parties[0].hears(1);
    expect(toCallee).toMatchObject({ payload: Buffer.alloc(160, 500 & 0xff), fromPort: legs[1].rtpPort });
    expect(toCaller).toMatchObject({ payload: Buffer.alloc(160, 900 & 0xff), fromPort: legs[0].rtpPort });
  });

  it('keeps loss, reordering, duplicates and payload types visible behind a constant offset', async () => {
    const { legs, parties } = await fixture.call();
    const sent = [65533, 65535, 65534, 65536, 65536, 65540];
    await talk(parties[0], legs[0].rtpPort, ...sent);
    await parties[0].send(rtpPacket({ sequence: 65541, payloadType: 101, marker: true }), legs[0].rtpPort);
    const heard = await parties[1].hears(7);
    const at = (n: number): number => heard[n]!.sequence;
    expect(heard.map(({ sequence }) => (sequence - at(0)) & 0xffff)).toEqual([0, 2, 1, 3, 3, 7, 8]);
    expect(heard.map(({ timestamp }) => (timestamp - heard[0]!.timestamp) >>> 0)).toEqual(
      [0, 2, 1, 3, 3, 7, 8].map((steps) => steps * 160),
    );
    expect(new Set(heard.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(heard.map(({ payloadType }) => payloadType)).toEqual([0, 0, 0, 0, 0, 0, 101]);
    expect(heard.map(({ marker }) => marker)).toEqual([true, false, false, false, false, false, true]);
  });

  it('RFC 3264 §6.1: sends each party its own number of an encoding where we have answered the other ourselves', async () => {
    const { session, legs, parties } = await fixture.call();
    const events = (payloadType: number) => ({ payloadType, encoding: 'TELEPHONE-EVENT', clockRate: 8000 });
    fixture.connect(session, 1, parties[1], { formats: [speechFormats[0]!, events(96), events(101)] });
    await parties[0].send(rtpPacket({ sequence: 1, payloadType: 101 }), legs[0].rtpPort);
    await parties[1].send(rtpPacket({ sequence: 1, payloadType: 96 }), legs[1].rtpPort);
    expect((await parties[1].hears(1))[0]).toMatchObject({ payloadType: 96 });
    expect((await parties[0].hears(1))[0]).toMatchObject({ payloadType: 101 });
  });

  it('goes on behind the last number when the SSRC changes, and marks the packet', async () => {
    const { legs, parties } = await fixture.call();
    await talk(parties[0], legs[0].rtpPort, 10, 11);
    await parties[1].hears(2);
    fixture.clock.advance(60);
    await parties[0].send(rtpPacket({ sequence: 7000, timestamp: 99, ssrc: 0x2222 }), legs[0].rtpPort);
    const heard = await parties[1].hears(3);
    expect(differences(heard.map(({ sequence }) => sequence)).map((d) => d & 0xffff)).toEqual([1, 1]);
    expect(differences(heard.map(({ timestamp }) => timestamp)).map((d) => d >>> 0)).toEqual([160, 480]);
    expect(heard.map(({ marker }) => marker)).toEqual([true, false, true]);
    expect(heard[2]!.ssrc).toBe(heard[0]!.ssrc);
  });

  it('forwards nothing while the gate is closed, and goes on without a gap in numbers', async () => {
    const { session, legs, parties } = await fixture.call();
    await talk(parties[0], legs[0].rtpPort, 1);
    await parties[1].hears(1);
    fixture.relay.command({ type: 'gate', session, open: false });
    await talk(parties[0], legs[0].rtpPort, 2, 3, 4);
    await fixture.drops('gate-closed', 3);
    fixture.clock.advance(80);
    fixture.relay.command({ type: 'gate', session, open: true });
    await talk(parties[0], legs[0].rtpPort, 5);
    const heard = await parties[1].hears(2);
    expect(heard).toHaveLength(2);
    expect(heard[1]).toMatchObject({ marker: true, payload: Buffer.alloc(160, 5) });
    expect((heard[1]!.sequence - heard[0]!.sequence) & 0xffff).toBe(1);
    expect((heard[1]!.timestamp - heard[0]!.timestamp) >>> 0).toBe(640);
  });

  it('sends nothing to a party that does not receive', async () => {
    const { session, legs, parties } = await fixture.call();
    await talk(parties[0], legs[0].rtpPort, 1);
    await parties[1].hears(1);
    fixture.clock.advance(1000);
    fixture.connect(session, 1, parties[1], { receives: false });
    await talk(parties[0], legs[0].rtpPort, 51);
    await fixture.drops('not-receiving', 1);
    fixture.clock.advance(1000);
    fixture.connect(session, 1, parties[1]);
    await talk(parties[0], legs[0].rtpPort, 101);
    const heard = await parties[1].hears(2);
    expect(heard.map(({ payload, marker }) => [payload[0], marker])).toEqual([
      [1, true],
      [101, true],
    ]);
    expect(differences(heard.map(({ sequence }) => sequence)).map((d) => d & 0xffff)).toEqual([1]);
    expect(differences(heard.map(({ timestamp }) => timestamp)).map((d) => d >>> 0)).toEqual([16_000]);
  });

  it('counts packets, loss and drops a leg', async () => {
    const { session, legs, parties } = await fixture.call();
    await talk(parties[0], legs[0].rtpPort, 1, 2, 5);
    await parties[0].send(Buffer.from('junk'), legs[0].rtpPort);
    await parties[0].send(rtpPacket({ sequence: 6, payloadType: 96 }), legs[0].rtpPort);
    await fixture.drops('rtp-short', 1);
    await fixture.drops('unknown-payload-type', 1);
    expect(fixture.stats()).toMatchObject({
      packetsIn: 3,
      packetsOut: 3,
      packetsLost: 2,
      sessions: 1,
      delayCount: 3,
    });
    fixture.relay.command({ type: 'close', session });
    expect(await fixture.said('closed')).toMatchObject({
      type: 'closed',
      session,
      legs: [
        {
          packetsReceived: 3,
          packetsSent: 0,
          packetsLost: 2,
          packetsDropped: 2,
          quality: { lossPercent: 40 },
        },
        { packetsReceived: 0, packetsSent: 3, packetsLost: 0, packetsDropped: 0, quality: null },
      ],
    });
    expect(fixture.stats()).toMatchObject({ packetsLost: 2, sessions: 0 });
  });

  it('relays over IPv6', async () => {
    const sixth = new RelayFixture({ address: '::1', ports: [17_400, 17_419] });
    const { session, legs } = await sixth.open();
    const parties = [await sixth.party('::1'), await sixth.party('::1')] as const;
    sixth.connect(session, 0, { address: '0:0:0:0:0:0:0:1', port: parties[0].port });
    sixth.connect(session, 1, parties[1]);
    await talk(parties[0], legs[0].rtpPort, 1);
    expect(await parties[1].hears(1)).toHaveLength(1);
    sixth.stop();
  });
});

describe('from where RTP is taken', () => {
  it('refuses another address', async () => {
    const { legs, parties } = await fixture.call();
    const stranger = await fixture.party('127.0.0.9');
    await stranger.send(rtpPacket({ sequence: 1 }), legs[0].rtpPort, '127.0.0.1');
    await fixture.drops('foreign-address', 1);
    expect(parties[1].heard).toHaveLength(0);
  });

  it('learns the port from the first valid packet, answers there, and refuses a third port', async () => {
    const { session, legs, parties } = await fixture.call();
    fixture.connect(session, 0, { address: '127.0.0.1', port: 9 });
    const [behind, other] = [await fixture.party(), await fixture.party()];
    await talk(behind, legs[0].rtpPort, 1);
    await parties[1].hears(1);
    await other.send(rtpPacket({ sequence: 50, ssrc: 0x9999 }), legs[0].rtpPort);
    await fixture.drops('foreign-port', 1);
    await talk(parties[1], legs[1].rtpPort, 1);
    expect(await behind.hears(1)).toHaveLength(1);
  });

  it('the port that SDP named wins over a learned one, whenever it speaks', async () => {
    const { legs, parties } = await fixture.call();
    const other = await fixture.party();
    await talk(other, legs[0].rtpPort, 1);
    await parties[1].hears(1);
    await parties[0].send(rtpPacket({ sequence: 70, ssrc: 0x3333 }), legs[0].rtpPort);
    await parties[1].hears(2);
    await talk(other, legs[0].rtpPort, 2);
    await fixture.drops('foreign-port', 1);
    await talk(parties[1], legs[1].rtpPort, 1);
    expect(await parties[0].hears(1)).toHaveLength(1);
    expect(other.heard).toHaveLength(0);
  });

  it('learns anew when SDP names something new, and keeps the lock when it names the same', async () => {
    const { session, legs, parties } = await fixture.call();
    const moved = await fixture.party();
    await talk(parties[0], legs[0].rtpPort, 1);
    await parties[1].hears(1);
    fixture.connect(session, 0, parties[0]);
    await talk(moved, legs[0].rtpPort, 1);
    await fixture.drops('foreign-port', 1);
    fixture.connect(session, 0, moved);
    await talk(moved, legs[0].rtpPort, 2);
    await parties[1].hears(2);
    await talk(parties[1], legs[1].rtpPort, 1);
    expect(await moved.hears(1)).toHaveLength(1);
    fixture.connect(session, 0, { address: '127.0.0.1', port: 9 });
    const behind = await fixture.party();
    await behind.send(rtpPacket({ sequence: 3, ssrc: 0x4444 }), legs[0].rtpPort);
    await parties[1].hears(3);
  });

  it.each([
    { name: 'multicast', address: '239.1.2.3', port: 5004 },
    { name: 'a name', address: 'media.example', port: 5004 },
    { name: 'the null address', address: '0.0.0.0', port: 5004 },
    { name: 'broadcast', address: '255.255.255.255', port: 5004 },
    { name: 'another family', address: '::1', port: 5004 },
    { name: 'one of our own ports', address: '127.0.0.1', port: 17_001 },
    { name: 'port 0', address: '127.0.0.1', port: 0 },
  ])('has nothing to do with $name as a remote', async ({ address, port }) => {
    const { session, legs, parties } = await fixture.call();
    fixture.connect(session, 0, { address, port });
    await talk(parties[0], legs[0].rtpPort, 1);
    await fixture.drops('no-remote', 1);
    await talk(parties[1], legs[1].rtpPort, 1);
    await fixture.drops('not-receiving', 1);
    expect(fixture.stats()).toMatchObject({ remotesRefused: 1, packetsOut: 0 });
  });
});

describe('ports', () => {
  it('says no-ports when they are used up, and has some again after the rest', async () => {
    const small = new RelayFixture({ ports: [17_300, 17_305], restMs: 10_000 });
    const { session } = await small.open();
    small.relay.command({ type: 'open', session: 77, interfaces: ['main', 'main'] });
    expect(await small.said('refused', 77)).toMatchObject({ reason: 'no-ports' });
    small.relay.command({ type: 'close', session });
    small.clock.advance(10_001);
    await small.open();
    small.stop();
  });

  it('passes over a pair that another program holds, and counts it', async () => {
    const small = new RelayFixture({ ports: [17_320, 17_327] });
    const holder = new RelayFixture({ ports: [17_320, 17_323] });
    await holder.open();
    const { legs } = await small.open();
    expect(legs.map(({ rtpPort }) => rtpPort).toSorted()).toEqual([17_324, 17_326]);
    expect(small.stats().bindFailures).toBe(2);
    holder.stop();
    small.stop();
  });

  it('a session closed while it opens is refused and holds nothing', async () => {
    const small = new RelayFixture({ ports: [17_340, 17_343] });
    small.relay.command({ type: 'open', session: 5, interfaces: ['main', 'main'] });
    small.relay.command({ type: 'close', session: 5 });
    await small.said('refused', 5);
    small.relay.command({ type: 'open', session: 6, interfaces: ['main', 'main'] });
    await small.said('opened', 6);
    small.stop();
  });
});

describe('an old stream on reused ports', () => {
  const old = (sequence: number): Buffer => rtpPacket({ sequence, ssrc: 0xabc });

  /** Two pairs only: the next call gets the same ones. */
  const reused = async (): Promise<{
    small: RelayFixture;
    before: Party;
    port: number;
    next: Awaited<ReturnType<RelayFixture['call']>>;
  }> => {
    const small = new RelayFixture({ ports: [17_360, 17_363], restMs: 10_000 });
    const { session, legs, parties } = await small.call();
    await parties[0].send(old(1), legs[0].rtpPort);
    await parties[1].hears(1);
    small.relay.command({ type: 'close', session });
    small.clock.advance(10_020);
    const next = await small.call();
    expect(next.legs[0]).toEqual(legs[0]);
    return { small, before: parties[0], port: legs[0].rtpPort, next };
  };

  it('is refused although the new party has the same address, and the new party is heard', async () => {
    const { small, before, port, next } = await reused();
    await before.send(old(502), port);
    await before.send(rtpPacket({ sequence: 1, ssrc: 0xdef }), port);
    await small.drops('stale', 2);
    const elsewhere = await small.party();
    await elsewhere.send(old(503), port);
    await small.drops('stale', 3);
    await next.parties[0].send(rtpPacket({ sequence: 9, ssrc: 0x123 }), port);
    expect(await next.parties[1].hears(1)).toMatchObject([{ payload: Buffer.alloc(160, 9) }]);
    await before.send(old(504), port);
    await small.drops('stale', 4);
    small.stop();
  });

  it('is refused although it comes from the very port that the new SDP names', async () => {
    const { small, before, port, next } = await reused();
    small.connect(next.session, 0, before);
    await before.send(old(502), port);
    await small.drops('stale', 1);
    small.clock.advance(20);
    await before.send(old(503), port);
    await small.drops('stale', 2);
    await before.send(rtpPacket({ sequence: 9, ssrc: 0x123 }), port);
    expect(await next.parties[1].hears(1)).toMatchObject([{ payload: Buffer.alloc(160, 9) }]);
    small.stop();
  });

  it.each([
    { name: 'elsewhere', timestamp: 0x70000000 },
    { name: 'before where it was', timestamp: 0xffff0000 },
  ])('a party that gives each call the same SSRC is heard: its clock starts $name', async ({ timestamp }) => {
    const { small, before, port, next } = await reused();
    small.connect(next.session, 0, before);
    await before.send(rtpPacket({ sequence: 1, timestamp, ssrc: 0xabc }), port);
    expect(await next.parties[1].hears(1)).toMatchObject([{ payload: Buffer.alloc(160, 1) }]);
    await before.send(rtpPacket({ sequence: 2, timestamp: timestamp + 160, ssrc: 0xabc }), port);
    await next.parties[1].hears(2);
    small.stop();
  });

  it('from another port the same SSRC is the named party’s own', async () => {
    const { small, port, next } = await reused();
    await next.parties[0].send(old(3), port);
    expect(await next.parties[1].hears(1)).toHaveLength(1);
    small.stop();
  });
});

describe('silence', () => {
  const minute = 60_000;

  it('is said once when nobody who should send does', async () => {
    const { session } = await fixture.call();
    fixture.clock.advance(minute - 1000);
    expect(fixture.events.filter(({ type }) => type === 'silent')).toHaveLength(0);
    fixture.clock.advance(2 * minute);
    expect(fixture.events.filter(({ type }) => type === 'silent')).toEqual([{ type: 'silent', session }]);
  });

  it('is not said while one of them sends, and again after somebody spoke', async () => {
    const { legs, parties } = await fixture.call();
    for (let i = 0; i < 3; i++) {
      fixture.clock.advance(minute - 2000);
      await talk(parties[0], legs[0].rtpPort, i);
      await parties[1].hears(i + 1);
    }
    expect(fixture.events.filter(({ type }) => type === 'silent')).toHaveLength(0);
    fixture.clock.advance(minute + 2000);
    await talk(parties[0], legs[0].rtpPort, 3);
    await parties[1].hears(4);
    fixture.clock.advance(minute + 2000);
    expect(fixture.events.filter(({ type }) => type === 'silent')).toHaveLength(2);
  });

  it('is not said where nobody is expected to send', async () => {
    const { session, parties } = await fixture.call();
    fixture.connect(session, 0, parties[0], { sends: false });
    fixture.connect(session, 1, null);
    fixture.clock.advance(10 * minute);
    expect(fixture.events.filter(({ type }) => type === 'silent')).toHaveLength(0);
  });

  it('is counted anew from the end of a hold', async () => {
    const { session, parties } = await fixture.call();
    fixture.connect(session, 0, parties[0], { sends: false });
    fixture.connect(session, 1, parties[1], { sends: false });
    fixture.clock.advance(10 * minute);
    fixture.connect(session, 1, parties[1]);
    fixture.clock.advance(minute - 2000);
    expect(fixture.events.filter(({ type }) => type === 'silent')).toHaveLength(0);
    fixture.clock.advance(3000);
    expect(fixture.events.filter(({ type }) => type === 'silent')).toHaveLength(1);
  });

  it('an idle worker has nothing scheduled', async () => {
    const { session } = await fixture.call();
    fixture.relay.command({ type: 'close', session });
    fixture.clock.advance(2000);
    expect(fixture.clock.scheduled).toBe(0);
  });
});

describe('formats', () => {
  it('come and go with SDP', async () => {
    const { session, legs, parties } = await fixture.call();
    fixture.connect(session, 0, parties[0], { formats: speechFormats.slice(1) });
    await talk(parties[0], legs[0].rtpPort, 1);
    await fixture.drops('unknown-payload-type', 1);
    await parties[0].send(rtpPacket({ sequence: 2, payloadType: 8 }), legs[0].rtpPort);
    expect(await parties[1].hears(1)).toMatchObject([{ payloadType: 8 }]);
  });
});

describe('garbage', () => {
  it('is dropped and counted, every datagram of it, and speech goes on', async () => {
    const { legs, parties } = await fixture.call();
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return (seed >>> 8) % below;
    };
    // A packet that is taken for speech may still be older than its source's first, and counts twice then.
    const handled = (): number => {
      const { packetsIn, drops } = fixture.stats();
      const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
      return packetsIn + dropped - (drops['before-rebase'] ?? 0);
    };
    for (let i = 1; i <= 600; i++) {
      const junk = Buffer.from(Array.from({ length: random(60) }, () => random(256)));
      // Half of it begins like RTP of a known payload type.
      if (i % 2 === 0 && junk.length > 1) junk.set([0x80 | random(64), random(2) * 8], 0);
      await parties[0].send(junk, legs[0].rtpPort);
      while (i % 20 === 0 && handled() < i) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(handled()).toBe(600);
    expect(fixture.stats().sessionFaults).toBe(0);
    await parties[0].send(
      rtpPacket({ sequence: 1, ssrc: 0x5eed, payload: Buffer.from('speech') }),
      legs[0].rtpPort,
    );
    while (!parties[1].heard.some(({ payload }) => payload.toString() === 'speech')) {
      await parties[1].hears(parties[1].heard.length + 1);
    }
  });
});
