import { z } from 'zod';

/** How a proxy and a control process that run apart find and trust each other (mutual TLS). */
export const linkTlsOptions = z.strictObject({
  cert: z.string().min(1),
  key: z.string().min(1),
  ca: z.string().min(1),
});

export const controlUrl = z
  .string()
  .regex(/^tls:\/\/(\[[0-9a-fA-F:]+\]|[^:/]+):\d{1,5}$/, 'controlUrl is written tls://HOST:PORT');
