import { z } from 'zod';

/** What listeners, peers and the like are called. */
export const idForm = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, ".", "_" or "-"');
