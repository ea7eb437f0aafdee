import type { MessagePort } from 'node:worker_threads';
import type { ConversionJob, FromConversion, ToConversion } from './conversion-job.ts';
import { createTranscoder, type Transcoder } from './transcoder.ts';

/** The thread's side: answers each chunk with what it became. */
export function runConversion(port: Pick<MessagePort, 'on' | 'postMessage'>, job: ConversionJob): void {
  const made = createTranscoder(job);
  port.on('message', (message: ToConversion) => {
    void made
      .then((transcoder) => convert(transcoder, message))
      .then(
        (bytes) => {
          const answer: FromConversion = { type: 'converted', bytes };
          port.postMessage(answer, [bytes.buffer]);
        },
        (error: unknown) => {
          const answer: FromConversion = { type: 'failed', reason: String(error) };
          port.postMessage(answer);
        },
      );
  });
}

function convert(transcoder: Transcoder, message: ToConversion): Uint8Array<ArrayBuffer> {
  return message.type === 'chunk' ? transcoder.push(message.bytes) : transcoder.end();
}
