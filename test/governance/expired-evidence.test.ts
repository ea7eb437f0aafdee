import { describe, expect, it } from 'vitest';
import { startEvidenceRetention } from '../../src/governance/expired-evidence.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import { silentLogger } from '../../src/kernel/logger.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function setUp(found: (number | Error)[]) {
  const delays: number[] = [];
  const asked: unknown[] = [];
  let due: () => void = () => undefined;
  const meter = createMeter();
  const stop = startEvidenceRetention({
    store: {
      deleteExpired: (keepMs, which) => {
        asked.push([keepMs, which]);
        const next = found.shift() ?? 0;
        return typeof next === 'number' ? Promise.resolve(next) : Promise.reject(next);
      },
    },
    ...{ keepMs: 1000, logger: silentLogger, meter },
    schedule: (delayMs, run) => {
      delays.push(delayMs);
      due = run;
      return () => {
        due = () => undefined;
      };
    },
  });
  const valueOf = (name: string) => meter.snapshot().find((sample) => sample.name === name)?.value;
  const sweep = async (): Promise<void> => {
    due();
    await settle();
  };
  return { asked, delays, stop, sweep, valueOf };
}

describe('retention of evidence', () => {
  it('deletes batch after batch until there is none left, counts, and looks again in an hour', async () => {
    const { asked, delays, sweep, valueOf } = setUp([500, 3]);
    await sweep();
    expect(asked).toEqual([
      [1000, { limit: 500 }],
      [1000, { limit: 500 }],
    ]);
    expect(valueOf('onrecord_evidence_deleted_total')).toBe(503);
    expect(delays).toEqual([60_000, 3_600_000]);
  });

  it('counts a database that is away, and goes on', async () => {
    const { sweep, valueOf } = setUp([new Error('away'), 2]);
    await sweep();
    await sweep();
    expect(valueOf('onrecord_evidence_retention_failures_total')).toBe(1);
    expect(valueOf('onrecord_evidence_deleted_total')).toBe(2);
  });

  it('ends when it is told to', async () => {
    const { asked, stop, sweep } = setUp([]);
    stop();
    await sweep();
    expect(asked).toEqual([]);
  });
});
