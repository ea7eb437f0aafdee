import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tapKind } from '../../src/kernel/tap-ring.ts';
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

describe('a code that a party dials', () => {
  const star = 10;
  /** A key of 60 ms by RFC 4733: updates each 20 ms, its end three times. */
  const dial = async (key: number, timestamp: number, ended = true): Promise<void> => {
    for (let n = 0; n < (ended ? 6 : 2); n++) {
      const ticks = 160 * Math.min(3, n + 1);
      const payload = Buffer.from([key, (n > 2 ? 0x80 : 0) | 10, ticks >> 8, ticks & 255]);
      const fields = { sequence: ++sequence, timestamp, payloadType: eventType, marker: n === 0, payload };
      await caller.send(rtpPacket(fields), call.legs[0].rtpPort);
    }
  };
  /** All that was sent so far has been read. */
  const settled = async (): Promise<void> => {
    for (;;) {
      fixture.relay.command({ type: 'stats' });
      const read = fixture.events.findLast((said) => said.type === 'stats')!.stats.packetsIn;
      if (read >= sequence - before) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const codes = (): string[] => fixture.events.flatMap((said) => (said.type === 'code' ? [said.code] : []));
  const events = () =>
    callee.heard.filter(({ payloadType }) => payloadType === eventType).map(({ payload }) => payload);
  /** Runs of the same key, with the ticks of the last packet of each. */
  const heardKeys = (): [number, number][] => {
    const runs: [number, number][] = [];
    for (const payload of events()) {
      const ticks = payload.readUInt16BE(2);
      const last = runs.at(-1);
      if (last?.[0] === payload[0] && !(ticks < last![1])) last![1] = ticks;
      else runs.push([payload[0]!, ticks]);
    }
    return runs;
  };
  let before = 0;
  beforeEach(() => {
    before = sequence;
    fixture.relay.command({ type: 'codes', session: call.session, leg: 0, codes: ['*1', '*2'] });
  });

  it('is said once, and the other party hears nothing of it', async () => {
    await dial(star, 1000);
    await dial(1, 3000);
    await speak();
    await callee.hears(1);
    fixture.clock.advance(3000);
    expect(codes()).toEqual(['*1']);
    expect(callee.heard.map(({ payloadType }) => payloadType)).toEqual([0]);
  });

  it('is held for a second at most, and then sent whole: its own length, its end three times', async () => {
    await dial(star, 1000);
    await settled();
    fixture.clock.advance(999);
    await settled();
    expect(events()).toEqual([]);
    fixture.clock.advance(500);
    await callee.hears(5);
    await settled();
    expect(codes()).toEqual([]);
    expect(events().map((payload) => [payload[0], payload[1]! & 0x80, payload.readUInt16BE(2)])).toEqual([
      [star, 0, 160],
      [star, 0, 320],
      [star, 0x80, 480],
      [star, 0x80, 480],
      [star, 0x80, 480],
    ]);
  });

  it('is sent in its order, and before the key that spoilt it', async () => {
    await dial(star, 1000);
    await dial(7, 3000);
    await settled();
    fixture.clock.advance(1000);
    await callee.hears(10);
    expect(heardKeys()).toEqual([
      [star, 480],
      [7, 480],
    ]);
    expect(codes()).toEqual([]);
  });

  it('leaves one stream behind: numbers without a gap, events of one timestamp, time that goes on', async () => {
    await speak();
    await callee.hears(1);
    await dial(star, 1000);
    await dial(7, 3000);
    await settled();
    fixture.clock.advance(1000);
    await callee.hears(11);
    await speak();
    await callee.hears(12);
    const { heard } = callee;
    const steps = heard.slice(1).map(({ sequence: own }, i) => (own - heard[i]!.sequence) & 0xffff);
    expect(new Set(steps)).toEqual(new Set([1]));
    expect(new Set(heard.slice(1, 6).map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(heard[1]!.marker && heard[6]!.marker).toBe(true);
    const times = heard.map(({ timestamp }) => (timestamp - heard[0]!.timestamp) | 0);
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
  });

  it('keeps what is said meanwhile from the other party only, not from the recording', async () => {
    fixture.relay.command({ type: 'begin', session: call.session, recording: 0 });
    await dial(star, 1000);
    await dial(7, 3000);
    await settled();
    await speak();
    await settled();
    expect(callee.heard.filter(({ payloadType }) => payloadType === 0)).toEqual([]);
    fixture.clock.advance(1000);
    await speak();
    await callee.hears(11);
    const tapped = fixture.tapped().filter(({ channel, kind }) => channel === 0 && kind === tapKind.packet);
    expect(tapped).toHaveLength(14);
  });

  it('of a key that stays down goes on for as long as it does', async () => {
    const holds = async (ms: number, ended = false): Promise<void> => {
      const payload = Buffer.from([star, ended ? 0x8a : 10, (8 * ms) >> 8, (8 * ms) & 255]);
      await caller.send(
        rtpPacket({ sequence: ++sequence, timestamp: 1000, payloadType: eventType, payload }),
        call.legs[0].rtpPort,
      );
      await settled();
    };
    for (let ms = 100; ms <= 1500; ms += 100) {
      await holds(ms, ms === 1500);
      fixture.clock.advance(100);
    }
    fixture.clock.advance(1500);
    await callee.hears(77);
    expect(heardKeys()).toEqual([[star, 12_000]]);
    expect(events().filter((payload) => (payload[1]! & 0x80) !== 0)).toHaveLength(3);
  });

  it('passes at once where it is none, and on a leg that has none', async () => {
    await dial(5, 1000);
    await callee.hears(6);
    fixture.relay.command({ type: 'codes', session: call.session, leg: 0, codes: [] });
    await dial(star, 3000);
    await callee.hears(12);
  });

  it('is forgotten where the other party is on hold', async () => {
    await dial(star, 1000);
    await settled();
    fixture.connect(call.session, 1, callee, { receives: false });
    fixture.clock.advance(1500);
    fixture.connect(call.session, 1, callee);
    await speak();
    await callee.hears(1);
    expect(events()).toEqual([]);
  });
});
