import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    // Real time on shared cores: a peer that was not scheduled for 50 ms says nothing about the product.
    retry: 2,
  },
});
