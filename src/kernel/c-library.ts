import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import type koffi from 'koffi';

/** A function of the C library. Pointers are addresses as numbers, 0 is NULL. */
export type CFunction = (...values: readonly number[]) => number;

/** The C library of this process, called without a copy: what it writes to, it writes to in place. */
export interface CLibrary {
  /** `int close(int)`; pointers are declared as `uintptr_t`. Throws where there is no such function. */
  declare(signature: string): CFunction;
  /** Where a buffer's bytes lie. They stay there, and it is the caller's to keep the buffer in reach. */
  addressOf(memory: ArrayBuffer): number;
  /** Of the call before, where that said that it failed. */
  errno(): number;
}

let loaded: CLibrary | null | undefined;

/** Null: this system is none that we know the constants of (little-endian Linux), or `koffi` is not installed. */
export function cLibrary(): CLibrary | null {
  loaded ??= load();
  return loaded;
}

function load(): CLibrary | null {
  if (process.platform !== 'linux' || endianness() !== 'LE') return null;
  try {
    const ffi = createRequire(import.meta.url)('koffi') as typeof koffi;
    const library = ffi.load(null);
    return {
      declare: (signature) => library.func(signature) as CFunction,
      addressOf: (memory) => Number(ffi.address(memory)),
      errno: () => ffi.errno(),
    };
  } catch {
    // An optional package: whoever asks does without.
    return null;
  }
}
