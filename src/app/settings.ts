import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { defaultConfig } from '../config/default-config.ts';
import { type KeyFault, printFault } from '../config/fault.ts';
import { type Environment, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { packageDirectory } from './package-directory.ts';

/** A validated configuration and where its files are. */
export interface Settings {
  readonly config: Config;
  /** What is to be said of it, one line each. */
  readonly warnings: readonly string[];
  /** Finds the line of what is seen later. */
  readonly place: (fault: KeyFault) => string;
  /** Null: the embedded default. */
  readonly file: string | null;
  /** What the configuration came from, for messages. */
  readonly source: string;
  /** What relative prompt and key files are relative to. */
  readonly baseDirectory: string;
  readonly dataDirectory: string;
}

/** `--config FILE`, else `./onrecord.yaml` if it is there, else the embedded default on 127.0.0.1. */
export function loadSettings(file: string | null, env: Environment): Result<Settings, readonly string[]> {
  const found = file ?? (existsSync('onrecord.yaml') ? 'onrecord.yaml' : null);
  if (found === null) return settingsOf(defaultConfig, null, packageDirectory(), process.cwd(), env);
  let text: string;
  try {
    text = readFileSync(found, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error);
    return err([`${found}: cannot be read: ${why}; name the configuration with --config FILE`]);
  }
  const directory = dirname(resolve(found));
  return settingsOf(text, found, directory, directory, env);
}

function settingsOf(
  text: string,
  file: string | null,
  baseDirectory: string,
  dataBase: string,
  env: Environment,
): Result<Settings, readonly string[]> {
  const source = file ?? 'embedded default';
  const loaded = loadConfig(text, source, env);
  if (!loaded.ok) return err(loaded.error.map(printFault));
  const { config, warnings, place } = loaded.value;
  const dataDirectory = resolve(dataBase, config.node.dataDir);
  return ok({
    ...{ config, source, file, baseDirectory, dataDirectory },
    warnings: warnings.map(printFault),
    place: (fault) => printFault(place(fault)),
  });
}
