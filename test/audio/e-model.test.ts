import { describe, expect, it } from 'vitest';
import { meanOpinionScore } from '../../src/audio/e-model.ts';

const clean = { encoding: 'PCMA', lost: 0, burstRatio: 1, delayMs: 20 };

/** Scores by hand from the equations of ITU-T G.107 (§7.4, §7.5, Annex B). */
describe('meanOpinionScore (ITU-T G.107)', () => {
  it.each([
    { name: 'G.711 undisturbed: R 93.2', path: clean, mos: 4.41 },
    { name: 'delay up to 100 ms costs nothing', path: { ...clean, delayMs: 100 }, mos: 4.41 },
    { name: 'delay of 200 ms: Idd 3.04', path: { ...clean, delayMs: 200 }, mos: 4.34 },
    { name: 'delay of 400 ms: Idd 24.1', path: { ...clean, delayMs: 400 }, mos: 3.55 },
    { name: 'loss of 1 %: Ie,eff 3.64', path: { ...clean, lost: 0.01 }, mos: 4.32 },
    { name: 'loss of 5 %: Ie,eff 15.8', path: { ...clean, lost: 0.05 }, mos: 3.93 },
    {
      name: 'loss of 5 % in bursts of twice the length: Ie,eff 17.2',
      path: { ...clean, lost: 0.05, burstRatio: 2 },
      mos: 3.87,
    },
    { name: 'G.729: Ie 11', path: { ...clean, encoding: 'G729' }, mos: 4.1 },
    { name: 'everything lost: Ie,eff 75.9', path: { ...clean, lost: 1 }, mos: 1.18 },
  ])('$name', ({ path, mos }) => {
    expect(meanOpinionScore(path)).toBeCloseTo(mos, 1);
  });

  it('is null where nobody has measured the codec', () => {
    expect(meanOpinionScore({ ...clean, encoding: 'SPEEX' })).toBeNull();
  });

  it('stays from 1 to 4.5 and never rises with loss or delay', () => {
    let before = 4.5;
    for (let step = 0; step <= 100; step++) {
      const mos = meanOpinionScore({ ...clean, lost: step / 100, delayMs: 10 * step })!;
      expect(mos).toBeLessThanOrEqual(before + 1e-9);
      expect(mos).toBeGreaterThanOrEqual(1);
      before = mos;
    }
  });
});
