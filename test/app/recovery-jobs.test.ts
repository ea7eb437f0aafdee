import { describe, expect, it } from 'vitest';
import { RecoveryJobs } from '../../src/app/recovery-jobs.ts';

describe('recoveries that recording workers are asked for', () => {
  it('are dealt to the workers in turn, and each answer finds its asker', async () => {
    const jobs = new RecoveryJobs();
    const posted: [number, number][] = [];
    const ask = () => jobs.start(2, (job, worker) => void posted.push([job, worker]));
    const [first, second] = [ask(), ask()];
    expect(posted.map(([, worker]) => worker)).toEqual([1, 0]);
    jobs.answered({ type: 'recovered', job: posted[1]![0], recovery: { outcome: 'empty' } });
    jobs.answered({ type: 'not-recovered', job: posted[0]![0], error: 'ENOSPC' });
    await expect(second).resolves.toEqual({ outcome: 'empty' });
    await expect(first).rejects.toThrow('ENOSPC');
  });

  it('of a worker that dies are given back, those of the others go on', async () => {
    const jobs = new RecoveryJobs();
    const posted: [number, number][] = [];
    const ask = () => jobs.start(2, (job, worker) => void posted.push([job, worker]));
    const [first, second] = [ask(), ask()];
    jobs.died(1);
    await expect(first).rejects.toThrow('died');
    jobs.answered({ type: 'recovered', job: posted[1]![0], recovery: { outcome: 'missing' } });
    await expect(second).resolves.toEqual({ outcome: 'missing' });
  });

  it('that nobody waits for any more are let go', () => {
    const jobs = new RecoveryJobs();
    expect(() => {
      jobs.answered({ type: 'recovered', job: 7, recovery: { outcome: 'missing' } });
    }).not.toThrow();
  });
});
