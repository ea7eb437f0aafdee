import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { codecId } from '../../src/audio/codec-id.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import { ffmpegALaw, ffmpegMuLaw } from '../audio/g711-vectors.ts';
import { type Heard, type Party, rtpPacket } from './party.ts';
import { promptOf, RelayFixture, speechFormats } from './relay-fixture.ts';

/** 110 ms, which ends in the middle of a packet; each sample a value that both laws hold exactly enough. */
const sound = Int16Array.from({ length: 880 }, (_, i) => Math.round(6000 * Math.sin(i / 7)));
const prompts = [promptOf('told', sound)];
const [pcmu, pcma, events] = speechFormats as [
  (typeof speechFormats)[0],
  (typeof speechFormats)[0],
  (typeof speechFormats)[0],
];

let fixture: RelayFixture;

afterEach(() => {
  fixture.stop();
});

const started = async (): Promise<Awaited<ReturnType<RelayFixture['call']>>> => {
  fixture = new RelayFixture({ prompts });
  return fixture.call();
};
const steps = (numbers: readonly number[], mask: number): number[] =>
  numbers.slice(1).map((n, i) => (n - numbers[i]!) & mask);
const linear = (heard: readonly Heard[], law: Int16Array): Int16Array =>
  Int16Array.from(Buffer.concat(heard.map(({ payload }) => payload)), (octet) => law[octet]!);
/** The frames of an Opus packet as RFC 6716 §3.2.5 lays them out, for lengths below 252. */
const packedOpus = (packet: Uint8Array): number[][] => {
  if ((packet[0]! & 3) === 0) return [[...packet.subarray(1)]];
  const count = packet[1]! & 0x3f;
  const lengths = [...packet.subarray(2, 1 + count)];
  const starts = lengths.reduce((all, length) => [...all, all.at(-1)! + length], [1 + count]);
  return starts.map((start, n) => [...packet.subarray(start, starts[n + 1] ?? packet.length)]);
};
const split = (opus: readonly Uint8Array[], frames: number, packets: number): number[][][] =>
  Array.from({ length: packets }, (_, n) =>
    opus.slice(n * frames, (n + 1) * frames).map((frame) => [...frame.subarray(1)]),
  );
const talk = (party: Party, port: number, sequence: number): Promise<void> =>
  party.send(rtpPacket({ sequence }), port);

describe('the prompts of a worker', () => {
  const played = (leg: number): unknown =>
    fixture.events.find((event) => event.type === 'played' && event.leg === leg);

  it('change while it runs: one that plays is played to its end, one that came can be played', async () => {
    const { session } = await started();
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.relay.command({ type: 'prompts', add: [promptOf('new', sound)], keep: ['new'] });
    fixture.relay.command({ type: 'play', session, leg: 1, prompt: 'new' });
    fixture.clock.advance(140);
    expect(played(0)).toMatchObject({ report: { prompt: 'told', end: 'whole' } });
    expect(played(1)).toMatchObject({ report: { prompt: 'new', end: 'whole' } });
  });

  it('are kept where they are still needed', async () => {
    const { session } = await started();
    fixture.relay.command({ type: 'prompts', add: [], keep: ['told'] });
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(140);
    expect(played(0)).toMatchObject({ report: { end: 'whole' } });
  });
});

