import { z } from 'zod';
import { defaultLimits } from '../../sip/limits.ts';

/** The `sip.limits` part of the configuration: what one message, one source and this node may cost. */
export const limitOptions = z.strictObject({
  messageBytes: z.number().int().min(1_500).max(65_535).default(defaultLimits.messageBytes),
  /** Start-line and headers. */
  headBytes: z.number().int().min(1_000).max(65_535).default(defaultLimits.headBytes),
  /** One header field, and the Request-URI. */
  headerBytes: z.number().int().min(256).max(65_535).default(defaultLimits.headerBytes),
  headers: z.number().int().min(20).max(2_000).default(defaultLimits.headers),
  bodyBytes: z.number().int().min(0).max(65_535).default(defaultLimits.bodyBytes),
  /** From the first byte of a message on a stream to its last. */
  messageSeconds: z.number().int().min(1).max(300).default(10),
  connectionsPerSource: z.number().int().min(1).max(2_048).default(128),
  /** Of one source address, outside of running calls. */
  requestsPerSecond: z.number().int().min(1).max(100_000).default(1_000),
  /** SIP transactions held, both sides; each stays for 32 seconds after its answer. */
  transactions: z.number().int().min(100).max(1_000_000).default(100_000),
});

export type LimitOptions = z.output<typeof limitOptions>;

export const defaultLimitOptions: LimitOptions = limitOptions.parse({});
