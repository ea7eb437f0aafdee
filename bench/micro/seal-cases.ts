import { chacha20Poly1305 } from '../../src/kernel/aead.ts';
import type { BenchCase } from '../measure.ts';

/** The payload chunk of an age file; the nonce counts up as there. */
const chunk = 64 * 1024;

export const sealCases: readonly BenchCase[] = [
  {
    name: 'seal',
    unit: '64 KiB, a chunk of an age file',
    setUp: () => {
      const key = new Uint8Array(32).fill(1);
      const nonce = new Uint8Array(12);
      const counter = new DataView(nonce.buffer);
      const plaintext = new Uint8Array(chunk);
      let count = 0;
      return () => {
        counter.setUint32(7, count++);
        chacha20Poly1305.seal(key, nonce, plaintext);
      };
    },
  },
];
