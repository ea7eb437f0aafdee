import { hkdfSync } from 'node:crypto';
import { z } from 'zod';
import type { EncodedProgress } from '../audio/audio-encoder.ts';
import { recordingRates } from '../audio/recording-rate.ts';
import { recordingFormats } from '../records/recording-record.ts';
import { slotKinds } from './slot.ts';

/**
 * A spool on the disk:
 *
 *   magic (8) | salt (32) | frames ...
 *   frame: length (4, big-endian) of what follows | ciphertext | tag (16)
 *   plaintext: kind (1) | length of the text (4, big-endian) | text (JSON) | audio
 *
 * The key is HKDF of the recording's spool secret with the salt, drawn anew for each file; the nonce is
 * the frame's number. A file is never written to again once it was closed, so no pair comes twice.
 */
export const spoolMagic = Buffer.from('ONRSPL1\n', 'latin1');
export const saltBytes = 32;
export const spoolHeaderBytes = 8 + saltBytes;
export const lengthBytes = 4;
/** A frame holds a third of a second of audio; anything longer is no frame of ours. */
export const longestFrame = 4 * 1024 * 1024;
export const spoolSuffix = '.spool';

export const frameKind = { manifest: 1, audio: 2, end: 3 } as const;
export type FrameKind = (typeof frameKind)[keyof typeof frameKind];

export function spoolKey(spoolSecret: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', spoolSecret, salt, 'onrecord spool frames v1', 32));
}

export function frameNonce(index: number): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 6, 6);
  return nonce;
}

const count = z.number().int().nonnegative();

const spoolManifest = z.object({
  recordingId: z.string(),
  callId: z.string(),
  format: z.enum(recordingFormats),
  channels: z.enum(['stereo', 'mono']),
  sampleRate: z.literal(recordingRates),
  /** RFC 3339: when the spool was made; names the folder of the sealed file. */
  createdAt: z.string(),
  parties: z.object({ caller: z.string(), callee: z.string() }).nullable(),
  facts: z.record(z.string(), z.unknown()),
});

const checkpoint = z.object({
  startedAt: z.string().nullable(),
  progress: z.object({ samples: count, decodable: count, bytes: count, frames: count, crc: count }),
  /** Samples a slot, the caller's channel first. */
  slots: z.tuple([z.array(count), z.array(count)]),
  marks: z.array(z.object({ mark: z.enum(['pause', 'resume']), samplePosition: count })),
});

/** What a spool's first frame says. */
export type SpoolManifest = Readonly<z.output<typeof spoolManifest>>;

/** What was recorded once a frame's audio is added. */
export interface Checkpoint {
  /** RFC 3339: the first sample. Null: there is none yet. */
  readonly startedAt: string | null;
  readonly progress: EncodedProgress;
  readonly slots: readonly [readonly number[], readonly number[]];
  readonly marks: readonly RecordingMark[];
}

export interface RecordingMark {
  readonly mark: 'pause' | 'resume';
  readonly samplePosition: number;
}

const noSlots: readonly number[] = Array.from({ length: slotKinds }, () => 0);

export const nothingYet: Checkpoint = {
  startedAt: null,
  progress: { samples: 0, decodable: 0, bytes: 0, frames: 0, crc: 0 },
  slots: [noSlots, noSlots],
  marks: [],
};

export interface SpoolFrame {
  readonly kind: FrameKind;
  readonly text: string;
  readonly audio: Uint8Array;
}

const textAt = 5;

export function packedBytes(text: string, audio: Uint8Array): number {
  return textAt + Buffer.byteLength(text) + audio.length;
}

/** Packs a frame into the front of `target` and *lends* that part of it. *Borrows* the audio until return. */
export function packFrame(kind: FrameKind, text: string, audio: Uint8Array, target: Buffer): Uint8Array {
  const textLength = target.write(text, textAt);
  target[0] = kind;
  target.writeUInt32BE(textLength, 1);
  target.set(audio, textAt + textLength);
  return target.subarray(0, textAt + textLength + audio.length);
}

/** Null: opened, and yet no frame of this version. */
export function unpackFrame(frame: Buffer): SpoolFrame | null {
  const kind = frame[0];
  if (kind !== frameKind.manifest && kind !== frameKind.audio && kind !== frameKind.end) return null;
  if (frame.length < textAt) return null;
  const end = textAt + frame.readUInt32BE(1);
  if (end > frame.length) return null;
  return { kind, text: frame.toString('utf8', textAt, end), audio: frame.subarray(end) };
}

export function readManifest(text: string): SpoolManifest | null {
  return spoolManifest.safeParse(parseJson(text)).data ?? null;
}

export function readCheckpoint(text: string): Checkpoint | null {
  return checkpoint.safeParse(parseJson(text)).data ?? null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