describe('a prompt', () => {
  it.each([
    { codec: 'PCMU', formats: [pcmu, pcma], payloadType: 0, law: ffmpegMuLaw },
    { codec: 'PCMA', formats: [pcma, pcmu], payloadType: 8, law: ffmpegALaw },
    {
      codec: 'PCMA behind a codec that prompts are not encoded in',
      formats: [{ ...pcmu, payloadType: 18, encoding: 'G729' }, pcma],
      payloadType: 8,
      law: ffmpegALaw,
    },
  ])('is heard whole in $codec, in packets of 20 ms', async ({ formats, payloadType, law }) => {
    const { session, parties } = await started();
    fixture.connect(session, 0, parties[0], { formats: [events, ...formats] });
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    const begun = fixture.clock.now;
    for (let packets = 1; packets <= 6; packets++) {
      expect(fixture.stats().packetsOut).toBe(packets);
      fixture.clock.advance(20);
    }
    const heard = await parties[0].hears(6);
    expect(heard.map((packet) => packet.payloadType)).toEqual(Array(6).fill(payloadType));
    expect(heard.map(({ marker }) => marker)).toEqual([true, false, false, false, false, false]);
    expect(
      steps(
        heard.map(({ sequence }) => sequence),
        0xffff,
      ),
    ).toEqual(Array(5).fill(1));
    expect(
      steps(
        heard.map(({ timestamp }) => timestamp),
        -1,
      ),
    ).toEqual(Array(5).fill(160));
    const back = linear(heard, law);
    expect(back).toHaveLength(960);
    expect(sound.every((sample, i) => Math.abs(sample - back[i]!) <= 160)).toBe(true);
    expect(back.subarray(880).every((sample) => Math.abs(sample) <= 8)).toBe(true);
    expect(fixture.events.at(-1)).toEqual({
      type: 'played',
      session,
      leg: 0,
      report: {
        prompt: 'told',
        codec: payloadType === 0 ? 'PCMU' : 'PCMA',
        packetsSent: 6,
        packetsExpected: 6,
        firstPacketAt: begun,
        lastPacketAt: begun + 100,
        end: 'whole',
        reported: null,
      },
    });
  });

  it.each([
    // RFC 3551 §4.5.2: "the RTP clock rate [of G722] is 8,000 Hz", though it samples at 16,000.
    { codec: 'G722', payloadType: 9, clockRate: 8000, ptimeMs: 20, packets: 6, ticks: 160 },
    { codec: 'G722', payloadType: 9, clockRate: 8000, ptimeMs: 60, packets: 2, ticks: 480 },
    // RFC 7587 §4.1: "the RTP timestamp [...] is incremented with a 48000 Hz clock rate for all modes of Opus".
    { codec: 'OPUS', payloadType: 107, clockRate: 48_000, ptimeMs: 20, packets: 6, ticks: 960 },
    { codec: 'OPUS', payloadType: 107, clockRate: 48_000, ptimeMs: 10, packets: 11, ticks: 480 },
    { codec: 'OPUS', payloadType: 107, clockRate: 48_000, ptimeMs: 60, packets: 2, ticks: 2880 },
    // A packet time that is no multiple of a frame is a wish, and gets the next below.
    { codec: 'OPUS', payloadType: 107, clockRate: 48_000, ptimeMs: 25, packets: 6, ticks: 960 },
  ])(
    'is heard in $codec at $ptimeMs ms',
    async ({ codec, payloadType, clockRate, ptimeMs, packets, ticks }) => {
      const { session, parties } = await started();
      const formats = [events, { payloadType, encoding: codec, clockRate }, pcma];
      fixture.connect(session, 0, parties[0], { formats, ptimeMs });
      fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
      fixture.clock.advance(packets * ptimeMs);
      const heard = await parties[0].hears(packets);
      expect(new Set(heard.map((packet) => packet.payloadType))).toEqual(new Set([payloadType]));
      const timestamps = heard.map(({ timestamp }) => timestamp);
      expect(steps(timestamps, -1)).toEqual(Array(packets - 1).fill(ticks));
      const { g722, opus } = prompts[0]!.sound;
      const frames = Math.floor(ptimeMs / 10);
      const payloads = heard.map((packet) => Uint8Array.from(packet.payload));
      if (codec === 'G722')
        expect(Buffer.concat(payloads)).toEqual(Buffer.from(g722.subarray(0, packets * frames * 80)));
      else expect(payloads.map((packet) => packedOpus(packet))).toEqual(split(opus, frames, packets));
      expect(fixture.events.at(-1)).toMatchObject({ report: { codec, packetsSent: packets, end: 'whole' } });
    },
  );

  it('goes over into another codec in the middle, where the party changes to it', async () => {
    const { session, parties } = await started();
    fixture.connect(session, 0, parties[0], { formats: [pcma] });
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(60);
    const opus = { payloadType: 107, encoding: 'OPUS', clockRate: 48_000 };
    fixture.connect(session, 0, parties[0], { formats: [opus] });
    fixture.clock.advance(60);
    const heard = await parties[0].hears(6);
    expect(heard.map((packet) => packet.payloadType)).toEqual([8, 8, 8, 8, 107, 107]);
    expect(packedOpus(heard[4]!.payload)).toEqual(split(prompts[0]!.sound.opus, 2, 5)[4]);
  });

  it('ends when its last packet has had its time, not when it was sent', async () => {
    const { session } = await started();
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(119);
    expect(fixture.stats().packetsOut).toBe(6);
    expect(fixture.events.some(({ type }) => type === 'played')).toBe(false);
    fixture.clock.advance(1);
    expect(fixture.events.some(({ type }) => type === 'played')).toBe(true);
    expect(fixture.clock.scheduled).toBe(1);
  });

  it('loses nothing to a late tick, sends no more than is due, and does not drift', async () => {
    const { session } = await started();
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(65, 65);
    expect(fixture.stats().packetsOut).toBe(1);
    fixture.clock.advance(10, 0);
    expect(fixture.stats().packetsOut).toBe(4);
    fixture.clock.advance(5);
    expect(fixture.stats().packetsOut).toBe(5);
  });

  it('has packets of the party’s packet time', async () => {
    const { session, parties } = await started();
    fixture.connect(session, 0, parties[0], { ptimeMs: 30 });
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(120);
    const heard = await parties[0].hears(4);
    expect(heard.map(({ payload }) => payload.length)).toEqual([240, 240, 240, 240]);
    expect(fixture.events.at(-1)).toMatchObject({ report: { packetsSent: 4, end: 'whole' } });
  });

  it('goes over into live speech: next number, time gone by, marker', async () => {
    const { session, legs, parties } = await started();
    fixture.relay.command({ type: 'gate', session, open: false });
    fixture.relay.command({ type: 'play', session, leg: 1, prompt: 'told' });
    fixture.clock.advance(150);
    fixture.relay.command({ type: 'gate', session, open: true });
    await talk(parties[0], legs[0].rtpPort, 40_000);
    await talk(parties[0], legs[0].rtpPort, 40_001);
    await talk(parties[0], legs[0].rtpPort, 39_999);
    await fixture.drops('before-rebase', 1);
    const heard = (await parties[1].hears(8)).slice(5);
    expect(heard.map(({ marker }) => marker)).toEqual([false, true, false]);
    expect(
      steps(
        heard.map(({ sequence }) => sequence),
        0xffff,
      ),
    ).toEqual([1, 1]);
    expect(
      steps(
        heard.map(({ timestamp }) => timestamp),
        -1,
      ),
    ).toEqual([400, 160]);
    expect(new Set(parties[1].heard.map(({ ssrc }) => ssrc)).size).toBe(1);
  });

  it('keeps live speech out while it lasts', async () => {
    const { session, legs, parties } = await started();
    fixture.relay.command({ type: 'play', session, leg: 1, prompt: 'told' });
    await talk(parties[0], legs[0].rtpPort, 1);
    await fixture.drops('prompt-playing', 1);
    expect(fixture.stats().packetsOut).toBe(1);
  });

  it('waits for a remote, at most 5 s', async () => {
    fixture = new RelayFixture({ prompts });
    const { session } = await fixture.open();
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(4999);
    expect(fixture.events.at(-1)?.type).toBe('opened');
    fixture.clock.advance(11);
    expect(fixture.events.at(-1)).toMatchObject({
      report: { end: 'no-remote', codec: null, packetsSent: 0, packetsExpected: 6 },
    });
  });

  it('is told again, whole, when SDP moves the party to another address: that may be somebody else', async () => {
    const { session, parties } = await started();
    fixture.connect(session, 0, parties[0], { formats: [pcma] });
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(60);
    fixture.connect(session, 0, parties[1], { formats: [pcma] });
    fixture.clock.advance(20);
    for (let packets = 0; packets < 8; packets++) fixture.clock.advance(20);
    const heard = await parties[1].hears(6);
    const back = linear(heard, ffmpegALaw);
    expect(sound.every((sample, i) => Math.abs(sample - back[i]!) <= 160)).toBe(true);
    expect(fixture.events.find(({ type }) => type === 'played')).toMatchObject({
      report: { end: 'whole', packetsSent: 6, packetsExpected: 6 },
    });
  });

  it('stops where the party goes on hold, and goes on from there', async () => {
    const { session, parties } = await started();
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(30);
    fixture.connect(session, 0, parties[0], { receives: false });
    fixture.clock.advance(1000);
    expect(fixture.stats().packetsOut).toBe(2);
    fixture.connect(session, 0, parties[0]);
    fixture.clock.advance(130);
    const heard = await parties[0].hears(6);
    expect(fixture.events.at(-1)).toMatchObject({ report: { end: 'whole', packetsSent: 6 } });
    expect(heard.map(({ marker }) => marker)).toEqual([true, false, true, false, false, false]);
    const back = linear(heard, ffmpegMuLaw);
    expect(sound.every((sample, i) => Math.abs(sample - back[i]!) <= 160)).toBe(true);
  });

  it.each([
    {
      name: 'no codec that prompts are encoded in',
      end: 'no-codec',
      act: (session: number, party: Party) => {
        fixture.connect(session, 0, party, { formats: [events] });
      },
    },
    {
      name: 'stopped',
      end: 'stopped',
      act: (session: number) => {
        fixture.relay.command({ type: 'stop-play', session, leg: 0 });
      },
    },
    {
      name: 'followed by another',
      end: 'stopped',
      act: (session: number) => {
        fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
      },
    },
    {
      name: 'closed',
      end: 'stopped',
      act: (session: number) => {
        fixture.relay.command({ type: 'close', session });
      },
    },
  ])('$name: ends $end, with what was sent', async ({ end, act }) => {
    const { session, parties } = await started();
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'told' });
    fixture.clock.advance(30);
    act(session, parties[0]);
    fixture.clock.advance(20);
    const played = fixture.events.filter(({ type }) => type === 'played');
    expect(played[0]).toMatchObject({ report: { end, codec: 'PCMU', packetsSent: 2, packetsExpected: 6 } });
    const order = fixture.events.map(({ type }) => type);
    if (order.includes('closed')) expect(order.indexOf('closed')).toBeGreaterThan(order.indexOf('played'));
  });

  it('two hundred share one tick', async () => {
    const { session } = await started();
    for (let i = 0; i < 200; i++)
      fixture.relay.command({ type: 'play', session, leg: (i % 2) as 0 | 1, prompt: 'told' });
    // One for prompts, one for silence.
    expect(fixture.clock.scheduled).toBe(2);
  });
});

