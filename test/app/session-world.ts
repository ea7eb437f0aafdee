import type { MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { purposeOptions, recordingOptions } from '../../src/policy/options.ts';
import { queueOptions } from '../../src/policy/queue.ts';
import { ruleBook } from '../../src/policy/rule-book.ts';
import type { Party } from '../../src/records/call-record.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import type { RecordingRecord } from '../../src/records/recording-record.ts';
import type { SealResult } from '../../src/recording/protocol.ts';
import type { CallFacts, NegotiatedMedia } from '../../src/signalling/ports.ts';
import type { MediaHandle } from '../../src/app/media-pool.ts';
import type { RecorderEvent } from '../../src/app/recorder-pool.ts';
import { CallSession } from '../../src/app/wiring/call-session.ts';
import type { SessionDeps } from '../../src/app/wiring/session-deps.ts';
import { judge } from '../../src/app/wiring/verdict.ts';

const facts: CallFacts = {
  callId: 'call-1',
  direction: 'outbound',
  callerPeer: 'pbx',
  calleePeer: 'carrier',
  from: '101',
  to: '202',
  emergency: false,
  callerSipCallId: 'sip-1',
  headers: new Map(),
  offered: ['PCMA/8000'],
};
export const pcma: NegotiatedMedia = {
  transport: 'rtp',
  remote: { address: '127.0.0.1', port: 4000, rtcpPort: 4001 },
  rtcpMux: false,
  receives: true,
  sends: true,
  formats: [{ payloadType: 8, encoding: 'PCMA', clockRate: 8000 }],
  ptimeMs: 20,
};
export const fax: NegotiatedMedia = { ...pcma, transport: 'udptl', formats: [] };
export const g729: NegotiatedMedia = {
  ...pcma,
  formats: [{ payloadType: 18, encoding: 'G729', clockRate: 8000 }],
};
export const sealed: SealResult = {
  recordingId: 'r',
  format: 'wav' as const,
  durationMs: 5000,
  sampleRate: 8000,
  sizeBytes: 1,
  sha256: 'a',
  objectKey: 'k',
  objectSha256: 'b',
  undecoded: false,
  manifestSha256: 'm',
  ledger: [],
};
export const report = {
  prompt: 'en',
  codec: 'PCMA',
  packetsSent: 5,
  packetsExpected: 5,
  firstPacketAt: 1 as MonotonicMs,
  lastPacketAt: 81 as MonotonicMs,
  reported: null,
};

/** Everything around a session, written down in one list in the order in which it happened. */
export function world(rule: object, controllers: readonly Party[] = []) {
  const log: string[] = [];
  const written: RecordEvent[] = [];
  let tell: (event: RecorderEvent) => void = () => undefined;
  let due: () => void = () => undefined;
  const delays: number[] = [];
  const cancelled: number[] = [];
  const unrecorded = new Set<string>();
  const deps: SessionDeps = {
    nodeId: 'n',
    clock: { monotonic: () => 1000 as MonotonicMs, wall: () => 1_700_000_000_000 as WallMs },
    random: (length) => new Uint8Array(length).map(() => Math.floor(Math.random() * 256)),
    logger: silentLogger,
    recorders: {
      enlist: (listen) => {
        tell = listen;
        return 7;
      },
      prepare: () => log.push('prepare'),
      discard: () => log.push('discard'),
      abandon: () => log.push('abandon'),
      release: () => log.push('release'),
      recover: () => Promise.resolve({ outcome: 'missing' }),
      stats: () => Promise.resolve([]),
      stop: () => Promise.resolve(),
    },
    keys: {
      create: (recordingId) =>
        Promise.resolve({
          key: { recordingId, kekId: 'k', wrapped: 'w', recipient: 'age1', createdAt: 'now' },
          spoolSecret: new Uint8Array(32),
        }),
      open: () => null,
      identity: () => null,
    },
    journal: {
      append: (events) => {
        written.push(...events);
        return Promise.resolve();
      },
    },
    mac: { keyId: 'k', mac: (digest) => `mac of ${digest}` },
    keepEvidenceMs: 1000,
    unrecorded: { keyId: 'k', list: { add: (hash) => unrecorded.add(hash).size > 0 } },
    destroy: (_recordingId, objectKey) => {
      log.push(`destroy ${objectKey ?? 'key'}`);
      return Promise.resolve();
    },
    askKeys: (_callId, party, on) => log.push(`${on ? 'ask' : 'unask'} ${party}`),
    recover: () => Promise.resolve({ result: sealed, complete: false }),
    tagParties: 'masked' as const,
    schedule: (delayMs, run) => {
      delays.push(delayMs);
      due = run;
      return () => {
        cancelled.push(delayMs);
      };
    },
    dial: () => log.push('dial'),
    hangUp: (_callId, reason) => log.push(`hang-up ${reason}`),
    alarm: (reason) => log.push(`alarm ${reason}`),
  };
  const media: MediaHandle = {
    local: [
      { address: '127.0.0.1', rtpPort: 2, rtcpPort: 3 },
      { address: '127.0.0.1', rtpPort: 4, rtcpPort: 5 },
    ],
    connect: (leg, { transport }) => transport === 'udptl' && log.push(`fax ${leg}`),
    gate: (open) => log.push(open ? 'gate-open' : 'gate-closed'),
    play: (leg, prompt) => log.push(`play ${prompt} ${leg}`),
    ring: (leg, tone) => log.push(`ring ${tone} ${leg}`),
    stopPlay: (leg) => log.push(`stop ${leg}`),
    ask: () => undefined,
    codes: (leg, codes) => log.push(`codes ${codes.join(' ')} ${leg}`),
    begin: (_recording, { prompts, beep }) => {
      const tone = beep === undefined ? '' : ` ${beep.sound} each ${beep.everyMs}`;
      log.push((prompts === true ? 'begin with prompts' : 'begin') + tone);
    },
    mark: (type) => log.push(type),
    close: () => log.push('close'),
  };
  const book = ruleBook({
    recording: recordingOptions.parse({ rules: [rule] }),
    purposes: purposeOptions.parse([
      { id: 'quality', description: 'q', legalBasis: 'contract', retention: '1d' },
    ]),
    numbering: { country: 'LU', outsideLine: [] },
  });
  const prompts = {
    get: (id: string) => ({
      ...{ id, language: 'en', purpose: 'quality', text: 'Recorded.' },
      audioSha256: `${id}-sound`,
    }),
    ...{
      ringing: 'ringing-LU',
      beep: 'recorder-tone',
      sounds: [],
      audio: () => {
        throw new Error('not of these tests');
      },
    },
  };
  const verdict = judge(
    { version: 'v1', rules: book, queues: queueOptions.parse({}), prompts },
    { list: new Set(), key: new Uint8Array(32) },
    facts,
    deps.clock.wall(),
  );
  const session = new CallSession(deps, facts, verdict, () => log.push('done'));
  const view = session.attach(media, controllers);
  const recordings = (): RecordingRecord[] =>
    written.flatMap((event) => (event.kind === 'recording' ? [event.recording] : []));
  return {
    log,
    unrecorded,
    written,
    session,
    view,
    recordings,
    tell: (event: RecorderEvent) => {
      tell(event);
    },
    delays: () => delays,
    cancelled: () => cancelled,
    passTime: () => {
      due();
    },
  };
}

export const rule = { id: 'r', mode: 'automatic', purpose: 'quality', announce: { prompt: 'en' } };
export const settle = () => new Promise((resolve) => setImmediate(resolve));
export const quality = {
  ...{ lossPercent: 0, jitterMs: 1, maxJitterMs: 2, roundTripMs: 3, mos: 4.4, reported: null },
};
export const mediaCounts = { packetsReceived: 1, packetsSent: 2, packetsLost: 0, packetsDropped: 0 };
export const counts = { ...mediaCounts, quality };
export const ended = {
  outcome: 'success',
  reason: 'answered',
  legs: [{ party: 'caller', peerId: 'pbx', sipCallId: 's' }],
} as const;
