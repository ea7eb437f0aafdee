import { z } from 'zod';

const address = z.union([z.ipv4(), z.ipv6()]);
const pollForm = 'sockets are polled every 1 to 20 ms';
const portsForm = 'a port range is written FIRST-LAST, such as 20000-29999';
const ports = z
  .string(portsForm)
  .regex(/^\d{1,5}-\d{1,5}$/, portsForm)
  .transform((text) => {
    const [first = 0, last = 0] = text.split('-').map(Number);
    return { first: first + (first % 2), last };
  })
  .refine(({ first, last }) => first >= 1024 && last <= 65_535 && last - first >= 3, {
    message: 'a port range lies within 1024-65535 and holds at least two pairs',
  });

const place = {
  address,
  ports,
  /** The address that others reach us at, where a NAT stands between: what our SDP says. */
  advertise: address.optional(),
  /** Differentiated services codepoint of what is sent; absent: 46, which is EF. */
  dscp: z.number().int().min(0).max(63).optional(),
};
const mediaInterface = z.strictObject({ id: z.string().default('main'), ...place });

const shared = {
  rtpTimeoutSeconds: z.number().int().min(5).max(3600).default(60),
  workers: z.number().int().min(1).max(64).default(1),
  /** `auto`: the system's own calls where they can be had, else `node:dgram`. */
  io: z.enum(['auto', 'libc', 'dgram']).default('auto'),
  /** How often the system's own calls look for packets. */
  pollMs: z.number().int().min(1, pollForm).max(20, pollForm).default(2),
};

/** The `media` part of the configuration; `{ address, ports }` is shorthand for one interface called `main`. */
export const mediaOptions = z.union([
  z.strictObject({ interfaces: z.array(mediaInterface).min(1), ...shared }),
  z
    .strictObject({ ...place, ...shared })
    .transform(({ rtpTimeoutSeconds, workers, io, pollMs, ...main }) => ({
      interfaces: [{ id: 'main', ...main }],
      ...{ rtpTimeoutSeconds, workers, io, pollMs },
    })),
]);

export type MediaOptions = z.output<typeof mediaOptions>;
