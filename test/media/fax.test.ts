import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Party, rtpPacket } from './party.ts';
import { RelayFixture, promptOf } from './relay-fixture.ts';

let fixture: RelayFixture;

beforeEach(() => {
  fixture = new RelayFixture();
});
afterEach(() => {
  fixture.stop();
});

/** A UDPTL packet by the drawing of T.38 Annex A: sequence number, then what the relay has no business with. */
const udptl = (sequence: number): Buffer => {
  const packet = Buffer.alloc(20, 0xa5);
  packet.writeUInt16BE(sequence);
  return packet;
};

async function faxCall(): ReturnType<RelayFixture['call']> {
  const call = await fixture.call();
  for (const leg of [0, 1] as const) {
    fixture.connect(call.session, leg, call.parties[leg], { transport: 'udptl', formats: [] });
  }
  return call;
}

const heardBy = async (party: Party, count: number): Promise<Buffer[]> =>
  (await party.hears(count)).map(({ packet }) => packet);

describe('T.38 by UDPTL', () => {
  it('passes byte for byte in both directions, through a closed gate, and is counted', async () => {
    const { session, legs, parties } = await faxCall();
    fixture.relay.command({ type: 'gate', session, open: false });
    await parties[0].send(udptl(0), legs[0].rtpPort);
    await parties[0].send(udptl(1), legs[0].rtpPort);
    await parties[1].send(udptl(40_000), legs[1].rtpPort);
    expect(await heardBy(parties[1], 2)).toEqual([udptl(0), udptl(1)]);
    expect(await heardBy(parties[0], 1)).toEqual([udptl(40_000)]);
    expect(fixture.stats()).toMatchObject({ packetsIn: 3, packetsOut: 3, packetsLost: 0 });
    fixture.relay.command({ type: 'close', session });
    const { legs: counts } = await fixture.said('closed', session);
    expect(counts.map(({ packetsReceived, packetsSent }) => [packetsReceived, packetsSent])).toEqual([
      [2, 1],
      [1, 2],
    ]);
  });

  it('is never given to the tap, also not while a recording has not ended yet', async () => {
    const { session, legs, parties } = await fixture.call();
    fixture.relay.command({ type: 'begin', session, recording: 3 });
    await parties[0].send(rtpPacket({ sequence: 1 }), legs[0].rtpPort);
    await parties[1].hears(1);
    const before = fixture.tapped().length;
    for (const leg of [0, 1] as const) {
      fixture.connect(session, leg, parties[leg], { transport: 'udptl', formats: [] });
    }
    await parties[0].send(udptl(7), legs[0].rtpPort);
    await parties[1].hears(2);
    expect(before).toBeGreaterThan(1);
    expect(fixture.tapped()).toEqual([]);
  });

  it('is silent between pages without an end of the call', async () => {
    const { session } = await faxCall();
    fixture.clock.advance(200_000);
    expect(fixture.events.filter(({ type }) => type === 'silent')).toEqual([]);
    fixture.connect(session, 0, await fixture.party());
    fixture.clock.advance(61_000);
    expect(fixture.events.filter(({ type }) => type === 'silent')).toHaveLength(1);
  });

  it('is taken from the address that SDP named, from its port or the one other that spoke first', async () => {
    const { legs, parties } = await faxCall();
    const [behindNat, another] = [await fixture.party(), await fixture.party()];
    await behindNat.send(udptl(1), legs[0].rtpPort);
    expect(await heardBy(parties[1], 1)).toEqual([udptl(1)]);
    await another.send(udptl(2), legs[0].rtpPort);
    await fixture.drops('foreign-port', 1);
    // Answered where it spoke from.
    await parties[1].send(udptl(3), legs[1].rtpPort);
    expect(await heardBy(behindNat, 1)).toEqual([udptl(3)]);
    await parties[0].send(udptl(4), legs[0].rtpPort);
    expect(await heardBy(parties[1], 2)).toEqual([udptl(1), udptl(4)]);
  });

  it('learns no port from speech that is still on its way', async () => {
    const { legs } = await faxCall();
    const voice = await fixture.party();
    await voice.send(rtpPacket({ sequence: 9 }), legs[0].rtpPort);
    await fixture.drops('foreign-port', 1);
  });

  it('goes to nobody who still speaks, and speech to nobody who faxes', async () => {
    const { session, legs, parties } = await fixture.call();
    fixture.connect(session, 0, parties[0], { transport: 'udptl', formats: [] });
    await parties[0].send(udptl(1), legs[0].rtpPort);
    await parties[1].send(rtpPacket({ sequence: 1 }), legs[1].rtpPort);
    await fixture.drops('not-receiving', 2);
    expect([parties[0].heard, parties[1].heard]).toEqual([[], []]);
  });

  it('of more than any fax is thrown away', async () => {
    const { legs, parties } = await faxCall();
    await parties[0].send(Buffer.alloc(2049), legs[0].rtpPort);
    await fixture.drops('oversized', 1);
  });

  it('stops a prompt: nobody hears one by UDPTL', async () => {
    fixture.stop();
    fixture = new RelayFixture({ prompts: [promptOf('told', new Int16Array(8000))] });
    const { session, parties } = await fixture.call();
    fixture.relay.command({ type: 'play', session, leg: 1, prompt: 'told' });
    fixture.connect(session, 1, parties[1], { transport: 'udptl', formats: [] });
    expect((await fixture.said('played', session)).report.end).toBe('stopped');
  });

  it('ends, and speech goes on behind its last number, marked', async () => {
    const { session, legs, parties } = await fixture.call();
    await parties[0].send(rtpPacket({ sequence: 5 }), legs[0].rtpPort);
    const [first] = await parties[1].hears(1);
    for (const transport of ['udptl', 'rtp'] as const) {
      for (const leg of [0, 1] as const) fixture.connect(session, leg, parties[leg], { transport });
    }
    fixture.clock.advance(1000);
    await parties[0].send(rtpPacket({ sequence: 6 }), legs[0].rtpPort);
    const [, second] = await parties[1].hears(2);
    expect(second).toMatchObject({
      marker: true,
      ssrc: first!.ssrc,
      sequence: (first!.sequence + 1) & 0xffff,
    });
  });
});
