import { z } from 'zod';
import { consentKinds, consentMoments, consentOutcomes } from '../records/consent-record.ts';
import { notRecordedReasons } from '../records/call-record.ts';
import { recordingFormats } from '../records/recording-record.ts';

const time = z.iso.datetime({ offset: true }).describe('RFC 3339');
const party = z.enum(['caller', 'callee']);

const ledger = z
  .object({
    party,
    receivedMs: z.number(),
    concealedMs: z.number(),
    heldMs: z.number(),
    pausedMs: z.number(),
    lostMs: z.number(),
  })
  .meta({ id: 'ChannelLedger', description: 'Where the time of one channel went; the sum is `durationMs`' });

const recordingState = z.enum([
  'expected',
  'recording',
  'sealed',
  'interrupted',
  'failed',
  'none',
  'archived',
  'restricted',
  'deleted',
]);

export const recordingSchema = z
  .object({
    id: z.string(),
    callId: z.string(),
    state: recordingState,
    reason: z
      .string()
      .nullable()
      .describe('Why it is interrupted, failed or none; of a sealed one t38, undecoded'),
    format: z.enum(recordingFormats).describe('wav: PCM of 16 bit; wav-alaw, wav-mulaw: G.711 in a WAV file'),
    channels: z.enum(['stereo', 'mono']).describe('stereo: left the caller, right the callee'),
    sampleRate: z.number().describe('Hz'),
    startedAt: time.nullable(),
    durationMs: z.number().nullable(),
    sizeBytes: z.number().nullable().describe('Of the audio as served, before encryption'),
    sha256: z.string().nullable().describe('Of the audio as served'),
    ledger: z.array(ledger),
    purpose: z.string(),
    purposeText: z.string().nullable().describe('What the purpose was when the call began'),
    legalBasis: z.string().nullable(),
    retainUntil: time.nullable(),
    hold: z.boolean(),
  })
  .meta({ id: 'Recording' });

const consentSchema = z
  .object({
    id: z.string(),
    callId: z.string(),
    recordingId: z.string().nullable(),
    legId: z.string(),
    party,
    outcome: z.enum(consentOutcomes),
    moment: z.enum(consentMoments),
    consent: z.enum(consentKinds),
    key: z.string().nullable().describe('What the party has pressed'),
    at: time,
    ruleId: z.string().nullable(),
    purpose: z.string().nullable(),
    text: z.string().describe('What the party was told, word for word'),
    promptId: z.string().nullable(),
    promptVersion: z.string().nullable(),
    language: z.string().nullable(),
    audioSha256: z.string().nullable(),
    codec: z.string().nullable(),
    packetsSent: z.number().nullable(),
    packetsExpected: z.number().nullable(),
    firstPacketAt: time.nullable(),
    lastPacketAt: time.nullable(),
    presentAtEnd: z.boolean().nullable(),
    retainUntil: time.nullable(),
    position: z.number().int(),
    previous: z.string().nullable().describe('`digest` of what was written of the call before'),
    digest: z.string().describe('SHA-256 over all of the above as canonical JSON (RFC 8785)'),
    macKeyId: z.string(),
    mac: z.string(),
    reported: z
      .object({
        packets: z.number().describe('Up to which packet of the prompt it reaches'),
        lost: z.number().describe('Packets missed up to the highest one that is reported'),
        roundTripMs: z.number().nullable(),
        at: time,
      })
      .nullable()
      .describe("The party's own receiver report (RTCP) on the prompt; null: it sent none"),
  })
  .meta({ id: 'ConsentRecord', description: 'The evidence of what one party was told' });

const controlAction = z.enum(['start', 'stop', 'pause', 'resume']);

const control = z
  .object({
    id: z.string(),
    recordingId: z.string(),
    action: controlAction,
    actor: z.string(),
    reason: z.string().nullable(),
    at: time,
    samplePosition: z.number().describe('Where it took effect, in samples a channel'),
  })
  .meta({ id: 'ControlEvent' });

