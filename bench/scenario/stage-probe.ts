import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';

/**
 * Loaded into every thread of the node by `--import`: writes down which thread does what, so that its CPU can be
 * told from `/proc`. All threads of Node have the same name there.
 */
const directory = process.env['BENCH_STAGE_DIRECTORY'];
if (directory !== undefined) {
  const thread = readlinkSync('/proc/thread-self').split('/').at(-1) ?? '';
  writeFileSync(join(directory, `stage-${process.pid}-${thread}`), stage());
}

/** A worker is known by what it is given. */
function stage(): string {
  if (isMainThread) return process.argv.includes('proxy') ? 'signalling' : 'control';
  const given = workerData as object | null;
  if (given === null || typeof given !== 'object') return 'worker';
  if ('interfaces' in given) return 'media';
  if ('spoolDirectory' in given) return 'recording';
  return 'socketPath' in given ? 'database' : 'worker';
}
