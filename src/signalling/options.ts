import { z } from 'zod';
import { limitOptions } from './defence/options.ts';
import { hepOptions } from './trace/options.ts';
import { listenerOptions } from './listener-options.ts';
import { parseDnsServer } from './locate/system-files.ts';
import { defaultSession, leastMinSeconds } from '../sip/session-timer.ts';
import { idForm } from './option-forms.ts';
import { registerOptions } from './peering/register-options.ts';

/** YAML reads 112 as a number. */
const dialledDigits = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d{1,15}$/, 'is written in digits alone, as dialled: 112'));

/** Text that stands in a quoted string of a header. YAML takes digits without quotes for a number, and eats leading zeros. */
const quotable = z
  .string({ error: 'is text; put digits in quotes: "0123"' })
  .regex(/^[^\x00-\x1f\x7f]+$/, 'is empty or has control characters');

const credentials = z.strictObject({ username: quotable, password: quotable, realm: quotable });

const peer = z.strictObject({
  id: idForm,
  side: z.enum(['pbx', 'trunk']),
  listener: idForm,
  /** Addresses this peer sends from: `192.0.2.0/24`, or with its port `192.0.2.1/32:5060`. */
  match: z.array(z.string()).min(1),
  /** SIP URIs to send calls to, in order; none: they go by the connection that the peer has opened. */
  targets: z.array(z.string().startsWith('sip:')).default([]),
  /** A NAT stands between: its media come from where its SIP comes from, or from where they are heard first. */
  nat: z.boolean().default(false),
  /** SRTP with keys in SDP: never, where the peer takes it (offered within RTP/AVP), or no call without it. */
  srtp: z.enum(['off', 'prefer', 'require']).default('off'),
  /** Requests above 1300 bytes go to it by UDP all the same. */
  pinTransport: z.boolean().default(false),
  /** Over TLS it is served only where its client certificate names this domain. */
  certificate: z.string().min(1).optional(),
  /** Host of From, To and asserted identity towards this peer; absent: our own address. */
  domain: z.string().min(1).optional(),
  inviteTimeoutMs: z.number().int().min(100).max(64_000).default(4000),
  maxCalls: z.number().int().min(1).optional(),
  /** What we are known by to this peer; its challenges of any other realm get nothing. */
  auth: credentials.optional(),
  /** What this peer proves to us by digest before a request of its comes in. */
  digest: credentials
    .extend({
      /** What is offered, in this order; an old phone may look at the first alone. */
      algorithms: z
        .array(z.enum(['SHA-256', 'MD5']))
        .min(1)
        .default(['SHA-256', 'MD5']),
    })
    .optional(),
  /** Whether we register with it. */
  register: registerOptions,
  callsPerSecond: z.number().positive().max(10_000).optional(),
  /** How often each hop is asked by OPTIONS whether it is there. */
  optionsSeconds: z.number().int().min(1).max(3600).optional(),
  /** How long a hop that failed is tried last; 0: never. */
  penaltySeconds: z.number().int().min(0).max(3600).default(30),
  media: idForm.default('main'),
  /** Whether identities that it asserts are believed, and private ones go to it (RFC 3325). */
  trust: z.boolean().default(true),
  /** Whether its REFERs go on into the other leg's dialog. */
  refer: z.enum(['refuse', 'relay']).default('refuse'),
  /** A header by which re-INVITEs of a PBX control the recording: `on`, `off`, `pause`, `resume`. */
  recordHeader: z
    .string()
    .regex(/^X-[A-Za-z0-9-]{1,60}$/i, 'is the name of a header that begins with X-')
    .optional(),
  /** Whether its 3xx are followed to places of configured peers. */
  redirect: z.enum(['pass', 'follow']).default('pass'),
});

const route = z.strictObject({ from: idForm, to: z.array(idForm).min(1) });

/** RFC 4028. */
const sessionTimer = z
  .strictObject({
    /** What is asked for; 0: nothing, and what a peer asks for holds. */
    expiresSeconds: z.number().int().min(0).max(86_400).default(defaultSession.expiresSeconds),
    minSeconds: z.number().int().min(leastMinSeconds).max(86_400).default(defaultSession.minSeconds),
  })
  .refine(({ expiresSeconds, minSeconds }) => expiresSeconds === 0 || expiresSeconds >= minSeconds, {
    path: ['expiresSeconds'],
    error: 'is below minSeconds; raise it, or set it to 0 to ask for no session timer',
  });

/** The `sip` part of the configuration. */
export const sipOptions = z.strictObject({
  listeners: z.array(listenerOptions).min(1),
  peers: z.array(peer).min(1),
  routes: z.array(route).min(1),
  dns: z
    .strictObject({
      /** Empty: those of /etc/resolv.conf. */
      servers: z
        .array(
          z.string().refine((text) => parseDnsServer(text) !== null, {
            error: 'is no DNS server; write it as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353',
          }),
        )
        .max(8)
        .default([]),
    })
    .prefault({}),
  /** As dialled; the country's prefixes are added to them. */
  emergency: z.array(dialledDigits).default(['112', '113']),
  /** Digits that a PBX may leave before a number. */
  outsideLine: z.array(dialledDigits).default(['0']),
  limits: limitOptions.prefault({}),
  sessionTimer: sessionTimer.prefault({}),
  /** Whether the SIP messages of each call are kept, without secrets. */
  ladder: z.enum(['off', 'calls']).default('calls'),
  /** What they may hold in memory until their calls are over, megabytes. */
  ladderMemoryMb: z.number().int().min(1).max(4096).default(64),
  hep: hepOptions.optional(),
  /** Calls at once; absent: what the media ports are enough for. */
  maxCalls: z.number().int().min(1).optional(),
});

export type SipOptions = z.infer<typeof sipOptions>;
export type ListenerOptions = SipOptions['listeners'][number];
export type PeerOptions = SipOptions['peers'][number];
