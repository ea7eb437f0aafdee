import { z } from 'zod';

/** The `storage` and `encryption` parts of the configuration. */
export const storageOptions = z.strictObject({ kind: z.literal('disk').default('disk') });

export const encryptionOptions = z.strictObject({
  kek: z
    .union([z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })])
    .optional(),
});
