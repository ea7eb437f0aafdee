import { z } from 'zod';

/** The `http` part of the configuration. Port 0 lets the system choose. */
export const httpOptions = z.strictObject({
  address: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(8080),
});
