import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AudioEncoder } from '../../src/audio/audio-encoder.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import { tapKind, type TapRecord } from '../../src/kernel/tap-ring.ts';
import { LiveRecording } from '../../src/recording/live-recording.ts';
import { channelLedger } from '../../src/recording/slot.ts';
import type { SpoolWriter } from '../../src/recording/spool-writer.ts';
import { ffmpegMuLaw } from '../audio/g711-vectors.ts';
import { rtpPacket } from './party.ts';
import { promptOf, RelayFixture, speechFormats } from './relay-fixture.ts';

/** 120 ms in six packets, and 200 ms in ten. */
const short = Int16Array.from({ length: 960 }, (_, i) => Math.round(6000 * Math.sin(i / 7)));
const long = Int16Array.from({ length: 1600 }, (_, i) => Math.round(5000 * Math.sin(i / 5)));
const [pcmu, pcma, events] = speechFormats as [
  (typeof speechFormats)[0],
  (typeof speechFormats)[0],
  (typeof speechFormats)[0],
];

/** The second of two that are played at once begins with the next tick. */
const toldMs = 210;

let fixture: RelayFixture;
let call: Awaited<ReturnType<RelayFixture['call']>>;

beforeEach(async () => {
  fixture = new RelayFixture({ prompts: [promptOf('short', short), promptOf('long', long)] });
  call = await fixture.call();
});
afterEach(() => {
  fixture.stop();
});

const tell = (): void => {
  const { session } = call;
  fixture.relay.command({ type: 'gate', session, open: false });
  fixture.clock.advance(35);
  fixture.relay.command({ type: 'begin', session, recording: 1, prompts: true });
  fixture.relay.command({ type: 'play', session, leg: 0, prompt: 'short' });
  fixture.relay.command({ type: 'play', session, leg: 1, prompt: 'long' });
};
const open = (): void => {
  fixture.relay.command({ type: 'gate', session: call.session, open: true });
};
const talk = (leg: 0 | 1, sequence: number, payload?: Buffer): Promise<void> =>
  call.parties[leg].send(rtpPacket({ sequence, payload, ssrc: 0x77 + leg }), call.legs[leg].rtpPort);
const packets = (records: readonly TapRecord[]): TapRecord[] =>
  records.filter(({ kind }) => kind === tapKind.packet);

class Samples implements AudioEncoder {
  readonly parts: Int16Array[] = [];
  encode(samples: Int16Array): Uint8Array {
    this.parts.push(samples.slice());
    return new Uint8Array(0);
  }
  finish(): Uint8Array {
    return new Uint8Array(0);
  }
  progress() {
    return { samples: 0, decodable: 0, bytes: 0, frames: 0, crc: 0 };
  }
  release(): void {
    return;
  }
}

/** What the recorder makes of it: left, right, and the ledger. */
function recorded(records: readonly TapRecord[]) {
  const samples = new Samples();
  const nothing = (): void => undefined;
  const spool = { append: nothing, raw: nothing, encoded: nothing, end: nothing } as unknown as SpoolWriter;
  const live = new LiveRecording(
    {
      ...{ recordingId: 'r', callId: 'c', format: 'wav', channels: 'stereo', sampleRate: 8000 },
      ...{ createdAt: '', parties: null, facts: {} },
    },
    {
      ...{ spool, encoders: { samples, live: null }, decoders: new SpeechDecoders() },
      clock: fixture.clock,
    },
  );
  for (const record of records) {
    live.take(record);
    live.advance(record.at);
  }
  const both = Int16Array.from(samples.parts.flatMap((part) => [...part]));
  return {
    left: both.filter((_, i) => i % 2 === 0),
    right: both.filter((_, i) => i % 2 === 1),
    ledger: live.last!.slots.map((counts) => channelLedger('caller', counts, 8000, both.length / 16)),
  };
}
const isLike = (found: Int16Array, wanted: Int16Array): boolean =>
  wanted.every((sample, i) => Math.abs(sample - found[i]!) <= 170);

