import { z } from 'zod';
import { consentKinds } from '../records/consent-record.ts';
import { recordingFormats } from '../records/recording-record.ts';
import { recordingRates } from '../audio/recording-rate.ts';
import { conditionOptions, headerName } from './condition-options.ts';
import { duration } from './duration.ts';
import { queueOptions } from './queue.ts';
import { scheduleOptions } from './schedule-options.ts';

const id = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, ".", "_" or "-"');

/** What a party presses, as the prompt has told it. */
const key = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^[0-9*#]$/, 'a key is one of 0 to 9, * and #'));

/** BCP 47. */
const language = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'a language is a BCP 47 tag such as en, fr, de or lb');

const prompted = z.strictObject({
  /** What is heard where no language has another one. */
  prompt: id,
  /** The same in other languages. */
  translations: z.array(id).max(32).default([]),
  /** A header of the INVITE that names the call's language, in the manner of Accept-Language. */
  languageHeader: headerName.optional(),
  /** By the party's own number: a pattern, and what is spoken there. */
  languageByNumber: z.record(z.string().min(1).max(128), language).default({}),
  /** What is tried then, one after the other. */
  languages: z.array(language).max(32).default([]),
  to: z.enum(['caller', 'callee', 'all']).default('all'),
  /** `before-connect`: the caller hears it before anybody is dialled; the callee always on answer. */
  when: z.enum(['before-connect', 'on-answer']).default('on-answer'),
  /** `before-connect`: in early media, or answered first, since some carriers drop early media. */
  beforeConnect: z.enum(['early', 'answer']).default('early'),
  /** With `consent: opt-out` or `opt-in`: the key, and how long after the prompt it counts. */
  key: key.optional(),
  answerSeconds: z.number().int().min(1).max(600).default(10),
  /** With `consent: opt-out`: whose key refuses is put on the do-not-record list. */
  remember: z.boolean().default(false),
});

const controlPlaces = z.array(z.enum(['api', 'call']));

/** What is dialled in a call, quoted: `*1` in YAML is no text. */
const code = z.string().regex(/^[0-9*#A-D]{2,4}$/, 'a code is 2 to 4 of 0 to 9, *, # and A to D');

const rule = z.strictObject({
  id,
  when: conditionOptions.default({}),
  /** `on-demand`: recorded from when somebody says so. */
  mode: z.enum(['automatic', 'on-demand', 'never']),
  purpose: id.optional(),
  /** `notice`: told, and stays on the line. `opt-out`: may end it by a key. `opt-in`: nothing before a key. */
  consent: z.enum(consentKinds).default('notice'),
  /** `elsewhere`: the PBX or the carrier plays it. */
  announce: z.union([z.literal('elsewhere'), prompted]).optional(),
  /** On demand: the parties are told once somebody asks, or in each call at its answer. */
  announceAt: z.enum(['start', 'call']).default('start'),
  /** With `announceAt: call`: a recording begins with this much of what was said before somebody asked for it. */
  lookbackSeconds: z.number().int().min(1).max(20).optional(),
  /** What a party that no prompt of ours reaches is told by others; it stands in the evidence. */
  told: z.string().min(1).optional(),
  /** `include-prompt`: what the parties are told on answer is in the file, on the channel of whom they would have heard. */
  record: z.enum(['after-prompt', 'include-prompt']).default('after-prompt'),
  /** A short tone to both parties while the recording runs. */
  beep: z.strictObject({ everySeconds: z.number().min(5).max(120) }).optional(),
  format: z.enum(recordingFormats).default('wav'),
  channels: z.enum(['stereo', 'mono']).default('stereo'),
  /**
   * `narrow`: the offer goes on with the codecs that we speak alone, where it has any; `pass`: as it came, and what we
   * do not decode is kept as it came.
   */
  codecs: z.enum(['narrow', 'pass']).default('narrow'),
  /** `remove`: card numbers and the like that are dialled in the call are in no recording. */
  dtmf: z.enum(['keep', 'remove']).default('keep'),
  /** Hz; `auto`: of the widest codec that is spoken when the recording is prepared. */
  sampleRate: z.literal(['auto', ...recordingRates]).default('auto'),
  retention: duration.optional(),
  /** From where a recording may be paused and resumed: by the API, or in the call by a party at the PBX. */
  mayPause: controlPlaces.default(['api', 'call']),
  /** What a pause is in the file: silence of its length, or cut out of it. */
  pause: z.enum(['silence', 'cut']).default('silence'),
  /** A pause that nobody ends ends by itself; absent: it does not. */
  maxPauseSeconds: z.number().min(1).max(86_400).optional(),
  /** From where it may be started and stopped. Absent: from both on demand, else by the API alone. */
  mayStart: controlPlaces.optional(),
  /** What a party at the PBX dials in the call for it; one code for both of a pair switches between them. */
  featureCodes: z
    .strictObject({
      start: code.optional(),
      stop: code.optional(),
      pause: code.optional(),
      resume: code.optional(),
    })
    .default({ start: '*1', stop: '*2' }),
  onFailure: z.enum(['continue', 'refuse']).default('continue'),
  /** With `refuse`: how long the parties may still speak, to say goodbye, once a recording that ran has failed. */
  graceSeconds: z.number().min(0).max(60).default(5),
});

/** What a recording's file says of itself. */
const tags = z.strictObject({
  /** `masked`: country and the last two digits of a number. */
  parties: z.enum(['none', 'masked', 'full']).default('masked'),
});

/** The `recording` part of the configuration. */
export const recordingOptions = z.strictObject({
  rules: z.array(rule).default([]),
  schedules: z.array(scheduleOptions).default([]),
  queues: queueOptions.prefault({}),
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
export type ControlPlace = z.output<typeof controlPlaces>[number];
export type TagParties = RecordingOptions['tags']['parties'];
export type RuleOptions = RecordingOptions['rules'][number];
export type PromptedOptions = z.output<typeof prompted>;
export type PurposeOptions = z.output<typeof purposeOptions>[number];
