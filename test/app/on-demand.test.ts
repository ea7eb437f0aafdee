import { beforeEach, describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { counts, ended, fax, g729, pcma, report, rule, sealed, settle, world } from './session-world.ts';

const onDemand = { ...rule, mode: 'on-demand' };
const byApi = { from: 'api', actor: 'token:t' } as const;
const conflict = { ok: false, code: 'conflict' };

describe('a call that is recorded when somebody asks for it', () => {
  let w: ReturnType<typeof world>;
  const up = async (given: object, media = pcma): Promise<void> => {
    w = world(given);
    await w.session.expect();
    w.view.connect('caller', media);
    w.view.connect('callee', media);
    w.session.answered();
  };
  const start = () => w.session.control('start', byApi, 'customer asks');
  const tellBoth = async (): Promise<void> => {
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    w.session.onMedia({ type: 'played', session: 1, leg: 0, report: { ...report, end: 'whole' } });
    w.session.onMedia({ type: 'played', session: 1, leg: 1, report: { ...report, end: 'whole' } });
  };
  const begin = (): void => {
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.tell({ type: 'marked', recording: 7, mark: 'begin', samplePosition: 0 });
  };
  const hangUp = (): void => {
    w.session.ended(ended);
    w.session.onMedia({ type: 'closed', session: 1, legs: [counts, counts] });
  };
  const evidence = () => w.written.flatMap((event) => (event.kind === 'consent' ? [event.consent] : []));
  beforeEach(() => up(onDemand));

  it('is owed nothing before, and nobody is told anything', () => {
    expect(w.written.map(({ kind }) => kind)).toEqual(['call', 'call']);
    expect(w.log).toEqual([]);
  });

  it('has proof that it was not recorded, where nobody has asked', () => {
    hangUp();
    expect(evidence().map(({ outcome }) => outcome)).toEqual(['not-recorded', 'not-recorded']);
    expect(w.log).toEqual(['close', 'done']);
  });

  it('tells everyone first, and answers once the recorder has begun', async () => {
    const answer = start();
    expect(w.log).toEqual(['gate-closed', 'play en-sound 0', 'play en-sound 1']);
    await tellBoth();
    expect(w.log.slice(3)).toEqual(['prepare', 'begin']);
    expect(w.written.map(({ kind }) => kind)).not.toContain('control');
    begin();
    const recordingId = w.recordings()[0]!.id;
    expect(await answer).toEqual({ ok: true, value: { method: 'control', recordingId, samplePosition: 0 } });
    expect(w.written.at(-1)).toMatchObject({
      control: { action: 'start', actor: 'token:t', reason: 'customer asks', recordingId, samplePosition: 0 },
    });
    expect(evidence()).toMatchObject([
      { outcome: 'told', moment: 'on-demand', recordingId, purpose: 'quality' },
      { outcome: 'told', moment: 'on-demand', recordingId, purpose: 'quality' },
    ]);
  });

  it('is not asked for twice, neither while the parties are told nor while it runs', async () => {
    const first = start();
    expect(await start()).toEqual(conflict);
    await tellBoth();
    begin();
    expect(await first).toMatchObject({ ok: true });
    expect(await start()).toEqual(conflict);
    expect(w.recordings().filter(({ state }) => state === 'expected')).toHaveLength(1);
  });

  it('is stopped, and asked for again: another recording, for which everyone is told again', async () => {
    const first = start();
    await tellBoth();
    begin();
    await first;
    const stopped = w.session.control('stop', byApi, null);
    w.tell({ type: 'marked', recording: 7, mark: 'end', samplePosition: 8000 });
    expect(await stopped).toMatchObject({ ok: true, value: { samplePosition: 8000 } });
    expect(await start()).toEqual(conflict);
    w.tell({ type: 'sealed', recording: 7, result: sealed });
    const second = start();
    expect(w.log.slice(-4)).toEqual(['release', 'gate-closed', 'play en-sound 0', 'play en-sound 1']);
    await tellBoth();
    begin();
    expect(await second).toMatchObject({ ok: true });
    hangUp();
    w.tell({ type: 'sealed', recording: 7, result: sealed });
    const ids = new Set(w.recordings().map(({ id }) => id));
    expect(ids.size).toBe(2);
    expect(w.recordings().filter(({ state }) => state === 'sealed')).toHaveLength(2);
    expect(w.log.at(-1)).toBe('done');
  });

  it('a hang-up in mid-prompt ends the wait, and leaves a recording that did not come about', async () => {
    const answer = start();
    await settle();
    hangUp();
    expect(await answer).toEqual(conflict);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'left-before-told' });
    expect(evidence().map(({ outcome }) => outcome)).toEqual(['left', 'left']);
    expect(w.log.at(-1)).toBe('done');
  });

  it('who has refused is not asked again', async () => {
    await up({ ...onDemand, consent: 'opt-in', announce: { prompt: 'en', to: 'all', key: 1 } });
    const answer = start();
    await tellBoth();
    w.passTime();
    expect(await answer).toEqual(conflict);
    expect(await start()).toEqual(conflict);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'not-agreed' });
  });

  it.each<[string, () => Promise<void>]>([
    [
      'before the answer',
      async () => {
        w = world(onDemand);
        await w.session.expect();
      },
    ],
    [
      'after the end',
      () => {
        hangUp();
        return Promise.resolve();
      },
    ],
    [
      'in a fax',
      () => {
        w.view.connect('caller', fax);
        return Promise.resolve();
      },
    ],
    ['in a codec that is not spoken', () => up(onDemand, g729)],
  ])('%s nothing can be started, and nothing has changed', async (_when, given) => {
    await given();
    const before = w.written.length;
    expect(await start()).toEqual(conflict);
    expect(w.recordings()).toEqual([]);
    expect(w.written).toHaveLength(before);
  });

  it.each([
    ['its rule says never', { id: 'r', mode: 'never' }],
    ['its rule leaves the API out', { ...onDemand, mayStart: ['call'] }],
  ])('where %s it is forbidden', async (_why, given) => {
    await up(given);
    expect(await start()).toEqual({ ok: false, code: 'forbidden' });
    expect(w.log).toEqual([]);
  });

  it('a party at the PBX is answered when the parties are being told, and stands in the record by its leg', async () => {
    const asked = w.session.controlInCall('start', 'caller', 'sip-info');
    await tellBoth();
    begin();
    expect(await asked).toBe('done');
    hangUp();
    const call = w.written.findLast((event) => event.kind === 'call');
    const legId = call?.kind === 'call' ? call.call.legs[0]!.id : null;
    const control = w.written.find((event) => event.kind === 'control');
    expect(control).toMatchObject({ control: { actor: `leg:${legId}`, reason: 'sip-info' } });
  });

  it('a party at the PBX does not wait for a prompt of many seconds', async () => {
    const asked = w.session.controlInCall('start', 'caller', 'sip-info');
    expect(w.delays()).toEqual([3000]);
    w.passTime();
    expect(await asked).toBe('done');
  });

  it.each([
    ['forbidden', rule],
    ['conflict', { ...rule, mayStart: ['call'] }],
  ] as const)('a stop in the call is %s where rule or state say so', async (controlled, given) => {
    await up(given);
    expect(await w.session.controlInCall('stop', 'caller', 'sip-info')).toBe(controlled);
  });

  it('an automatic recording that was stopped is started again by who may', async () => {
    await up(rule);
    await tellBoth();
    begin();
    expect(await start()).toEqual(conflict);
    const stopped = w.session.control('stop', byApi, null);
    w.tell({ type: 'marked', recording: 7, mark: 'end', samplePosition: 8000 });
    await stopped;
    w.tell({ type: 'sealed', recording: 7, result: sealed });
    const again = start();
    await tellBoth();
    begin();
    expect(await again).toMatchObject({ ok: true });
  });
});