describe('the tap', () => {
  const kinds = Object.fromEntries(Object.entries(tapKind).map(([name, kind]) => [kind, name]));
  const formats = [0, codecId.pcmu, 8, 8, codecId.pcma, 8, 101, codecId.telephoneEvent, 8];

  it('begins with formats, hold and the mark, in the step that opens the gate', async () => {
    const { session, legs, parties } = await started();
    fixture.relay.command({ type: 'gate', session, open: false });
    fixture.connect(session, 1, parties[1], { sends: false });
    await talk(parties[0], legs[0].rtpPort, 1);
    await fixture.drops('gate-closed', 1);
    fixture.clock.advance(7);
    fixture.relay.command({ type: 'begin', session, recording: 41 });
    fixture.clock.advance(5);
    await talk(parties[0], legs[0].rtpPort, 2);
    await parties[1].hears(1);
    const records = fixture.tapped();
    const at = fixture.clock.now - 5;
    expect(records.map(({ kind, channel }) => `${kinds[kind] ?? ''} ${channel}`)).toEqual([
      'formats 0',
      'formats 1',
      'hold 1',
      'begin 0',
      'packet 0',
    ]);
    expect(records.every(({ recording }) => recording === 41)).toBe(true);
    expect(Array.from(records[0]!.bytes)).toEqual(formats);
    expect(records[2]!.aux).toBe(1);
    expect(records.map((record) => record.at)).toEqual([at, at, at, at, at + 5]);
    expect(fixture.events.at(-1)).toEqual({ type: 'tapped', session, recording: 41, mark: 'begin', at });
  });

  it('holds packets as they came, and those only that were forwarded', async () => {
    const { session, legs, parties } = await started();
    fixture.relay.command({ type: 'begin', session, recording: 1 });
    const packets = [
      rtpPacket({ sequence: 9, ssrc: 0x77, marker: true }),
      rtpPacket({ sequence: 10, ssrc: 0x77 }),
    ];
    for (const packet of packets) await parties[1].send(packet, legs[1].rtpPort);
    await parties[1].send(rtpPacket({ sequence: 11, payloadType: 50 }), legs[1].rtpPort);
    await fixture.drops('unknown-payload-type', 1);
    fixture.connect(session, 0, parties[0], { receives: false });
    await talk(parties[1], legs[1].rtpPort, 12);
    await fixture.drops('not-receiving', 1);
    const tapped = fixture.tapped().filter(({ kind }) => kind === tapKind.packet);
    expect(tapped.map(({ channel }) => channel)).toEqual([1, 1]);
    expect(tapped.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual(
      packets.map((packet) => packet.toString('hex')),
    );
  });

  it('says hold and new formats when SDP changes, and nothing when it does not', async () => {
    const { session, parties } = await started();
    fixture.relay.command({ type: 'begin', session, recording: 1 });
    fixture.tapped();
    fixture.connect(session, 0, parties[0]);
    expect(fixture.tapped()).toEqual([]);
    fixture.connect(session, 0, parties[0], { sends: false });
    fixture.connect(session, 0, parties[0], { formats: [pcma] });
    const said = fixture.tapped();
    expect(said.map(({ kind, aux }) => [kinds[kind], aux])).toEqual([
      ['hold', 1],
      ['formats', 0],
      ['hold', 0],
    ]);
    expect(Array.from(said[1]!.bytes)).toEqual([8, codecId.pcma, 8]);
  });

  it('keeps what is said in a pause to itself', async () => {
    const { session, legs, parties } = await started();
    fixture.relay.command({ type: 'begin', session, recording: 1 });
    fixture.relay.command({ type: 'pause', session, recording: 1, at: fixture.clock.monotonic() });
    await talk(parties[0], legs[0].rtpPort, 1);
    await parties[1].hears(1);
    fixture.relay.command({ type: 'resume', session, recording: 1, at: fixture.clock.monotonic() });
    await talk(parties[0], legs[0].rtpPort, 2);
    await parties[1].hears(2);
    fixture.relay.command({ type: 'end', session, recording: 1, at: fixture.clock.monotonic() });
    await talk(parties[0], legs[0].rtpPort, 3);
    await parties[1].hears(3);
    const said = fixture.tapped().slice(2);
    expect(said.map(({ kind }) => kinds[kind])).toEqual(['begin', 'pause', 'resume', 'packet', 'end']);
    expect(said[3]!.bytes[3]).toBe(2);
    expect(fixture.events.flatMap((event) => (event.type === 'tapped' ? [event.mark] : []))).toEqual([
      'begin',
      'pause',
      'resume',
      'end',
    ]);
  });

  it('pauses and ends when it was told to, though it hears of it later; a resume never reaches back', async () => {
    const { session } = await started();
    const { clock } = fixture;
    fixture.relay.command({ type: 'begin', session, recording: 1 });
    const begun = clock.now;
    const told = ['pause', 'resume', 'pause', 'end'] as const;
    for (const type of told) {
      clock.advance(100);
      const late = type === 'end' ? 1000 : 40;
      fixture.relay.command({ type, session, recording: 1, at: (clock.monotonic() - late) as MonotonicMs });
    }
    const at = fixture.events.flatMap((event) => (event.type === 'tapped' ? [event.at - begun] : []));
    expect(at).toEqual([0, 60, 200, 260, 260]);
  });

  it('ends when the session is closed', async () => {
    const { session } = await started();
    fixture.relay.command({ type: 'begin', session, recording: 1 });
    fixture.relay.command({ type: 'close', session });
    expect(fixture.tapped().at(-1)?.kind).toBe(tapKind.end);
    expect(fixture.events.slice(-2)).toMatchObject([{ type: 'tapped', mark: 'end' }, { type: 'closed' }]);
  });

  it('a full ring drops and counts packets, forwards them all, and says how many are missing', async () => {
    const { session, legs, parties } = await started();
    fixture.relay.command({ type: 'begin', session, recording: 1 });
    const payload = Buffer.alloc(1000);
    for (let sequence = 0; sequence < 300; sequence++) {
      await parties[0].send(rtpPacket({ sequence, payload }), legs[0].rtpPort);
      if (sequence % 20 === 0) await parties[1].hears(sequence + 1);
    }
    await parties[1].hears(300);
    const { tapDropped } = fixture.stats();
    expect(tapDropped).toBeGreaterThan(50);
    const before = fixture.tapped();
    expect(before.filter(({ kind }) => kind === tapKind.packet)).toHaveLength(300 - tapDropped);
    await parties[0].send(rtpPacket({ sequence: 300, payload }), legs[0].rtpPort);
    await parties[1].hears(301);
    expect(fixture.tapped().map(({ kind, aux }) => [kinds[kind], aux])).toEqual([
      ['dropped', tapDropped],
      ['packet', 0],
    ]);
  });

  it('a mark that finds no room waits for it, and is announced only then', async () => {
    const { session, legs, parties } = await started();
    for (let recording = 0; recording < 2500; recording++) {
      fixture.relay.command({ type: 'begin', session, recording });
    }
    const announced = fixture.events.filter(({ type }) => type === 'tapped').length;
    expect(announced).toBeLessThan(5000 - 1);
    await talk(parties[0], legs[0].rtpPort, 1);
    await parties[1].hears(1);
    expect(fixture.stats().tapDropped).toBe(1);
    let marks = 0;
    fixture.tap.read(10_000, ({ kind }) => {
      if (kind === tapKind.begin || kind === tapKind.end) marks += 1;
    });
    // There is room now, but marks that happened before this packet still wait.
    await talk(parties[0], legs[0].rtpPort, 2);
    await parties[1].hears(2);
    expect(fixture.stats().tapDropped).toBe(2);
    for (let round = 0; round < 10; round++) {
      marks += fixture.tapped().filter(({ kind }) => kind === tapKind.begin || kind === tapKind.end).length;
      fixture.tap.read(10_000, ({ kind }) => {
        if (kind === tapKind.begin || kind === tapKind.end) marks += 1;
      });
      fixture.clock.advance(20);
    }
    const { marksLost } = fixture.stats();
    const said = fixture.events.filter(({ type }) => type === 'tapped').length;
    expect(said).toBe(marks);
    expect(said + marksLost).toBeGreaterThanOrEqual(4999);
  });
});

describe('a fault of ours', () => {
  it('closes the session it met, and no other', async () => {
    const { session, legs, parties } = await started();
    const other = await fixture.call();
    fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'never given to the worker' });
    expect(fixture.events.at(-1)).toMatchObject({ type: 'closed', session });
    expect(fixture.stats()).toMatchObject({ sessionFaults: 1, sessions: 1 });
    await talk(other.parties[0], other.legs[0].rtpPort, 1);
    expect(await other.parties[1].hears(1)).toHaveLength(1);
    await talk(parties[0], legs[0].rtpPort, 1);
    fixture.relay.command({ type: 'close', session });
    expect(fixture.events.filter(({ type }) => type === 'closed')).toHaveLength(1);
  });
});
