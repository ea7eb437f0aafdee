import { beforeEach, describe, expect, it } from 'vitest';
import { evidenceFault } from '../../src/records/consent-chain.ts';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import {
  counts,
  ended,
  fax,
  g729,
  mediaCounts,
  pcma,
  quality,
  report,
  rule,
  sealed,
  settle,
  world,
} from './session-world.ts';

const byApi = { from: 'api', actor: 'token:t' } as const;

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

  it('receiver reports on the prompt are kept with the evidence, also those that come after it', async () => {
    await answer();
    const early = { packets: 3, lost: 0, roundTripMs: 12, at: 60 as MonotonicMs };
    w.session.onMedia({
      ...{ type: 'played', session: 1, leg: 0 },
      report: { ...report, end: 'whole', reported: early },
    });
    w.session.onMedia({ type: 'played', session: 1, leg: 1, report: { ...report, end: 'whole' } });
    const late = { packets: 5, lost: 1, roundTripMs: null, at: 900 as MonotonicMs };
    w.session.onMedia({ type: 'play-reported', session: 1, leg: 1, reported: late });
    const evidence = w.written.flatMap((event) => (event.kind === 'consent' ? [event.consent] : []));
    const receipts = w.written.flatMap((event) => (event.kind === 'receipt' ? [event.receipt] : []));
    expect(receipts).toMatchObject([
      { consentId: evidence[0]!.id, packets: 3, lost: 0, roundTripMs: 12, at: '2023-11-14T22:13:19.060Z' },
      { consentId: evidence[1]!.id, packets: 5, lost: 1, roundTripMs: null, at: '2023-11-14T22:13:19.900Z' },
    ]);
    expect(
      evidenceFault([...evidence, ...receipts], { keyId: 'k', mac: (digest) => `mac of ${digest}` }),
    ).toBeNull();
    expect([...evidence, ...receipts].map(({ position }) => position).sort()).toEqual([0, 1, 2, 3]);
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    expect(w.recordings().at(-1)?.consentDigest).toBe(receipts[1]!.digest);
  });

  it('a report on what nobody has evidence of waits for it', async () => {
    await answer();
    const reported = { packets: 5, lost: 1, roundTripMs: null, at: 900 as MonotonicMs };
    w.session.onMedia({ type: 'play-reported', session: 1, leg: 1, reported });
    expect(w.written.filter(({ kind }) => kind === 'receipt')).toEqual([]);
  });

  it('begins with the tone of its rule', async () => {
    w = world({ ...rule, beep: { everySeconds: 15 } });
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    await answer();
    tellBoth();
    expect(w.log.at(-1)).toBe('begin recorder-tone each 15000');
  });

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
      'play en-sound 0',
      'play en-sound 1',
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
      audioSha256: 'en-sound',
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
    const paused = w.session.control('pause', byApi, 'card number');
    w.tell({ type: 'marked', recording: 7, mark: 'pause', samplePosition: 4000 });
    expect(await paused).toMatchObject({ ok: true, value: { samplePosition: 4000 } });
    expect(await w.session.control('pause', byApi, null)).toEqual({ ok: false, code: 'conflict' });
    expect(w.written.at(-1)).toMatchObject({
      kind: 'control',
      control: { action: 'pause', reason: 'card number' },
    });
  });

  it('a pause that nobody ends is ended after the rule’s maximum, and the record says by whom', async () => {
    w = world({ ...rule, maxPauseSeconds: 90 });
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    await answer();
    tellBoth();
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    const paused = w.session.control('pause', byApi, null);
    w.tell({ type: 'marked', recording: 7, mark: 'pause', samplePosition: 4000 });
    await paused;
    expect(w.delays().at(-1)).toBe(90_000);
    w.passTime();
    expect(w.log.at(-1)).toBe('resume');
    w.tell({ type: 'marked', recording: 7, mark: 'resume', samplePosition: 724_000 });
    await settle();
    expect(w.written.at(-1)).toMatchObject({
      control: { action: 'resume', actor: 'rule', reason: 'max-pause', samplePosition: 724_000 },
    });
    expect(await w.session.control('resume', byApi, null)).toEqual({ ok: false, code: 'conflict' });
  });

  it('a pause that was ended by hand is not ended again', async () => {
    w = world({ ...rule, maxPauseSeconds: 90 });
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    await answer();
    tellBoth();
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    for (const action of ['pause', 'resume'] as const) {
      const asked = w.session.control(action, byApi, null);
      w.tell({ type: 'marked', recording: 7, mark: action, samplePosition: 4000 });
      await asked;
    }
    expect(w.cancelled()).toContain(90_000);
  });

  it('is not paused by the API where its rule says from where it may be', async () => {
    w = world({ ...rule, mayPause: ['call'] });
    await w.session.expect();
    await answer();
    tellBoth();
    const refused = { ok: false, code: 'forbidden' };
    expect(await w.session.control('pause', byApi, null)).toEqual(refused);
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
    expect(last?.kind === 'call' && last.call.legs[0]).toMatchObject({ media: mediaCounts, quality });
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
    { name: 'a tone is to be heard', given: { ...elsewhere, beep: { everySeconds: 15 } } },
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
