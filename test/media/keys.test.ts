import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Party, rtpPacket } from './party.ts';
import { RelayFixture, speechFormats } from './relay-fixture.ts';

let fixture: RelayFixture;
let call: Awaited<ReturnType<RelayFixture['call']>>;
let caller: Party;
let callee: Party;
/** RFC 4733 §2.3: event 5, and the packet's place in it. */
const event = (n: number, ended = false): Buffer =>
  Buffer.from([5, (ended ? 0x80 : 0) | 10, 0, 160 * (n + 1)]);
const eventType = speechFormats.find(({ encoding }) => encoding === 'TELEPHONE-EVENT')!.payloadType;

beforeEach(async () => {
  fixture = new RelayFixture();
  call = await fixture.call();
  [caller, callee] = call.parties;
});
afterEach(() => {
  fixture.stop();
});

let sequence = 0;
const speak = (): Promise<void> =>
  caller.send(rtpPacket({ sequence: ++sequence, payloadType: 0 }), call.legs[0].rtpPort);
const press = async (timestamp: number, from = 0, to = 5, payloadType = eventType): Promise<void> => {
  for (let n = from; n < to; n++) {
    const packet = {
      sequence: ++sequence,
      timestamp,
      payloadType,
      marker: n === 0,
      payload: event(n, n > 2),
    };
    await caller.send(rtpPacket(packet), call.legs[0].rtpPort);
  }
};
const ask = (on: boolean): void => {
  fixture.relay.command({ type: 'ask', session: call.session, leg: 0, on });
};
const keys = (): string[] => fixture.events.flatMap((said) => (said.type === 'key' ? [said.key] : []));

describe('the keys of a party', () => {
  it('are said once each and reach nobody while it is asked', async () => {
    ask(true);
    await press(1000);
    await speak();
    await callee.hears(1);
    expect(keys()).toEqual(['5']);
    expect(callee.heard.map(({ payloadType }) => payloadType)).toEqual([0]);
  });

  it('pass and are not said while it is not', async () => {
    await press(1000);
    await callee.hears(5);
    expect(keys()).toEqual([]);
  });

  it('are ours to the last packet of an event that began while it was asked', async () => {
    ask(true);
    await press(1000, 0, 2);
    await speak();
    await callee.hears(1);
    ask(false);
    await press(1000, 2, 5);
    await speak();
    await callee.hears(2);
    expect(callee.heard.map(({ payloadType }) => payloadType)).toEqual([0, 0]);
    await press(5000);
    await callee.hears(7);
    expect(keys()).toEqual(['5']);
  });

  it("are the other party's to the last packet of an event that began before", async () => {
    await press(1000, 0, 2);
    await callee.hears(2);
    ask(true);
    await press(1000, 2, 5);
    await callee.hears(5);
    expect(keys()).toEqual([]);
  });

  it('come by any payload type and clock that was negotiated', async () => {
    const wide = { payloadType: 110, encoding: 'TELEPHONE-EVENT', clockRate: 48_000 };
    fixture.connect(call.session, 0, caller, { formats: [...speechFormats, wide] });
    ask(true);
    await press(1000, 0, 5, 110);
    await speak();
    await callee.hears(1);
    expect(keys()).toEqual(['5']);
  });

  it('leave no gap in the numbers that the other party sees', async () => {
    await speak();
    await callee.hears(1);
    ask(true);
    await press(1000);
    await speak();
    await callee.hears(2);
    const [before, after] = callee.heard as [(typeof callee.heard)[0], (typeof callee.heard)[0]];
    expect((after.sequence - before.sequence) & 0xffff).toBe(1);
  });

  it('are heard while a prompt plays and the gate is closed', async () => {
    fixture.relay.command({ type: 'gate', session: call.session, open: false });
    ask(true);
    await press(1000);
    fixture.relay.command({ type: 'gate', session: call.session, open: true });
    await speak();
    await callee.hears(1);
    expect(keys()).toEqual(['5']);
  });
});
