import { defineConfig } from 'vitest/config';

/** What replaces a module, or starts threads and whole nodes, of which nothing may be left to others. */
const apart = ['test/end-to-end/**/*.test.ts', 'test/fuzz/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Two cores: the tests that start a whole node must not starve each other.
    maxWorkers: 2,
    // Calls in real time on shared cores: one that was starved may try again, where nobody watches.
    retry: process.env.CI === undefined ? 0 : 1,
    projects: [
      {
        // Files share the modules that they import, which cost more than most of the tests.
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/long/**', ...apart],
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: 'apart', include: [...apart] },
      },
      {
        // What moves media by the system's own calls does so by Node's sockets too.
        extends: true,
        test: { name: 'dgram', include: ['test/media/**/*.test.ts'], env: { MEDIA_IO: 'dgram' } },
      },
    ],
  },
});
