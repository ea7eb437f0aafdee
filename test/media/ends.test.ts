import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { report } from './control-packets.ts';
import { type Party, rtpPacket } from './party.ts';
import { RelayFixture, speechFormats } from './relay-fixture.ts';

const timeoutMs = 60_000;
const formats = [
  ...speechFormats,
  { payloadType: 13, encoding: 'CN', clockRate: 8000 },
  { payloadType: 18, encoding: 'G729', clockRate: 8000 },
  { payloadType: 4, encoding: 'G723', clockRate: 8000 },
  { payloadType: 111, encoding: 'OPUS', clockRate: 48_000 },
];
const [speech, noise, event, g729, g723, opus] = [0, 13, 101, 18, 4, 111];
const frames = (...lengths: readonly number[]): Buffer => Buffer.alloc(lengths.reduce((a, b) => a + b, 0));

interface Scene {
  readonly session: number;
  readonly parties: readonly [Party, Party];
  readonly ports: readonly [number, number];
  /** A packet of a party's, of a payload type. */
  say(leg: 0 | 1, payloadType: number, payload?: Buffer): Promise<void>;
  /** An RTCP report of a party's. */
  report(leg: 0 | 1): Promise<void>;
  connect(leg: 0 | 1, change: Parameters<RelayFixture['connect']>[3]): void;
}

let fixture: RelayFixture;

beforeEach(() => {
  fixture = new RelayFixture();
});
afterEach(() => {
  fixture.stop();
});

async function scene(): Promise<Scene> {
  const { session, legs, parties } = await fixture.call();
  const control = [await fixture.party(), await fixture.party()] as const;
  const remote = (leg: 0 | 1) => ({
    ...{ address: parties[leg].address, port: parties[leg].port, rtcpPort: control[leg].port },
  });
  const connect: Scene['connect'] = (leg, change) => {
    fixture.connect(session, leg, parties[leg], { remote: remote(leg), formats, ...change });
  };
  connect(0, {});
  connect(1, {});
  let sequence = 0;
  const arrived = async (count: () => number, before: number): Promise<void> => {
    while (count() === before) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    ...{ session, parties, connect, ports: [legs[0].rtpPort, legs[1].rtpPort] },
    async say(leg, payloadType, payload) {
      const before = fixture.stats().packetsIn;
      const packet = rtpPacket({ sequence: (sequence += 1), ssrc: leg + 1, payloadType, payload });
      await parties[leg].send(packet, legs[leg].rtpPort);
      await arrived(() => fixture.stats().packetsIn, before);
    },
    async report(leg) {
      const before = fixture.stats().controlIn;
      await control[leg].send(report(leg + 1, null), legs[leg].rtcpPort);
      await arrived(() => fixture.stats().controlIn, before);
    },
  };
}

