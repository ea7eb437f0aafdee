import type { EncodedProgress } from '../audio/audio-encoder.ts';
import type { RecordingFormat } from '../records/recording-record.ts';
import { encodeSpool } from './deferred-encoding.ts';
import { type OpenSpool, spoolCoding } from './open-spool.ts';
import type { SealDeps } from './ports.ts';
import { type FrameKind, frameKind } from './spool-format.ts';
import { SpoolReader } from './spool-reader.ts';

/** What stands between head and tail of a sealed file, from the first byte on each time it is asked for. */
export interface SealedBody {
  readonly format: RecordingFormat;
  readonly progress: EncodedProgress;
  readonly bytes: () => AsyncGenerator<Uint8Array>;
  /** Packets that nothing here decodes, for a file of their own. */
  readonly raw: () => AsyncGenerator<Uint8Array>;
}

/** Whether an MP3 of this spool is still to be made. */
export function owesEncoding({ manifest, last }: Pick<OpenSpool, 'manifest' | 'last'>): boolean {
  return manifest.format === 'mp3' && last.encoded === null;
}

/**
 * The samples for a WAV, what the live encoder made for an MP3; where it made nothing, or not all, the MP3 is
 * made now. Without an encoder the recording is kept all the same, as the WAV that its format then says.
 */
export async function sealedBody(spool: OpenSpool, deps: SealDeps): Promise<SealedBody> {
  const { manifest, last } = spool;
  const { format } = manifest;
  const raw = (): AsyncGenerator<Uint8Array> => framesOf(spool, frameKind.raw, deps);
  const samples = { raw, progress: last.progress, bytes: () => framesOf(spool, frameKind.audio, deps) };
  if (spoolCoding(format) !== 'pcm16' || format === 'wav') return { format, ...samples };
  if (last.encoded !== null)
    return { format, raw, progress: last.encoded, bytes: () => framesOf(spool, frameKind.encoded, deps) };
  const encoded = await encodeSpool(spool, deps);
  return encoded === null ? { format: 'wav', ...samples } : { format, raw, ...encoded };
}

async function* framesOf(
  { source, spoolSecret }: OpenSpool,
  kind: FrameKind,
  { aead }: SealDeps,
): AsyncGenerator<Uint8Array> {
  for await (const { audio } of new SpoolReader(source, spoolSecret, aead).frames(kind)) yield audio;
}
