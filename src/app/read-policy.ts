import type { Environment } from '../config/load.ts';
import { restartFaults } from '../config/restart-check.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { loadPrompts } from './prompt-library.ts';
import { loadSettings, type Settings } from './settings.ts';
import type { ReadPolicy } from './wiring/policy-desk.ts';

/** Reads the configuration of a running node again. What only a restart takes up must be as it was. */
export function readPolicy(running: Settings, env: Environment): Result<ReadPolicy, readonly string[]> {
  const read = running.file === null ? ok(running) : loadSettings(running.file, env);
  if (!read.ok) return read;
  const settings = read.value;
  const prompts = loadPrompts(settings);
  const faults = [
    ...restartFaults(running.config, settings.config).map((fault) => settings.place(fault)),
    ...(prompts.ok ? [] : prompts.error),
  ];
  return prompts.ok && faults.length === 0 ? ok({ settings, prompts: prompts.value }) : err(faults);
}
