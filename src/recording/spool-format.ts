import { hkdfSync } from 'node:crypto';
import { z } from 'zod';
import { aeadTagBytes } from '../kernel/aead.ts';
import type { EncodedProgress } from '../audio/audio-encoder.ts';
import { recordingRates } from '../audio/recording-rate.ts';
import { recordingFormats } from '../records/recording-record.ts';
import { slotKinds } from './slot.ts';

/**
 * A spool on the disk:
 *
 *   magic (8) | salt (32) | frames ...
 *   frame: kind (1) | length of the text (3) | length of what follows (4) | ciphertext | tag (16)
 *   plaintext: text (JSON) | audio
 *
 * Numbers are big-endian. The head of a frame is authenticated with it, and lets a reader find its way
 * without opening what it does not need. The key is HKDF of the recording's spool secret with the salt,
 * drawn anew for each file; the nonce is the frame's number. A file is never written to again once it was
 * closed, so no pair comes twice.
 */
export const spoolMagic = Buffer.from('ONRSPL2\n', 'latin1');
export const saltBytes = 32;
export const spoolHeaderBytes = 8 + saltBytes;
export const frameHeadBytes = 8;
/** A frame holds a third of a second of audio; anything longer is no frame of ours. */
const longestFrame = 4 * 1024 * 1024;
export const spoolSuffix = '.spool';

/**
 * `audio`: samples, with a checkpoint; `encoded`: what a live MP3 encoder made of them, in the same order;
 * `raw`: packets that nothing here decodes, as they came (`raw-packets.ts`), before the audio that they fall into;
 * `end`: no audio, and the last checkpoint.
 */
export const frameKind = { manifest: 1, audio: 2, encoded: 3, end: 4, raw: 5 } as const;
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

const progress = z.object({ samples: count, decodable: count, bytes: count, frames: count, crc: count });

const checkpoint = z.object({
  startedAt: z.string().nullable(),
  progress,
  encoded: progress.nullable(),
  rawBytes: count,
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
  /** Of the samples. */
  readonly progress: EncodedProgress;
  /** At the end, of the MP3 that was made of all of them as they came; else null. */
  readonly encoded: EncodedProgress | null;
  /** Of packets that were kept as they came. */
  readonly rawBytes: number;
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
  encoded: null,
  rawBytes: 0,
  slots: [noSlots, noSlots],
  marks: [],
};

export interface SpoolFrame {
  readonly kind: FrameKind;
  readonly text: string;
  readonly audio: Uint8Array;
}

/** The eight bytes before a frame's ciphertext. */
export interface FrameHead {
  readonly kind: FrameKind;
  readonly textBytes: number;
  /** Of ciphertext and tag. */
  readonly sealedBytes: number;
}

const kinds: ReadonlySet<number> = new Set(Object.values(frameKind));

function isKind(value: number): value is FrameKind {
  return kinds.has(value);
}

export function frameHead({ kind, textBytes, sealedBytes }: FrameHead): Buffer {
  const head = Buffer.allocUnsafe(frameHeadBytes);
  head.writeUInt8(kind, 0);
  head.writeUIntBE(textBytes, 1, 3);
  head.writeUInt32BE(sealedBytes, 4);
  return head;
}

/** Null: no frame of this version begins here. */
export function readFrameHead(bytes: Buffer): FrameHead | null {
  const kind = bytes.readUInt8(0);
  const textBytes = bytes.readUIntBE(1, 3);
  const sealedBytes = bytes.readUInt32BE(4);
  if (!isKind(kind) || sealedBytes > longestFrame || sealedBytes < aeadTagBytes + textBytes) return null;
  return { kind, textBytes, sealedBytes };
}

/** Bytes of audio in a frame. */
export function audioBytesOf({ textBytes, sealedBytes }: FrameHead): number {
  return sealedBytes - aeadTagBytes - textBytes;
}

export function readManifest(text: string): SpoolManifest | null {
  return spoolManifest.safeParse(parseJson(text)).data ?? null;
}

export function readCheckpoint(text: string): Checkpoint | null {
  return checkpoint.safeParse(parseJson(text)).data ?? null;
}

/** Null: not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