/** What happens, then a timeout's time of nothing: whether the call is called silent. */
const situations: readonly {
  readonly name: string;
  readonly happens: (scene: Scene) => Promise<void> | void;
  readonly silent: boolean;
}[] = [
  { name: 'nobody ever says a word', happens: () => undefined, silent: true },
  {
    name: 'both spoke and stopped',
    happens: async (call) => {
      await call.say(0, speech);
      await call.say(1, speech);
    },
    silent: true,
  },
  {
    name: 'both are on hold (inactive)',
    happens: (call) => {
      call.connect(0, { sends: false, receives: false });
      call.connect(1, { sends: false, receives: false });
    },
    silent: false,
  },
  {
    name: 'one holds the other and plays nothing to it, though it may',
    happens: (call) => {
      call.connect(0, { receives: false });
      call.connect(1, { sends: false });
    },
    silent: true,
  },
  {
    name: 'a fax: datagrams of T.38 have no timeout',
    happens: (call) => {
      call.connect(0, { transport: 'udptl', formats: [] });
      call.connect(1, { transport: 'udptl', formats: [] });
    },
    silent: false,
  },
  {
    name: 'RFC 3389: both said comfort noise',
    happens: async (call) => {
      await call.say(0, noise, frames(1));
      await call.say(1, noise, frames(1));
    },
    silent: false,
  },
  {
    name: 'RFC 3389: one said comfort noise, the other has vanished',
    happens: async (call) => {
      await call.say(0, noise, frames(1));
      await call.say(1, speech);
    },
    silent: true,
  },
  {
    name: 'comfort noise, then speech, then nothing',
    happens: async (call) => {
      for (const leg of [0, 1] as const) {
        await call.say(leg, noise, frames(1));
        await call.say(leg, speech);
      }
    },
    silent: true,
  },
  {
    name: 'a digit in the midst of comfort noise changes nothing',
    happens: async (call) => {
      for (const leg of [0, 1] as const) {
        await call.say(leg, noise, frames(1));
        await call.say(leg, event, frames(4));
      }
    },
    silent: false,
  },
  {
    name: 'RFC 3551 §4.5.6: G.729 frames that end with an SID',
    happens: async (call) => {
      await call.say(0, g729, frames(10, 2));
      await call.say(1, g729, frames(2));
    },
    silent: false,
  },
  {
    name: 'G.729 frames of speech alone',
    happens: async (call) => {
      await call.say(0, g729, frames(10, 10));
      await call.say(1, g729, frames(10));
    },
    silent: true,
  },
  {
    name: 'RFC 3551 §4.5.3: a G.723.1 SID behind speech',
    happens: async (call) => {
      const talk = Buffer.concat([Buffer.alloc(24), Buffer.from([2, 0, 0, 0])]);
      await call.say(0, g723, talk);
      await call.say(1, g723, talk);
    },
    silent: false,
  },
  {
    name: 'RFC 6716 §2.1.9: Opus sends each 400 ms even where it may be silent, so that nothing is nobody',
    happens: async (call) => {
      await call.say(0, opus, frames(1));
      await call.say(1, opus, frames(1));
    },
    silent: true,
  },
  {
    name: 'RFC 3108: both said a=silenceSupp:on',
    happens: (call) => {
      call.connect(0, { suppressesSilence: true });
      call.connect(1, { suppressesSilence: true });
    },
    silent: false,
  },
  {
    name: 'comfort noise before a hold says nothing of what follows it',
    happens: async (call) => {
      for (const leg of [0, 1] as const) {
        await call.say(leg, noise, frames(1));
        call.connect(leg, { sends: false });
        call.connect(leg, {});
      }
    },
    silent: true,
  },
];

const silences = (): number => fixture.events.filter(({ type }) => type === 'silent').length;

describe('the RTP timeout', () => {
  it.each(situations)('$name: silent $silent', async ({ happens, silent }) => {
    const call = await scene();
    await happens(call);
    fixture.clock.advance(timeoutMs - 2000);
    expect(silences()).toBe(0);
    fixture.clock.advance(4000);
    expect(silences()).toBe(silent ? 1 : 0);
  });

  it.each([
    { name: 'RTP of the party', leg: 0, by: 'say' },
    { name: 'RTP of the other party', leg: 1, by: 'say' },
    { name: 'RTCP of the party', leg: 0, by: 'report' },
    { name: 'RTCP of the other party', leg: 1, by: 'report' },
  ] as const)('is put off by $name', async ({ leg, by }) => {
    const call = await scene();
    await call.say(0, speech);
    await call.say(1, speech);
    for (let n = 0; n < 4; n++) {
      fixture.clock.advance(timeoutMs - 2000);
      await (by === 'say' ? call.say(leg, speech) : call.report(leg));
    }
    expect(silences()).toBe(0);
    fixture.clock.advance(timeoutMs + 2000);
    expect(silences()).toBe(1);
  });

  it('is not put off by RTCP of a stream that was never heard', async () => {
    const call = await scene();
    await call.say(0, speech);
    fixture.clock.advance(timeoutMs / 2);
    // The callee's SSRC is not known: it might be a device of an earlier call.
    await call.report(1);
    fixture.clock.advance(timeoutMs / 2 + 2000);
    expect(silences()).toBe(1);
  });

  it('counts from the last word of who then fell silent, not of who vanished long before', async () => {
    const call = await scene();
    await call.say(1, speech);
    fixture.clock.advance(timeoutMs - 2000);
    await call.say(0, speech);
    await call.say(0, noise, frames(1));
    fixture.clock.advance(timeoutMs - 2000);
    expect(silences()).toBe(0);
    fixture.clock.advance(4000);
    expect(silences()).toBe(1);
  });
});