const quality = z
  .object({
    lossPercent: z.number(),
    jitterMs: z.number().describe('Interarrival jitter of RFC 3550, over all packets'),
    maxJitterMs: z.number(),
    roundTripMs: z.number().nullable().describe('Between the node and the party'),
    mos: z.number().nullable().describe('By the E-model (ITU-T G.107); null: not known for the codec'),
    reported: z
      .object({
        packetsLost: z.number(),
        lossPercent: z.number(),
        jitterMs: z.number(),
        mos: z.number().nullable(),
      })
      .nullable()
      .describe('What the party reported of what it was sent; null: it sent no reports'),
  })
  .meta({ id: 'LegQuality', description: 'Measured on what came from the party' });

const leg = z
  .object({
    id: z.string(),
    party,
    peerId: z.string(),
    sipCallId: z.string(),
    codec: z.string().nullable(),
    media: z
      .object({
        packetsReceived: z.number(),
        packetsSent: z.number(),
        packetsLost: z.number(),
        packetsDropped: z.number(),
      })
      .nullable(),
    quality: quality.nullable(),
  })
  .meta({ id: 'Leg' });

const direction = z.enum(['outbound', 'inbound', 'internal']);
const outcome = z.enum(['success', 'caller', 'upstream', 'ours', 'indeterminate']);

export const callSchema = z
  .object({
    id: z.string(),
    direction,
    from: z.string(),
    to: z.string(),
    extension: z.string().nullable(),
    queue: z.string().nullable(),
    startedAt: time,
    answeredAt: time.nullable(),
    endedAt: time.nullable(),
    outcome: outcome.nullable(),
    reason: z.string().nullable(),
    ruleId: z.string().nullable().describe('The rule that decided about recording; null: none matched'),
    policyVersion: z.string().nullable().describe('Of which version of the policy it is'),
    notRecorded: z.enum(notRecordedReasons).nullable().describe('Why no recording was owed; null: one was'),
    legs: z.array(leg),
    recordings: z.array(recordingSchema),
    consent: z.array(consentSchema),
    control: z.array(control),
  })
  .meta({ id: 'Call' });

const ladderMessage = z
  .object({
    at: time,
    offsetMs: z.number().describe('Since the first message'),
    leg: z.number().int().describe('Which of `legs`'),
    party,
    direction: z.enum(['received', 'sent']),
    transport: z.string(),
    local: z.string(),
    remote: z.string(),
    startLine: z.string(),
    cseq: z.string().nullable(),
    retransmission: z.boolean().describe('The same bytes had been seen before'),
    sizeBytes: z.number().int().describe('On the wire'),
    cut: z.boolean().describe('Longer than what is kept of a message'),
    headers: z.string().describe('Without credentials'),
    body: z.string().describe('SDP without keys; of any other body its type and size'),
  })
  .meta({ id: 'LadderMessage', description: 'Everything in it was written by the parties: escape it' });

export const ladderSchema = z
  .object({
    callId: z.string(),
    over: z.boolean().describe('No message is added any more'),
    legs: z.array(z.object({ party, peerId: z.string(), sipCallId: z.string() })),
    skipped: z.number().int().describe('Messages that were not kept'),
    resumesAt: z.number().int().nullable().describe('Index of the message after those that were not kept'),
    messages: z.array(ladderMessage),
  })
  .meta({ id: 'Ladder' });

export const plainText = z.string();

export const ladderQuery = z.strictObject({
  format: z.enum(['json', 'text']).default('json'),
  messages: z.enum(['0', '1']).default('0').describe('1: with `format=text`, the messages below the ladder'),
});

const nextCursor = z.string().nullable().describe('For `?cursor=`; null on the last page');

export const callPage = z.object({ items: z.array(callSchema), nextCursor }).meta({ id: 'CallPage' });
export const recordingPage = z
  .object({ items: z.array(recordingSchema), nextCursor })
  .meta({ id: 'RecordingPage' });
export const consentList = z
  .object({ items: z.array(consentSchema), nextCursor })
  .meta({ id: 'ConsentRecordPage' });

/** In a URL `+` means a space, and people write `?number=+352...`; no number begins with a space. */
const plusKept = (text: string): string => text.replace(/^ /, '+');
// Neither a database nor a log has a use for control characters.
const plain = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'has a control character');
const instant = time.transform((text) => new Date(text).toISOString());
const page = {
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().min(1).max(1024).optional(),
};

