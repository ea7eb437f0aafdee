import { beforeEach, describe, expect, it } from 'vitest';
import type { MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { purposeOptions, recordingOptions } from '../../src/policy/options.ts';
import { queueOptions } from '../../src/policy/queue.ts';
import { ruleBook } from '../../src/policy/rule-book.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import type { RecordingRecord } from '../../src/records/recording-record.ts';
import type { SealResult } from '../../src/recording/protocol.ts';
import type { CallFacts, NegotiatedMedia } from '../../src/signalling/ports.ts';
import type { MediaHandle } from '../../src/app/media-pool.ts';
import type { RecorderEvent } from '../../src/app/recorder-pool.ts';
import { CallSession, type SessionDeps } from '../../src/app/wiring/call-session.ts';
import { judge } from '../../src/app/wiring/verdict.ts';

const facts: CallFacts = {
  callId: 'call-1',
  direction: 'outbound',
  callerPeer: 'pbx',
  calleePeer: 'carrier',
  from: '101',
  to: '202',
  emergency: false,
  callerSipCallId: 'sip-1',
  headers: new Map(),
  offered: ['PCMA/8000'],
};
const pcma: NegotiatedMedia = {
  transport: 'rtp',
  remote: { address: '127.0.0.1', port: 4000, rtcpPort: 4001 },
  rtcpMux: false,
  receives: true,
  sends: true,
  formats: [{ payloadType: 8, encoding: 'PCMA', clockRate: 8000 }],
  ptimeMs: 20,
};
const fax: NegotiatedMedia = { ...pcma, transport: 'udptl', formats: [] };
const g729: NegotiatedMedia = {
  ...pcma,
  formats: [{ payloadType: 18, encoding: 'G729', clockRate: 8000 }],
};
const sealed: SealResult = {
  recordingId: 'r',
  format: 'wav' as const,
  durationMs: 5000,
  sampleRate: 8000,
  sizeBytes: 1,
  sha256: 'a',
  objectKey: 'k',
  objectSha256: 'b',
  undecoded: false,
  manifestSha256: 'm',
  ledger: [],
};
const report = {
  prompt: 'en',
  codec: 'PCMA',
  packetsSent: 5,
  packetsExpected: 5,
  firstPacketAt: 1 as MonotonicMs,
  lastPacketAt: 81 as MonotonicMs,
};

/** Everything around a session, written down in one list in the order in which it happened. */
function world(rule: object) {
  const log: string[] = [];
  const written: RecordEvent[] = [];
  let tell: (event: RecorderEvent) => void = () => undefined;
  let due: () => void = () => undefined;
  const delays: number[] = [];
  const deps: SessionDeps = {
    nodeId: 'n',
    clock: { monotonic: () => 1000 as MonotonicMs, wall: () => 1_700_000_000_000 as WallMs },
    random: (length) => new Uint8Array(length).map(() => Math.floor(Math.random() * 256)),
    logger: silentLogger,
    recorders: {
      enlist: (listen) => {
        tell = listen;
        return 7;
      },
      prepare: () => log.push('prepare'),
      discard: () => log.push('discard'),
      abandon: () => log.push('abandon'),
      release: () => log.push('release'),
      recover: () => Promise.resolve({ outcome: 'missing' }),
      stats: () => Promise.resolve([]),
      stop: () => Promise.resolve(),
    },
    prompts: {
      get: (id) => ({ id, language: 'en', purpose: 'quality', text: 'Recorded.', audioSha256: 'cc' }),
      audio: () => [],
    },
    keys: {
      create: (recordingId) =>
        Promise.resolve({
          key: { recordingId, kekId: 'k', wrapped: 'w', recipient: 'age1', createdAt: 'now' },
          spoolSecret: new Uint8Array(32),
        }),
      open: () => null,
      identity: () => null,
    },
    journal: {
      append: (events) => {
        written.push(...events);
        return Promise.resolve();
      },
    },
    mac: { keyId: 'k', mac: (digest) => `mac of ${digest}` },
    keepEvidenceMs: 1000,
    destroy: (_recordingId, objectKey) => {
      log.push(`destroy ${objectKey ?? 'key'}`);
      return Promise.resolve();
    },
    askKeys: (_callId, party, on) => log.push(`${on ? 'ask' : 'unask'} ${party}`),
    recover: () => Promise.resolve({ result: sealed, complete: false }),
    tagParties: 'masked' as const,
    schedule: (delayMs, run) => {
      delays.push(delayMs);
      due = run;
      return () => undefined;
    },
    hangUp: (_callId, reason) => log.push(`hang-up ${reason}`),
    alarm: (reason) => log.push(`alarm ${reason}`),
  };
  const media: MediaHandle = {
    local: [
      { address: '127.0.0.1', rtpPort: 2, rtcpPort: 3 },
      { address: '127.0.0.1', rtpPort: 4, rtcpPort: 5 },
    ],
    connect: (leg, { transport }) => transport === 'udptl' && log.push(`fax ${leg}`),
    gate: (open) => log.push(open ? 'gate-open' : 'gate-closed'),
    play: (leg, prompt) => log.push(`play ${prompt} ${leg}`),
    stopPlay: (leg) => log.push(`stop ${leg}`),
    ask: () => undefined,
    mark: (type) => log.push(type),
    close: () => log.push('close'),
  };
  const book = ruleBook({
    recording: recordingOptions.parse({ rules: [rule] }),
    purposes: purposeOptions.parse([
      { id: 'quality', description: 'q', legalBasis: 'contract', retention: '1d' },
    ]),
    numbering: { country: 'LU', outsideLine: [] },
  });
  const verdict = judge({ rules: book, queues: queueOptions.parse({}) }, facts, deps.clock.wall());
  const session = new CallSession(deps, facts, verdict, () => log.push('done'));
  const view = session.attach(media);
  const recordings = (): RecordingRecord[] =>
    written.flatMap((event) => (event.kind === 'recording' ? [event.recording] : []));
  return {
    log,
    written,
    session,
    view,
    recordings,
    tell: (event: RecorderEvent) => {
      tell(event);
    },
    delays: () => delays,
    passTime: () => {
      due();
    },
  };
}

const rule = { id: 'r', mode: 'automatic', purpose: 'quality', announce: { prompt: 'en' } };
const settle = () => new Promise((resolve) => setImmediate(resolve));
const counts = { packetsReceived: 1, packetsSent: 2, packetsLost: 0, packetsDropped: 0 };
const ended = {
  outcome: 'success',
  reason: 'answered',
  legs: [{ party: 'caller', peerId: 'pbx', sipCallId: 's' }],
} as const;

describe('a recorded call', () => {
  let w: ReturnType<typeof world>;
  beforeEach(async () => {
    w = world(rule);
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
  });
  const answer = async (): Promise<void> => {
    w.session.answered();
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
  };
  const tellBoth = (): void => {
    w.session.onMedia({ type: 'played', session: 1, leg: 0, report: { ...report, end: 'whole' } });
    w.session.onMedia({ type: 'played', session: 1, leg: 1, report: { ...report, end: 'whole' } });
  };
  const hangUp = (): void => {
    w.session.ended(ended);
    w.session.onMedia({ type: 'closed', session: 1, legs: [counts, counts] });
  };

  it('a fax by T.38 ends the recording before the first datagram, and the record says so', async () => {
    await answer();
    tellBoth();
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.view.connect('caller', fax);
    w.view.connect('callee', fax);
    w.tell({ type: 'sealed', recording: 7, result: sealed });
    expect(w.log.slice(-4)).toEqual(['begin', 'end', 'fax 0', 'fax 1']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'sealed', reason: 't38' });
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    hangUp();
    expect(w.log.slice(-3)).toEqual(['close', 'release', 'done']);
    expect(w.recordings().filter(({ state }) => state === 'sealed')).toHaveLength(1);
  });

  it('a fax while the announcement plays: nobody is muted, none is kept, nobody is alarmed', async () => {
    await answer();
    w.view.connect('caller', fax);
    w.session.onMedia({ type: 'played', session: 1, leg: 0, report: { ...report, end: 'stopped' } });
    expect(w.log.slice(-4)).toEqual(['discard', 'fax 0', 'stop 1', 'gate-open']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 't38' });
    expect(w.log.filter((line) => line.startsWith('alarm'))).toEqual([]);
  });

  it('a fax from the first answer: no announcement, no recording, no alarm', async () => {
    w.view.connect('caller', fax);
    w.view.connect('callee', fax);
    await answer();
    expect(w.log).toEqual(['fax 0', 'fax 1']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 't38' });
  });

  it('is expected in the journal before media opens', () => {
    expect(w.written.map(({ kind }) => kind)).toEqual(['call', 'recording']);
    expect(w.recordings()[0]?.state).toBe('expected');
  });

  it('goes: gate closed, prompts, begin, end, sealed', async () => {
    await answer();
    tellBoth();
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    hangUp();
    w.tell({ type: 'sealed', recording: 7, result: sealed });
    expect(w.log).toEqual([
      'gate-closed',
      'play en 0',
      'play en 1',
      'prepare',
      'begin',
      'end',
      'close',
      'release',
      'done',
    ]);
    expect(w.recordings().map(({ state }) => state)).toEqual(['expected', 'recording', 'sealed']);
    expect(w.recordings().at(-1)).toMatchObject({
      durationMs: 5000,
      retainUntil: '2023-11-15T22:13:19.900Z',
    });
  });

  it('puts the key on the disk before the recorder may begin', async () => {
    await answer();
    const kinds = w.written.map(({ kind }) => kind);
    expect(kinds.indexOf('key')).toBeGreaterThan(0);
    expect(w.log.indexOf('prepare')).toBeGreaterThan(-1);
  });

  it('keeps evidence of what each party was told', async () => {
    await answer();
    tellBoth();
    const evidence = w.written.flatMap((event) => (event.kind === 'consent' ? [event.consent] : []));
    expect(evidence).toHaveLength(2);
    expect(evidence[0]).toMatchObject({
      party: 'caller',
      outcome: 'told',
      promptId: 'en',
      text: 'Recorded.',
      purpose: 'quality',
      audioSha256: 'cc',
      packetsSent: 5,
      presentAtEnd: true,
    });
  });

  it('leaves a recording in state none when somebody hangs up in mid-prompt', async () => {
    await answer();
    w.session.onMedia({ type: 'played', session: 1, leg: 0, report: { ...report, end: 'whole' } });
    hangUp();
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'left-before-told' });
    expect(w.log).toContain('discard');
    expect(w.log).not.toContain('begin');
    expect(w.log.at(-1)).toBe('done');
  });

  it('does not record a party that could not be told', async () => {
    await answer();
    w.session.onMedia({
      type: 'played',
      session: 1,
      leg: 1,
      report: { ...report, packetsSent: 0, end: 'no-remote' },
    });
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'not-told' });
    expect(w.log).toContain('gate-open');
    expect(w.log).not.toContain('begin');
  });

  it('goes on without a recording when the recorder fails, and keeps what there is', async () => {
    await answer();
    tellBoth();
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.tell({ type: 'failed', recording: 7, reason: 'disk-full' });
    await settle();
    expect(w.log).toContain('alarm disk-full');
    expect(w.log).not.toContain('hang-up recording-failed');
    expect(w.recordings().at(-1)).toMatchObject({ state: 'interrupted', reason: 'disk-full' });
  });

  it('fails a recording whose codec nobody speaks', () => {
    w.view.connect('callee', g729);
    w.session.answered();
    expect(w.recordings().at(-1)).toMatchObject({ state: 'failed', reason: 'no-codec' });
  });

  it('acknowledges a pause with its sample position, and refuses a second one', async () => {
    await answer();
    tellBoth();
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    const paused = w.session.control('pause', 'token:t', 'card number');
    w.tell({ type: 'marked', recording: 7, mark: 'pause', samplePosition: 4000 });
    expect(await paused).toMatchObject({ ok: true, value: { samplePosition: 4000 } });
    expect(await w.session.control('pause', 'token:t', null)).toEqual({ ok: false, code: 'conflict' });
    expect(w.written.at(-1)).toMatchObject({
      kind: 'control',
      control: { action: 'pause', reason: 'card number' },
    });
  });

  it('ends a call whose media worker died, and keeps what was recorded', async () => {
    await answer();
    tellBoth();
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.session.onMedia({ type: 'worker-died' });
    expect(w.log).toContain('abandon');
    expect(w.log.at(-1)).toBe('hang-up crash');
    w.session.ended({ ...ended, outcome: 'ours', reason: 'crash' });
    w.tell({ type: 'failed', recording: 7, reason: 'media-lost' });
    await settle();
    expect(w.recordings().at(-1)).toMatchObject({ state: 'interrupted', reason: 'media-lost' });
    expect(w.log.at(-1)).toBe('done');
  });

  it('lets the parties speak when the recorder is late, and records them from when it is ready', async () => {
    w.session.answered();
    await settle();
    tellBoth();
    w.passTime();
    expect(w.log.at(-1)).toBe('gate-open');
    w.tell({ type: 'prepared', recording: 7 });
    expect(w.log.at(-1)).toBe('begin');
  });

  it('says that the recording is lost when the recorder does not get ready at all', async () => {
    w.session.answered();
    await settle();
    tellBoth();
    w.passTime();
    w.passTime();
    expect(w.log.slice(-3)).toEqual(['discard', 'alarm not-prepared', 'gate-open']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'failed', reason: 'not-prepared' });
  });

  it('ends a call whose recorder is late where the rule has no call without one', async () => {
    w = world({ ...rule, onFailure: 'refuse' });
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    tellBoth();
    w.passTime();
    expect(w.log).toContain('hang-up recording-failed');
    expect(w.recordings().at(-1)).toMatchObject({ state: 'failed', reason: 'not-prepared' });
  });

  it('prepares nothing for a call that is over before its key is made', async () => {
    w.session.answered();
    hangUp();
    await settle();
    expect(w.log).not.toContain('prepare');
    expect(w.written.map(({ kind }) => kind)).not.toContain('key');
  });

  it('ignores silence before the answer', () => {
    w.session.onMedia({ type: 'silent', session: 1 });
    expect(w.log).not.toContain('hang-up media-timeout');
  });

  it('counts what the media did into the call record', () => {
    hangUp();
    const last = w.written.findLast((event) => event.kind === 'call');
    expect(last?.kind === 'call' && last.call.legs[0]?.media).toEqual(counts);
  });
});

