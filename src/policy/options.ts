import { z } from 'zod';
import { recordingFormats } from '../records/recording-record.ts';
import { recordingRates } from '../audio/recording-rate.ts';
import { duration } from './duration.ts';

const id = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, ".", "_" or "-"');

/** One pattern or several; `*` stands for any characters, `?` for one. */
const patterns = z
  .union([z.string().min(1), z.number(), z.array(z.union([z.string().min(1), z.number()])).min(1)])
  .transform((value) => (Array.isArray(value) ? value : [value]).map(String));

const when = z.strictObject({
  direction: z.enum(['inbound', 'outbound', 'internal']).optional(),
  /** Calling and called number. */
  from: patterns.optional(),
  to: patterns.optional(),
  /** The number on the PBX's side: the caller of an outbound call, the callee of an inbound one. */
  extension: patterns.optional(),
  /** Peer ids; either side of the call matches. */
  peer: patterns.optional(),
  /** Emergency calls, which no other rule matches. */
  emergency: z.literal(true).optional(),
});

const prompted = z.strictObject({
  prompt: id,
  to: z.enum(['caller', 'callee', 'all']).default('all'),
  when: z.enum(['on-answer']).default('on-answer'),
});

const rule = z.strictObject({
  id,
  when: when.default({}),
  mode: z.enum(['automatic', 'never']),
  purpose: id.optional(),
  /** `elsewhere`: the PBX or the carrier plays it. */
  announce: z.union([z.literal('elsewhere'), prompted]).optional(),
  /** What a party that no prompt of ours reaches is told by others; it stands in the evidence. */
  told: z.string().min(1).optional(),
  format: z.enum(recordingFormats).default('wav'),
  channels: z.enum(['stereo', 'mono']).default('stereo'),
  /** `remove`: card numbers and the like that are dialled in the call are in no recording. */
  dtmf: z.enum(['keep', 'remove']).default('keep'),
  /** Hz; `auto`: of the widest codec that is spoken when the recording is prepared. */
  sampleRate: z.literal(['auto', ...recordingRates]).default('auto'),
  retention: duration.optional(),
  onFailure: z.enum(['continue', 'refuse']).default('continue'),
});

/** What a recording's file says of itself. */
const tags = z.strictObject({
  /** `masked`: country and the last two digits of a number. */
  parties: z.enum(['none', 'masked', 'full']).default('masked'),
});

/** The `recording` part of the configuration. */
export const recordingOptions = z.strictObject({
  rules: z.array(rule).default([]),
  tags: tags.prefault({}),
  workers: z.number().int().min(1).max(64).default(1),
});

export const purposeOptions = z.array(
  z.strictObject({
    id,
    description: z.string().min(1),
    legalBasis: z.enum([
      'consent',
      'contract',
      'legal-obligation',
      'vital-interests',
      'public-task',
      'legitimate-interest',
    ]),
    retention: duration,
  }),
);

export type RecordingOptions = z.output<typeof recordingOptions>;
export type TagParties = RecordingOptions['tags']['parties'];
export type RuleOptions = RecordingOptions['rules'][number];
export type PurposeOptions = z.output<typeof purposeOptions>[number];
