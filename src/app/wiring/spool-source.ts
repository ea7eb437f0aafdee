import { join } from 'node:path';
import { chacha20Poly1305 } from '../../kernel/aead.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { KeyStore } from '../../records/ports.ts';
import { SpoolAudio } from '../../recording/spool-audio.ts';
import { systemSpoolDisk } from '../../recording/spool-disk.ts';
import { spoolSuffix } from '../../recording/spool-format.ts';
import type { RecordingKeys } from '../../storage/recording-keys.ts';

export interface SpoolSourceDeps {
  readonly keys: Pick<KeyStore, 'get'>;
  readonly recordingKeys: RecordingKeys;
  /** The directory of this machine's spools. */
  readonly spools: string;
}

/** A recording's audio before it is sealed; `close` gives the spool back. */
export interface UnsealedAudio {
  readonly audio: SpoolAudio;
  readonly close: () => Promise<void>;
}

/**
 * `open`: it has not ended, it was sealed this moment, or it is on another machine: its node's word is needed.
 * `foreign-kek`, `unreadable`: it is here, and cannot be opened.
 */
export type UnsealedFault = 'open' | 'foreign-kek' | 'unreadable';

/** Ids are made by nodes, and become names of files here. */
const safeId = /^[A-Za-z0-9-]{1,64}$/;

/** Opens the spool of a recording that has ended and is not sealed yet, if it is on this machine. */
export async function openUnsealed(
  deps: SpoolSourceDeps,
  recordingId: string,
): Promise<Result<UnsealedAudio, UnsealedFault>> {
  const key = safeId.test(recordingId) ? await deps.keys.get(recordingId) : null;
  if (key === null) return err('open');
  const opened = deps.recordingKeys.open(key);
  if (opened === null) return err('foreign-kek');
  const source = await systemSpoolDisk.open(join(deps.spools, `${recordingId}${spoolSuffix}`));
  if (source === null) return err('open');
  const audio = await SpoolAudio.open(source, opened.spoolSecret, chacha20Poly1305).catch(
    () => 'unreadable' as const,
  );
  if (typeof audio !== 'string') return ok({ audio, close: () => source.close() });
  await source.close();
  return err(audio);
}
