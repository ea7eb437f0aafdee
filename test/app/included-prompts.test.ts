import { beforeEach, describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { counts, ended, fax, pcma, report, rule, settle, world } from './session-world.ts';

const included = { ...rule, record: 'include-prompt' };
const whole = { ...report, end: 'whole' } as const;
const began = { type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 900 as MonotonicMs } as const;
const toldTo = (w: ReturnType<typeof world>, ...legs: readonly (0 | 1)[]): void => {
  for (const leg of legs) w.session.onMedia({ type: 'played', session: 1, leg, report: whole });
};
const answered = async (given: object): Promise<ReturnType<typeof world>> => {
  const w = world(given);
  await w.session.expect();
  w.view.connect('caller', pcma);
  w.view.connect('callee', pcma);
  w.session.answered();
  await settle();
  return w;
};
const last = (w: ReturnType<typeof world>): unknown => w.recordings().at(-1);

describe('a call whose recording holds what the parties are told', () => {
  let w: ReturnType<typeof world>;
  beforeEach(async () => {
    w = await answered(included);
  });

  it('begins before the first prompt, and opens with the last', () => {
    w.tell({ type: 'prepared', recording: 7 });
    w.session.onMedia(began);
    toldTo(w, 0);
    expect(w.recordings().at(-1)?.state).toBe('expected');
    toldTo(w, 1);
    expect(w.log).toEqual([
      'gate-closed',
      'prepare',
      'begin with prompts',
      'gate-closed',
      'play en-sound 0',
      'play en-sound 1',
      'gate-open',
    ]);
    // From the beginning of the file on, which is that of the first prompt.
    expect(last(w)).toMatchObject({ state: 'recording', startedAt: '2023-11-14T22:13:19.900Z' });
  });

  it('does not wait for ever for a recorder: the parties are told, and recorded after it', () => {
    w.passTime();
    expect(w.log.slice(-2)).toEqual(['play en-sound 0', 'play en-sound 1']);
    w.tell({ type: 'prepared', recording: 7 });
    toldTo(w, 0, 1);
    expect(w.log.at(-1)).toBe('begin');
  });

  it('a recorder that fails meanwhile: nobody stays muted, and the parties are told all the same', () => {
    w.tell({ type: 'failed', recording: 7, reason: 'disk-full' });
    expect(w.log.slice(-3)).toEqual(['gate-closed', 'play en-sound 0', 'play en-sound 1']);
    toldTo(w, 0, 1);
    expect(w.log.at(-1)).toBe('gate-open');
    expect(last(w)).toMatchObject({ state: 'failed', reason: 'disk-full' });
  });

  it('a prompt that cannot be sent: muted before the gate opens, and nothing is kept', () => {
    w.tell({ type: 'prepared', recording: 7 });
    w.session.onMedia({ type: 'played', session: 1, leg: 0, report: { ...report, end: 'no-codec' } });
    const log = w.log.slice(w.log.indexOf('play en-sound 1') + 1);
    expect(log).toEqual(['stop 1', 'gate-open', 'pause', 'discard', 'alarm not-told', 'gate-open']);
    w.tell({ type: 'discarded', recording: 7 });
    expect(w.log.slice(-2)).toEqual(['end', 'destroy key']);
    expect(last(w)).toMatchObject({ state: 'none', reason: 'not-told', startedAt: null });
  });

  it('a party that hangs up in mid-prompt: nothing is kept, and the session waits for that', () => {
    w.tell({ type: 'prepared', recording: 7 });
    w.session.onMedia(began);
    w.session.ended(ended);
    w.session.onMedia({ type: 'closed', session: 1, legs: [counts, counts] });
    expect(w.log.slice(-3)).toEqual(['pause', 'discard', 'close']);
    w.tell({ type: 'discarded', recording: 7 });
    expect(w.log.slice(-4)).toEqual(['end', 'destroy key', 'release', 'done']);
    expect(last(w)).toMatchObject({ state: 'none', reason: 'left-before-told' });
  });

  it('a fax before the recorder was ready is not kept waiting', () => {
    w.view.connect('caller', fax);
    expect(w.log.slice(-3)).toEqual(['discard', 'gate-open', 'fax 0']);
  });
});

describe('with a question', () => {
  const asking = { ...included, announce: { prompt: 'en', key: 1, answerSeconds: 5 } };

  it('opt-in: what is said before the key is in no file', async () => {
    const w = await answered({ ...asking, consent: 'opt-in' });
    w.tell({ type: 'prepared', recording: 7 });
    toldTo(w, 0, 1);
    expect(w.log.slice(-2)).toEqual(['pause', 'gate-open']);
    w.session.key('caller', '1');
    w.session.key('callee', '1');
    expect(w.log.slice(-2)).toEqual(['resume', 'gate-open']);
  });

  it('opt-in: declined, the prompt is not kept either', async () => {
    const w = await answered({ ...asking, consent: 'opt-in' });
    w.tell({ type: 'prepared', recording: 7 });
    toldTo(w, 0, 1);
    w.passTime();
    expect(w.log.at(-1)).toBe('discard');
    w.tell({ type: 'discarded', recording: 7 });
    expect(last(w)).toMatchObject({ state: 'none', reason: 'not-agreed' });
  });

  it('opt-out in mid-prompt: nothing is kept', async () => {
    const w = await answered({ ...asking, consent: 'opt-out' });
    w.tell({ type: 'prepared', recording: 7 });
    w.session.key('caller', '1');
    w.tell({ type: 'discarded', recording: 7 });
    expect(last(w)).toMatchObject({ state: 'none', reason: 'opted-out' });
  });
});

describe('asked for in the call', () => {
  it('is answered when the parties are in it, not when the prompt is', async () => {
    const w = await answered({ ...included, mode: 'on-demand' });
    const start = w.session.control('start', { from: 'api', actor: 'token:t' }, null);
    let answer: unknown = null;
    void start.then((given) => (answer = given));
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    w.tell({ type: 'marked', recording: 7, mark: 'begin', samplePosition: 0 });
    await settle();
    expect([w.log.at(-1), answer]).toEqual(['play en-sound 1', null]);
    toldTo(w, 0, 1);
    await settle();
    expect(answer).toMatchObject({ ok: true, value: { samplePosition: 0 } });
  });
});
