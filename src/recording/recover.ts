import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { Aead } from '../kernel/aead.ts';
import type { SealTarget, SpoolDisk, SpoolSource } from './ports.ts';
import type { SealResult } from './protocol.ts';
import { objectKeyOf, sealSpool, sliceBytes, type SpoolEnd } from './seal.ts';
import { sumOf } from './slot.ts';
import {
  type Checkpoint,
  frameKind,
  nothingYet,
  readCheckpoint,
  readManifest,
  type SpoolManifest,
  spoolSuffix,
} from './spool-format.ts';
import { SpoolReader } from './spool-reader.ts';

export interface RecoveryDeps {
  readonly disk: SpoolDisk;
  readonly target: SealTarget;
  readonly aead: Aead;
}

/**
 * `sealed`: it is in storage and the spool is gone; `complete` where the recording had ended in order.
 * `empty`: no audio had been written; the spool is gone. `missing`: there is no such spool.
 * `unreadable`: damaged from its start, or of another key; it stays where it is.
 */
export type Recovery =
  | { readonly outcome: 'sealed'; readonly result: SealResult; readonly complete: boolean }
  | { readonly outcome: 'empty' | 'missing' | 'unreadable' };

export interface ListedSpool {
  readonly path: string;
  readonly recordingId: string;
}

/** What a dead process left behind. Nothing may be recording into the directory. */
export async function listSpools(directory: string, disk: SpoolDisk): Promise<readonly ListedSpool[]> {
  const paths = await disk.list(directory);
  return paths.map((path) => ({
    path,
    recordingId: path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1, -spoolSuffix.length),
  }));
}

/**
 * Makes of a spool what can be made: seals all audio up to the first bad frame, then removes the spool.
 * May be interrupted and run again at any point; what was sealed before is found by its manifest.
 */
export async function recoverSpool(
  path: string,
  spoolSecret: Uint8Array,
  recipient: string,
  deps: RecoveryDeps,
): Promise<Recovery> {
  const source = await deps.disk.open(path);
  if (source === null) return { outcome: 'missing' };
  const recovery = await recoverFrom(source, spoolSecret, recipient, deps).finally(() => source.close());
  if (recovery.outcome !== 'unreadable') await deps.disk.remove(path);
  return recovery;
}

async function recoverFrom(
  source: SpoolSource,
  spoolSecret: Uint8Array,
  recipient: string,
  deps: RecoveryDeps,
): Promise<Recovery> {
  const scan = await scanSpool(source, spoolSecret, deps);
  if (scan === 'torn') return { outcome: 'empty' };
  if (scan === 'unreadable') return { outcome: 'unreadable' };
  const { manifest, end, complete } = scan;
  const before = readSealed(await deps.target.manifest(objectKeyOf(manifest)), manifest.recordingId);
  if (before !== null) return { outcome: 'sealed', result: before, complete };
  if (!complete && end.last.progress.decodable === 0) return { outcome: 'empty' };
  const result = await sealSpool({
    manifest,
    recipient,
    end,
    frames: () => new SpoolReader(source, spoolSecret, deps.aead).frames(),
    target: deps.target,
  });
  return { outcome: 'sealed', result, complete };
}

interface Scan {
  readonly manifest: SpoolManifest;
  readonly end: SpoolEnd;
  readonly complete: boolean;
}

async function scanSpool(
  source: SpoolSource,
  spoolSecret: Uint8Array,
  deps: RecoveryDeps,
): Promise<Scan | 'torn' | 'unreadable'> {
  const reader = new SpoolReader(source, spoolSecret, deps.aead);
  let manifest: SpoolManifest | null = null;
  let complete = false;
  let sinceTurn = 0;
  const checkpoints: Checkpoint[] = [nothingYet];
  for await (const { kind, text, audio } of reader.frames()) {
    sinceTurn += audio.length;
    if (sinceTurn >= sliceBytes) {
      sinceTurn = 0;
      await nextTurn();
    }
    if (manifest === null) {
      manifest = kind === frameKind.manifest ? readManifest(text) : null;
      if (manifest === null) return 'unreadable';
      continue;
    }
    const checkpoint = readCheckpoint(text);
    if (checkpoint === null) break;
    checkpoints.push(checkpoint);
    if (checkpoints.length > checkpointsKept) checkpoints.splice(1, 1);
    complete = kind === frameKind.end;
  }
  if (manifest === null) return reader.fault ?? 'unreadable';
  return { manifest, end: endOf(checkpoints), complete };
}

/** An MP3 encoder keeps less than half a second to itself: two frames of the spool. */
const checkpointsKept = 8;

/** The last checkpoint, and the newest one that lies wholly within what can be decoded. */
function endOf(checkpoints: readonly Checkpoint[]): SpoolEnd {
  const last = checkpoints.at(-1) ?? nothingYet;
  const within = checkpoints.filter(({ slots }) => sumOf(slots[0]) <= last.progress.decodable);
  return { last, before: within.at(-1) ?? nothingYet };
}

const sealedManifest = z.object({
  recordingId: z.string(),
  durationMs: z.number(),
  sampleRate: z.number(),
  sizeBytes: z.number(),
  sha256: z.string(),
  objectKey: z.string(),
  objectSha256: z.string(),
  ledger: z.array(
    z.object({
      party: z.enum(['caller', 'callee']),
      receivedMs: z.number(),
      concealedMs: z.number(),
      heldMs: z.number(),
      pausedMs: z.number(),
      lostMs: z.number(),
    }),
  ),
});

/** What a recording's manifest says of its seal; null: none, or another recording's. */
export function readSealed(manifest: unknown, recordingId: string): SealResult | null {
  const parsed = sealedManifest.safeParse(manifest).data;
  return parsed?.recordingId === recordingId ? parsed : null;
}
