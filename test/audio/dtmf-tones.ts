/** ITU-T Q.23: rows are the low group, columns the high one. */
const lowGroup = [697, 770, 852, 941];
const highGroup = [1209, 1336, 1477, 1633];
export const digits = Array.from('123A456B789C*0#D').map((digit, i) => ({
  digit,
  low: lowGroup[Math.floor(i / 4)]!,
  high: highGroup[i % 4]!,
}));

export interface PairPlan {
  readonly low: number;
  readonly high: number;
  readonly ms: number;
  readonly sampleRate?: number;
  /** Of 32767 each. */
  readonly lowAmplitude?: number;
  readonly highAmplitude?: number;
}

/** Two tones from phase 0 on. */
export function pair({
  low,
  high,
  ms,
  sampleRate = 8000,
  lowAmplitude = 6000,
  highAmplitude = 6000,
}: PairPlan) {
  return Int16Array.from({ length: Math.round((ms * sampleRate) / 1000) }, (_, i) => {
    const turn = (2 * Math.PI * i) / sampleRate;
    return Math.round(lowAmplitude * Math.sin(low * turn) + highAmplitude * Math.sin(high * turn));
  });
}

/** `part` added to a copy of `whole` from `at` on, clipped. */
export function mixedIn(whole: Int16Array, part: Int16Array, at: number): Int16Array {
  const mixed = whole.slice();
  part.forEach((sample, i) => {
    mixed[at + i] = Math.max(-32_768, Math.min(32_767, mixed[at + i]! + sample));
  });
  return mixed;
}