describe('onFailure: refuse', () => {
  it('ends a call whose recording fails', async () => {
    const w = world({ ...rule, onFailure: 'refuse' });
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    w.tell({ type: 'failed', recording: 7, reason: 'spool-error' });
    expect(w.log).toContain('hang-up recording-failed');
  });

  it('ends a call whose recording ran and fails after a grace, and not twice', async () => {
    const w = world({ ...rule, announce: 'elsewhere', told: 'told', onFailure: 'refuse', graceSeconds: 3 });
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.tell({ type: 'failed', recording: 7, reason: 'disk-full' });
    expect(w.log.slice(-3)).toEqual(['end', 'alarm disk-full', 'gate-open']);
    expect(w.delays().at(-1)).toBe(3000);
    w.passTime();
    expect(w.log.at(-1)).toBe('hang-up recording-failed');
  });
});

describe('announce: elsewhere', () => {
  it('begins at the answer and says in whose words the parties were told', async () => {
    const w = world({ ...rule, announce: 'elsewhere', told: 'The PBX says so.' });
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    expect(w.log).toEqual(['prepare', 'begin']);
    const evidence = w.written.flatMap((event) => (event.kind === 'consent' ? [event.consent] : []));
    expect(evidence).toHaveLength(2);
    expect(evidence[0]).toMatchObject({ outcome: 'elsewhere', text: 'The PBX says so.', promptId: null });
  });
});

