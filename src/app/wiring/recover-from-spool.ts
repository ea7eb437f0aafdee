import { join } from 'node:path';
import { chacha20Poly1305 } from '../../kernel/aead.ts';
import { systemRandom } from '../../kernel/ids.ts';
import { type Recovery, recoverSpool } from '../../recording/recover.ts';
import { systemSpoolDisk } from '../../recording/spool-disk.ts';
import { spoolSuffix } from '../../recording/spool-format.ts';
import { diskObjectStore } from '../../storage/disk-object-store.ts';
import { recordingVault } from '../../storage/recording-vault.ts';
import type { DataLayout } from '../data-layout.ts';

/** Joins the recorder's recovery with the storage it seals into. */
export function recoverFromSpool(
  layout: DataLayout,
  recordingId: string,
  opened: { readonly recipient: string; readonly spoolSecret: Uint8Array },
): Promise<Recovery> {
  const vault = recordingVault({
    store: diskObjectStore(layout.recordings),
    aead: chacha20Poly1305,
    random: systemRandom,
  });
  const path = join(layout.spools, `${recordingId}${spoolSuffix}`);
  return recoverSpool(path, opened.spoolSecret, opened.recipient, {
    disk: systemSpoolDisk,
    target: vault,
    aead: chacha20Poly1305,
  });
}
