import { isIP } from 'node:net';
import { z } from 'zod';
import { defaultPortOf, sipTransports } from '../sip/transport-name.ts';
import { idForm } from './option-forms.ts';

/** RFC 1123 §2.1, and not digits alone at the end: that is a broken address. */
const hostName =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Relative to the configuration file. */
const file = z.string().min(1).optional();

/** One of `sip.listeners`: an address where SIP is taken, and from where it is sent. */
export const listenerOptions = z
  .strictObject({
    id: idForm,
    transport: z.enum(sipTransports),
    address: z.union([z.ipv4(), z.ipv6()]),
    /** 0 lets the system choose; the chosen one is in the line after ONRECORD_READY. */
    port: z.number().int().min(0).max(65_535).optional(),
    /** How others reach us where a NAT stands between: what Via and Contact say. */
    advertise: z
      .string()
      .refine((text) => isIP(text) !== 0 || hostName.test(text), {
        error: 'is an address or a host name, such as 203.0.113.5 or sip.example.com',
      })
      .optional(),
    /** Differentiated services codepoint of what is sent; absent: 24, which is CS3. */
    dscp: z.number().int().min(0).max(63).optional(),
    /** Web pages whose scripts may connect to a WebSocket listener: `https://app.example.com`. */
    origins: z
      .array(z.string().regex(/^https?:\/\/[^/\s]+$/, 'is an origin, such as https://app.example.com'))
      .min(1)
      .optional(),
    /** PEM files: our certificate with what leads to its authority, its key, and the authorities that we trust. */
    cert: file,
    key: file,
    ca: file,
  })
  .transform(({ port, ...rest }) => ({ ...rest, port: port ?? defaultPortOf(rest.transport) }));
