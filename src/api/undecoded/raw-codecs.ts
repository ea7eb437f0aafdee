/** A codec that ffmpeg decodes from its bare frames, at 8000 Hz. */
export interface RawCodec {
  /** ffmpeg's options before `-i`. */
  readonly input: readonly string[];
  /** Octets of the smallest piece that can be decoded, and the samples in it. */
  readonly bytes: number;
  readonly samples: number;
}

const g726 = (bits: number, bytes: number, samples: number): RawCodec => ({
  // RFC 3551 §4.5.4: the first sample in the least significant bits.
  input: ['-f', 'g726le', '-code_size', String(bits), '-sample_rate', '8000'],
  bytes,
  samples,
});

/** By SDP's encoding name. What ends a payload and is no whole frame, such as G.729's comfort noise, stays silent. */
const codecs: Readonly<Record<string, RawCodec>> = {
  // RFC 3551 §4.5.6: frames of 10 octets, 10 ms each.
  G729: { input: ['-f', 'g729'], bytes: 10, samples: 80 },
  // RFC 3551 §4.5.8: 33 octets, 20 ms.
  GSM: { input: ['-f', 'gsm'], bytes: 33, samples: 160 },
  'G726-16': g726(2, 1, 4),
  'G726-24': g726(3, 3, 8),
  'G726-32': g726(4, 1, 2),
  'G726-40': g726(5, 5, 8),
};

export function rawCodec(encoding: string, clockRate: number): RawCodec | null {
  return clockRate === 8000 && Object.hasOwn(codecs, encoding) ? (codecs[encoding] ?? null) : null;
}
