import { afterEach, describe, expect, it } from 'vitest';
import { type Party, rtpPacket } from './party.ts';
import { promptOf, RelayFixture } from './relay-fixture.ts';

const sound = Int16Array.from({ length: 880 }, (_, i) => Math.round(6000 * Math.sin(i / 7)));
const prompts = [promptOf('told', sound)];

let fixture: RelayFixture;

afterEach(() => {
  fixture.stop();
});

const steps = (numbers: readonly number[], mask: number): number[] =>
  numbers.slice(1).map((n, i) => (n - numbers[i]!) & mask);
const talk = (party: Party, port: number, sequence: number): Promise<void> =>
  party.send(rtpPacket({ sequence }), port);

describe('a tone', () => {
  /** 40 ms: two packets, and then again. */
  const tone = promptOf('tone', sound.subarray(0, 320));
  const ringing = async () => {
    fixture = new RelayFixture({ prompts: [...prompts, tone] });
    const call = await fixture.call();
    fixture.relay.command({ type: 'ring', session: call.session, leg: 0, prompt: 'tone' });
    return call;
  };

  it('begins again at its end, without a break, and nothing is said of it', async () => {
    const { session, parties } = await ringing();
    fixture.clock.advance(190);
    const heard = await parties[0].hears(10);
    expect(heard.map(({ payload }) => payload)).toEqual(
      Array.from({ length: 10 }, (_, n) => heard[n % 2]!.payload),
    );
    expect(heard[0]!.payload).not.toEqual(heard[1]!.payload);
    expect(
      new Set(
        steps(
          heard.map(({ sequence }) => sequence),
          0xffff,
        ),
      ),
    ).toEqual(new Set([1]));
    expect(heard.map(({ marker }) => marker)).toEqual([true, ...Array<boolean>(9).fill(false)]);
    fixture.relay.command({ type: 'stop-play', session, leg: 0 });
    fixture.clock.advance(100);
    await talk(parties[1], (await fixture.said('opened', session)).legs[1].rtpPort, 1);
    expect(await parties[0].hears(11)).toHaveLength(11);
    expect(fixture.events.filter(({ type }) => type === 'played')).toEqual([]);
  });

  it('makes way for the other party, whose first packet is heard', async () => {
    const { legs, parties } = await ringing();
    fixture.clock.advance(30);
    await parties[0].hears(2);
    await talk(parties[1], legs[1].rtpPort, 7);
    const heard = await parties[0].hears(3);
    expect(heard[2]).toMatchObject({ marker: true, payload: Buffer.alloc(160, 7) });
    fixture.clock.advance(200);
    await talk(parties[1], legs[1].rtpPort, 8);
    expect(await parties[0].hears(4)).toHaveLength(4);
  });

  it('does not for who is held back by a closed gate', async () => {
    const { session, legs, parties } = await ringing();
    fixture.relay.command({ type: 'gate', session, open: false });
    await talk(parties[1], legs[1].rtpPort, 7);
    await fixture.drops('gate-closed', 1);
    fixture.clock.advance(190);
    expect(await parties[0].hears(10)).toHaveLength(10);
  });

  it('is not begun where the other party has been heard', async () => {
    fixture = new RelayFixture({ prompts: [...prompts, tone] });
    const { session, legs, parties } = await fixture.call();
    await talk(parties[1], legs[1].rtpPort, 7);
    await parties[0].hears(1);
    fixture.relay.command({ type: 'ring', session, leg: 0, prompt: 'tone' });
    fixture.clock.advance(100);
    await talk(parties[1], legs[1].rtpPort, 8);
    expect((await parties[0].hears(2))[1]).toMatchObject({ payload: Buffer.alloc(160, 8) });
  });

  it('gives way to a prompt, which is reported as always', async () => {
    const { session } = await ringing();
    fixture.clock.advance(30);
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(140);
    expect(fixture.events.filter(({ type }) => type === 'played')).toMatchObject([
      { leg: 0, report: { prompt: 'told', end: 'whole' } },
    ]);
  });
});
