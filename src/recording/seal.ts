import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AudioFileEnds, audioFileEnds } from '../audio/audio-file.ts';
import type { RecordingFormat } from '../records/recording-record.ts';
import { audioShape, objectKeyOf, type OpenSpool } from './open-spool.ts';
import type { Peaks } from './peaks.ts';
import type { SealTarget, SealWriter } from './ports.ts';
import type { SealResult } from './protocol.ts';
import type { SealedBody } from './sealed-body.ts';
import { channelLedger } from './slot.ts';

/** Audio is passed on in pieces of this size, each followed by a turn of the event loop. */
export const sliceBytes = 256 * 1024;

const manifestVersion = 1;

export interface SealJob {
  readonly spool: Pick<OpenSpool, 'manifest' | 'last'>;
  readonly body: SealedBody;
  readonly peaks: Peaks;
  /** The age recipient of file and peaks. */
  readonly recipient: string;
  readonly target: SealTarget;
}

/**
 * Spool → file: head, audio up to the last whole unit, tail, one age file; then the peaks, then the manifest beside
 * it. Durable when resolved; the spool is left to the caller. It may be run again from the start at any time,
 * since each run draws a file key of its own and the object appears whole or not at all.
 */
export async function sealSpool(job: SealJob): Promise<SealResult> {
  const { spool, body, target, recipient } = job;
  const { manifest, last } = spool;
  const objectKey = objectKeyOf(manifest, body.format);
  if (last.rawBytes > 0) await writeRaw(job, objectKey);
  const writer = await target.create(objectKey, recipient);
  const written = await aborting(writer, () => writeAudio(job, writer));
  await target.putPeaks(objectKey, recipient, Buffer.from(JSON.stringify(job.peaks)));
  const facts = sealResult(spool, body.format, objectKey, written);
  const manifestSha256 = await target.putManifest(objectKey, {
    version: manifestVersion,
    ...facts,
    channels: manifest.channels,
    callId: manifest.callId,
    recipient,
    marks: last.marks,
    facts: manifest.facts,
  });
  return { ...facts, manifestSha256 };
}

/** What stands around the audio of a spool's file. */
export function fileEnds(
  { manifest, last }: Pick<OpenSpool, 'manifest' | 'last'>,
  { format, progress }: Pick<SealedBody, 'format' | 'progress'>,
): AudioFileEnds {
  const tags = { ...manifest, startedAt: last.startedAt ?? manifest.createdAt };
  return audioFileEnds(format, audioShape(manifest), progress, tags);
}

async function aborting<T>(writer: SealWriter, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Before the audio, whose manifest then speaks of both. */
async function writeRaw({ spool, body, target, recipient }: SealJob, objectKey: string): Promise<void> {
  const writer = await target.createRaw(objectKey, recipient);
  await aborting(writer, async () => {
    let left = spool.last.rawBytes;
    for await (const bytes of body.raw()) {
      const part = bytes.subarray(0, left);
      await writer.write(part);
      left -= part.length;
      if (left === 0) break;
    }
    await writer.finish();
  });
}

interface Written {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly objectSha256: string;
}

async function writeAudio({ spool, body }: SealJob, writer: SealWriter): Promise<Written> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    sizeBytes += bytes.length;
    await writer.write(bytes);
  };
  const { head, tail } = fileEnds(spool, body);
  await write(head);
  let left = body.progress.bytes;
  let sinceBreath = 0;
  for await (const audio of body.bytes()) {
    const part = audio.subarray(0, left);
    await write(part);
    left -= part.length;
    sinceBreath += part.length;
    if (left === 0) break;
    if (sinceBreath < sliceBytes) continue;
    sinceBreath = 0;
    await nextTurn();
  }
  if (left > 0) throw new Error('the spool holds less audio than its last checkpoint says');
  await write(tail);
  return { objectSha256: await writer.finish(), sha256: hash.digest('hex'), sizeBytes };
}

function sealResult(
  { manifest, last }: SealJob['spool'],
  format: RecordingFormat,
  objectKey: string,
  written: Written,
): Omit<SealResult, 'manifestSha256'> {
  const { recordingId, sampleRate } = manifest;
  const durationMs = Math.round((last.progress.samples * 1000) / sampleRate);
  const [caller, callee] = last.slots;
  const ledger = [
    channelLedger('caller', caller, sampleRate, durationMs),
    channelLedger('callee', callee, sampleRate, durationMs),
  ];
  const undecoded = last.rawBytes > 0;
  return { recordingId, format, durationMs, sampleRate, ...written, objectKey, undecoded, ledger };
}
