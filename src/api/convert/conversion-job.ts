import type { WavCoding } from '../../audio/audio-format.ts';

/** What a conversion thread is told at its start (`workerData`). */
export type ConversionJob =
  | {
      readonly kind: 'wav-to-mp3';
      readonly sampleRate: number;
      readonly channels: 1 | 2;
      readonly coding: WavCoding;
    }
  /** Companded samples to linear ones, without a header. */
  | { readonly kind: 'wav-to-linear'; readonly coding: WavCoding }
  | {
      readonly kind: 'mp3-to-wav';
      readonly channels: 1 | 2;
      /** Decoded samples a channel that come before the first that is wanted. */
      readonly skip: number;
      /** Samples a channel that are wanted. */
      readonly take: number;
    };

/** One chunk at a time: each is answered before the next is sent, so that nothing piles up. */
export type ToConversion = { readonly type: 'chunk'; readonly bytes: Uint8Array } | { readonly type: 'end' };

export type FromConversion =
  | { readonly type: 'converted'; readonly bytes: Uint8Array }
  | { readonly type: 'failed'; readonly reason: string };
