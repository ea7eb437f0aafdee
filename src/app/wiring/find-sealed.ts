import { chacha20Poly1305 } from '../../kernel/aead.ts';
import { systemRandom } from '../../kernel/ids.ts';
import type { SealResult } from '../../recording/protocol.ts';
import { readSealed } from '../../recording/recover.ts';
import { diskObjectStore } from '../../storage/disk-object-store.ts';
import { recordingVault } from '../../storage/recording-vault.ts';
import type { FileKind } from '../../records/recording-record.ts';
import type { DataLayout } from '../data-layout.ts';

const dayMs = 86_400_000;
const kinds: readonly FileKind[] = ['wav', 'mp3'];
/** A call is answered, and its object named, at the latest this long after its recording was expected. */
const daysLooked = 3;

/**
 * A sealed recording by its manifest alone. Objects lie under the day on which their spool was made, which
 * is that of the recording's UUID (version 7) or one soon after.
 */
export async function findSealed(
  layout: DataLayout,
  recordingId: string,
  now: number,
): Promise<SealResult | null> {
  const store = diskObjectStore(layout.recordings);
  const vault = recordingVault({ store, aead: chacha20Poly1305, random: systemRandom });
  const born = Number.parseInt(recordingId.replaceAll('-', '').slice(0, 12), 16);
  for (let day = 0; day <= daysLooked && born + (day - 1) * dayMs <= now; day++) {
    const folder = new Date(born + day * dayMs).toISOString().slice(0, 10).replaceAll('-', '/');
    for (const kind of kinds) {
      const sealed = readSealed(await vault.manifest(`${folder}/${recordingId}.${kind}.age`), recordingId);
      if (sealed !== null) return sealed;
    }
  }
  return null;
}
