import { z } from 'zod';
import { duration } from '../policy/duration.ts';

const id = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, ".", "_" or "-"');

/** What the audio says beside that it is recorded, as it says it. GDPR Art. 13 wants the parties to know all of it. */
const tells = z.strictObject({
  /** Who records. */
  controller: z.string().min(1).optional(),
  purpose: z.string().min(1).optional(),
  /** How long recordings are kept at most. */
  retention: duration.optional(),
  /** Where the full notice is. */
  notice: z.string().min(1).optional(),
});

const prompt = z.strictObject({
  id,
  /** BCP 47: `en`, `fr`, `de`, `lb`. */
  language: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'a language is a BCP 47 tag such as en, fr, de or lb'),
  /** A mono WAV file, relative to the configuration file. */
  file: z.string().min(1),
  purpose: id,
  /** What the audio says, word for word. */
  text: z.string().min(1),
  tells: tells.prefault({}),
});

/** The `consent` part of the configuration. */
export const consentOptions = z.strictObject({
  prompts: z.array(prompt).default([]),
  /** How long the evidence of a call without a recording is kept. */
  keepEvidence: duration.prefault('1y'),
});

export type ConsentOptions = z.output<typeof consentOptions>;
export type PromptOptions = ConsentOptions['prompts'][number];
