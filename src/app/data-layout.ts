import { join } from 'node:path';

/** Folders of a data directory. */
export interface DataLayout {
  readonly journal: string;
  readonly spools: string;
  /** Sealed recordings and their manifests. */
  readonly recordings: string;
}

export function dataLayout(dataDirectory: string): DataLayout {
  return {
    journal: join(dataDirectory, 'journal'),
    spools: join(dataDirectory, 'spools'),
    recordings: join(dataDirectory, 'recordings'),
  };
}
