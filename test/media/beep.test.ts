import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recorderTone } from '../../src/audio/recorder-tone.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import type { MediaCommand } from '../../src/media/protocol.ts';
import { ffmpegALaw, ffmpegMuLaw } from '../audio/g711-vectors.ts';
import { type Heard, rtpPacket } from './party.ts';
import { promptOf, RelayFixture, speechFormats } from './relay-fixture.ts';

const tone = recorderTone().samples;
const g722 = { payloadType: 9, encoding: 'G722', clockRate: 8000 };
const everyMs = 5000;
/** The second of two that are played to begins with the next tick. */
const leadMs = 10;

let fixture: RelayFixture;
let call: Awaited<ReturnType<RelayFixture['call']>>;

beforeEach(async () => {
  fixture = new RelayFixture({ prompts: [promptOf('beep', tone), promptOf('told', tone.subarray(0, 320))] });
  call = await fixture.call();
});
afterEach(() => {
  fixture.stop();
});

const order = (
  command: Omit<Extract<MediaCommand, { readonly type: 'begin' }>, 'type' | 'session'>,
): void => {
  fixture.relay.command({ type: 'begin', session: call.session, ...command });
};
const begin = (): void => {
  order({ recording: 1, beep: { sound: 'beep', everyMs } });
};
const mark = (type: 'pause' | 'resume' | 'end'): void => {
  fixture.relay.command({ type, session: call.session, recording: 1, at: fixture.clock.monotonic() });
};
const quiet = Buffer.alloc(160, 0xff);
/** The caller says something, and the callee has heard all that was said. */
const talk = async (
  sequence: number,
  packet: Partial<Parameters<typeof rtpPacket>[0]> = {},
): Promise<Heard> => {
  const before = call.parties[1].heard.length;
  await call.parties[0].send(rtpPacket({ sequence, payload: quiet, ...packet }), call.legs[0].rtpPort);
  return (await call.parties[1].hears(before + 1))[before]!;
};
/** Speaks for so long, a packet each 20 ms. */
const speak = async (ms: number, from: number, packet = {}): Promise<Heard[]> => {
  const heard: Heard[] = [];
  for (let i = 0; i < ms / 20; i++) {
    heard.push(await talk(from + i, packet));
    fixture.clock.advance(20);
  }
  return heard;
};
const isQuiet = ({ payload }: Heard): boolean => payload.equals(quiet);
const tapped = (): Buffer[] =>
  fixture
    .tapped()
    .filter(({ kind }) => kind === tapKind.packet)
    .map(({ bytes }) => Buffer.from(bytes.subarray(12)));

describe('a recorder tone over G.711', () => {
  it.each([
    ['mu-law', 0, 0xff, ffmpegMuLaw],
    ['A-law', 8, 0xd5, ffmpegALaw],
  ] as const)(
    'is laid over speech in %s, sample by sample, and the tap gets what was said',
    async (_, payloadType, octet, law) => {
      const payload = Buffer.alloc(160, octet);
      begin();
      await talk(0, { payloadType, payload });
      fixture.clock.advance(everyMs - 40);
      await talk(1, { payloadType, payload });
      fixture.clock.advance(40);
      const heard = await speak(240, 2, { payloadType, payload });
      const samples = Buffer.concat(heard.map((one) => one.payload)).map((one) => one);
      const said = law[octet]!;
      // G.711's steps are 1/32 of what they code at most.
      for (const [i, one] of tone.entries())
        expect(Math.abs(law[samples[i]!]! - said - one)).toBeLessThanOrEqual(16 + Math.abs(one) / 32);
      expect(samples.subarray(tone.length).every((one) => one === octet)).toBe(true);
      expect(tapped().every((one) => one.equals(payload))).toBe(true);
      expect(heard.map(({ sequence }) => sequence - heard[0]!.sequence)).toEqual([...heard.keys()]);
    },
  );

  it('is heard by both parties', async () => {
    begin();
    fixture.clock.advance(everyMs - 20);
    await talk(0);
    await call.parties[1].send(rtpPacket({ sequence: 1, payload: quiet, ssrc: 5 }), call.legs[1].rtpPort);
    await call.parties[0].hears(1);
    fixture.clock.advance(20);
    expect(isQuiet(await talk(1))).toBe(false);
    await call.parties[1].send(rtpPacket({ sequence: 2, payload: quiet, ssrc: 5 }), call.legs[1].rtpPort);
    expect((await call.parties[0].hears(2)).map(isQuiet)).toEqual([true, false]);
  });

  it('comes again at each multiple of its interval', async () => {
    begin();
    const beeps: number[] = [];
    const begun = fixture.clock.now;
    // The tone lasts for two of them.
    for (let ms = 0; ms < 16_000; ms += 100) {
      if (!isQuiet(await talk(ms / 100, { timestamp: ms * 8 }))) beeps.push(fixture.clock.now - begun);
      fixture.clock.advance(100);
    }
    expect(beeps.filter((_, i) => i % 2 === 0)).toEqual([5000, 10_000, 15_000]);
  });

  it('leaves a key as it is', async () => {
    begin();
    await talk(0);
    fixture.clock.advance(everyMs - 20);
    await talk(1);
    fixture.clock.advance(20);
    await talk(2);
    const event = Buffer.from([5, 10, 0, 160]);
    expect((await talk(3, { payloadType: 101, payload: event })).payload).toEqual(event);
  });

  it('sounds in no pause, and ends with one', async () => {
    begin();
    await talk(0);
    fixture.clock.advance(everyMs - 20);
    await talk(1);
    fixture.clock.advance(20);
    expect(isQuiet(await talk(2))).toBe(false);
    mark('pause');
    expect(isQuiet(await talk(3))).toBe(true);
    fixture.clock.advance(everyMs - 20);
    await talk(4);
    fixture.clock.advance(20);
    expect(isQuiet(await talk(5))).toBe(true);
    mark('resume');
    fixture.clock.advance(everyMs - 20);
    await talk(6);
    fixture.clock.advance(20);
    expect(isQuiet(await talk(7))).toBe(false);
  });

  it('ends with the recording, and one without it has none', async () => {
    begin();
    await talk(0);
    mark('end');
    fixture.clock.advance(everyMs - 20);
    await talk(1);
    fixture.clock.advance(20);
    expect(isQuiet(await talk(2))).toBe(true);
    order({ recording: 2 });
    fixture.clock.advance(everyMs - 20);
    await talk(3);
    fixture.clock.advance(20);
    expect(isQuiet(await talk(4))).toBe(true);
  });

  it('does not sound over a closed gate, a prompt or a hold', async () => {
    begin();
    await talk(0);
    fixture.clock.advance(everyMs - 20);
    await talk(1);
    fixture.connect(call.session, 1, call.parties[1], { sends: false });
    fixture.clock.advance(20);
    expect(isQuiet(await talk(2))).toBe(true);
    fixture.connect(call.session, 1, call.parties[1]);
    fixture.clock.advance(everyMs - 20);
    await talk(3);
    fixture.relay.command({ type: 'play', session: call.session, leg: 0, prompt: 'told' });
    fixture.clock.advance(20);
    expect(isQuiet(await talk(4))).toBe(true);
  });
});

