import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expectRecording,
  type LifeEvent,
  type SealedFacts,
  stepLife,
} from '../../src/records/recording-life.ts';
import type { RecordingRecord } from '../../src/records/recording-record.ts';

const record: RecordingRecord = {
  id: 'r',
  callId: 'c',
  version: 1,
  nodeId: 'n',
  state: 'expected',
  reason: null,
  format: 'wav',
  channels: 'stereo',
  sampleRate: 8000,
  startedAt: null,
  durationMs: null,
  sizeBytes: null,
  sha256: null,
  objectKey: null,
  objectSha256: null,
  manifestSha256: null,
  consentDigest: null,
  seal: null,
  ledger: [],
  purpose: 'quality',
  purposeText: 'Quality assurance',
  legalBasis: 'legitimate-interest',
  retainUntil: null,
  hold: false,
};
const facts: SealedFacts = {
  format: 'wav' as const,
  durationMs: 1000,
  sampleRate: 8000,
  sizeBytes: 32_044,
  sha256: 'aa',
  objectKey: 'k',
  objectSha256: 'bb',
  manifestSha256: 'cc',
  ledger: [],
};

const e = {
  accepted: { type: 'accepted' },
  answered: { type: 'answered' },
  prepared: { type: 'prepared' },
  opened: { type: 'opened' },
  telling: { type: 'telling' },
  questioned: { type: 'questioned' },
  discarded: { type: 'discarded' },
  began: { type: 'began', at: '2026-11-23T00:00:00.000Z', retainUntil: '2027-02-21T00:00:00.000Z' },
  ended: { type: 'ended' },
  stopped: { type: 'stopped' },
  sealed: { type: 'sealed', facts },
  withheld: { type: 'withheld', reason: 'not-told' },
  diverted: { type: 'diverted', reason: 't38' },
  failed: { type: 'failed', reason: 'disk-full' },
  recovered: { type: 'recovered', facts, complete: false },
  resealed: { type: 'recovered', facts, complete: true },
  nothing: { type: 'recovered', facts: null },
} as const satisfies Record<string, LifeEvent>;

/** Not among the events of the property: a failure that is not the end yet. */
const unrecovered: LifeEvent = { type: 'unrecovered' };

function run(events: readonly LifeEvent[]) {
  let life = expectRecording(record);
  const effects: string[] = [];
  const versions: number[] = [];
  for (const event of events) {
    const step = stepLife(life, event);
    life = step.life;
    for (const effect of step.effects) {
      if (effect.type === 'save') versions.push(effect.record.version);
      effects.push(effect.type);
    }
  }
  return { life, effects, versions, state: life.record.state, reason: life.record.reason };
}

