import { spawn } from 'node:child_process';
import { err, ok, type Result } from '../../kernel/result.ts';

/** `missing`: not installed. `failed`: it ended with a fault, or took too long. */
export type FfmpegFault = 'missing' | 'failed';

/** Decodes bare frames to samples, 16 bit mono at 8000 Hz. */
export type RunFfmpeg = (
  input: readonly string[],
  frames: Uint8Array,
) => Promise<Result<Int16Array, FfmpegFault>>;

/** An hour of speech takes a few seconds. */
const withinMs = 60_000;
/** Where distributions install programs. Nothing else of our environment, which may hold secrets, is passed on. */
const path = '/usr/local/bin:/usr/bin:/bin';

/**
 * Runs ffmpeg on what strangers sent: through pipes alone, no file in clear, and of its protocols only `pipe`, so that
 * nothing in the input makes it open a file or a connection.
 */
export const runFfmpeg: RunFfmpeg = (input, frames) =>
  new Promise((resolve) => {
    const child = spawn(
      'ffmpeg',
      [
        ...['-nostdin', '-hide_banner', '-loglevel', 'quiet', '-threads', '1', '-protocol_whitelist', 'pipe'],
        ...[...input, '-i', 'pipe:0', '-f', 's16le', '-ar', '8000', '-ac', '1', 'pipe:1'],
      ],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { PATH: path },
        cwd: '/',
        timeout: withinMs,
        killSignal: 'SIGKILL',
      },
    );
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve(err(error.code === 'ENOENT' ? 'missing' : 'failed'));
    });
    child.on('close', (code) => {
      resolve(code === 0 ? ok(samplesOf(Buffer.concat(parts))) : err('failed'));
    });
    // It may end before it has read all: its exit says so.
    child.stdin.on('error', () => undefined);
    child.stdin.end(frames);
  });

function samplesOf(bytes: Buffer): Int16Array {
  return Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i));
}
