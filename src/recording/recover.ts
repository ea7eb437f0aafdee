import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { linearSamples } from '../audio/linear-samples.ts';
import { recordingFormats } from '../records/recording-record.ts';
import { removeEncoding } from './deferred-encoding.ts';
import { audioShape, objectKeyOf, type OpenSpool, spoolCoding } from './open-spool.ts';
import { PeakMeter } from './peaks.ts';
import type { SealDeps, SpoolDisk, SpoolSource, StoredManifest } from './ports.ts';
import type { Recovery, SealResult } from './protocol.ts';
import { sealSpool, sliceBytes } from './seal.ts';
import { sealedBody } from './sealed-body.ts';
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
  deps: SealDeps,
): Promise<Recovery> {
  const source = await deps.disk.open(path);
  if (source === null) return { outcome: 'missing' };
  const recovery = await recoverFrom(path, source, { spoolSecret, recipient }, deps).finally(() =>
    source.close(),
  );
  if (recovery.outcome === 'unreadable') return recovery;
  await removeEncoding(path, deps);
  await deps.disk.remove(path);
  return recovery;
}

async function recoverFrom(
  path: string,
  source: SpoolSource,
  { spoolSecret, recipient }: { readonly spoolSecret: Uint8Array; readonly recipient: string },
  deps: SealDeps,
): Promise<Recovery> {
  const scan = await scanSpool(source, spoolSecret, deps);
  if (scan === 'torn') return { outcome: 'empty' };
  if (scan === 'unreadable') return { outcome: 'unreadable' };
  const { manifest, last, complete, peaks } = scan;
  const before = await sealedBefore(manifest, deps);
  if (before !== null) return { outcome: 'sealed', result: before, complete };
  if (!complete && last.progress.samples === 0) return { outcome: 'empty' };
  const spool: OpenSpool = { path, source, spoolSecret, manifest, last };
  const body = await sealedBody(spool, deps);
  const result = await sealSpool({
    spool,
    body,
    peaks: peaks.peaks(spoolCoding(manifest.format)),
    recipient,
    target: deps.target,
  });
  return { outcome: 'sealed', result, complete };
}

/** An MP3 may have been sealed as a WAV, where there was no encoder. */
async function sealedBefore(manifest: SpoolManifest, { target }: SealDeps): Promise<SealResult | null> {
  const formats = manifest.format === 'mp3' ? (['mp3', 'wav'] as const) : [manifest.format];
  for (const format of formats) {
    const sealed = readSealed(await target.manifest(objectKeyOf(manifest, format)), manifest.recordingId);
    if (sealed !== null) return sealed;
  }
  return null;
}

interface Scan {
  readonly manifest: SpoolManifest;
  readonly last: Checkpoint;
  readonly complete: boolean;
  readonly peaks: PeakMeter;
}

async function scanSpool(
  source: SpoolSource,
  spoolSecret: Uint8Array,
  { aead }: Pick<SealDeps, 'aead'>,
): Promise<Scan | 'torn' | 'unreadable'> {
  const reader = new SpoolReader(source, spoolSecret, aead);
  let scan: Scan | null = null;
  let sinceTurn = 0;
  for await (const { kind, text, audio } of reader.frames()) {
    sinceTurn += audio.length;
    if (sinceTurn >= sliceBytes) {
      sinceTurn = 0;
      await nextTurn();
    }
    if (scan === null) {
      const manifest = kind === frameKind.manifest ? readManifest(text) : null;
      if (manifest === null) return 'unreadable';
      scan = { manifest, last: nothingYet, complete: false, peaks: new PeakMeter(audioShape(manifest)) };
      continue;
    }
    if (kind === frameKind.encoded || kind === frameKind.raw) continue;
    const last = readCheckpoint(text);
    if (last === null) break;
    scan.peaks.add(linearSamples(audio, spoolCoding(scan.manifest.format)));
    scan = { ...scan, last, complete: kind === frameKind.end };
  }
  return scan ?? reader.fault ?? 'unreadable';
}

const sealedManifest = z.object({
  recordingId: z.string(),
  format: z.enum(recordingFormats),
  durationMs: z.number(),
  sampleRate: z.number(),
  sizeBytes: z.number(),
  sha256: z.string(),
  objectKey: z.string(),
  objectSha256: z.string(),
  undecoded: z.boolean(),
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
export function readSealed(manifest: StoredManifest | null, recordingId: string): SealResult | null {
  const parsed = sealedManifest.safeParse(manifest?.content).data;
  if (manifest === null || parsed?.recordingId !== recordingId) return null;
  return { ...parsed, manifestSha256: manifest.sha256 };
}
