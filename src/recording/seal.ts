import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { audioFileEnds } from '../audio/audio-file.ts';
import type { RecordingShape } from './pipeline.ts';
import { fileKind } from '../records/recording-record.ts';
import type { SealTarget, SealWriter } from './ports.ts';
import type { SealResult } from './protocol.ts';
import { channelLedger, countsBetween } from './slot.ts';
import { type Checkpoint, frameKind, type SpoolFrame, type SpoolManifest } from './spool-format.ts';

/** Audio is passed on in pieces of this size, each followed by a turn of the event loop. */
export const sliceBytes = 256 * 1024;

const manifestVersion = 1;

/** What a spool holds, and how far it can be used. */
export interface SpoolEnd {
  readonly last: Checkpoint;
  /** The one before; where nothing came before, all zero. */
  readonly before: Checkpoint;
}

export interface SealJob {
  readonly manifest: SpoolManifest;
  readonly recipient: string;
  readonly end: SpoolEnd;
  /** The spool's frames from the first on. */
  readonly frames: () => AsyncGenerator<SpoolFrame>;
  readonly target: SealTarget;
}

export function audioShape(manifest: SpoolManifest): RecordingShape {
  return { channels: manifest.channels === 'stereo' ? 2 : 1, sampleRate: manifest.sampleRate };
}

/** `2026/11/23/ID.wav.age`, by the day (UTC) on which the spool was made. */
export function objectKeyOf(manifest: SpoolManifest): string {
  const day = new Date(manifest.createdAt).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/${manifest.recordingId}.${fileKind(manifest.format)}.age`;
}

/**
 * Spool → file: head, audio up to the last whole unit, one age file, then the manifest beside it. Durable
 * when resolved; the spool is left to the caller. It may be run again from the start at any time, since
 * each run draws a file key of its own and the object appears whole or not at all.
 */
export async function sealSpool(job: SealJob): Promise<SealResult> {
  const { manifest, target } = job;
  const objectKey = objectKeyOf(manifest);
  const writer = await target.create(objectKey, job.recipient);
  const written = await writeAudio(job, writer).catch(async (error: unknown) => {
    await writer.abort();
    throw error;
  });
  const result = sealResult(job, objectKey, written);
  await target.putManifest(objectKey, {
    version: manifestVersion,
    ...result,
    format: manifest.format,
    channels: manifest.channels,
    callId: manifest.callId,
    recipient: job.recipient,
    marks: job.end.last.marks,
    facts: manifest.facts,
  });
  return result;
}

interface Written {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly objectSha256: string;
}

async function writeAudio(job: SealJob, writer: SealWriter): Promise<Written> {
  const { manifest } = job;
  const { progress, startedAt } = job.end.last;
  const tags = { ...manifest, startedAt: startedAt ?? manifest.createdAt };
  const { head, tail } = audioFileEnds(manifest.format, audioShape(manifest), progress, tags);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    sizeBytes += bytes.length;
    await writer.write(bytes);
  };
  await write(head);
  let left = progress.bytes;
  let sinceBreath = 0;
  for await (const frame of job.frames()) {
    if (frame.kind === frameKind.manifest) continue;
    const part = frame.audio.subarray(0, left);
    await write(part);
    left -= part.length;
    sinceBreath += part.length;
    if (left === 0) break;
    if (sinceBreath < sliceBytes) continue;
    sinceBreath = 0;
    await nextTurn();
  }
  await write(tail);
  if (left > 0) throw new Error('the spool holds less audio than its last checkpoint says');
  return { objectSha256: await writer.finish(), sha256: hash.digest('hex'), sizeBytes };
}

function sealResult(job: SealJob, objectKey: string, written: Written): SealResult {
  const { manifest, end } = job;
  const { sampleRate } = manifest;
  const samples = end.last.progress.decodable;
  const durationMs = Math.round((samples * 1000) / sampleRate);
  const ledger = (['caller', 'callee'] as const).map((party, channel) => {
    const index = channel === 0 ? 0 : 1;
    const counts = countsBetween(end.before.slots[index], end.last.slots[index], samples);
    return channelLedger(party, counts, sampleRate, durationMs);
  });
  return {
    recordingId: manifest.recordingId,
    durationMs,
    sampleRate,
    ...written,
    objectKey,
    ledger,
  };
}
