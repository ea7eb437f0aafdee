import type { RecordRule } from './bench-node.ts';
import { startNode } from './contestant.ts';
import { type MediaPlan, type MediaRun, runMedia } from './media-run.ts';

export interface ScenarioFigures extends MediaRun {
  readonly name: string;
}

const rules: readonly (readonly [name: string, record: RecordRule])[] = [
  ['relay', 'never'],
  ['relay + WAV, sealed', 'wav'],
  ['relay + MP3, sealed', 'mp3'],
];

/** A node under each rule, with the same load. */
export async function runScenarios(plan: MediaPlan): Promise<ScenarioFigures[]> {
  const figures: ScenarioFigures[] = [];
  for (const [name, record] of rules) {
    figures.push({ name, ...(await runMedia(() => startNode(record), plan)) });
  }
  return figures;
}
