import { createHash } from 'node:crypto';
import { createRecordStore } from '../../persistence/record-store.ts';
import type { RecordStore } from '../../records/ports.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import { CorruptObjectError } from '../../storage/age-reader.ts';
import { diskObjectStore } from '../../storage/disk-object-store.ts';
import { withCustody } from '../borrow-custody.ts';
import { dataLayout } from '../data-layout.ts';
import { exitCode } from '../role-messages.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';
import { openRecording, type RecordingReaderDeps } from '../wiring/recording-reader.ts';

const pageSize = 200;

/** Decrypts recordings and holds length and digest against their records. Exit 1 when one differs. */
export function runVerify(
  settings: Settings,
  recordingId: string | null,
  context: CommandContext,
): Promise<number> {
  return withCustody(settings, context, ({ database, keys, recordingKeys }) => {
    const objects = diskObjectStore(dataLayout(settings.dataDirectory).recordings);
    const records = createRecordStore(database.connection.db);
    return verifyAll({ keys, recordingKeys, objects }, records, recordingId, context);
  });
}

async function verifyAll(
  reader: RecordingReaderDeps,
  records: RecordStore,
  recordingId: string | null,
  context: CommandContext,
): Promise<number> {
  let good = 0;
  let bad = 0;
  for await (const recording of chosen(records, recordingId)) {
    const fault = await faultOf(reader, recording);
    if (fault === null) good += 1;
    else {
      bad += 1;
      context.complain(`recording ${recording.id}: ${fault}`);
    }
  }
  if (recordingId !== null && good + bad === 0) {
    context.complain(
      `recording ${recordingId} has nothing to verify: it is not there, not sealed, or deleted`,
    );
    return exitCode.failure;
  }
  context.print(`${good} good, ${bad} bad`);
  return bad === 0 ? exitCode.done : exitCode.failure;
}

/** Those that should have a file. */
function isKept({ state }: RecordingRecord): boolean {
  return state === 'sealed' || state === 'interrupted' || state === 'restricted';
}

async function* chosen(records: RecordStore, recordingId: string | null): AsyncGenerator<RecordingRecord> {
  if (recordingId !== null) {
    const recording = await records.recording(recordingId);
    if (recording !== null && isKept(recording)) yield recording;
    return;
  }
  let cursor: string | null = null;
  do {
    const page = await records.recordings({}, { limit: pageSize, cursor });
    if (page === 'bad-cursor') return;
    yield* page.items.filter(isKept);
    cursor = page.nextCursor;
  } while (cursor !== null);
}

/** Null: the audio is what the record says. */
async function faultOf(deps: RecordingReaderDeps, recording: RecordingRecord): Promise<string | null> {
  const opened = await openRecording(deps, recording);
  if (!opened.ok) return `cannot be opened: ${opened.error}`;
  if (opened.value.size !== recording.sizeBytes) {
    return `has ${opened.value.size} bytes, its record says ${recording.sizeBytes ?? 'none'}`;
  }
  const hash = createHash('sha256');
  try {
    for await (const part of opened.value.stream()) hash.update(part);
  } catch (error) {
    if (error instanceof CorruptObjectError) return 'was changed after it was sealed';
    throw error;
  }
  return hash.digest('hex') === recording.sha256 ? null : 'has another digest than its record says';
}
