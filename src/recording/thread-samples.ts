const lent = new Map<string, Int16Array>();

/**
 * Room for samples that a thread shares: who asks for the same purpose and length gets the same array. It works on
 * one packet or portion of one recording at a time, and nothing of it is needed afterwards: 24 KB a call less.
 */
export function threadSamples(purpose: string, length: number): Int16Array {
  const key = `${purpose} ${length}`;
  const known = lent.get(key);
  if (known !== undefined) return known;
  const made = new Int16Array(length);
  lent.set(key, made);
  return made;
}
