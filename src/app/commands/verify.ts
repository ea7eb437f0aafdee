import { createHash } from 'node:crypto';
import { chacha20Poly1305 } from '../../kernel/aead.ts';
import { systemRandom } from '../../kernel/ids.ts';
import { createEvidenceStore } from '../../persistence/evidence-store.ts';
import { createRecordStore } from '../../persistence/record-store.ts';
import { type DigestMac, type Evidence, evidenceFault } from '../../records/consent-chain.ts';
import type { CallDetail, EvidenceStore, RecordStore } from '../../records/ports.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import { recordingSeal } from '../../records/recording-seal.ts';
import { CorruptObjectError } from '../../storage/age-reader.ts';
import { diskObjectStore } from '../../storage/disk-object-store.ts';
import { type RecordingVault, recordingVault } from '../../storage/recording-vault.ts';
import { withCustody } from '../borrow-custody.ts';
import { dataLayout } from '../data-layout.ts';
import { exitCode } from '../role-messages.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';
import { openRecording, type RecordingReaderDeps } from '../wiring/recording-reader.ts';

const pageSize = 200;

interface Verifier extends RecordingReaderDeps {
  readonly records: RecordStore;
  readonly evidence: EvidenceStore;
  readonly vault: Pick<RecordingVault, 'manifest'>;
  readonly mac: DigestMac;
}

/**
 * Holds what is kept against what was written: each recording's audio, manifest and seal, and the evidence of each
 * call. Exit 1 when one differs.
 */
export function runVerify(
  settings: Settings,
  recordingId: string | null,
  context: CommandContext,
): Promise<number> {
  return withCustody(settings, context, ({ database, keys, recordingKeys, mac }) => {
    const objects = diskObjectStore(dataLayout(settings.dataDirectory).recordings);
    const records = createRecordStore(database.connection.db);
    const vault = recordingVault({ store: objects, aead: chacha20Poly1305, random: systemRandom });
    const evidence = createEvidenceStore(database.connection.db);
    const verifier = { evidence, keys, recordingKeys, objects, records, vault, mac };
    return recordingId === null ? verifyAll(verifier, context) : verifyOne(verifier, recordingId, context);
  });
}

async function verifyOne(verifier: Verifier, recordingId: string, context: CommandContext): Promise<number> {
  const recording = await verifier.records.recording(recordingId);
  if (recording === null || !isKept(recording)) {
    context.complain(
      `recording ${recordingId} has nothing to verify: it is not there, not sealed, or deleted`,
    );
    return exitCode.failure;
  }
  const evidence = await verifier.evidence.chainOf(recording.callId);
  return report(context, [await recordingFaults(verifier, recording, evidence)]);
}

async function verifyAll(verifier: Verifier, context: CommandContext): Promise<number> {
  const found: Checked[] = [];
  const seen = new Set<string>();
  for await (const { call, recordings } of allCalls(verifier.records)) {
    const evidence = await verifier.evidence.chainOf(call.id);
    for (const recording of recordings.filter(isKept)) {
      seen.add(recording.id);
      found.push(await recordingFaults(verifier, recording, evidence));
    }
    if (recordings.some(isKept)) continue;
    const fault = evidenceFault(evidence, verifier.mac);
    if (fault !== null) found.push({ what: `call ${call.id}`, faults: [fault] });
  }
  // A recording whose call is not in the database is none the less kept.
  for await (const recording of allRecordings(verifier.records)) {
    if (!isKept(recording) || seen.has(recording.id)) continue;
    const evidence = await verifier.evidence.chainOf(recording.callId);
    found.push(await recordingFaults(verifier, recording, evidence));
  }
  return report(context, found);
}

interface Checked {
  readonly what: string;
  readonly faults: readonly string[];
}

function report(context: CommandContext, found: readonly Checked[]): number {
  for (const { what, faults } of found) {
    for (const fault of faults) context.complain(`${what}: ${fault}`);
  }
  const bad = found.filter(({ faults }) => faults.length > 0).length;
  context.print(`${found.length - bad} good, ${bad} bad`);
  return bad === 0 ? exitCode.done : exitCode.failure;
}

/** Those that should have a file. */
function isKept({ state }: RecordingRecord): boolean {
  return state === 'sealed' || state === 'interrupted' || state === 'restricted';
}

async function* allCalls(records: RecordStore): AsyncGenerator<CallDetail> {
  let cursor: string | null = null;
  do {
    const page = await records.calls({}, { limit: pageSize, cursor });
    if (page === 'bad-cursor') return;
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

async function* allRecordings(records: RecordStore): AsyncGenerator<RecordingRecord> {
  let cursor: string | null = null;
  do {
    const page = await records.recordings({}, { limit: pageSize, cursor });
    if (page === 'bad-cursor') return;
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

async function recordingFaults(
  verifier: Verifier,
  recording: RecordingRecord,
  evidence: readonly Evidence[],
): Promise<Checked> {
  const faults = [
    await audioFault(verifier, recording),
    await manifestFault(verifier, recording),
    recording.seal === recordingSeal(recording, verifier.mac)
      ? null
      : 'its record was changed after it was sealed',
    evidenceFault(evidence, verifier.mac) ?? endFault(recording, evidence),
  ];
  return { what: `recording ${recording.id}`, faults: faults.filter((fault) => fault !== null) };
}

/** The seal names the last evidence there was: what is cut off behind has not become unwritten. */
function endFault({ consentDigest }: RecordingRecord, evidence: readonly Evidence[]): string | null {
  if (consentDigest === null) return 'was sealed without evidence of consent';
  return evidence.some(({ digest }) => digest === consentDigest)
    ? null
    : 'evidence that it was sealed with is missing';
}

async function manifestFault({ vault }: Verifier, recording: RecordingRecord): Promise<string | null> {
  const { objectKey, manifestSha256 } = recording;
  const manifest = objectKey === null ? null : await vault.manifest(objectKey);
  if (manifest === null) return 'has no manifest';
  return manifest.sha256 === manifestSha256 ? null : 'its manifest was changed after it was sealed';
}

/** Null: the audio is what the record says. */
async function audioFault(deps: RecordingReaderDeps, recording: RecordingRecord): Promise<string | null> {
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
