import { beforeEach, describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { ended, pcma, report, rule, settle, world } from './session-world.ts';

const first = { ...rule, announce: { prompt: 'en', to: 'all', when: 'before-connect' } };
type World = ReturnType<typeof world>;

async function heard(given: object): Promise<World> {
  const w = world(given);
  await w.session.expect();
  w.view.connect('caller', pcma);
  w.session.early();
  return w;
}

function played(w: World, leg: 0 | 1, end: 'whole' | 'no-remote' | 'stopped' = 'whole'): void {
  w.session.onMedia({ type: 'played', session: 1, leg, report: { ...report, end } });
}

const evidence = (w: World): string[] =>
  w.written.flatMap((event) =>
    event.kind === 'consent'
      ? [`${event.consent.party} ${event.consent.outcome} ${event.consent.moment}`]
      : [],
  );

describe('a call whose caller is told before anybody is dialled', () => {
  let w: World;
  beforeEach(async () => {
    w = await heard(first);
  });

  it('hears the prompt, and then the callee is dialled; nothing is prepared before the answer', () => {
    expect(w.log).toEqual(['play en-sound 0']);
    played(w, 0);
    expect(w.log).toEqual(['play en-sound 0', 'dial']);
    expect(evidence(w)).toEqual(['caller told before-connect']);
  });

  it('the callee is told on answer, and both directions open with the recording', async () => {
    played(w, 0);
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    played(w, 1);
    expect(w.log.slice(2)).toEqual(['gate-closed', 'play en-sound 1', 'prepare', 'begin']);
    expect(evidence(w)).toEqual(['caller told before-connect', 'callee told on-answer']);
  });

  it('CANCEL in mid-prompt: the caller has left, nobody is dialled', () => {
    w.session.hungUp();
    played(w, 0, 'stopped');
    w.session.ended({ ...ended, outcome: 'caller', reason: 'cancelled' });
    expect(w.log).not.toContain('dial');
    expect(evidence(w)).toEqual(['caller left before-connect']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'not-answered' });
  });

  it('a prompt that could not be sent: dialled all the same, without a recording, and with an alarm', () => {
    played(w, 0, 'no-remote');
    expect(w.log).toEqual(['play en-sound 0', 'gate-open', 'alarm not-told', 'gate-open', 'dial']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'not-told' });
  });

  it('and its answer plays nothing more', async () => {
    played(w, 0, 'no-remote');
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    expect(w.log.at(-1)).toBe('dial');
  });
});

describe('where a rule has no call without a recording', () => {
  it('a prompt that could not be sent ends it before the callee is dialled', async () => {
    const w = await heard({ ...first, onFailure: 'refuse' });
    played(w, 0, 'no-remote');
    const [hangUp, dial] = ['hang-up recording-failed', 'dial'].map((line) => w.log.indexOf(line));
    expect(hangUp).toBeGreaterThan(0);
    expect(hangUp).toBeLessThan(dial!);
  });
});

describe('opt-out before the connection', () => {
  it('the key stops the prompt, and the callee is dialled without a recording', async () => {
    const announce = { ...first.announce, key: '1' };
    const w = await heard({ ...first, consent: 'opt-out', announce });
    w.session.key('caller', '1');
    expect(w.log).toEqual(['play en-sound 0', 'ask caller', 'unask caller', 'stop 0', 'gate-open', 'dial']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'none', reason: 'opted-out' });
  });
});

describe('a callee that rings', () => {
  it('the caller hears it once in its early media, until the answer', async () => {
    const w = await heard(first);
    played(w, 0);
    w.session.ringing();
    w.session.ringing();
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    expect(w.log.slice(2, 6)).toEqual(['ring ringing-LU 0', 'stop 0', 'gate-closed', 'play en-sound 1']);
  });

  it('is not for us to play where the caller has heard nothing of us', async () => {
    const w = world(first);
    await w.session.expect();
    w.session.ringing();
    expect(w.log).toEqual([]);
  });
});

describe('a call that is owed no prompt early', () => {
  it('does not wait', async () => {
    const w = await heard({ ...rule, mode: 'never' });
    expect(w.log).toEqual(['dial']);
  });

  it('nobody could hear us before the answer: both are told then', async () => {
    const w = world(first);
    await w.session.expect();
    w.view.connect('caller', pcma);
    w.view.connect('callee', pcma);
    w.session.answered();
    await settle();
    w.tell({ type: 'prepared', recording: 7 });
    played(w, 0);
    played(w, 1);
    w.session.onMedia({ type: 'tapped', session: 1, recording: 7, mark: 'begin', at: 9 as MonotonicMs });
    expect(evidence(w)).toEqual(['caller told on-answer', 'callee told on-answer']);
    expect(w.recordings().at(-1)).toMatchObject({ state: 'recording' });
  });
});
