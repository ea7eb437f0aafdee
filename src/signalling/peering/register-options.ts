import { z } from 'zod';

/** RFC 3261 §10.2.1.1 has an hour as an example, and most registrars like it. */
export const registerSeconds = 3600;

/** `register` of a peer; `true` takes all from its `auth` and `domain`. */
export const registerOptions = z
  .union([
    z.boolean(),
    z.strictObject({
      /** The address of record. */
      aor: z.string().startsWith('sip:').optional(),
      contactUser: z
        .string()
        .regex(/^[A-Za-z0-9_.+-]{1,64}$/, 'a contact user has 1 to 64 letters, digits, "_", ".", "+" or "-"')
        .optional(),
      expiresSeconds: z.number().int().min(60).max(604_800).default(registerSeconds),
    }),
  ])
  .default(false);