describe('a recording that the PBX controls by codes', () => {
  const onCodes = { ...onDemand, featureCodes: { start: '*1', stop: '*2', pause: '*5', resume: '*5' } };
  const dial = (w: ReturnType<typeof world>, leg: 0 | 1, code: string): void => {
    w.session.onMedia({ type: 'code', session: 1, leg, code });
  };

  it('listens to the PBX alone', () => {
    expect(world(onCodes, ['caller']).log).toEqual(['codes *1 *2 *5 0']);
    expect(world(onCodes, []).log).toEqual([]);
  });

  it('begins, pauses and resumes with the same code, and ends; the record says which leg, and by what', async () => {
    const w = world(onCodes, ['caller']);
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    w.session.answered();
    dial(w, 0, '*1');
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    for (const leg of [0, 1] as const)
      w.session.onMedia({ type: 'played', session: 1, leg, report: { ...report, end: 'whole' } });
    const marks = ['begin', 'pause', 'resume', 'end'] as const;
    const codes = ['*5', '*5', '*2'];
    for (const [i, mark] of marks.entries()) {
      await settle();
      expect(w.log.at(-1)).toBe(mark);
      if (mark === 'begin')
        w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark, at: 900 as MonotonicMs });
      w.tell({ type: 'marked', recording: 7, mark, samplePosition: 800 * i });
      await settle();
      if (i < codes.length) dial(w, 0, codes[i]!);
    }
    const controls = w.written.flatMap((event) => (event.kind === 'control' ? [event.control] : []));
    expect(controls.map(({ action, samplePosition }) => [action, samplePosition])).toEqual([
      ['start', 0],
      ['pause', 800],
      ['resume', 1600],
      ['stop', 2400],
    ]);
    expect(new Set(controls.map(({ actor, reason }) => `${actor.split(':')[0]} ${reason}`))).toEqual(
      new Set(['leg feature-code']),
    );
  });

  it('changes nothing by a code for which there is nothing to do, or that is none', async () => {
    const w = world(onCodes, ['caller']);
    await w.session.expect();
    w.session.answered();
    const before = w.log.length;
    for (const code of ['*2', '*5', '*9']) dial(w, 0, code);
    await settle();
    expect(w.log).toHaveLength(before);
    expect(w.written.some(({ kind }) => kind === 'control')).toBe(false);
  });
});

