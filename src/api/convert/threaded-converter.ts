import { err, ok, type Result } from '../../kernel/result.ts';
import { type Schedule, systemSchedule } from '../../kernel/timers.ts';
import type { FileKind, RecordingRecord } from '../../records/recording-record.ts';
import type { AudioForm, Conversion, ConversionFault, Converter, OpenAudio } from '../ports.ts';
import type { ConversionJob } from './conversion-job.ts';
import { type ConversionPlan, headBytes, planConversion } from './conversion-plan.ts';
import { ConversionThread, type ConversionWorker } from './conversion-thread.ts';

export interface ThreadedConverterOptions {
  /** Starts `app/workers/convert.worker` with the job as its `workerData`. */
  readonly spawn: (job: ConversionJob) => ConversionWorker;
  readonly schedule?: Schedule;
  /** Conversions under way at once. */
  readonly most?: number;
}

const usualMost = 2;
/** Part of the entity tag: counts up when the same recording would be converted into other bytes. */
const makeOfResult = 1;

/** Converts in a thread a conversion, so many at once, without ever holding a file in memory. */
export function createThreadedConverter(options: ThreadedConverterOptions): Converter {
  const most = options.most ?? usualMost;
  let underWay = 0;

  const plan = async (
    recording: RecordingRecord,
    kept: OpenAudio,
    to: FileKind,
    threads: Set<ConversionThread>,
  ): Promise<Result<AudioForm, ConversionFault>> => {
    const planned = planConversion(await headOf(kept), kept.size, to);
    if (planned === null) return err('unsupported');
    const { size, contentType, ranges } = planned;
    const etag = `"${recording.sha256 ?? recording.id}-${to}${makeOfResult}"`;
    const start = (job: ConversionJob): ConversionThread => {
      const thread = new ConversionThread(options.spawn(job), options.schedule ?? systemSchedule);
      threads.add(thread);
      return thread;
    };
    const read = (from: number, end: number): AsyncIterable<Uint8Array> =>
      readConverted(planned, kept, start, from, end);
    return ok({ size, contentType, kind: to, ranges, etag, read });
  };
  return {
    plan: (recording, kept, to) => plan(recording, kept, to, new Set()),
    async convert(recording, kept, to): Promise<Result<Conversion, ConversionFault>> {
      if (underWay >= most) return err('busy');
      underWay += 1;
      const threads = new Set<ConversionThread>();
      let held = true;
      const release = (): void => {
        if (!held) return;
        held = false;
        underWay -= 1;
        for (const thread of threads) thread.stop();
      };
      try {
        const planned = await plan(recording, kept, to, threads);
        if (planned.ok) return ok({ form: planned.value, release });
        release();
        return planned;
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

async function headOf(kept: OpenAudio): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of kept.read(0, Math.min(headBytes, kept.size))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The bytes from `start` to before `end` of prefix and converted audio together. */
async function* readConverted(
  { prefix, feed: feedOf }: ConversionPlan,
  kept: OpenAudio,
  begin: (job: ConversionJob) => ConversionThread,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  if (start < prefix.length) yield prefix.subarray(start, end);
  const from = Math.max(0, start - prefix.length);
  const until = end - prefix.length;
  if (until <= from) return;
  const feed = feedOf(from, until);
  const thread = begin(feed.job);
  try {
    yield* cut(converted(thread, kept.read(feed.from, feed.to)), feed.dropBytes, until - from);
  } finally {
    thread.stop();
  }
}

async function* converted(
  thread: ConversionThread,
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of input) yield await thread.step({ type: 'chunk', bytes });
  yield await thread.step({ type: 'end' });
}

/** Without the first `drop` bytes, and no more than `length` of the rest. */
async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  drop: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  let toDrop = drop;
  let left = length;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.min(toDrop, chunk.length));
    toDrop -= chunk.length - part.length;
    const wanted = part.subarray(0, left);
    left -= wanted.length;
    if (wanted.length > 0) yield wanted;
    if (left === 0) return;
  }
}
