import fc from 'fast-check';
import { expect } from 'vitest';
import { codecId } from '../../src/audio/codec-id.ts';
import { recordingRates } from '../../src/audio/recording-rate.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import { channelLedger } from '../../src/recording/slot.ts';
import { rtp } from '../recording/rtp.ts';
import { type Happening, runPipeline } from '../recording/run-pipeline.ts';
import type { FuzzTarget } from './fuzz-target.ts';

const formats = [
  ...[0, codecId.pcmu, 8, 8, codecId.pcma, 8, 9, codecId.g722, 8, 111, codecId.opus, 48],
  ...[13, codecId.comfortNoise, 8, 101, codecId.telephoneEvent, 8, 110, codecId.telephoneEvent, 48],
];
const decoders = new SpeechDecoders();
const lengthMs = 2000;

/** Any numbers, any payload of any format: what a stranger who knows RTP sends. */
const packet = fc
  .record({
    sequence: fc.oneof(fc.nat(65_535), fc.nat(60)),
    timestamp: fc.oneof(fc.nat(0xffff_ffff), fc.nat(100_000)),
    ssrc: fc.nat(2),
    payloadType: fc.constantFrom(0, 8, 9, 13, 101, 110, 111, 55),
    payload: fc.uint8Array({ maxLength: 1500, size: 'max' }),
  })
  .map((fields): Uint8Array => rtp(fields));

const datagram = fc.oneof({ weight: 4, arbitrary: packet }, fc.uint8Array({ maxLength: 200 }));

const happening: fc.Arbitrary<Happening> = fc.record({
  at: fc.nat(lengthMs),
  channel: fc.constantFrom(0 as const, 1 as const),
  packet: datagram,
});

/** A recording whose parties send anything at all is as long as it is, and says of each millisecond what it was. */
export const legTarget: FuzzTarget = {
  name: 'the legs of a recording',
  property: fc.asyncProperty(
    fc.tuple(fc.array(happening, { maxLength: 60 }), fc.constantFrom(...recordingRates)),
    async ([happenings, sampleRate]) => {
      await decoders.ready(sampleRate);
      const { left, slots, pipeline } = runPipeline(happenings, lengthMs, { sampleRate, formats, decoders });
      pipeline.release();
      expect(left.length).toBe((lengthMs * sampleRate) / 1000);
      for (const counts of slots) {
        const ledger = channelLedger('caller', counts, sampleRate, lengthMs);
        const { receivedMs, concealedMs, heldMs, pausedMs, lostMs } = ledger;
        expect(receivedMs + concealedMs + heldMs + pausedMs + lostMs).toBe(lengthMs);
      }
    },
  ),
};
