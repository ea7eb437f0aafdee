import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface Transpiled {
  /** Of a source file's JavaScript: `src/app/workers/database.worker.ts`. */
  url(source: string): URL;
  remove(): Promise<void>;
}

/**
 * Turns folders of `src` into JavaScript that a worker or another process can run, as Node 20 runs no
 * TypeScript. Types are removed, not checked; it takes milliseconds, and the result is never stale.
 */
export async function transpile(folders: readonly string[]): Promise<Transpiled> {
  const cache = join(root, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  // Below node_modules' parent, so that packages are found.
  const target = await mkdtemp(join(cache, 'onrecord-test-'));
  await writeFile(join(target, 'package.json'), '{"type":"module"}');
  for (const folder of folders) {
    const names = await readdir(join(root, folder), { recursive: true });
    for (const name of names.filter((each) => each.endsWith('.ts'))) {
      await transpileFile(join(root, folder, name), javascriptOf(join(target, folder, name)));
    }
  }
  return {
    url: (source) => new URL(`file://${javascriptOf(join(target, source))}`),
    remove: () => rm(target, { recursive: true, force: true }),
  };
}

function javascriptOf(path: string): string {
  return path.replace(/\.ts$/, '.js');
}

async function transpileFile(from: string, to: string): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(from, 'utf8'), {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  });
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, outputText);
}
