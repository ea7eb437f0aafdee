import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readControl, report } from '../media/control-packets.ts';
import { MemoryPort } from '../media/memory-port.ts';
import { rtpPacket } from '../media/party.ts';
import { promptOf, RelayFixture } from '../media/relay-fixture.ts';

type Side = 0 | 1;

const side = fc.constantFrom<Side>(0, 1);
const jump = fc.integer({ min: -40_000, max: 40_000 });
/** A step back by no more is a late packet or a copy, which may take a loss below zero (RFC 3550 §6.4.1, §A.1). */
const leastBack = 102;
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('speak' as const),
      side,
      packets: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('lose' as const),
      side,
      packets: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('miss' as const),
      side,
      packets: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('report' as const), side }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ssrc' as const), side }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('jump' as const),
      side,
      by: jump,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prompt' as const), side }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('gate' as const), open: fc.constantFrom(true, true, false) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hold' as const), side, on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 15_000 }) }),
  },
);

/** A packet as its party sent it. */
interface Spoken {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
}

/** What a party hears, counted as RFC 3550 §A.1 and §A.3 have it, by nothing of ours. */
class Hearing {
  ssrc = 0;
  highest = -1;
  /** The packet that is the highest one; null: a prompt's. */
  newest: Spoken | null = null;
  #base = 0;
  #received = 0;

  take(packet: Buffer): void {
    const sequence = packet.readUInt16BE(2);
    const ahead = ((sequence - this.highest) << 16) >> 16;
    if (this.highest < 0 || ahead > 3000 || ahead < -100) {
      this.#base = this.highest = sequence;
      this.#received = 0;
      this.newest = spokenOf(packet);
    } else if (ahead > 0) {
      this.highest += ahead;
      this.newest = spokenOf(packet);
    }
    this.#received += 1;
    this.ssrc = packet.readUInt32BE(8);
  }

  get lost(): number {
    return this.highest - this.#base + 1 - this.#received;
  }
}

/** Parties write down in the payload what they call a packet. */
function spokenOf(packet: Buffer): Spoken | null {
  if (packet.readUInt32BE(12) !== 0x7e57_7e57) return null;
  const [ssrc, sequence, timestamp] = [16, 20, 24].map((at) => packet.readUInt32BE(at));
  return { ssrc: ssrc!, sequence: sequence!, timestamp: timestamp! };
}

class Party {
  readonly hearing = new Hearing();
  readonly spoken = new Map<string, Spoken>();
  ssrc: number;
  sequence: number;
  timestamp: number;
  /** Packets to come that do not reach it. */
  missing = 0;
  missed = 0;
  /** Numbers that it has passed over, either way, since its last packet. */
  #passedOver = 0;
  /** Of those what a receiver may take for loss. */
  lostOnTheWay = 0;
  /** Of the newest packet it heard: how far the clock that it hears is from the speaker's. */
  clockOffset: { readonly ssrc: number; readonly ticks: number } | null = null;

  constructor(ssrc: number, sequence: number, timestamp: number) {
    [this.ssrc, this.sequence, this.timestamp] = [ssrc, sequence, timestamp];
  }

  /** Its numbers go on elsewhere; with the next packet it shows whether that is loss. */
  skip(by: number): void {
    this.#passedOver += by;
  }

