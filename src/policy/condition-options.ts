import { z } from 'zod';
import { canonicalName } from '../sip/header-name.ts';

const id = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, ".", "_" or "-"');

const pattern = z
  .union([z.string().min(1).max(128), z.number()])
  .transform(String)
  .describe('`*` stands for any characters, `?` for one');

/** One pattern or several, of which one must match. */
const patterns = z
  .union([pattern, z.array(pattern).min(1)])
  .transform((value): readonly string[] => (Array.isArray(value) ? value : [value]));

const direction = z.enum(['inbound', 'outbound', 'internal']);

/** RFC 3261 §25.1: a header's name is a token. Compact forms are the long ones'. */
export const headerName = z
  .string()
  .regex(/^[A-Za-z0-9\-.!%*_+`'~]{1,64}$/, "is no name of a header: letters, digits and -.!%*_+`'~")
  .transform(canonicalName);

/** Everything that is given must hold. */
export const conditionOptions = z.strictObject({
  direction: z
    .union([direction, z.array(direction).min(1)])
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .optional(),
  /** Calling and called number, in any form in which the node's country writes them. */
  from: patterns.optional(),
  to: patterns.optional(),
  /** The number on the PBX's side as it is written: the caller of an outbound call, the callee of an inbound one. */
  extension: patterns.optional(),
  /** What `recording.queues` finds. */
  queue: patterns.optional(),
  /** Peer ids: of either side, or of one. */
  peer: patterns.optional(),
  callerPeer: patterns.optional(),
  calleePeer: patterns.optional(),
  /** Patterns by header of the INVITE, which must match a value of each. */
  header: z.record(headerName, patterns).optional(),
  /** Ids of `recording.schedules`: within, and outside of, their hours. */
  schedule: id.optional(),
  outsideSchedule: id.optional(),
  /** Percent of the calls for which everything else holds. */
  sample: z
    .number()
    .gt(0, 'matches no call; remove the rule, or give percent above 0')
    .max(100, 'is percent: at most 100')
    .optional(),
  /** Emergency calls, which no other rule matches. */
  emergency: z.literal(true).optional(),
});

export type RuleConditions = z.output<typeof conditionOptions>;
