import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { codecId } from '../../src/audio/codec-id.ts';
import { recordingRates } from '../../src/audio/recording-rate.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import { channelLedger, sumOf } from '../../src/recording/slot.ts';
import { packetSamples, payloadOf, rtp } from '../recording/rtp.ts';
import { type Happening, runPipeline } from '../recording/run-pipeline.ts';

type Step =
  | { readonly kind: 'speak'; readonly packets: number }
  | { readonly kind: 'lose'; readonly packets: number }
  | { readonly kind: 'quiet'; readonly ms: number }
  | { readonly kind: 'twice' }
  | { readonly kind: 'swap' }
  | { readonly kind: 'timestamp'; readonly by: number }
  | { readonly kind: 'sequence'; readonly by: number }
  | { readonly kind: 'ssrc'; readonly to: number }
  | { readonly kind: 'format'; readonly payloadType: number }
  | { readonly kind: 'junk'; readonly bytes: Uint8Array }
  | { readonly kind: 'burst'; readonly packets: number }
  | { readonly kind: 'hold'; readonly on: boolean }
  | { readonly kind: 'pause'; readonly on: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('speak' as const), packets: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('lose' as const), packets: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('quiet' as const), ms: fc.integer({ min: 1, max: 1500 }) }),
  fc.constant({ kind: 'twice' } as const),
  fc.constant({ kind: 'swap' } as const),
  fc.record({ kind: fc.constant('timestamp' as const), by: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }) }),
  fc.record({ kind: fc.constant('sequence' as const), by: fc.integer({ min: -40_000, max: 40_000 }) }),
  fc.record({ kind: fc.constant('ssrc' as const), to: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: fc.constant('format' as const),
    payloadType: fc.constantFrom(0, 8, 9, 13, 96, 101, 110, 111),
  }),
  fc.record({ kind: fc.constant('junk' as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ kind: fc.constant('burst' as const), packets: fc.integer({ min: 1, max: 120 }) }),
  fc.record({ kind: fc.constant('hold' as const), on: fc.boolean() }),
  fc.record({ kind: fc.constant('pause' as const), on: fc.boolean() }),
);

/** Each codec and clock that a leg may speak. */
const formats = [
  ...[0, codecId.pcmu, 8, 8, codecId.pcma, 8, 9, codecId.g722, 8, 111, codecId.opus, 48],
  ...[13, codecId.comfortNoise, 8, 101, codecId.telephoneEvent, 8, 110, codecId.telephoneEvent, 48],
];

/** Tells what a party with such a history puts on the wire. */
function play(channel: 0 | 1, steps: readonly Step[]): Happening[] {
  const happenings: Happening[] = [];
  let at = 3 * channel;
  let sequence = 65_000;
  let timestamp = 2 ** 32 - 8000;
  let ssrc = 1;
  let payloadType = 0;
  const send = (): void => {
    const packet = rtp({ sequence, timestamp, ssrc, payloadType, payload: payloadOf(sequence & 0xff) });
    happenings.push({ at, channel, packet });
    sequence += 1;
    timestamp += packetSamples;
  };
  for (const s of steps) {
    if (s.kind === 'speak') for (let i = 0; i < s.packets; i++, at += 20) send();
    else if (s.kind === 'burst') for (let i = 0; i < s.packets; i++) send();
    else if (s.kind === 'lose') {
      sequence += s.packets;
      timestamp += packetSamples * s.packets;
      at += 20 * s.packets;
    } else if (s.kind === 'quiet') at += s.ms;
    else if (s.kind === 'timestamp') timestamp += s.by;
    else if (s.kind === 'sequence') sequence += s.by;
    else if (s.kind === 'ssrc') ssrc = s.to;
    else if (s.kind === 'format') payloadType = s.payloadType;
    else if (s.kind === 'junk') happenings.push({ at, channel, packet: s.bytes });
    else if (s.kind === 'hold') happenings.push({ at, channel, hold: s.on });
    else if (s.kind === 'pause') happenings.push({ at, pause: s.on });
    else repeatOrSwap(happenings, s.kind, at);
  }
  return happenings;
}

function repeatOrSwap(happenings: Happening[], kind: 'twice' | 'swap', at: number): void {
  const last = happenings.at(-1);
  if (last === undefined || !('packet' in last)) return;
  if (kind === 'twice') happenings.push({ ...last, at });
  else happenings.splice(-2, 0, happenings.pop()!);
}

const decoders = new SpeechDecoders();

describe('whatever a party sends', () => {
  beforeEach(async () => {
    for (const rate of recordingRates) await decoders.ready(rate);
  });

  it('each slot is one thing, both channels are as long as the recording, and nothing throws', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.array(step, { maxLength: 12 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.constantFrom(...recordingRates),
        (caller, callee, lengthMs, sampleRate) => {
          const happenings = [...play(0, caller), ...play(1, callee)];
          const { left, right, slots, checkpoints } = runPipeline(happenings, lengthMs, {
            sampleRate,
            formats,
            decoders,
          });
          const length = (lengthMs * sampleRate) / 1000;
          expect(left.length).toBe(length);
          expect(right.length).toBe(length);
          for (const checkpoint of [...checkpoints, { slots }]) {
            const [a, b] = checkpoint.slots;
            expect(sumOf(a)).toBe(sumOf(b));
            expect([...a, ...b].every((count) => Number.isInteger(count) && count >= 0)).toBe(true);
          }
          expect(sumOf(slots[0])).toBe(length);
          for (const counts of slots) {
            const ledger = channelLedger('caller', counts, sampleRate, lengthMs);
            const { receivedMs, concealedMs, heldMs, pausedMs, lostMs } = ledger;
            expect(receivedMs + concealedMs + heldMs + pausedMs + lostMs).toBe(lengthMs);
          }
        },
      ),
      { numRuns: 80 },
    );
  });

  it('a pause that is cut out of the file leaves all else as it is, to the sample', () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        pauses,
        fc.integer({ min: 0, max: 3000 }),
        (caller, at, lengthMs) => {
          const marks = at.toSorted((a, b) => a - b).map((ms, i) => ({ at: ms, pause: i % 2 === 0 }));
          const speech = play(
            0,
            caller.filter(({ kind }) => kind !== 'pause'),
          );
          const run = (cut: boolean) =>
            runPipeline([...speech, ...marks], lengthMs, {
              ...{ formats, decoders },
              prepare: (pipeline) => {
                if (cut) pipeline.cutPauses();
              },
            });
          const [whole, cut] = [run(false), run(true)];
          const paused = (sample: number): boolean =>
            marks.findLast((mark) => mark.at * 8 <= sample)?.pause ?? false;
          expect(cut.left).toEqual(whole.left.filter((_, sample) => !paused(sample)));
          expect(sumOf(cut.slots[0])).toBe(cut.left.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