  next(): Buffer {
    const by = (this.#passedOver << 16) >> 16;
    const step = by < 0 && by > -leastBack ? -leastBack : by;
    this.#passedOver = 0;
    this.lostOnTheWay += Math.max(0, step);
    this.sequence = (this.sequence + step) & 0xffff;
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp = (this.timestamp + 160) >>> 0;
    const { ssrc, sequence, timestamp } = this;
    const payload = Buffer.alloc(160);
    [0x7e57_7e57, ssrc, sequence, timestamp].forEach((value, i) => payload.writeUInt32BE(value, 4 * i));
    this.spoken.set(`${ssrc}/${sequence}`, { ssrc, sequence, timestamp });
    return rtpPacket({ ssrc, sequence, timestamp, payload });
  }

  hears(packet: Buffer): void {
    if (this.missing > 0) {
      this.missing -= 1;
      this.missed += 1;
      // It may be the one with which the numbers changed: what the clock is now, the next one tells.
      this.clockOffset = null;
      return;
    }
    this.hearing.take(packet);
    const spoken = spokenOf(packet);
    if (spoken === null || this.hearing.newest?.sequence !== spoken.sequence) return;
    this.clockOffset = { ssrc: spoken.ssrc, ticks: (packet.readUInt32BE(4) - spoken.timestamp) >>> 0 };
  }
}

const prompt = promptOf('told', new Int16Array(2400));
const rtp = [40_000, 40_002] as const;
const rtcp = [40_001, 40_003] as const;
let said = 0;

type Steps = readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[];

async function play(steps: Steps, firsts: readonly (readonly [number, number])[]): Promise<void> {
  let port!: MemoryPort;
  const fixture = new RelayFixture({
    prompts: [prompt],
    openPort: (receiver) => (port = new MemoryPort(receiver)),
  });
  const { session, legs } = await fixture.open();
  const parties = firsts.map(([sequence, timestamp], n) => new Party(100 * (n + 1), sequence, timestamp));
  const connect = (n: Side, change = {}): void => {
    fixture.connect(session, n, { address: '127.0.0.1', port: rtp[n] }, change);
  };
  const hearAll = (): Buffer[] => {
    const reports: Buffer[] = [];
    for (const { to, packet } of port.sent.splice(0)) {
      if (to === rtp[0] || to === rtp[1]) parties[to === rtp[0] ? 0 : 1]!.hears(packet);
      else reports.push(packet);
    }
    return reports;
  };
  const reportOf = (n: Side): void => {
    const [party, other] = [parties[n]!, parties[1 - n]!];
    const { hearing } = party;
    hearAll();
    const before = other.hearing.newest;
    const about = { ssrc: hearing.ssrc, highest: hearing.highest >>> 0, lost: hearing.lost, jitter: 7 };
    const info = { ntp: [1, 2] as const, timestamp: (party.timestamp + 80) >>> 0 };
    port.deliver(legs[n].rtcpPort, report(party.ssrc, info, about), rtcp[n], fixture.clock.now);
    for (const packet of hearAll()) {
      const { info: passed, block } = readControl(packet);
      if (block !== null) {
        said += 1;
        // It names the very packet that the reporter has as its newest, by the name that its sender gave it.
        expect({ ssrc: block.ssrc, sequence: block.highest & 0xffff }).toEqual({
          ssrc: hearing.newest?.ssrc,
          sequence: hearing.newest?.sequence,
        });
        expect(other.spoken.has(`${block.ssrc}/${block.highest & 0xffff}`)).toBe(true);
        expect([block.jitter, block.lost >= 0]).toEqual([7, true]);
        expect(block.lost).toBeLessThanOrEqual(party.missed + other.lostOnTheWay);
      }
      if (
        passed !== null &&
        before?.ssrc === party.ssrc &&
        other.clockOffset?.ssrc === party.ssrc &&
        other.missing === 0
      ) {
        expect((passed.timestamp - info.timestamp) >>> 0).toBe(other.clockOffset.ticks);
      }
    }
  };
  connect(0);
  connect(1);
  for (const one of steps) {
    const party = 'side' in one ? parties[one.side]! : parties[0]!;
    switch (one.kind) {
      case 'speak':
        for (let n = 0; n < one.packets; n++) {
          port.deliver(legs[one.side].rtpPort, party.next(), rtp[one.side], fixture.clock.now);
          fixture.clock.advance(20);
        }
        hearAll();
        break;
      case 'lose':
        party.skip(one.packets);
        party.timestamp = (party.timestamp + 160 * one.packets) >>> 0;
        break;
      case 'miss':
        party.missing = one.packets;
        break;
      case 'report':
        reportOf(one.side);
        break;
      case 'ssrc':
        party.ssrc += 1;
        break;
      case 'jump':
        party.skip(one.by);
        break;
      case 'prompt':
        fixture.relay.command({ type: 'play', session, leg: one.side, prompt: 'told' });
        break;
      case 'gate':
        fixture.relay.command({ type: 'gate', session, open: one.open });
        break;
      case 'hold':
        connect(one.side, one.on ? { receives: false } : {});
        break;
      case 'wait':
        fixture.clock.advance(one.ms);
        break;
    }
  }
  hearAll();
  fixture.stop();
}

describe('RTCP through any history of prompts, holds, gates, jumps and new SSRCs', () => {
  it('what a party is told of its own stream is a packet that it sent, and the newest that the other one heard', async () => {
    const first = fc.tuple(fc.nat(0xffff), fc.nat(0xffff_ffff));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), fc.tuple(first, first), play),
      {
        numRuns: 200,
      },
    );
    expect(said).toBeGreaterThan(200);
  });
});