export const callQuery = z.strictObject({
  ...page,
  since: instant.optional(),
  until: instant.optional(),
  number: plain.transform(plusKept).optional().describe('Either party'),
  extension: plain.transform(plusKept).optional(),
  queue: plain.optional(),
  direction: direction.optional(),
  outcome: outcome.optional(),
  recorded: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe('Whether the call has a recording that can be heard'),
  q: plain.transform(plusKept).optional().describe('Free text over from, to, extension and queue'),
});

export const recordingQuery = z.strictObject({
  ...page,
  callId: plain.optional(),
  state: recordingState.optional(),
  since: instant.optional(),
  until: instant.optional(),
});

export const pageQuery = z.strictObject(page);

export const idParams = z.object({ id: z.string().min(1).max(200) });

export const controlBody = z.strictObject({
  action: controlAction,
  reason: plain.max(500).nullish(),
});

export const controlResult = z
  .object({
    callId: z.string(),
    recordingId: z.string(),
    action: controlAction,
    samplePosition: z.number(),
  })
  .meta({ id: 'ControlResult' });

const samplePairs = z.array(z.number().int().min(-32_768).max(32_767));

export const peaksSchema = z
  .object({
    sampleRate: z.number().describe('Hz'),
    samplesPerBucket: z.number().int().describe('A tenth of a second, doubled for longer recordings'),
    bits: z.number().int().describe('Of a value'),
    length: z.number().int().describe('Buckets, at most 2048; the last may be shorter'),
    data: z
      .array(samplePairs)
      .describe(
        'A channel each: the least and the greatest sample of each bucket in turn, `2 * length` values',
      ),
  })
  .meta({ id: 'Peaks' });

export const audioQuery = z.strictObject({
  format: z
    .enum(['wav', 'mp3', 'pcap'])
    .optional()
    .describe(
      'Converts where the recording is kept otherwise; wav is linear PCM. Of a recording with reason `undecoded`, wav has what ffmpeg decodes, and pcap is its packets',
    ),
  download: z.enum(['0', '1']).optional().describe('1: as an attachment'),
});

const policyVersion = z
  .object({
    id: z.string(),
    nodeId: z.string(),
    version: z.string().describe('SHA-256 of the document: the same rules have the same version'),
    at: time,
    actor: z.string().describe('start, signal, or a token'),
    changes: z.array(z.string()).describe('Against what held before'),
  })
  .meta({ id: 'PolicyVersion' });
export const policyPage = z
  .object({ items: z.array(policyVersion), nextCursor })
  .meta({ id: 'PolicyVersionPage' });

const list = z.array(z.record(z.string(), z.unknown()));
/** As configured, with durations in milliseconds. */
export const policyDocument = z
  .object({
    rules: list,
    schedules: list,
    queues: z.record(z.string(), z.unknown()),
    purposes: list,
    prompts: list,
  })
  .meta({ id: 'Policy' });

export const reloadBody = z
  .strictObject({ dryRun: z.boolean().optional().describe('Say what would change, and change nothing') })
  .nullish();

export const reloadResult = z
  .object({
    nodes: z.array(
      z.object({
        nodeId: z.string(),
        version: z.string(),
        changes: z.array(z.string()).describe('Empty: the same as before'),
        warnings: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'PolicyReload' });

const number = z.string().min(1).max(64);
export const numberBody = z.strictObject({ number });
export const doNotRecordBody = z.strictObject({ number, note: plain.max(500).nullish() });

export const doNotRecordEntry = z
  .object({
    hash: z.string().describe('Keyed: without the key-encryption key no number can be tried'),
    note: z.string().nullable(),
    addedAt: time,
    addedBy: z.string(),
  })
  .meta({ id: 'DoNotRecordEntry' });
export const doNotRecordPage = z
  .object({ items: z.array(doNotRecordEntry), nextCursor })
  .meta({ id: 'DoNotRecordPage' });
export const doNotRecordCheck = z
  .object({ listed: z.boolean(), entry: doNotRecordEntry.nullable() })
  .meta({ id: 'DoNotRecordCheck' });
