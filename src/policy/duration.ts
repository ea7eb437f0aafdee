import { z } from 'zod';

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  // A year of retention is never shorter than a calendar year.
  y: 366 * 86_400_000,
};

/** `90d`, `12h`, `2y` in the configuration; milliseconds inside. */
export const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhdy]$/, 'a duration is a number and a unit: 30s, 15m, 12h, 90d, 2y')
  .transform((text) => Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? 0));
