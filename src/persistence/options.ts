import { z } from 'zod';

/** The `database` part of the configuration; empty: the embedded one. */
export const databaseOptions = z.strictObject({
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'a database url begins with postgres://')
    .optional(),
});
