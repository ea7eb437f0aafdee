import { describe, expect, it } from 'vitest';
import type { AudioEncoder } from '../../src/audio/audio-encoder.ts';
import type { RecordingRate } from '../../src/audio/recording-rate.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import { Pipeline } from '../../src/recording/pipeline.ts';
import { channelLedger, sumOf } from '../../src/recording/slot.ts';
import { rtp } from './rtp.ts';

/** Counts, and looks at single samples by position; a file of four hours is not kept. */
class CountingEncoder implements AudioEncoder {
  samples = 0;
  /** Position in samples of each sample of the left and the right channel that is a click. */
  readonly clicks: [number[], number[]] = [[], []];

  encode(samples: Int16Array): Uint8Array {
    const { length } = samples;
    for (let i = 0; i < length; i++) {
      if ((samples[i] as number) > clickLevel) this.clicks[i & 1]!.push(this.samples + (i >> 1));
    }
    this.samples += samples.length / 2;
    return new Uint8Array(0);
  }
  finish(): Uint8Array {
    return new Uint8Array(0);
  }
  progress() {
    return { samples: this.samples, decodable: this.samples, bytes: 0, frames: 0, crc: 0 };
  }
  release(): void {
    return;
  }
}

/** PCMU: the largest value, and a little above zero, so that silence is told from nothing. */
const click = 0x80;
const quiet = 0xfe;
const clickLevel = 20_000;
const sink = {
  append: () => undefined,
  raw: () => undefined,
  encoded: () => undefined,
  end: () => undefined,
};

interface Call {
  readonly seconds: number;
  readonly packetMs: number;
  /** The senders’ clocks against ours, parts per million: above 0 they are slow. */
  readonly ppm: readonly [number, number];
  readonly sampleRate?: RecordingRate;
}

/** Both parties click at the same instants, every `clickEvery` seconds. */
const clickEvery = 10;

function record({ seconds, packetMs, ppm, sampleRate = 8000 }: Call) {
  const encoder = new CountingEncoder();
  const pipeline = new Pipeline(
    { channels: 2, sampleRate },
    { samples: encoder, live: null },
    sink,
    new SpeechDecoders(),
  );
  for (const leg of pipeline.legs) leg.formats(Uint8Array.of(0, 1, 8));
  const count = 8 * packetMs;
  const perMs = sampleRate / 1000;
  const next = [0, 0];
  const payload = new Uint8Array(count).fill(quiet);
  for (let now = 0; now < seconds * 1000; now += packetMs) {
    for (const leg of [0, 1] as const) {
      // A sender whose clock is slow needs longer for a packet: it sends when its own time has come.
      const ownMs = packetMs * (1 + ppm[leg] / 1e6);
      for (; (next[leg]! + 1) * ownMs <= now; next[leg] = next[leg]! + 1) {
        const i = next[leg]!;
        payload.fill(quiet);
        const clickAt = Math.ceil((i * ownMs) / (1000 * clickEvery)) * clickEvery * 1000;
        const inPacket = Math.round(((clickAt - i * ownMs) * 8) / (1 + ppm[leg] / 1e6));
        if (inPacket < count) payload[inPacket] = click;
        const timestamp = 2 ** 32 - 100_000 + i * count;
        pipeline.receive(
          leg,
          rtp({ sequence: i, timestamp, ssrc: leg + 1, payload }),
          (i + 1) * ownMs * perMs,
        );
      }
    }
    pipeline.advance(now * perMs);
  }
  const last = pipeline.finish(seconds * sampleRate);
  pipeline.release();
  return { last, clicks: encoder.clicks, pipeline };
}

/** How far each click lies from its instant. A packet arrives when its last sample has been said: a packet time late. */
function errorsMs(clicks: readonly number[], sampleRate: number, packetMs: number): number[] {
  return clicks.map((at) => {
    const ms = (at * 1000) / sampleRate - packetMs;
    return Math.abs(ms - Math.round(ms / (1000 * clickEvery)) * 1000 * clickEvery);
  });
}

describe('a call of four hours', () => {
  it('keeps every millisecond, past the wrap of sequence and timestamps, while the clocks drift apart', () => {
    const seconds = 4 * 3600;
    const { last, clicks } = record({ seconds, packetMs: 60, ppm: [300, -300] });
    for (const slots of last.slots) {
      expect(sumOf(slots)).toBe(seconds * 8000);
      const ledger = channelLedger('caller', slots, 8000, seconds * 1000);
      expect(ledger.lostMs + ledger.concealedMs).toBeLessThanOrEqual(140);
      expect(ledger.pausedMs + ledger.heldMs).toBe(0);
    }
    for (const leg of clicks) {
      const errors = errorsMs(leg, 8000, 60);
      expect(errors.length).toBeGreaterThan(1430);
      expect(Math.max(...errors)).toBeLessThan(30);
    }
  }, 120_000);
});

describe('clocks that drift', () => {
  it.each([
    { ppm: [1000, 0], packetMs: 20, sampleRate: 8000 },
    { ppm: [-1000, 0], packetMs: 20, sampleRate: 8000 },
    { ppm: [500, -500], packetMs: 60, sampleRate: 8000 },
    { ppm: [1000, -1000], packetMs: 60, sampleRate: 8000 },
    { ppm: [1000, -1000], packetMs: 20, sampleRate: 48_000 },
    { ppm: [1000, -1000], packetMs: 60, sampleRate: 48_000 },
  ] as const)(
    'by $ppm ppm stay within 30 ms of the truth: packets of $packetMs ms at $sampleRate Hz',
    ({ ppm, packetMs, sampleRate }) => {
      const { clicks, last } = record({ seconds: 120, packetMs, ppm, sampleRate });
      for (const leg of [0, 1] as const) {
        const errors = errorsMs(clicks[leg], sampleRate, packetMs);
        expect(errors.length).toBeGreaterThanOrEqual(11);
        expect(Math.max(...errors)).toBeLessThan(30);
        const { lostMs, concealedMs } = channelLedger('caller', last.slots[leg], sampleRate, 120_000);
        expect(lostMs + concealedMs).toBeLessThanOrEqual(packetMs + 70);
      }
    },
  );
});
