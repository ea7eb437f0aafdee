import type { EncodedProgress } from '../audio/audio-encoder.ts';
import { linearSamples } from '../audio/linear-samples.ts';
import type { SealDeps } from './ports.ts';
import { audioShape, type OpenSpool } from './open-spool.ts';
import { frameKind } from './spool-format.ts';
import { SpoolReader } from './spool-reader.ts';
import { SpoolWriter } from './spool-writer.ts';

/** Beside the spool, and no spool to whoever lists them. */
const suffix = '.encoding';

/** An MP3 that was made after its recording ended, in a file like a spool. */
export interface EncodedSpool {
  readonly progress: EncodedProgress;
  readonly bytes: () => AsyncGenerator<Uint8Array>;
}

/**
 * Encodes the samples of a spool, a portion at a time with a pause after each. Null: there is no encoder here, or
 * it failed. The head of an MP3 tells what follows, so all of it is encoded before the first byte is sealed;
 * a crash in between costs the work alone, since the next attempt starts again with a key of its own.
 */
export async function encodeSpool(spool: OpenSpool, deps: SealDeps): Promise<EncodedSpool | null> {
  const { disk, encoders, aead } = deps;
  const path = spool.path + suffix;
  const encoder = await encoders.acquire(audioShape(spool.manifest)).catch(() => null);
  if (encoder === null) return null;
  try {
    await disk.remove(path);
    const writer = await SpoolWriter.start(await disk.create(path), spool.spoolSecret, spool.manifest, deps);
    try {
      let left = spool.last.progress.bytes;
      for await (const { audio } of new SpoolReader(spool.source, spool.spoolSecret, aead).frames(
        frameKind.audio,
      )) {
        const samples = linearSamples(audio.subarray(0, left), 'pcm16');
        left -= 2 * samples.length;
        const bytes = attempt(() => encoder.encode(samples));
        if (bytes === null) return null;
        writer.encoded(bytes);
        await writer.written();
        if (left === 0 || writer.fault !== null) break;
        await deps.pace();
      }
      const rest = attempt(() => encoder.finish());
      if (rest === null) return null;
      writer.encoded(rest);
    } finally {
      await writer.close();
    }
    if (writer.fault !== null) throw writer.fault;
    return { progress: encoder.progress(), bytes: () => encodedBytes(path, spool, deps) };
  } finally {
    encoder.release();
  }
}

/** Removes what an encoding left beside a spool. */
export async function removeEncoding(spoolPath: string, { disk }: Pick<SealDeps, 'disk'>): Promise<void> {
  await disk.remove(spoolPath + suffix);
}

/** Null: the encoder failed, which no second attempt would mend. */
function attempt(work: () => Uint8Array): Uint8Array | null {
  try {
    return work();
  } catch {
    return null;
  }
}

async function* encodedBytes(
  path: string,
  { spoolSecret }: OpenSpool,
  { disk, aead }: SealDeps,
): AsyncGenerator<Uint8Array> {
  const source = await disk.open(path);
  if (source === null) throw new Error('the MP3 made of a spool is gone');
  try {
    for await (const { audio } of new SpoolReader(source, spoolSecret, aead).frames(frameKind.encoded))
      yield audio;
  } finally {
    await source.close();
  }
}
