import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDoNotRecordPush } from '../../src/app/do-not-record-push.ts';
import { openDoNotRecordShelf } from '../../src/app/do-not-record-shelf.ts';
import { err, ok } from '../../src/kernel/result.ts';
import type { NodeRegistry } from '../../src/link/ports.ts';
import type { LinkRequest } from '../../src/link/protocol.ts';
import { mostNotRecorded, type NumberListing } from '../../src/records/do-not-record.ts';
import type { DoNotRecordStore } from '../../src/records/ports.ts';
import { LogBook } from '../link/link-fixture.ts';

const [a, b] = ['aa'.repeat(16), 'bb'.repeat(16)];

describe("a node's copy of the list", () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'onrecord-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  const open = (keyId = 'k', logger = new LogBook(), untold: readonly NumberListing[] = []) =>
    openDoNotRecordShelf({ file: join(directory, 'list'), keyId, logger, untold });

  it('is empty at first, without complaint', () => {
    const log = new LogBook();
    expect(open('k', log).size).toBe(0);
    expect(log.lines).toEqual([]);
  });

  it('holds after a restart without control', async () => {
    expect(await open().replace('k', [a, b])).toBe(true);
    const again = open();
    expect([again.size, again.has(a), again.has(b), again.has('cc'.repeat(16))]).toEqual([
      2,
      true,
      true,
      false,
    ]);
    expect(statSync(join(directory, 'list')).mode & 0o777).toBe(0o600);
  });

  it('is replaced whole', async () => {
    const shelf = open();
    await shelf.replace('k', [a]);
    await Promise.all([shelf.replace('k', [a, b]), shelf.replace('k', [b])]);
    expect([shelf.has(a), shelf.has(b), open().has(a)]).toEqual([false, true, false]);
  });

  it('is in force before the disk has it', () => {
    const shelf = open();
    void shelf.replace('k', [a]).catch(() => undefined);
    expect(shelf.has(a)).toBe(true);
  });

  it('keeps what a party here has asked for until control says it, too', async () => {
    const shelf = open();
    await shelf.replace('k', [a]);
    expect([shelf.add(b), shelf.has(b)]).toEqual([true, true]);
    await shelf.replace('k', [a]);
    expect([shelf.has(b), open().has(b)]).toEqual([true, true]);
    await shelf.replace('k', [a, b]);
    await shelf.replace('k', [a]);
    expect([shelf.has(b), open().has(b)]).toEqual([false, false]);
  });

  it('begins with what the journal has not told control yet, if it is by our key', async () => {
    const listing = { id: '1', callId: 'c', party: 'caller', at: 'now' } as const;
    const untold = [
      { ...listing, hash: a, keyId: 'k' },
      { ...listing, hash: b, keyId: 'other' },
    ];
    const shelf = open('k', new LogBook(), untold);
    await shelf.replace('k', []);
    expect([shelf.has(a), shelf.has(b)]).toEqual([true, false]);
  });

  it('has room for no more than nodes take', async () => {
    const shelf = open();
    const many = Array.from({ length: mostNotRecorded }, (_, i) => i.toString(16).padStart(32, '0'));
    await shelf.replace('k', many);
    expect([shelf.add(a), shelf.has(a), shelf.add(many[0]!)]).toEqual([false, false, true]);
  });

  it('takes nothing that was hashed with another key', async () => {
    const shelf = open();
    await shelf.replace('k', [a]);
    expect(await shelf.replace('other', [b])).toBe(false);
    expect(shelf.has(a)).toBe(true);
  });

  it.each([
    ['of another key', (text: string) => text.replace('k', 'other')],
    ['damaged', (text: string) => text.slice(0, -5)],
  ])('says aloud that it is %s', async (_name, spoil) => {
    await open().replace('k', [a, b]);
    const file = join(directory, 'list');
    writeFileSync(file, spoil(readFileSync(file, 'latin1')));
    const log = new LogBook();
    expect(open('k', log).size).toBe(0);
    expect(JSON.stringify(log.lines)).toContain('do-not-record-unreadable');
  });
});

describe('the list in the database', () => {
  function bench() {
    const asks: string[] = [];
    const state = { hashes: [a] as readonly string[], up: true, due: (): void => undefined };
    const store = {
      hashes: () => Promise.resolve({ hashes: state.hashes, foreign: 0 }),
    } as unknown as DoNotRecordStore;
    const nodes = {
      nodes: () => [{ nodeId: 'edge-1', version: '1', sip: null }],
      ask: (nodeId: string, ask: LinkRequest) => {
        if (ask.method === 'do-not-record') asks.push(`${nodeId} ${ask.hashes.join()}`);
        return Promise.resolve(state.up ? ok({ method: 'do-not-record' }) : err('timeout'));
      },
    } as unknown as NodeRegistry;
    const push = startDoNotRecordPush({
      ...{ store, nodes, keyId: 'k', logger: new LogBook() },
      schedule: (_delayMs, run) => {
        state.due = run;
        return () => undefined;
      },
    });
    return { push, asks, state };
  }

  it('goes to each node once', async () => {
    const { push, asks } = bench();
    await push.push();
    await push.push();
    expect(asks).toEqual([`edge-1 ${a}`]);
  });

  it('goes again when it is different, also by another hand', async () => {
    const { push, asks, state } = bench();
    await push.push();
    state.hashes = [a, b];
    state.due();
    await push.push();
    expect(asks).toEqual([`edge-1 ${a}`, `edge-1 ${a},${b}`]);
  });

  it('goes again to a node that did not take it', async () => {
    const { push, asks, state } = bench();
    state.up = false;
    await push.push();
    state.up = true;
    await push.push();
    await push.push();
    expect(asks).toHaveLength(2);
  });

  it('goes to a node that has come back', async () => {
    const { push, asks } = bench();
    await push.push();
    push.welcome('edge-1');
    await push.push();
    expect(asks).toHaveLength(2);
  });
});
