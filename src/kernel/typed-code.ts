/**
 * What keys are that were pressed one after the other: a whole code, the beginning of one, or none of them. Of two codes
 * of which one begins with the other, the shorter is the code.
 */
export function typedCode(codes: readonly string[], typed: string): 'whole' | 'begun' | 'none' {
  if (codes.includes(typed)) return 'whole';
  return codes.some((code) => code.startsWith(typed)) ? 'begun' : 'none';
}

/** How long the beginning of a code is held back at most, from its first key on. */
export const codeWithinMs = 1000;
