import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageDirectory } from './package-directory.ts';

/** The package's version, as its manifest says. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(join(packageDirectory(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
