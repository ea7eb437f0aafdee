import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { type Transpiled, transpile } from '../support/transpile.ts';
import { callEvent, keyEvent, recordingEvent, wrappedOf } from './sample-events.ts';

/** Journals calls that end and calls that do not, without an end; says what is confirmed. */
const childScript = `
  const [journalModule, clockModule, samples, directory, life] = process.argv.slice(2);
  const { openJournal } = await import(journalModule);
  const { systemClock } = await import(clockModule);
  const { callEvent, keyEvent, recordingEvent } = await import(samples);
  const opened = await openJournal({ directory, clock: systemClock(), settleMs: 20, segmentBytes: 20000 });
  if (!opened.ok) throw new Error(opened.error.message);
  const journal = opened.value;
  const ship = async () => {
    const batch = await journal.pending(100);
    if (batch.ok && batch.value !== null) journal.acknowledge(batch.value.batch);
  };
  const one = async (n) => {
    const id = life + '.' + n;
    let done = await journal.append([keyEvent(id), recordingEvent(id, 1, 'expected'), callEvent(id, 1)]);
    if (!done.ok) throw new Error(done.error.message);
    process.stdout.write('begun ' + id + '\\n');
    if (n % 20 === 0) return;
    done = await journal.append([recordingEvent(id, 2, 'sealed'), callEvent(id, 2, true)]);
    if (!done.ok) throw new Error(done.error.message);
    process.stdout.write('ended ' + id + '\\n');
  };
  for (let n = 0; ; n += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, i) => one(n + i)));
    await ship();
  }
`;

describe('a journal on a real disk', () => {
  let built: Transpiled;
  let base: string;

  beforeAll(async () => {
    built = await transpile(['src/kernel', 'src/records', 'src/journal', 'test/journal']);
    base = await mkdtemp(join(tmpdir(), 'onrecord-journal-'));
  });

  afterAll(async () => {
    await rm(base, { recursive: true, force: true });
    await built.remove();
  });

  async function everything(directory: string): Promise<string> {
    const names = await readdir(directory);
    const contents = await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')));
    return contents.join('\n');
  }

  /** Kills the child after some time; gives the ids whose beginning and end were confirmed. */
  async function lifeUntilKill(
    directory: string,
    life: number,
  ): Promise<Record<'begun' | 'ended', Set<string>>> {
    const script = join(fileURLToPath(built.url('')), 'child.mjs');
    await writeFile(script, childScript);
    const modules = ['src/journal/journal.ts', 'src/kernel/clock.ts', 'test/journal/sample-events.ts'];
    const urls = modules.map((source) => built.url(source).href);
    const child = spawn(process.execPath, [script, ...urls, directory, String(life)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.length > 4000 + life * 1777) child.kill('SIGKILL');
    }
    await exited;
    const lines = said.split('\n').slice(0, -1);
    const named = (word: string): Set<string> =>
      new Set(lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length + 1)));
    return { begun: named('begun'), ended: named('ended') };
  }

  it('survives kill -9 after kill -9: all that began and did not end is there, and only that', async () => {
    const directory = join(base, 'killed');
    const begun = new Set<string>();
    const ended = new Set<string>();
    for (let life = 0; life < 4; life++) {
      const heard = await lifeUntilKill(directory, life);
      for (const id of heard.begun) begun.add(id);
      for (const id of heard.ended) ended.add(id);
      expect(heard.ended.size).toBeGreaterThan(50);
    }
    const opened = await openJournal({ directory, clock: systemClock() });
    if (!opened.ok) throw new Error(opened.error.message);
    const { calls, recordings, keys } = opened.value.unfinished();
    const found = recordings.map(({ id }) => id);
    expect(calls.map(({ id }) => id)).toEqual(found);
    expect(keys.map(({ recordingId }) => recordingId)).toEqual(found);
    expect(found.filter((id) => ended.has(id))).toEqual([]);
    // The kill may come between the disk's word and ours, so an end can be there that was not heard.
    const surely = [...begun].filter((id) => !ended.has(id) && Number(id.split('.')[1]) % 20 === 0);
    expect(found).toEqual(expect.arrayContaining(surely));
    expect(opened.value.stats().corruptLines).toBe(0);
    await opened.value.close();
    const bytes = await everything(directory);
    for (const id of surely) expect(bytes).toContain(wrappedOf(id));
  }, 30_000);

  it('gives settled keys back to the disk, readable by nobody else while they are there', async () => {
    const directory = join(base, 'keys');
    const opened = await openJournal({ directory, clock: systemClock() });
    if (!opened.ok) throw new Error(opened.error.message);
    const journal = opened.value;
    await journal.append([keyEvent('r'), recordingEvent('r', 1, 'expected'), callEvent('long', 1)]);
    await journal.append([recordingEvent('r', 2, 'sealed')]);
    expect(await everything(directory)).toContain(wrappedOf('r'));
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
    const batch = await journal.pending(100);
    if (!batch.ok || batch.value === null) throw new Error('nothing pending');
    journal.acknowledge(batch.value.batch);
    const settledBy = Date.now() + 1000;
    while ((await everything(directory).catch(() => wrappedOf('r'))).includes(wrappedOf('r'))) {
      expect(Date.now()).toBeLessThan(settledBy + 500);
    }
    expect(await everything(directory)).toContain('"id":"long"');
    await journal.close();
  });

  it('says in one sentence why a directory is of no use', async () => {
    const file = join(base, 'file');
    await writeFile(file, '');
    const opened = await openJournal({ directory: join(file, 'journal'), clock: systemClock() });
    expect(opened).toMatchObject({ ok: false, error: { code: 'disk' } });
    expect(opened.ok ? '' : opened.error.message).toContain(join(file, 'journal'));
  });
});