describe('a codec that is not decoded', () => {
  const elsewhere = { ...rule, announce: 'elsewhere', told: 'told' };
  const answered = async (given: object) => {
    const w = world(given);
    await w.session.expect();
    w.view.connect('caller', g729);
    w.view.connect('callee', g729);
    w.session.answered();
    await settle();
    return w;
  };

  it('is recorded as its packets where no prompt is owed, and the row says so', async () => {
    const w = await answered(elsewhere);
    w.tell({ type: 'prepared', recording: 7 });
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.tell({ type: 'sealed', recording: 7, result: { ...sealed, undecoded: true } });
    expect(w.recordings().at(-1)).toMatchObject({ state: 'sealed', reason: 'undecoded' });
  });

  it.each([
    { name: 'a prompt is owed, which cannot be said', given: rule },
    { name: 'digits are to be taken out', given: { ...elsewhere, dtmf: 'remove' } },
  ])('is not recorded where $name', async ({ given }) => {
    const w = await answered(given);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'failed', reason: 'no-codec' });
  });
});

describe('a call that may not go on unrecorded', () => {
  it('ends when speech comes back after a fax', async () => {
    const w = world({ ...rule, onFailure: 'refuse' });
    await w.session.expect();
    w.view.connect('caller', fax);
    w.view.connect('callee', fax);
    w.session.answered();
    w.view.connect('caller', { ...pcma, remote: null });
    expect(w.log).toEqual(['fax 0', 'fax 1']);
    w.view.connect('caller', pcma);
    expect(w.log.at(-1)).toBe('hang-up recording-failed');
  });
});

