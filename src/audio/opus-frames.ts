import OpusScript from 'opusscript';

/** Wideband: what speech has lies below 8 kHz. */
export const opusPromptRate = 16_000;
/** The shortest frame of Opus's speech mode, so that packets of any multiple can be put together. */
const frameSamples = 160;
/** Transparent for one wideband voice, and half of what G.711 takes. */
const bitsPerSecond = 24_000;

/** Requests of `opus_encoder_ctl` (opus_defines.h). */
const ctl = { bandwidth: 4008, complexity: 4010, signal: 4024, forceMode: 11_002 } as const;
const wideband = 1103;
const voice = 3001;
/** `MODE_SILK_ONLY`: one mode throughout, since the frames of a packet must share one (RFC 6716 §3.1). */
const silkOnly = 1000;
/** Nobody waits for a prompt to be encoded in real time, but the start of the node does. */
const complexity = 5;

/** Encodes mono samples at `opusPromptRate` as Opus packets of one 10 ms frame each; a last, partial one is filled up. */
export function encodeOpusFrames(samples: Int16Array): Uint8Array[] {
  const encoder = new OpusScript(opusPromptRate, 1, OpusScript.Application.VOIP);
  try {
    encoder.setBitrate(bitsPerSecond);
    encoder.encoderCTL(ctl.bandwidth, wideband);
    encoder.encoderCTL(ctl.complexity, complexity);
    encoder.encoderCTL(ctl.signal, voice);
    encoder.encoderCTL(ctl.forceMode, silkOnly);
    const frame = Buffer.alloc(frameSamples * 2);
    return Array.from({ length: Math.ceil(samples.length / frameSamples) }, (_, n) => {
      for (let i = 0; i < frameSamples; i++) frame.writeInt16LE(samples[n * frameSamples + i] ?? 0, 2 * i);
      return Uint8Array.from(encoder.encode(frame, frameSamples));
    });
  } finally {
    encoder.delete();
  }
}

/** Code 3 of the TOC byte: a number of frames that follows (RFC 6716 §3.1). */
const anyNumber = 3;
/** In the byte of the number: the frames have lengths of their own (RFC 6716 §3.2.5). */
const variable = 0x80;

/**
 * Puts packets of one frame each, all of one configuration, into one packet (RFC 6716 §3.2), at `at` of `target`.
 * Returns its length. *Borrows* all until return.
 */
export function packOpusFrames(frames: readonly Uint8Array[], target: Uint8Array, at: number): number {
  const [first] = frames;
  if (first === undefined) return 0;
  if (frames.length === 1) {
    target.set(first, at);
    return first.length;
  }
  let end = at;
  target[end++] = (first[0] as number) | anyNumber;
  target[end++] = variable | frames.length;
  for (const frame of frames.slice(0, -1)) end = writeLength(frame.length - 1, target, end);
  for (const frame of frames) {
    target.set(frame.subarray(1), end);
    end += frame.length - 1;
  }
  return end - at;
}

/** RFC 6716 §3.2.1: one byte up to 251, else two: the first is 252 + (length mod 4), the second the rest in fours. */
function writeLength(length: number, target: Uint8Array, at: number): number {
  if (length < 252) {
    target[at] = length;
    return at + 1;
  }
  target[at] = 252 + (length & 3);
  target[at + 1] = (length - 252 - (length & 3)) >> 2;
  return at + 2;
}
