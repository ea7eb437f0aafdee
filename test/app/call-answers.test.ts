import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { numberHash } from '../../src/policy/do-not-record.ts';
import { ended, pcma, report, rule, sealed, settle, world } from './session-world.ts';

describe('an answer by a key', () => {
  async function asked(consent: 'opt-in' | 'opt-out', more: object = {}) {
    const announce = { prompt: 'en', to: 'caller', key: 1, answerSeconds: 5, ...more };
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

  it('opt-out with `remember`: the number is listed here at once, and written down by its hash alone', async () => {
    const w = await asked('opt-out', { remember: true });
    w.session.key('caller', '1');
    const hash = numberHash(new Uint8Array(32), '101');
    expect([...w.unrecorded]).toEqual([hash]);
    const listings = w.written.flatMap((event) => (event.kind === 'listing' ? [event.listing] : []));
    expect(listings).toEqual([
      {
        ...{ id: listings[0]?.id, hash, keyId: 'k', callId: 'call-1', party: 'caller' },
        at: '2023-11-14T22:13:20.000Z',
      },
    ]);
    expect(Object.values(listings[0]!)).not.toContain('101');
  });

  it.each([
    ['opt-out without `remember`', 'opt-out', {}, '1'],
    ['opt-in', 'opt-in', { remember: true }, '1'],
    ['another key', 'opt-out', { remember: true }, '2'],
  ] as const)('nobody is listed: %s', async (_name, consent, more, key) => {
    const w = await asked(consent, more);
    w.session.key('caller', key);
    expect([...w.unrecorded]).toEqual([]);
    expect(w.written.filter(({ kind }) => kind === 'listing')).toEqual([]);
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
