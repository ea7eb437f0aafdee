import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { FakeFiles, noSpace } from './fake-files.ts';
import { FakeTime } from './fake-time.ts';
import { callEvent, keyEvent, recordingEvent, wrappedOf } from './sample-events.ts';

type Step =
  | { readonly do: 'append'; readonly call: number; readonly diskFull: boolean }
  | { readonly do: 'ship'; readonly limit: number; readonly lost: boolean }
  | { readonly do: 'forget'; readonly call: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'kill' }
  | { readonly do: 'die'; readonly call: number; readonly operations: number; readonly part: number }
  | { readonly do: 'power'; readonly part: number };

const calls = 5;
const call = fc.nat({ max: calls - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append'),
      call,
      diskFull: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('ship'),
      limit: fc.integer({ min: 1, max: 9 }),
      lost: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget'), call }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 1, max: 1500 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('die'),
      call,
      operations: fc.nat({ max: 25 }),
      // Below zero: the power stays.
      part: fc.double({ min: -0.5, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill') }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('power'), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
);

/** What a call says, step by step; afterwards it is followed by another call under another id. */
function lifeOf(id: string): RecordEvent[][] {
  return [
    [keyEvent(id), recordingEvent(id, 1, 'expected'), callEvent(id, 1)],
    [recordingEvent(id, 2, 'recording'), callEvent(id, 2)],
    [callEvent(id, 3, true)],
    [recordingEvent(id, 3, 'sealed')],
  ];
}

/** A small model of everybody around the journal: what was confirmed, and what the database has. */
class World {
  readonly time = new FakeTime();
  files = new FakeFiles();
  journal!: Journal;
  readonly at = new Array<number>(calls).fill(0);
  /** How far each id's life is on disk for certain, and how far it was ever said. */
  readonly confirmed = new Map<string, number>();
  readonly said = new Map<string, number>();
  readonly database = new Map<string, number>();
  readonly keysStored = new Set<string>();
  readonly acknowledged = new Map<string, number>();
  readonly forgotten = new Set<string>();

  async open(): Promise<void> {
    const { clock, schedule } = this.time;
    const options = { directory: '/j', clock, schedule, files: this.files, segmentBytes: 1500 };
    const opened = await openJournal(options);
    if (!opened.ok) throw new Error(opened.error.message);
    this.journal = opened.value;
  }

  /** The process dies between two operations of its disk, amid an append, a shipment and their settlement. */
  async die(index: number, operations: number): Promise<void> {
    let left = operations;
    this.files.fail = () => (left-- > 0 ? null : new Error('dead'));
    const appended = this.#appendNext(index);
    await this.ship(9, false).catch(() => undefined);
    await this.time.advance(700);
    await appended;
    this.files.fail = () => null;
  }

  async append(index: number, diskFull: boolean): Promise<void> {
    this.files.fail = (operation) => (diskFull && operation === 'write' ? noSpace() : null);
    const appended = this.#appendNext(index);
    await this.time.advance(10);
    expect(await appended).toBe(!diskFull);
    this.files.fail = () => null;
  }

  async #appendNext(index: number): Promise<boolean> {
    const at = this.at[index]!;
    const id = `r${index}.${Math.floor(at / 4)}`;
    const stage = at % 4;
    const events = lifeOf(id)[stage]!;
    this.at[index] = at + 1;
    this.said.set(id, stage + 1);
    const { ok } = await this.journal.append(events);
    if (ok) this.confirmed.set(id, stage + 1);
    return ok;
  }

  async ship(limit: number, lost: boolean): Promise<boolean> {
    const batch = await this.journal.pending(limit);
    if (!batch.ok) throw new Error(batch.error.message);
    if (batch.value === null) return false;
    for (const event of batch.value.events) this.#store(event, this.database);
    if (lost) return true;
    this.journal.acknowledge(batch.value.batch);
    for (const event of batch.value.events) this.#store(event, this.acknowledged);
    return true;
  }

  #store(event: RecordEvent, stages: Map<string, number>): void {
    const put = (id: string, stage: number): void => {
      stages.set(id, Math.max(stage, stages.get(id) ?? 0));
    };
    if (event.kind === 'key') {
      expect(this.forgotten).not.toContain(event.key.recordingId);
      this.keysStored.add(event.key.recordingId);
    } else if (event.kind === 'recording') {
      put(event.recording.id, event.recording.state === 'sealed' ? 4 : event.recording.version);
    } else if (event.kind === 'call') put(event.call.id, event.call.version);
  }

  /** What must hold whenever a node starts. */
  checkRecovery(): void {
    const { calls: open, recordings, keys } = this.journal.unfinished();
    for (const [id, stage] of this.confirmed) {
      const later = this.said.get(id)! > stage;
      const foundCall = open.find((each) => each.id === id);
      const foundRecording = recordings.find((each) => each.id === id);
      if (stage >= 3) expect(foundCall, `${id} has ended`).toBeUndefined();
      else if (!later) expect(foundCall?.version, `${id} is open`).toBe(stage);
      if (stage === 4) {
        expect(foundRecording, `${id} is sealed`).toBeUndefined();
        expect(keys.map(({ recordingId }) => recordingId)).not.toContain(id);
      } else if (!later) {
        expect(foundRecording?.version, `${id} is being recorded`).toBe(Math.min(stage, 2));
        const hasKey = keys.some(({ recordingId }) => recordingId === id);
        expect(hasKey).toBe(!this.forgotten.has(id));
      }
    }
  }

  /** A settled key is gone a second after its settlement. */
  async checkKeysGone(): Promise<void> {
    // What the disk refused a moment ago is tried again after another second.
    await this.time.advance(this.journal.stats().queued > 0 ? 2500 : 1000);
    const disk = this.files.everything();
    for (const [id, stage] of this.confirmed) {
      if (this.acknowledged.get(id) === 4 && this.keysStored.has(id)) {
        expect(disk, `${id} is settled`).not.toContain(wrappedOf(id));
      }
      const isOpen = stage < 4 && this.said.get(id) === stage;
      if (isOpen && !this.forgotten.has(id)) expect(disk).toContain(wrappedOf(id));
    }
  }

  async run(one: Step): Promise<void> {
    switch (one.do) {
      case 'append':
        return this.append(one.call, one.diskFull);
      case 'ship':
        await this.ship(one.limit, one.lost);
        return;
      case 'wait':
        return this.time.advance(one.ms);
      case 'forget': {
        const id = `r${one.call}.${Math.floor(this.at[one.call]! / 4)}`;
        // Nothing says the key again after it was forgotten.
        if (this.at[one.call]! % 4 === 0) return;
        this.forgotten.add(id);
        expect(await this.journal.forgetKey(id)).toMatchObject({ ok: true });
        expect(this.files.everything()).not.toContain(wrappedOf(id));
        return;
      }
      case 'die':
        await this.die(one.call, one.operations);
        this.files = one.part < 0 ? this.files.afterKill() : this.files.afterPowerLoss(one.part);
        return this.restart();
      case 'kill':
        this.files = this.files.afterKill();
        return this.restart();
      case 'power':
        this.files = this.files.afterPowerLoss(one.part);
        return this.restart();
    }
  }

  /** The life of what died unheard ends with it: the next snapshots belong to new calls. */
  async restart(): Promise<void> {
    await this.open();
    // An acknowledgment may die with the process: then the batch is shipped again.
    this.acknowledged.clear();
    this.checkRecovery();
    for (let i = 0; i < calls; i++) {
      const at = this.at[i]!;
      const id = `r${i}.${Math.floor(at / 4)}`;
      if (at % 4 !== 0 && this.confirmed.get(id) !== this.said.get(id)) this.at[i] = at + 4 - (at % 4);
    }
  }
}

it('loses nothing that it confirmed, revives nothing that has ended, and keeps no settled key', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const world = new World();
      await world.open();
      for (const one of steps) await world.run(one);
      await world.checkKeysGone();
      while (await world.ship(3, false));
      for (const [id, stage] of world.confirmed) {
        expect(world.database.get(id), `${id} reached the database`).toBeGreaterThanOrEqual(stage);
        expect(world.keysStored.has(id) || world.forgotten.has(id)).toBe(true);
      }
      await world.checkKeysGone();
    }),
    { numRuns: 150 },
  );
});