describe('an answer by a key', () => {
  async function asked(consent: 'opt-in' | 'opt-out') {
    const announce = { prompt: 'en', to: 'caller', key: 1, answerSeconds: 5 };
    const w = world({ ...rule, consent, announce, told: 'The callee knows.' });
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    w.session.onMedia({ type: 'played', session: 1, leg: 0, report: { ...report, end: 'whole' } });
    return w;
  }
  const press = { type: 'key', session: 1, leg: 0, key: '1' } as const;
  const evidence = (w: ReturnType<typeof world>) =>
    w.written.flatMap((event) => (event.kind === 'consent' ? [event.consent] : []));

  it('opt-in: begins with the key, and the evidence says which', async () => {
    const w = await asked('opt-in');
    expect(w.log.at(-1)).toBe('gate-open');
    w.session.onMedia(press);
    expect(w.log.slice(-2)).toEqual(['unask caller', 'begin']);
    expect(evidence(w).at(-1)).toMatchObject({ outcome: 'agreed', key: '1', consent: 'opt-in' });
  });

  it('opt-in: without it the call goes on unrecorded, and nobody is alarmed', async () => {
    const w = await asked('opt-in');
    w.passTime();
    expect(w.log.slice(-3)).toEqual(['unask caller', 'gate-open', 'discard']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'not-agreed' });
    expect(evidence(w).at(-1)).toMatchObject({ outcome: 'declined', key: null });
  });

  it('opt-out: destroys file and key of a recording that runs, and the call goes on', async () => {
    const w = await asked('opt-out');
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.session.key('caller', '1');
    expect(w.log.slice(-3)).toEqual(['unask caller', 'discard', 'gate-open']);
    w.tell({ type: 'discarded', recording: 7 });
    expect(w.log.slice(-2)).toEqual(['end', 'destroy key']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'opted-out', objectKey: null });
    expect(evidence(w).at(-1)).toMatchObject({ outcome: 'opted-out', key: '1' });
    expect(w.log.filter((line) => line.startsWith('alarm') || line.startsWith('hang-up'))).toEqual([]);
  });

  it('opt-out: a seal that was faster than the discard leaves nothing either', async () => {
    const w = await asked('opt-out');
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.session.onMedia(press);
    w.session.ended(ended);
    w.tell({ type: 'sealed', recording: 7, result: sealed });
    expect(w.log).toContain('destroy k');
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'opted-out', sha256: null });
  });

  it('every piece of evidence is tied to the one before, and the recording to the last', async () => {
    const w = await asked('opt-in');
    w.session.onMedia(press);
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    const chain = evidence(w);
    expect(chain.map(({ position }) => position)).toEqual([0, 1]);
    expect(chain[1]?.previous).toBe(chain[0]?.digest);
    expect(w.recordings().at(-1)?.consentDigest).toBe(chain[1]?.digest);
  });
});

describe('a call that no rule records', () => {
  it('has evidence of that for each party', async () => {
    const w = world({ ...rule, mode: 'never', announce: undefined, purpose: undefined });
    await w.session.expect();
    w.session.answered();
    const evidence = w.written.flatMap((event) => (event.kind === 'consent' ? [event.consent] : []));
    expect(evidence.map(({ party, outcome }) => `${party} ${outcome}`)).toEqual([
      'caller not-recorded',
      'callee not-recorded',
    ]);
    expect(evidence[0]).toMatchObject({
      ...{ recordingId: null, ruleId: 'r', purpose: null },
      retainUntil: '2023-11-14T22:13:21.000Z',
    });
  });
});
