import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histories, play, runOut } from './call-histories.ts';
import type { Scene } from './call-scene.ts';
import { offerFaults, unacknowledged, versionFaults } from './offer-ledger.ts';

/** What is wrong with how the director heard of the end. */
function hangUpFaults({ told }: Scene): string[] {
  const at = told.indexOf('hung-up');
  return [
    ...(told.filter((word) => word === 'hung-up').length > 1 ? ['said twice'] : []),
    ...(at < 0 && told.includes('open-media') ? ['not said'] : []),
    ...(at >= 0 && told.indexOf('ended') < at ? ['said after the end'] : []),
    ...(at >= 0 && told.slice(at + 1).some((word) => word !== 'ended') ? ['the call went on'] : []),
  ];
}

describe('any history of a call', () => {
  it('ends once, with both legs closed and no timer left, however it went', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { scene, lines } = play(history);
        lines.push(...runOut(scene));
        expect(scene.state.phase).toBe('over');
        expect(lines.filter((line) => line.startsWith('ended'))).toHaveLength(1);
        expect(hangUpFaults(scene)).toEqual([]);
        expect(lines.filter((line) => line === 'answered').length).toBeLessThanOrEqual(1);
        expect([scene.state.caller.state, scene.state.callee?.state ?? 'closed']).toEqual([
          'closed',
          'closed',
        ]);
        expect(scene.timers).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers every request that came in, and sends no request in a dialog after its BYE', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { scene } = play(history);
        runOut(scene);
        const answered = new Set(
          scene.responses
            .filter(({ response }) => response.status >= 200)
            .map(({ transaction }) => transaction),
        );
        expect(scene.received.filter((transaction) => !answered.has(transaction))).toEqual([]);
        const ended = new Set<string>();
        for (const { request } of scene.sent) {
          const dialog = `${request.headers.first('call-id') ?? ''} ${request.headers.first('to') ?? ''}`;
          // A BYE alone goes out again, when it was challenged.
          const late = ended.has(dialog) && request.method !== 'BYE';
          expect(late ? `${request.method} after BYE` : 'fine').toBe('fine');
          if (request.method === 'BYE') ended.add(dialog);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('gives every request of a party one final response and no other, repeated 2xx aside', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { scene } = play(history);
        runOut(scene);
        const finals = new Map<string, Set<unknown>>();
        for (const { transaction, response } of scene.responses) {
          if (response.status < 200) continue;
          finals.set(transaction, (finals.get(transaction) ?? new Set()).add(response));
        }
        expect([...finals].filter(([, answers]) => answers.size > 1).map(([name]) => name)).toEqual([]);
        expect(finals.get('caller-1')?.size).toBe(1);
      }),
      { numRuns: 1000 },
    );
  });

  it('acknowledges every 2xx, has one offer at a time in a dialog, and counts versions as RFC 3264 §8 asks', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { scene } = play(history);
        runOut(scene);
        expect(unacknowledged(scene)).toEqual([]);
        expect(offerFaults(scene)).toEqual([]);
        expect(versionFaults(scene)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});
