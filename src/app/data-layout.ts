import { join } from 'node:path';

/** Folders of a data directory. */
export interface DataLayout {
  readonly journal: string;
  readonly spools: string;
  /** Sealed recordings and their manifests. */
  readonly recordings: string;
  /** Files: what calls were decided by last, and who is never recorded. */
  readonly policy: string;
  readonly doNotRecord: string;
}

export function dataLayout(dataDirectory: string): DataLayout {
  return {
    journal: join(dataDirectory, 'journal'),
    spools: join(dataDirectory, 'spools'),
    recordings: join(dataDirectory, 'recordings'),
    policy: join(dataDirectory, 'policy.json'),
    doNotRecord: join(dataDirectory, 'do-not-record'),
  };
}
