import { z } from 'zod';

/** The `sip.hep` part of the configuration: a Homer collector. */
export const hepOptions = z.strictObject({
  /** Address or name. */
  address: z.string().regex(/^[A-Za-z0-9:._-]{1,253}$/, 'is an IP address or a host name'),
  port: z.number().int().min(1).max(65_535).default(9060),
  transport: z.literal('udp').default('udp'),
  /** Tells this node from other sources of the collector. */
  captureId: z.number().int().min(0).max(0xffff_ffff).default(2001),
  /** The collector's authentication key. It crosses the network in clear. */
  password: z.string().min(1).max(255).optional(),
});

export type HepOptions = z.infer<typeof hepOptions>;
