import { decodeALaw, encodeALaw } from '../../src/audio/g711.ts';
import { interleave, mixDown } from '../../src/audio/mix.ts';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { createTapBuffer, TapReader, TapWriter } from '../../src/kernel/tap-ring.ts';
import { RtpView, rtpFault } from '../../src/rtp/rtp-view.ts';
import { rewriteRtpHeader } from '../../src/rtp/rtp-header.ts';
import type { BenchCase } from '../measure.ts';

/** 20 ms of G.711. */
const frame = 160;

function packet(): Uint8Array {
  const bytes = new Uint8Array(12 + frame).fill(0x55);
  bytes[0] = 0x80;
  bytes[1] = 8;
  return bytes;
}

export const mediaCases: readonly BenchCase[] = [
  {
    name: 'rtp-view',
    unit: 'one packet read and rewritten',
    setUp: () => {
      const view = new RtpView();
      const bytes = packet();
      return () => {
        if (view.bind(bytes, bytes.length) !== rtpFault.none) throw new Error('the packet is not RTP');
        rewriteRtpHeader(bytes, false, 8, (view.sequence + 1) & 0xffff, view.timestamp + frame, 1);
      };
    },
  },
  {
    name: 'g711-decode',
    unit: '20 ms of A-law',
    setUp: () => {
      const bytes = packet();
      const samples = new Int16Array(frame);
      return () => {
        decodeALaw(bytes, 12, frame, samples, 0);
      };
    },
  },
  {
    name: 'g711-encode',
    unit: '20 ms of A-law',
    setUp: () => {
      const bytes = packet();
      const samples = new Int16Array(frame).map((_, i) => 8000 * Math.sin(i / 7));
      return () => {
        encodeALaw(samples, 0, frame, bytes, 12);
      };
    },
  },
  {
    name: 'mix-stereo',
    unit: '20 ms of two channels',
    setUp: () => mixing(interleave, 2 * frame),
  },
  { name: 'mix-mono', unit: '20 ms of two channels', setUp: () => mixing(mixDown, frame) },
  {
    name: 'ring',
    unit: 'one packet written and read',
    setUp: () => {
      const buffer = createTapBuffer(1024 * 1024);
      const writer = new TapWriter(buffer);
      const reader = new TapReader(buffer);
      const bytes = packet();
      const visit = (): void => undefined;
      return () => {
        writer.packet(1, 0, 0 as MonotonicMs, bytes, bytes.length);
        reader.read(1, visit);
      };
    },
  },
];

function mixing(mix: typeof interleave, length: number): () => void {
  const left = new Int16Array(frame).fill(1000);
  const right = new Int16Array(frame).fill(-3000);
  const target = new Int16Array(length);
  return () => {
    mix(left, right, frame, target, 0);
  };
}
