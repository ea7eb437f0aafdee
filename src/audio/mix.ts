/** Two channels side by side, left first. *Borrows* all until return. */
export function interleave(
  left: Int16Array,
  right: Int16Array,
  count: number,
  target: Int16Array,
  at: number,
): void {
  for (let i = 0, to = at; i < count; i++) {
    target[to++] = left[i] as number;
    target[to++] = right[i] as number;
  }
}

/** The sum of two channels, held within 16 bits. *Borrows* all until return. */
export function mixDown(
  left: Int16Array,
  right: Int16Array,
  count: number,
  target: Int16Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) {
    const sum = (left[i] as number) + (right[i] as number);
    target[at + i] = sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum;
  }
}
