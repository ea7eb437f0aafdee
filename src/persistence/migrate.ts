import { type Kysely, type Migration, Migrator } from 'kysely';
import { err, ok, type Result } from '../kernel/result.ts';
import { records } from './migrations/0001-records.ts';
import { ladders } from './migrations/0002-ladders.ts';
import { sealedEvidence } from './migrations/0003-sealed-evidence.ts';
import { quality } from './migrations/0004-quality.ts';
import { policy } from './migrations/0005-policy.ts';
import { refusals } from './migrations/0006-refusals.ts';
import { receiptChain } from './migrations/0007-receipt-chain.ts';
import { evidenceRetention } from './migrations/0008-evidence-retention.ts';
import type { Database } from './schema.ts';

/** In order for ever: a migration that has been released is never changed, renamed or removed. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-records': records,
  '0002-ladders': ladders,
  '0003-sealed-evidence': sealedEvidence,
  '0004-quality': quality,
  '0005-policy': policy,
  '0006-refusals': refusals,
  '0007-receipt-chain': receiptChain,
  '0008-evidence-retention': evidenceRetention,
};

export interface MigrationFault {
  readonly code: 'migration';
  readonly message: string;
}

/**
 * Brings the schema up to date, in one transaction under an advisory lock, so that nodes may start
 * together. Gives the names of what was applied now.
 */
export async function migrate(db: Kysely<Database>): Promise<Result<readonly string[], MigrationFault>> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
  });
  try {
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) return err(faultOf(error));
    return ok((results ?? []).map(({ migrationName }) => migrationName));
  } catch (error) {
    return err(faultOf(error));
  }
}

function faultOf(error: unknown): MigrationFault {
  const cause = error instanceof Error ? error.message : String(error);
  const message = /corrupted migrations/.test(cause)
    ? `The database's schema was made by another version (${cause}): start that version, or restore a backup.`
    : `The database's schema could not be brought up to date: ${cause}`;
  return { code: 'migration', message };
}
