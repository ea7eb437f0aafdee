import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type DatabaseConnection } from '../../src/persistence/connect-database.ts';
import { embeddedSocketPath } from '../../src/persistence/embedded-socket.ts';
import type { Database } from '../../src/persistence/schema.ts';
import { after } from '../end-to-end/voices.ts';
import type { RecordingView } from '../support/api-client.ts';
import { englishPrompt } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { Scene } from '../support/scene.ts';

/** All that the API says of what one party was told. */
type Told = Readonly<Record<string, string | number | boolean | null>> & {
  readonly reported: { readonly packets: number; readonly lost: number; readonly at: string } | null;
};
const hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;

describe('the evidence of a call that was told and recorded', () => {
  let scene: Scene;
  let database: DatabaseConnection;
  let recording: RecordingView;
  let told: readonly Told[];

  beforeAll(async () => {
    scene = await Scene.start();
    const [calling, called] = await scene.placeCall();
    await waitUntil('a recording', async () => (await scene.node.api.recordings('?state=recording'))[0]);
    calling.rtp.report();
    called.rtp.report();
    await after(500);
    await calling.hangUp();
    await called.ended;
    recording = await scene.recording('sealed');
    told = (await scene.node.api.consent(recording.id)).items as unknown as readonly Told[];
    const socketPath = embeddedSocketPath(join(scene.directory, 'data', 'database'));
    database = connectDatabase({ embedded: { socketPath } });
  });
  afterAll(async () => {
    await database.close();
    await scene.stop();
  });

  it('says for each party what it was told, how it was sent, what arrived, and how it ended', () => {
    expect(told.map(({ party }) => party).toSorted()).toEqual(['callee', 'caller']);
    for (const one of told) {
      expect(one).toMatchObject({
        ...{ promptId: englishPrompt.id, language: 'en', text: englishPrompt.text, purpose: 'quality' },
        ...{ promptVersion: hash, audioSha256: hash, codec: 'PCMA', outcome: 'told', moment: 'on-answer' },
        ...{ firstPacketAt: time, lastPacketAt: time, presentAtEnd: true, recordingId: recording.id },
      });
      expect(one.packetsSent).toBe(one.packetsExpected);
      const [first, last] = [one.firstPacketAt, one.lastPacketAt].map((at) => Date.parse(String(at)));
      expect(Math.abs(last! - first! - (Number(one.packetsSent) - 1) * 20)).toBeLessThan(200);
      expect(one.reported).toMatchObject({ packets: one.packetsSent, lost: 0, at: time });
    }
  });

  it('is found good by `onrecord verify`', async () => {
    expect(await scene.node.run('verify', recording.id)).toMatchObject({
      code: 0,
      stdout: '1 good, 0 bad\n',
    });
  });

  const ofCall = (): RawBuilder<unknown> => sql`call_id = ${recording.callId}`;
  const ofRecording = (): RawBuilder<unknown> => sql`id = ${recording.id}`;
  const rows: [
    name: string,
    change: () => RawBuilder<unknown>,
    undo: () => RawBuilder<unknown>,
    fault: RegExp,
  ][] = [
    [
      'one character of what a party was told',
      () => sql`UPDATE consent_events SET text = replace(text, 'may', 'mat') WHERE ${ofCall()}`,
      () => sql`UPDATE consent_events SET text = replace(text, 'mat', 'may') WHERE ${ofCall()}`,
      /evidence \S+ was changed after it was written/,
    ],
    [
      'one packet more',
      () =>
        sql`UPDATE consent_events SET packets_sent = packets_sent + 1 WHERE ${ofCall()} AND party = 'callee'`,
      () =>
        sql`UPDATE consent_events SET packets_sent = packets_sent - 1 WHERE ${ofCall()} AND party = 'callee'`,
      /evidence \S+ was changed after it was written/,
    ],
    [
      'one digit of a MAC',
      () => sql`UPDATE consent_events SET mac = reverse(mac) WHERE ${ofCall()}`,
      () => sql`UPDATE consent_events SET mac = reverse(mac) WHERE ${ofCall()}`,
      /evidence \S+ was not written by this node's owner/,
    ],
    [
      'what a receiver reported',
      () => sql`UPDATE consent_receipts SET lost = lost + 1 WHERE ${ofCall()}`,
      () => sql`UPDATE consent_receipts SET lost = lost - 1 WHERE ${ofCall()}`,
      /the receiver report \S+ was changed after it was written/,
    ],
    [
      'a receiver report that is made to go',
      () =>
        sql`UPDATE consent_receipts SET digest = '~' || digest, call_id = '~' || call_id WHERE ${ofCall()}`,
      () =>
        sql`UPDATE consent_receipts SET digest = substr(digest, 2), call_id = substr(call_id, 2) WHERE call_id LIKE '~%'`,
      /evidence that it was sealed with is missing/,
    ],
    [
      'what the recording was for',
      () => sql`UPDATE recordings SET purpose_text = purpose_text || '.' WHERE ${ofRecording()}`,
      () => sql`UPDATE recordings SET purpose_text = left(purpose_text, -1) WHERE ${ofRecording()}`,
      /its record was changed after it was sealed/,
    ],
    [
      'when it began, by a millisecond',
      () => sql`UPDATE recordings SET started_at = started_at + interval '1 ms' WHERE ${ofRecording()}`,
      () => sql`UPDATE recordings SET started_at = started_at - interval '1 ms' WHERE ${ofRecording()}`,
      /its record was changed after it was sealed/,
    ],
  ];
  it.each(rows)('does not verify once a row has changed: %s', async (_name, change, undo, fault) => {
    await pastTriggers(database.db, change());
    const changed = await scene.node.run('verify', recording.id);
    await pastTriggers(database.db, undo());
    expect(changed.code).toBe(1);
    expect(changed.stderr).toMatch(new RegExp(`recording ${recording.id}: .*${fault.source}`));
  });

  const files: [name: string, ending: string, fault: RegExp][] = [
    ['the sealed object', '.wav.age', /was changed after it was sealed|cannot be opened/],
    ['the manifest', '.json', /its manifest was changed after it was sealed/],
  ];
  it.each(files)(
    'does not verify once one byte on the disk has changed: %s',
    async (_name, ending, fault) => {
      const path = join(scene.directory, 'data', 'recordings', fileOf(scene, recording.id, ending));
      const bytes = readFileSync(path);
      for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        writeFileSync(path, changed);
        const verified = await scene.node.run('verify');
        expect([at, verified.code]).toEqual([at, 1]);
        expect(verified.stderr).toMatch(new RegExp(`recording ${recording.id}: .*(${fault.source})`));
      }
      writeFileSync(path, bytes);
      expect((await scene.node.run('verify')).code).toBe(0);
    },
  );

  it('goes with its recording, and by nobody who only has the database', async () => {
    const plain = (): Promise<unknown> =>
      sql`DELETE FROM consent_events WHERE ${ofCall()}`.execute(database.db);
    await expect(plain()).rejects.toThrow('consent_events is append-only');
    expect((await scene.node.api.delete(recording.id)).status).toBe(204);
    expect((await scene.node.api.callConsent(recording.callId)).items).toEqual([]);
    const { rows: left } = await sql`
      SELECT id FROM consent_events WHERE ${ofCall()} UNION ALL SELECT id FROM consent_receipts WHERE ${ofCall()}
    `.execute(database.db);
    expect(left).toEqual([]);
  });
});

/** As somebody would who has the database, and not the key. */
async function pastTriggers(db: Kysely<Database>, statement: RawBuilder<unknown>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(trx);
    await statement.execute(trx);
  });
}

function fileOf({ directory }: Scene, recordingId: string, ending: string): string {
  const names = readdirSync(join(directory, 'data', 'recordings'), { recursive: true }).map(String);
  return names.find((name) => name.endsWith(`${recordingId}${ending}`))!;
}
