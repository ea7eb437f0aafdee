import { parentPort, workerData } from 'node:worker_threads';
import type { ConversionJob } from '../../api/convert/conversion-job.ts';
import { runConversion } from '../../api/convert/conversion-loop.ts';

if (parentPort === null) throw new Error('convert.worker runs as a worker thread');
runConversion(parentPort, workerData as ConversionJob);