describe('a call that is told at its answer, and recorded when somebody asks', () => {
  const told = { ...onDemand, announceAt: 'call' };
  let w: ReturnType<typeof world>;
  const up = async (given: object): Promise<void> => {
    w = world(given);
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    w.session.answered();
  };
  const played = (leg: 0 | 1, end: 'whole' | 'no-codec' = 'whole'): void => {
    w.session.onMedia({ type: 'played', session: 1, leg, report: { ...report, end } });
  };
  const start = () => w.session.control('start', byApi, null);
  const begins = async (): Promise<void> => {
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs });
    w.tell({ type: 'marked', recording: 7, mark: 'begin', samplePosition: 0 });
    await settle();
  };
  const evidence = () => w.written.flatMap((event) => (event.kind === 'consent' ? [event.consent] : []));

  it('is told at once, owes no recording, and both directions open when all have heard it', async () => {
    await up(told);
    expect(w.log).toEqual(['gate-closed', 'play en-sound 0', 'play en-sound 1']);
    played(0);
    played(1);
    expect(w.log.slice(3)).toEqual(['gate-open']);
    expect(w.recordings()).toEqual([]);
    expect(evidence().map(({ outcome, moment, recordingId }) => [outcome, moment, recordingId])).toEqual([
      ['told', 'on-answer', null],
      ['told', 'on-answer', null],
    ]);
  });

  it('begins without another prompt, and what the parties were told is proof of the recording, too', async () => {
    await up(told);
    played(0);
    played(1);
    const before = w.log.length;
    const answer = start();
    await begins();
    expect(await answer).toMatchObject({ ok: true });
    expect(w.log.slice(before)).toEqual(['prepare', 'begin']);
    const { id } = w.recordings()[0]!;
    expect(evidence().slice(2)).toMatchObject([
      { party: 'caller', outcome: 'told', moment: 'on-answer', recordingId: id, purpose: 'quality' },
      { party: 'callee', outcome: 'told', moment: 'on-answer', recordingId: id, purpose: 'quality' },
    ]);
  });

  it('that is asked for while the parties are being told begins once they were', async () => {
    await up(told);
    played(0);
    const answer = start();
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    expect(w.log).not.toContain('begin');
    played(1);
    expect(w.log.at(-1)).toBe('begin');
    await begins();
    expect(await answer).toMatchObject({ ok: true });
    const { id } = w.recordings()[0]!;
    const linked = evidence().filter(({ recordingId }) => recordingId === id);
    expect(linked.map(({ party }) => party)).toEqual(['caller', 'callee']);
  });

  it('that was stopped begins again without another prompt', async () => {
    await up(told);
    played(0);
    played(1);
    const first = start();
    await begins();
    await first;
    const stopped = w.session.control('stop', byApi, null);
    w.tell({ type: 'marked', recording: 7, mark: 'end', samplePosition: 80 });
    await stopped;
    w.tell({ type: 'sealed', recording: 7, result: sealed });
    const again = start();
    await begins();
    expect(await again).toMatchObject({ ok: true });
    expect(w.log.filter((line) => line.startsWith('play'))).toHaveLength(2);
    const recordings = new Set(evidence().map(({ recordingId }) => recordingId));
    expect(recordings.size).toBe(3);
  });

  it('is not recorded once a party has refused', async () => {
    await up({ ...told, consent: 'opt-out', announce: { prompt: 'en', key: '9' } });
    played(0);
    played(1);
    w.session.key('caller', '9');
    expect(await start()).toEqual(conflict);
    expect(w.recordings()).toEqual([]);
  });

  it('is told once more by who asks, where a prompt could not be sent at the answer', async () => {
    await up(told);
    played(0, 'no-codec');
    const before = w.log.length;
    void start();
    expect(w.log.slice(before)).toEqual(['gate-closed', 'play en-sound 0', 'play en-sound 1']);
  });

  it('has proof that it was not recorded, where nobody has asked', async () => {
    await up(told);
    played(0);
    played(1);
    w.session.ended(ended);
    expect(evidence().map(({ outcome }) => outcome)).toEqual([
      ...['told', 'told', 'not-recorded', 'not-recorded'],
    ]);
  });

  describe('and keeps the seconds before', () => {
    const withLookback = { ...told, lookbackSeconds: 10 };
    const tapped = (mark: 'begin' | 'keep', at: number): void => {
      w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark, at: at as MonotonicMs });
    };
    const standsBy = async (): Promise<void> => {
      await up(withLookback);
      played(0);
      played(1);
      await settle();
      w.tell({ type: 'prepared', recording: 7 });
      tapped('begin', 500);
    };
    const states = (): string[] => w.recordings().map(({ state }) => state);

    it('stands by from when all were told, and nothing says that it is recorded', async () => {
      await standsBy();
      expect(w.log.slice(3)).toEqual(['gate-open', 'prepare', 'begin']);
      expect(states()).toEqual(['expected']);
      expect(await w.session.control('pause', byApi, null)).toEqual(conflict);
      expect(await w.session.control('stop', byApi, null)).toEqual(conflict);
    });

    it.each<[string, ('media' | 'recorder')[]]>([
      ['the media worker', ['media', 'recorder']],
      ['the recorder', ['recorder', 'media']],
    ])('began before it was asked for, whoever says so first: %s', async (_who, order) => {
      await standsBy();
      const answer = start();
      expect(w.log.at(-1)).toBe('keep');
      for (const who of order) {
        if (who === 'media') tapped('keep', 900);
        else w.tell({ type: 'marked', recording: 7, mark: 'begin', samplePosition: 1600 });
      }
      expect(await answer).toMatchObject({ ok: true, value: { samplePosition: 1600 } });
      const last = w.recordings().at(-1)!;
      // The clock stands at 1000: 900 less 200 ms of 8 kHz is 300 ms ago.
      expect(last).toMatchObject({ state: 'recording', startedAt: '2023-11-14T22:13:19.700Z' });
      expect(evidence().filter(({ recordingId }) => recordingId === last.id)).toHaveLength(2);
    });

    it('is kept once it stands by, where it was asked for before', async () => {
      await up(withLookback);
      played(0);
      played(1);
      void start();
      await settle();
      w.tell({ type: 'prepared', recording: 7 });
      expect(w.log.at(-1)).toBe('begin');
      tapped('begin', 500);
      expect(w.log.at(-1)).toBe('keep');
    });

    it('is destroyed with its key where nobody has asked, and no alarm is raised', async () => {
      await standsBy();
      w.session.ended(ended);
      expect(w.log.slice(-2)).toEqual(['discard', 'close']);
      w.tell({ type: 'discarded', recording: 7 });
      expect(w.log).toContain('destroy key');
      expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'not-asked' });
      expect(w.log.some((line) => line.startsWith('alarm'))).toBe(false);
    });

    it('is destroyed also where the end of the call had it sealed', async () => {
      await standsBy();
      w.session.ended(ended);
      w.tell({ type: 'sealed', recording: 7, result: sealed });
      expect(w.log).toContain('destroy k');
      expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'not-asked', objectKey: null });
    });

    it('that fails before anybody asks is no lost recording, and whoever asks then gets one', async () => {
      await standsBy();
      w.tell({ type: 'failed', recording: 7, reason: 'disk-full' });
      expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'disk-full' });
      expect(w.log.some((line) => line.startsWith('alarm') || line.startsWith('hang-up'))).toBe(false);
      const before = w.log.length;
      const answer = start();
      await begins();
      expect(await answer).toMatchObject({ ok: true, value: { samplePosition: 0 } });
      expect(w.log.slice(before)).toEqual(['release', 'prepare', 'begin']);
    });

    it('is destroyed where a party refuses', async () => {
      await up({ ...withLookback, consent: 'opt-out', announce: { prompt: 'en', key: '9' } });
      played(0);
      played(1);
      await settle();
      w.tell({ type: 'prepared', recording: 7 });
      tapped('begin', 500);
      w.session.key('caller', '9');
      expect(w.log).toContain('discard');
      w.tell({ type: 'discarded', recording: 7 });
      expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'opted-out' });
      expect(await start()).toEqual(conflict);
    });
  });
});
