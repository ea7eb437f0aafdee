import { z } from 'zod';
import { defaultPortOf } from '../sip/transport-name.ts';
import { idForm } from './option-forms.ts';

/** Relative to the configuration file. */
const file = z.string().min(1).optional();

/** One of `sip.listeners`: an address where SIP is taken, and from where it is sent. */
export const listenerOptions = z
  .strictObject({
    id: idForm,
    transport: z.enum(['udp', 'tcp', 'tls']),
    address: z.union([z.ipv4(), z.ipv6()]),
    /** 0 lets the system choose; the chosen one is in the line after ONRECORD_READY. */
    port: z.number().int().min(0).max(65_535).optional(),
    /** PEM files: our certificate with what leads to its authority, its key, and the authorities that we trust. */
    cert: file,
    key: file,
    ca: file,
  })
  .transform(({ port, ...rest }) => ({ ...rest, port: port ?? defaultPortOf(rest.transport) }));