describe('a recorder tone where no G.711 is spoken', () => {
  const formats = [g722, ...speechFormats.slice(2)];
  const voice = { payloadType: 9, payload: Buffer.alloc(160, 0x55) };
  beforeEach(() => {
    for (const leg of [0, 1] as const) fixture.connect(call.session, leg, call.parties[leg], { formats });
    begin();
  });

  it('is played in the place of speech, which the recording has whole', async () => {
    await talk(0, voice);
    fixture.clock.advance(everyMs + leadMs);
    await call.parties[0].send(rtpPacket({ sequence: 1, ...voice }), call.legs[0].rtpPort);
    await fixture.drops('beep-playing', 1);
    fixture.clock.advance(220);
    await call.parties[1].hears(11);
    expect((await talk(12, voice)).payload).toEqual(voice.payload);
    const { heard } = call.parties[1];
    expect(heard).toHaveLength(12);
    expect(heard.slice(1, 11).every(({ payload }) => !payload.equals(voice.payload))).toBe(true);
    expect(heard.map(({ sequence }) => sequence - heard[0]!.sequence)).toEqual([...heard.keys()]);
    expect(tapped()).toHaveLength(3);
    expect(fixture.events.filter(({ type }) => type === 'played')).toEqual([]);
  });

  it('makes way for a key, and is not begun over one', async () => {
    const key = { payloadType: 101, payload: Buffer.from([5, 10, 0, 160]) };
    await talk(0, voice);
    fixture.clock.advance(everyMs + leadMs);
    await call.parties[1].hears(2);
    fixture.clock.advance(20);
    await call.parties[1].hears(3);
    expect((await talk(1, key)).payload).toEqual(key.payload);
    fixture.clock.advance(everyMs - 220 - leadMs);
    await talk(2, key);
    fixture.clock.advance(400);
    expect((await talk(3, voice)).payload).toEqual(voice.payload);
    expect(call.parties[1].heard).toHaveLength(6);
  });
});

describe('a recorder tone to who hears nobody', () => {
  it('is played, and makes way for G.711, over which the next one is laid', async () => {
    begin();
    fixture.clock.advance(everyMs + leadMs + 40);
    const [first] = await call.parties[1].hears(3);
    expect(isQuiet(first!)).toBe(false);
    expect(isQuiet(await talk(1))).toBe(true);
    fixture.clock.advance(200);
    expect(isQuiet(await talk(2))).toBe(true);
    expect(call.parties[1].heard).toHaveLength(5);
    fixture.clock.advance(everyMs - 300);
    await talk(3);
    fixture.clock.advance(60);
    expect(isQuiet(await talk(4))).toBe(false);
  });

  it('is played to who hears comfort noise alone (RFC 3389)', async () => {
    const noise = { payloadType: 13, encoding: 'CN', clockRate: 8000 };
    for (const leg of [0, 1] as const)
      fixture.connect(call.session, leg, call.parties[leg], { formats: [...speechFormats, noise] });
    begin();
    await talk(1);
    fixture.clock.advance(everyMs - 20);
    await talk(2, { payloadType: 13, payload: Buffer.from([60]) });
    fixture.clock.advance(20 + leadMs);
    const heard = await call.parties[1].hears(3);
    expect(heard[2]!.payload).toHaveLength(160);
    expect(isQuiet(heard[2]!)).toBe(false);
  });

  it('ends with a pause', async () => {
    begin();
    fixture.clock.advance(everyMs + leadMs + 40);
    await call.parties[1].hears(3);
    mark('pause');
    fixture.clock.advance(400);
    await talk(1);
    expect(call.parties[1].heard).toHaveLength(4);
  });
});
