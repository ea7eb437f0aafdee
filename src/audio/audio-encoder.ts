/** What was encoded so far, as the head of a file needs to know it. Plain numbers: a spool carries them. */
export interface EncodedProgress {
  /** Samples a channel that went into the encoder. */
  readonly samples: number;
  /** Samples a channel that a decoder gives back from `bytes`. */
  readonly decodable: number;
  /** Bytes up to the end of the last whole unit: a sample for WAV, a frame for MP3. */
  readonly bytes: number;
  /** MP3: whole frames in `bytes`, and the CRC-16 over them. 0 for WAV. */
  readonly frames: number;
  readonly crc: number;
}

export interface AudioShape {
  readonly channels: 1 | 2;
  /** Hz. */
  readonly sampleRate: number;
}

/**
 * Turns linear samples into the body of a file. The head is made at the end from the progress alone, so
 * that it can also be made by a process that never saw the encoder.
 */
export interface AudioEncoder {
  /** Interleaved samples, whole sample frames. *Borrows* them; *lends* the bytes until the next call. */
  encode(samples: Int16Array): Uint8Array;
  /** What is still inside. *Lends* the bytes. The encoder takes nothing more. */
  finish(): Uint8Array;
  progress(): EncodedProgress;
  /** Gives the encoder back; it must not be used again. */
  release(): void;
}
