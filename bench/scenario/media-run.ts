import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadFigures } from '../load/load-options.ts';
import { doubts, runLoad } from '../load/run-load.ts';
import type { Contestant } from './contestant.ts';

export interface MediaPlan {
  readonly calls: number;
  readonly seconds: number;
}

/** What one contestant cost while so many calls talked. */
export interface MediaRun extends LoadFigures {
  readonly calls: number;
  readonly seconds: number;
  /** CPU of all its processes: seconds, and microseconds a relayed packet. */
  readonly cpuSeconds: number;
  readonly cpuPerPacketUs: number;
  /** Before the first call, per cent of a core. */
  readonly idlePercent: number;
  readonly kibPerCall: number;
  /** CPU microseconds a relayed packet, by part. */
  readonly stages: Readonly<Record<string, number>>;
  /** What it counted of the whole load. */
  readonly counts: Readonly<Record<string, number>>;
  readonly doubts: readonly string[];
}

const newCallsASecond = 50;
/** An announcement is over, code is compiled, endpoints are learned. */
const settleSeconds = 8;
const idleSeconds = 5;

/** Starts a contestant, loads it from another process, reads what it cost, and stops it. */
export async function runMedia(start: () => Promise<Contestant>, plan: MediaPlan): Promise<MediaRun> {
  const contestant = await start();
  try {
    const idlePercent = await idleCost(contestant);
    const idleKib = contestant.residentKib();
    const reading = { before: 0, after: 0, kib: 0 };
    let stagesBefore: Readonly<Record<string, number>> = {};
    let stagesAfter: Readonly<Record<string, number>> = {};
    const { signalling } = contestant;
    const figures = await runLoad(
      { ...plan, rate: newCallsASecond, settleSeconds, signalling },
      {
        parties: (ports) => contestant.parties?.(ports) ?? Promise.resolve([]),
        up: () => {
          reading.before = contestant.cpuSeconds();
          stagesBefore = contestant.stages();
        },
        measured: () => {
          reading.after = contestant.cpuSeconds();
          stagesAfter = contestant.stages();
          reading.kib = contestant.residentKib();
        },
      },
    );
    const cpuSeconds = reading.after - reading.before;
    const perPacket = (seconds: number): number => (1e6 * seconds) / Math.max(1, figures.packetsReceived);
    return {
      ...figures,
      ...plan,
      ...{ cpuSeconds, idlePercent },
      cpuPerPacketUs: perPacket(cpuSeconds),
      kibPerCall: (reading.kib - idleKib) / plan.calls,
      stages: Object.fromEntries(
        Object.entries(stagesAfter).map(([name, seconds]) => [
          name,
          perPacket(seconds - (stagesBefore[name] ?? 0)),
        ]),
      ),
      counts: await contestant.counts(),
      doubts: doubts(figures),
    };
  } finally {
    await contestant.stop();
  }
}

async function idleCost(contestant: Contestant): Promise<number> {
  await sleep(2000);
  const before = contestant.cpuSeconds();
  await sleep(idleSeconds * 1000);
  return (100 * (contestant.cpuSeconds() - before)) / idleSeconds;
}