describe('a recording that holds what the parties are told', () => {
  it('begins while the gate is closed: of each prompt every packet, in the channel of the other party', async () => {
    tell();
    fixture.clock.advance(toldMs);
    const records = fixture.tapped();
    expect(records[0]!.kind).toBe(tapKind.formats);
    expect(packets(records).filter(({ channel }) => channel === 1)).toHaveLength(6);
    expect(packets(records).filter(({ channel }) => channel === 0)).toHaveLength(10);
    const [heard] = await call.parties[0].hears(6);
    const [tapped] = packets(records).filter(({ channel }) => channel === 1);
    // As it was sent but for the number, which means the same codec in that channel.
    expect(Buffer.from(tapped!.bytes.subarray(2))).toEqual(heard!.packet.subarray(2));
  });

  it('holds neither speech nor keys before everyone was told', async () => {
    tell();
    fixture.relay.command({ type: 'ask', session: call.session, leg: 0, on: true });
    await talk(0, 1);
    await talk(1, 1);
    const key = rtpPacket({
      ...{ sequence: 2, ssrc: 0x77, payloadType: 101 },
      payload: Buffer.from([1, 10, 0, 160]),
    });
    await call.parties[0].send(key, call.legs[0].rtpPort);
    await fixture.drops('gate-closed', 2);
    await fixture.drops('key-taken', 1);
    expect(packets(fixture.tapped()).every(({ bytes }) => (bytes[1]! & 0x7f) > 101)).toBe(true);
  });

  it('goes on with speech on one time line, and every millisecond of it has one name', async () => {
    // Neither party speaks what the other is told in.
    fixture.connect(call.session, 0, call.parties[0], { formats: [pcmu, { ...events, payloadType: 127 }] });
    fixture.connect(call.session, 1, call.parties[1], { formats: [{ ...pcma, payloadType: 0 }, pcmu] });
    tell();
    const begun = fixture.clock.now;
    fixture.clock.advance(toldMs);
    open();
    const said = Buffer.alloc(160, 0x90);
    for (let i = 0; i < 20; i++) {
      await talk(0, 100 + i, said);
      // The callee's turn comes when the caller's packet was through.
      await call.parties[1].hears(11 + i);
      fixture.clock.advance(20);
    }
    fixture.relay.command({
      type: 'end',
      session: call.session,
      recording: 1,
      at: fixture.clock.monotonic(),
    });
    const { left, right, ledger } = recorded(fixture.tapped());
    expect(fixture.clock.now - begun).toBe(610);
    expect(left).toHaveLength(4880);
    expect(isLike(right, short)).toBe(true);
    expect(isLike(left.subarray(80), long)).toBe(true);
    expect(left.subarray(1680).every((sample) => sample === ffmpegMuLaw[0x90])).toBe(true);
    expect(ledger[0]).toMatchObject({ receivedMs: 600, heldMs: 10, lostMs: 0, concealedMs: 0, pausedMs: 0 });
    // Its party is waited for while the other one is still being told, and says nothing afterwards.
    expect(ledger[1]).toMatchObject({ receivedMs: 120, heldMs: 90, lostMs: 400, pausedMs: 0 });
  });

  it('keeps nothing from when it is muted, as for a question that is still open', async () => {
    tell();
    fixture.clock.advance(toldMs);
    fixture.tapped();
    const { session } = call;
    fixture.relay.command({ type: 'pause', session, recording: 1, at: fixture.clock.monotonic() });
    open();
    await talk(0, 1);
    await call.parties[1].hears(11);
    expect(packets(fixture.tapped())).toEqual([]);
  });

  it('says held for both until the gate opens, and what SDP says from then on', () => {
    fixture.connect(call.session, 1, call.parties[1], { sends: false });
    tell();
    fixture.clock.advance(toldMs);
    open();
    const holds = fixture.tapped().filter(({ kind }) => kind === tapKind.hold);
    expect(holds.map(({ channel, aux }) => [channel, aux])).toEqual([
      [0, 1],
      [1, 1],
      [0, 0],
      [1, 1],
    ]);
  });
});
