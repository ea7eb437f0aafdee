import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codecId } from '../../src/audio/codec-id.ts';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import { rawKey } from '../../src/storage/recording-vault.ts';
import { type Rig, startRig } from './harness.ts';
import { readPcap } from './pcap.ts';
import { payloadOf, rtp } from './rtp.ts';
import { type Happening, type Recorded, runPipeline } from './run-pipeline.ts';

const sdp = 'm=audio 5004 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n';
const formats = Uint8Array.from([
  18,
  codecId.undecoded,
  8,
  8,
  codecId.pcma,
  8,
  101,
  codecId.telephoneEvent,
  8,
]);
const frame = (i: number): Uint8Array => Uint8Array.from({ length: 20 }, (_, k) => (i * 31 + k * 7) % 256);
const g729 = (i: number, ms = 20, sequence = i): Buffer =>
  rtp({ sequence, timestamp: i * ms * 8, payload: frame(i), payloadType: 18 });

/** The caller's packets of G.729, the i-th at i * `ms`, as far as `sent` says. */
function packets(count: number, ms = 20, sent: (i: number) => boolean = () => true): Happening[] {
  return Array.from({ length: count }, (_, i) => i)
    .filter(sent)
    .map((i) => ({ at: i * ms, channel: 0 as const, packet: g729(i, ms) }));
}

const recorded = (happenings: Happening[], lengthMs: number): Recorded =>
  runPipeline(happenings, lengthMs, {
    formats: [...formats],
    prepare: (pipeline) => {
      pipeline.describe(0, Buffer.from(sdp));
    },
  });

describe('packets of a codec that is not decoded', () => {
  it.each([10, 20, 30, 60])('count as received, and are silence: %i ms each', (ms) => {
    const { left, slots } = recorded(packets(3000 / ms, ms), 3000);
    const [received = 0, concealed, , , lost = 0] = slots[0].map((count) => count / 8);
    expect([received + lost, concealed]).toEqual([3000, 0]);
    // Of longer packets than 20 ms the first ones are watched before their length is known.
    expect(lost).toBeLessThanOrEqual(ms <= 20 ? 0 : 120);
    expect(left.every((sample) => sample === 0)).toBe(true);
  });

  it('that do not come are lost, and nothing is made up', () => {
    const { slots } = recorded(
      packets(150, 20, (i) => i < 50 || i >= 55),
      3000,
    );
    const [received = 0, concealed, , , lost = 0] = slots[0].map((count) => count / 8);
    expect([received + lost, concealed]).toEqual([3000, 0]);
    expect(lost).toBe(100);
  });

  it('stand in the file of packets as they came, behind the SDP that explains them', () => {
    const { raw } = recorded(packets(100), 2000);
    const [first, ...others] = readPcap(raw);
    expect(first).toMatchObject({ micros: 0, from: 1, port: 9875 });
    expect(first?.payload.toString()).toBe(sdp);
    expect(others.map(({ payload }) => payload)).toEqual(Array.from({ length: 100 }, (_, i) => g729(i)));
    expect(others.map(({ micros }) => micros)).toEqual(Array.from({ length: 100 }, (_, i) => i * 20_000));
    expect(new Set(others.map(({ from, port }) => `${from}:${port}`))).toEqual(new Set(['1:5004']));
  });

  it('speech that is decoded, and telephone events, are not in it', () => {
    const speech = rtp({ sequence: 50, timestamp: 8000, payload: payloadOf(1), payloadType: 8 });
    const event = rtp({
      sequence: 51,
      timestamp: 8160,
      payload: Uint8Array.of(5, 10, 1, 64),
      payloadType: 101,
    });
    const { raw, left } = recorded(
      [...packets(50), { at: 1000, channel: 0, packet: speech }, { at: 1020, channel: 0, packet: event }],
      2000,
    );
    expect(readPcap(raw)).toHaveLength(51);
    expect(left.some((sample) => sample !== 0)).toBe(true);
  });

  it('are not kept where digits are to be taken out: nobody looked for them there', () => {
    const { raw } = runPipeline(packets(50), 1000, {
      formats: [...formats],
      prepare: (pipeline) => {
        pipeline.eraseDigits();
      },
    });
    expect(raw).toHaveLength(0);
  });

  it('a recording without such packets has no file of them', () => {
    expect(recorded([], 1000).raw).toHaveLength(0);
  });
});

describe('a recording of such packets', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig();
  });
  afterEach(() => rig.stop());

  async function talk(): Promise<number> {
    rig.worker.receive({ type: 'prepare', recording: 1, spec: rig.spec('raw-1') });
    await rig.event('prepared');
    const start = rig.time.now + 10;
    rig.time.to(start);
    rig.tap.mark(tapKind.formats, 1, 0, start as MonotonicMs, 0, formats);
    rig.tap.mark(tapKind.describe, 1, 0, start as MonotonicMs, 0, Buffer.from(sdp));
    rig.tap.mark(tapKind.begin, 1, 0, start as MonotonicMs);
    for (let i = 0; i < 100; i++) {
      rig.time.to(start + 20 * i);
      const packet = g729(i);
      rig.tap.packet(1, 0, (start + 20 * i) as MonotonicMs, packet, packet.length);
    }
    return start;
  }

  it('is sealed as an audio file and a file of packets beside it, both for the same identity', async () => {
    const start = await talk();
    rig.time.to(start + 2000);
    rig.tap.mark(tapKind.end, 1, 0, (start + 2000) as MonotonicMs);
    rig.time.to(start + 2100);
    const { result } = await rig.event('sealed');
    expect(result).toMatchObject({ undecoded: true, durationMs: 2000 });
    expect(result.ledger[0]).toMatchObject({ receivedMs: 2000, lostMs: 0 });
    const kept = readPcap(await rig.open(rawKey(result.objectKey)));
    expect(kept.slice(1).map(({ payload }) => payload)).toEqual(
      Array.from({ length: 100 }, (_, i) => g729(i)),
    );
  });

  it('gives both back from its spool', async () => {
    const start = await talk();
    rig.time.to(start + 2400);
    rig.worker.receive({ type: 'abandon', recording: 1, reason: 'media-lost' });
    await rig.event('failed');
    const { spoolSecret, recipient } = rig.spec('raw-1');
    rig.worker.receive({ type: 'recover', job: 1, recordingId: 'raw-1', spoolSecret, recipient });
    const { recovery } = await rig.event('recovered');
    if (recovery.outcome !== 'sealed') throw new Error(recovery.outcome);
    expect(recovery.result.undecoded).toBe(true);
    const kept = readPcap(await rig.open(rawKey(recovery.result.objectKey)));
    expect(kept.length).toBeGreaterThan(80);
    expect(kept[1]?.payload).toEqual(g729(0));
  });
});
