import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program under test's command, with all that it said. */
export interface Program {
  readonly child: ChildProcess;
  output: string;
}

/** Debian's programs that one test has started, all ended with it. */
export class Programs {
  readonly #started: Program[] = [];

  start(program: string, words: readonly string[], directory: string): Program {
    const child = spawn(program, words, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    const started: Program = { child, output: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        started.output += chunk.toString();
      });
    }
    this.#started.push(started);
    return started;
  }

  async endAll(): Promise<void> {
    for (const program of this.#started.splice(0)) {
      program.child.kill('SIGTERM');
      await exitOf(program);
    }
  }
}

export function exitOf({ child }: Program): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

/** A file of this suite with its words in capitals filled in, in a test's directory. */
export function fill(
  directory: string,
  file: string,
  words: Readonly<Record<string, string | number>>,
): string {
  let text = readFileSync(join('test/interop', file), 'utf8');
  for (const [word, value] of Object.entries(words)) text = text.replaceAll(word, String(value));
  const filled = join(directory, file.replaceAll('/', '-'));
  writeFileSync(filled, text);
  return filled;
}
