import { loadavg } from 'node:os';
import { startRelay } from '../relays/start-relay.ts';
import { type Contestant, startNode } from './contestant.ts';
import { type MediaRun, runMedia } from './media-run.ts';
import { hasRtpengine, startRtpengine } from './rtpengine.ts';

/** Who is measured, in the order of a pair's first half. */
const contestants = {
  'rtpengine + pcap': () => startRtpengine(true),
  'onrecord WAV': () => startNode('wav'),
  'onrecord relay': () => startNode('never'),
  'rtpengine relay': () => startRtpengine(false),
  'bare relay': () => startRelay('bare-relay'),
  'shared socket': () => startRelay('shared-relay'),
  'onrecord MP3': () => startNode('mp3'),
} satisfies Readonly<Record<string, () => Promise<Contestant>>>;

export type ContestantName = keyof typeof contestants;

export interface ComparePlan {
  readonly pairs: number;
  readonly calls: readonly number[];
  readonly seconds: number;
  readonly names: readonly ContestantName[];
}

export interface CompareRun extends MediaRun {
  readonly name: ContestantName;
  readonly pair: number;
  /** Of the machine when the run began: what else it was doing. */
  readonly load: number;
}

/** Medians over pairs; a ratio is one of each pair first. */
export interface Comparison {
  readonly runs: readonly CompareRun[];
  readonly ratios: readonly Ratio[];
}

export interface Ratio {
  readonly what: string;
  readonly calls: number;
  readonly goal: number | null;
  readonly median: number;
  readonly all: readonly number[];
}

export const comparedNames: readonly ContestantName[] = [
  'rtpengine + pcap',
  'onrecord WAV',
  'onrecord relay',
  'rtpengine relay',
  'bare relay',
];

export function knownContestants(): readonly ContestantName[] {
  return Object.keys(contestants) as ContestantName[];
}

/** Null where a contestant can run here; else what is missing. */
export function missing(name: ContestantName): string | null {
  return name.startsWith('rtpengine') && !hasRtpengine()
    ? `${name} is left out: rtpengine is not installed (apt-get install --no-install-recommends rtpengine-daemon)`
    : null;
}

/** The same load through each, one after another; every other pair in the opposite order. */
export async function compare(plan: ComparePlan, say: (run: CompareRun) => void): Promise<Comparison> {
  const runs: CompareRun[] = [];
  const present = plan.names.filter((name) => missing(name) === null);
  for (const calls of plan.calls) {
    for (let pair = 1; pair <= plan.pairs; pair++) {
      const order = pair % 2 === 1 ? present : present.toReversed();
      for (const name of order) {
        const load = loadavg()[0] ?? 0;
        const run = await runMedia(contestants[name], { calls, seconds: plan.seconds });
        runs.push({ name, pair, load, ...run });
        say({ name, pair, load, ...run });
      }
    }
  }
  return { runs, ratios: ratiosOf(runs, plan.calls) };
}

const compared: readonly (readonly [one: ContestantName, other: ContestantName, goal: number | null])[] = [
  ['onrecord WAV', 'rtpengine + pcap', 0.7],
  ['onrecord relay', 'rtpengine + pcap', 0.6],
  ['onrecord WAV', 'rtpengine relay', null],
  ['onrecord relay', 'rtpengine relay', null],
  ['onrecord relay', 'bare relay', null],
  ['shared socket', 'onrecord relay', null],
];

function ratiosOf(runs: readonly CompareRun[], sizes: readonly number[]): Ratio[] {
  return sizes.flatMap((calls) =>
    compared.flatMap(([one, other, goal]) => {
      const all = runs
        .filter((run) => run.name === one && run.calls === calls)
        .flatMap((run) => {
          const against = runs.find(
            (rival) => rival.name === other && rival.calls === calls && rival.pair === run.pair,
          );
          return against === undefined ? [] : [run.cpuPerPacketUs / against.cpuPerPacketUs];
        });
      return all.length === 0 ? [] : [{ what: `${one} / ${other}`, calls, goal, median: median(all), all }];
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