describe('the life of a recording', () => {
  const rows: [string, LifeEvent[], string, string | null, string[]][] = [
    ['a call that was not answered leaves none', [e.ended], 'none', 'not-answered', ['save']],
    [
      'it begins once it is prepared and everyone was told',
      [e.answered, e.prepared, e.opened],
      'expected',
      null,
      ['prepare', 'begin'],
    ],
    [
      'it is made ready while the caller’s ACK is awaited, and once',
      [e.accepted, e.prepared, e.answered, e.opened],
      'expected',
      null,
      ['prepare', 'begin'],
    ],
    [
      'made ready for a caller that never acknowledges leaves none, and no alarm',
      [e.accepted, e.prepared, e.ended],
      'none',
      'left-before-told',
      ['prepare', 'discard', 'save'],
    ],
    ['told before prepared waits for the recorder', [e.answered, e.opened], 'expected', null, ['prepare']],
    ['in either order', [e.answered, e.opened, e.prepared], 'expected', null, ['prepare', 'begin']],
    [
      'begun is written down',
      [e.answered, e.prepared, e.opened, e.began],
      'recording',
      null,
      ['prepare', 'begin', 'save'],
    ],
    [
      'sealed at the end',
      [e.answered, e.prepared, e.opened, e.began, e.ended, e.sealed],
      'sealed',
      null,
      ['prepare', 'begin', 'save', 'end', 'save'],
    ],
    [
      'stopped by hand while the call goes on',
      [e.answered, e.prepared, e.opened, e.began, e.stopped, e.sealed, e.ended],
      'sealed',
      null,
      ['prepare', 'begin', 'save', 'end', 'save'],
    ],
    [
      'the end may overtake the word of the beginning',
      [e.answered, e.prepared, e.opened, e.ended, e.began, e.sealed],
      'sealed',
      null,
      ['prepare', 'begin', 'end', 'save', 'save'],
    ],
    [
      'who leaves in mid-prompt leaves none',
      [e.answered, e.prepared, e.ended],
      'none',
      'left-before-told',
      ['prepare', 'discard', 'save'],
    ],
    [
      'nobody told, nothing kept',
      [e.answered, e.prepared, e.withheld],
      'none',
      'not-told',
      ['prepare', 'discard', 'alarm', 'save'],
    ],
    [
      'with what the parties are told: begins with it, is a recording once both directions open',
      [e.answered, e.prepared, e.telling, e.began, e.opened],
      'recording',
      null,
      ['prepare', 'begin-telling', 'open', 'save'],
    ],
    [
      'with what they are told: the word of the beginning may come late',
      [e.answered, e.prepared, e.telling, e.opened, e.began],
      'recording',
      null,
      ['prepare', 'begin-telling', 'open', 'save'],
    ],
    [
      'with what they are told, and a question after it: muted until it is answered',
      [e.answered, e.prepared, e.telling, e.began, e.questioned, e.questioned, e.opened],
      'recording',
      null,
      ['prepare', 'begin-telling', 'mute', 'unmute', 'open', 'save'],
    ],
    [
      'with what they are told: a recorder that is late records what follows',
      [e.answered, e.telling, e.opened, e.prepared],
      'expected',
      null,
      ['prepare', 'begin'],
    ],
    [
      'with what they are told: who leaves in mid-prompt leaves nothing, spool and key',
      [e.answered, e.prepared, e.telling, e.began, e.ended, e.discarded],
      'none',
      'left-before-told',
      ['prepare', 'begin-telling', 'mute', 'discard', 'end', 'destroy', 'save'],
    ],
    [
      'with what they are told: a seal that was faster than the discard goes, too',
      [e.answered, e.prepared, e.telling, e.began, e.ended, e.sealed],
      'none',
      'left-before-told',
      ['prepare', 'begin-telling', 'mute', 'discard', 'end', 'destroy', 'save'],
    ],
    [
      'with what they are told: nobody told, nothing kept',
      [e.answered, e.prepared, e.telling, e.began, e.withheld, e.discarded],
      'none',
      'not-told',
      ['prepare', 'begin-telling', 'mute', 'discard', 'alarm', 'end', 'destroy', 'save'],
    ],
    [
      'with what they are told: a recorder that fails meanwhile',
      [e.answered, e.prepared, e.telling, e.began, e.failed],
      'failed',
      'disk-full',
      ['prepare', 'begin-telling', 'discard', 'end', 'destroy', 'alarm', 'save'],
    ],
    [
      'a recorder that fails before the beginning',
      [e.answered, e.failed],
      'failed',
      'disk-full',
      ['prepare', 'discard', 'alarm', 'save'],
    ],
    [
      'a recorder that fails in between: what is there is kept',
      [e.answered, e.prepared, e.opened, e.began, e.failed, e.recovered],
      'interrupted',
      'disk-full',
      ['prepare', 'begin', 'save', 'end', 'alarm', 'recover', 'save'],
    ],
    [
      'and where nothing is there it has failed',
      [e.answered, e.prepared, e.opened, e.began, e.ended, e.failed, e.nothing],
      'failed',
      'disk-full',
      ['prepare', 'begin', 'save', 'end', 'alarm', 'recover', 'save'],
    ],
    [
      'a fax in mid-call: what was said until then is kept, and says why it ends there',
      [e.answered, e.prepared, e.opened, e.began, e.diverted, e.sealed, e.ended],
      'sealed',
      't38',
      ['prepare', 'begin', 'save', 'end', 'save'],
    ],
    [
      'a fax while the recorder fails: recovered whole, it still says why it ends there',
      [e.answered, e.prepared, e.opened, e.began, e.diverted, e.failed, e.resealed],
      'sealed',
      't38',
      ['prepare', 'begin', 'save', 'end', 'alarm', 'recover', 'save'],
    ],
    ['a fax from the first answer leaves none', [e.diverted, e.answered], 'none', 't38', ['save']],
    [
      'a fax before everyone was told leaves none, and nobody is alarmed',
      [e.answered, e.prepared, e.diverted, e.withheld],
      'none',
      't38',
      ['prepare', 'discard', 'save'],
    ],
    [
      'a full disk: failed until there is room, said once, then what had been spooled',
      [e.answered, e.prepared, e.opened, e.began, e.failed, unrecovered, unrecovered, e.recovered],
      'interrupted',
      'disk-full',
      ['prepare', 'begin', 'save', 'end', 'alarm', 'recover', 'save', 'save'],
    ],
    [
      'a full disk, and nothing had been spooled',
      [e.answered, e.prepared, e.opened, e.began, e.failed, unrecovered, e.nothing],
      'failed',
      'disk-full',
      ['prepare', 'begin', 'save', 'end', 'alarm', 'recover', 'save', 'save'],
    ],
    [
      'sealed before the word of the end',
      [e.answered, e.prepared, e.opened, e.began, e.sealed, e.ended],
      'sealed',
      null,
      ['prepare', 'begin', 'save', 'save'],
    ],
  ];
  it.each(rows)('%s', (_name, events, state, reason, effects) => {
    expect(run(events)).toMatchObject({ state, reason, effects });
  });

  it('never leaves a terminal state, and versions only grow, in any order of events', () => {
    const terminal = new Set(['sealed', 'interrupted', 'failed', 'none']);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.values(e)), { maxLength: 20 }), (events) => {
        const { versions } = run(events);
        expect(versions).toEqual(versions.map((_, i) => i + 2));
        const first = events.findIndex((_, i) => terminal.has(run(events.slice(0, i + 1)).state));
        if (first >= 0) expect(run(events).state).toBe(run(events.slice(0, first + 1)).state);
      }),
      { numRuns: 500 },
    );
  });
});
