import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The package's own folder, found from the sources and from `dist/` alike. */
export const packageDirectory = ((): string => {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
})();
