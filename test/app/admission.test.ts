import { describe, expect, it } from 'vitest';
import type { MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { purposeOptions, recordingOptions } from '../../src/policy/options.ts';
import { ruleBook } from '../../src/policy/rule-book.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import type { CallFacts } from '../../src/signalling/ports.ts';
import { sipOptions } from '../../src/signalling/options.ts';
import { createDirection, type DirectorPlan } from '../../src/app/wiring/call-director.ts';
import { JournalRefusal, journalReason } from '../../src/app/wiring/journal-refusal.ts';
import { mediaOptions } from '../../src/media/options.ts';

const call: CallFacts = {
  callId: 'call-1',
  direction: 'outbound',
  callerPeer: 'pbx',
  calleePeer: 'carrier',
  from: '101',
  to: '112',
  emergency: true,
  callerSipCallId: 'sip-1',
  headers: new Map(),
  offered: ['G722/8000', 'PCMA/8000'],
};
const everyRule = recordingOptions.parse({
  rules: [
    {
      ...{ id: 'lenient', when: { to: ['300'] }, mode: 'automatic', purpose: 'law' },
      ...{ announce: 'elsewhere', told: 'told', onFailure: 'continue' },
    },
    {
      ...{ id: 'as-it-came', when: { to: ['301'] }, mode: 'automatic', purpose: 'law' },
      ...{ announce: 'elsewhere', told: 'told', codecs: 'pass' },
    },
    {
      ...{ id: 'early', when: { to: ['302'] }, mode: 'automatic', purpose: 'law' },
      announce: { prompt: 'en', to: 'all', when: 'before-connect' },
    },
    {
      ...{ id: 'early-whole', when: { to: ['303'] }, mode: 'automatic', purpose: 'law', codecs: 'pass' },
      announce: { prompt: 'en', to: 'caller', when: 'before-connect' },
      told: 'told',
    },
    {
      id: 'all',
      mode: 'automatic',
      purpose: 'law',
      announce: 'elsewhere',
      told: 'told',
      onFailure: 'refuse',
    },
    {
      ...{ id: 'help', when: { emergency: true }, mode: 'automatic', purpose: 'law' },
      ...{ announce: 'elsewhere', told: 'by law' },
    },
  ],
});

/** A director whose journal never answers, unless `append` does. */
function direction(
  written: RecordEvent[],
  schedule: DirectorPlan['schedule'] = () => () => undefined,
  isFull = false,
  recording = everyRule,
  append: () => Promise<void> = () => new Promise(() => undefined),
) {
  const never = (): never => {
    throw new Error('not of this test');
  };
  const plan: DirectorPlan = {
    nodeId: 'n',
    clock: { monotonic: () => 0 as MonotonicMs, wall: () => 1_700_000_000_000 as WallMs },
    random: systemRandom,
    logger: silentLogger,
    recorders: {
      ...{ enlist: () => 1, prepare: never, discard: never, abandon: never, release: never },
      recover: never,
      ...{ stats: () => Promise.resolve([]), stop: () => Promise.resolve() },
    },
    keys: { create: never, open: never, identity: never },
    journal: {
      append: (events) => {
        written.push(...events);
        return append();
      },
    },
    mac: { keyId: 'k', mac: never },
    keepEvidenceMs: 1,
    destroy: never,
    askKeys: never,
    recover: never,
    tagParties: 'masked' as const,
    schedule,
    dial: never,
    hangUp: never,
    alarm: never,
    policy: {
      active: {
        ...{ version: 'v1', prompts: { get: never, ringing: null, beep: null, sounds: [], audio: never } },
        rules: ruleBook({
          recording,
          purposes: purposeOptions.parse([
            { id: 'law', description: 'law', legalBasis: 'legal-obligation', retention: '1d' },
          ]),
          numbering: { country: 'LU', outsideLine: [] },
        }),
        queues: recording.queues,
      },
    },
    unrecorded: { list: { size: 0, has: () => false, add: () => true }, key: new Uint8Array(32), keyId: 'k' },
    sip: sipOptions.parse({
      listeners: [{ id: 'lan', transport: 'udp', address: '127.0.0.1' }],
      peers: [{ id: 'pbx', side: 'pbx', listener: 'lan', match: ['127.0.0.2'], targets: ['sip:127.0.0.2'] }],
      routes: [{ from: 'pbx', to: ['pbx'] }],
    }),
    media: mediaOptions.parse({ address: '127.0.0.1', ports: '20000-20099' }),
    room: { isFull },
    mediaPool: {
      ...{ open: never, sounds: [], shelve: never },
      ...{ stats: () => Promise.resolve([]), stop: () => Promise.resolve() },
    },
    count: { started: () => undefined, ended: () => undefined },
  };
  return createDirection(plan).director;
}

describe('an emergency call that a rule records', () => {
  it('is admitted with its whole offer while the journal hangs', async () => {
    const written: RecordEvent[] = [];
    const admission = await direction(written).admit(call);
    expect(admission).toMatchObject({ kind: 'accept', encodings: null });
    expect(written.map(({ kind }) => kind)).toEqual(['call', 'recording']);
  });

  it('while another call waits for its journal entry', async () => {
    const other = direction([]).admit({ ...call, to: '200', emergency: false });
    const nobody = new Promise((resolve) => setImmediate(resolve, 'nobody'));
    expect(await Promise.race([other, nobody])).toBe('nobody');
  });
});

describe('a call that is owed a recording, when the journal has not answered in time', () => {
  const atOnce: DirectorPlan['schedule'] = (_delayMs, run) => {
    run();
    return () => undefined;
  };

  it('is refused where the rule has no call without a recording', async () => {
    const admission = await direction([], atOnce).admit({ ...call, to: '200', emergency: false });
    expect(admission).toMatchObject({ kind: 'refuse', status: 503 });
  });

  it('goes on elsewhere, and may be recorded yet: its offer is kept to what we speak', async () => {
    const admission = await direction([], atOnce).admit({ ...call, to: '300', emergency: false });
    expect(admission).toMatchObject({ kind: 'accept', narrowing: 'prefer' });
    expect(admission).not.toMatchObject({ encodings: null });
  });
});

describe('a call that is owed a recording, while the disk is full', () => {
  it('gets 503 at once where the rule has no call without one, and nothing is written', async () => {
    const written: RecordEvent[] = [];
    const admission = await direction(written, undefined, true).admit({
      ...call,
      to: '200',
      emergency: false,
    });
    expect(admission).toMatchObject({ kind: 'refuse', status: 503, reason: 'recording-failed' });
  });

  it('is tried elsewhere: there may be room again', async () => {
    const written: RecordEvent[] = [];
    void direction(written, undefined, true).admit({ ...call, to: '300', emergency: false });
    await Promise.resolve();
    expect(written.map(({ kind }) => kind)).toEqual(['call', 'recording']);
  });

  it('an emergency call is never refused', async () => {
    expect(await direction([], undefined, true).admit(call)).toMatchObject({ kind: 'accept' });
  });
});

describe('why a recording that could not be written down failed', () => {
  it.each([
    { code: 'disk', noRoom: true, reason: 'disk-full' },
    { code: 'disk', noRoom: false, reason: 'journal' },
    { code: 'full', reason: 'journal' },
  ] as const)('$code, no room: $noRoom: $reason', ({ reason, ...fault }) => {
    expect(journalReason(new JournalRefusal({ message: 'refused', ...fault }))).toBe(reason);
  });

  it('anything else: journal', () => {
    expect(journalReason(new Error('closed'))).toBe('journal');
  });
});

describe('what an offer is narrowed to, where a recording is owed', () => {
  const written: DirectorPlan['schedule'] = (_delayMs, run) => {
    run();
    return () => undefined;
  };
  const admitted = (to: string, offered: readonly string[]) =>
    direction([], written).admit({ ...call, to, emergency: false, offered });

  it('a codec that we do not speak goes on where its packets can be kept', async () => {
    expect(await admitted('300', ['G729/8000'])).toMatchObject({ kind: 'accept', encodings: null });
  });

  it('an offer with one that we speak is narrowed to it', async () => {
    expect(await admitted('300', ['G729/8000', 'OPUS/48000'])).toMatchObject({ narrowing: 'prefer' });
    expect(await admitted('300', ['G729/8000', 'OPUS/48000'])).not.toMatchObject({ encodings: null });
  });

  it('who is to be told before the callee is dialled: in a codec that a prompt can be said in', async () => {
    const early = await admitted('302', ['PCMA/8000']);
    expect(early.kind === 'accept' ? early.tellFirst : null).toEqual([
      ...['PCMU/8000', 'PCMA/8000', 'G722/8000', 'OPUS/48000'],
    ]);
    expect(await admitted('303', ['PCMA/8000'])).toMatchObject({ encodings: null });
    expect(await admitted('303', ['PCMA/8000'])).toHaveProperty('tellFirst');
    expect(await admitted('300', ['PCMA/8000'])).not.toHaveProperty('tellFirst');
  });

  it('an emergency call is told nothing first', async () => {
    expect(await direction([], written).admit({ ...call, to: '302' })).not.toHaveProperty('tellFirst');
  });

  it('codecs: pass: an offer goes on as it came', async () => {
    expect(await admitted('301', ['G729/8000', 'PCMA/8000'])).toMatchObject({ encodings: null });
  });
});

describe('an emergency call', () => {
  const announcements = {
    elsewhere: { announce: 'elsewhere', told: 'told' },
    'on answer': { announce: { prompt: 'en', to: 'all', when: 'on-answer' } },
    'before connect': { announce: { prompt: 'en', to: 'all', when: 'before-connect' } },
    'none, and nobody is recorded': { mode: 'never' },
  };
  const troubles: Readonly<Record<string, Parameters<typeof direction>[4]>> = {
    'the journal takes it': () => Promise.resolve(),
    'the journal hangs': undefined,
    'the journal refuses it': () => Promise.reject(new Error('full')),
  };
  const rows = (['automatic', 'on-demand'] as const).flatMap((mode) =>
    Object.keys(announcements).flatMap((announcement) =>
      (['continue', 'refuse'] as const).map((onFailure) => [mode, announcement, onFailure] as const),
    ),
  );
  it.each(rows)(
    'passes at once and whole, whatever fails: %s, announced %s, onFailure %s',
    async (mode, announcement, onFailure) => {
      const announced = announcements[announcement as keyof typeof announcements];
      for (const when of [{}, { emergency: true }])
        for (const codecs of ['narrow', 'pass'])
          for (const [trouble, append] of Object.entries(troubles))
            for (const isFull of [false, true]) {
              const rule = { id: 'r', purpose: 'law', mode, onFailure, codecs, when, ...announced };
              const rules = recordingOptions.parse({ rules: [rule] });
              // A timer that never fires: nothing is waited for.
              const admitting = direction([], undefined, isFull, rules, append).admit(call);
              const late = new Promise((resolve) => setImmediate(resolve, 'late'));
              const name = JSON.stringify({ when, codecs, trouble, isFull });
              expect({ name, admission: await Promise.race([admitting, late]) }).toEqual({
                ...{ name, admission: { kind: 'accept', encodings: null, narrowing: 'prefer' } },
              });
            }
    },
  );
});
