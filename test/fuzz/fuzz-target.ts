import fc from 'fast-check';

/** Something that takes whatever comes; its property says what must hold all the same. */
export interface FuzzTarget {
  readonly name: string;
  readonly property: fc.IAsyncProperty<[unknown]> | fc.IProperty<[unknown]>;
}

/**
 * Runs a target for a time. A failure prints seed and path; `FUZZ_SEED=... FUZZ_PATH=...` with the name of the test
 * plays it again.
 */
export async function fuzz({ property }: FuzzTarget, seconds: number): Promise<void> {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() & 0x7fffffff);
  const path = process.env['FUZZ_PATH'];
  await fc.assert(property as fc.IAsyncProperty<[unknown]>, {
    seed,
    numRuns: 10_000_000,
    interruptAfterTimeLimit: seconds * 1000,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  });
}
