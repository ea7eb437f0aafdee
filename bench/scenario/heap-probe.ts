import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into the node's processes by `--import`, with `--expose-gc`: at SIGUSR2 it collects garbage and writes
 * down what is left. So the product has no door for it.
 */
const { gc } = globalThis;
const directory = process.env['BENCH_HEAP_DIRECTORY'];
if (isMainThread && directory !== undefined && gc !== undefined) {
  process.on('SIGUSR2', () => {
    gc();
    writeFileSync(join(directory, `heap-${process.pid}`), String(process.memoryUsage().heapUsed));
  });
}
