import { createEventFeed } from '../../src/api/event-feed.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { createAuthenticator } from '../../src/access/authenticator.ts';
import { createTokens } from '../../src/access/tokens.ts';
import { type ApiDeps, createApi } from '../../src/api/create-api.ts';
import type {
  AudioFault,
  OpenAudio,
  OpenPackets,
  PacketDecoder,
  PeaksFault,
  Waveform,
} from '../../src/api/ports.ts';
import { createDoNotRecord } from '../../src/governance/do-not-record.ts';
import { createDeleteRecording } from '../../src/governance/delete-recording.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { err, type Result } from '../../src/kernel/result.ts';
import type { AskFault, ConnectedNode } from '../../src/link/ports.ts';
import { systemSchedule } from '../../src/kernel/timers.ts';
import type { LinkRequest, LinkValue } from '../../src/link/protocol.ts';
import type {
  CallDetail,
  CallFilter,
  DoNotRecordStore,
  PageRequest,
  PolicyStore,
  RecordingFilter,
  RecordStore,
  TokenRecord,
  TokenStore,
} from '../../src/records/ports.ts';
import type { DoNotRecordEntry } from '../../src/records/do-not-record.ts';
import type { PackedLadder } from '../../src/records/ladder-record.ts';
import type { RecordingRecord } from '../../src/records/recording-record.ts';
import { LogBook } from '../link/link-fixture.ts';

export const callId = '0190a1b2-0000-7000-8000-000000000001';
export const recordingId = '0190a1b2-0000-7000-8000-000000000002';

export function recordingOf(change: Partial<RecordingRecord> = {}): RecordingRecord {
  return {
    id: recordingId,
    callId,
    version: 3,
    nodeId: 'edge-1',
    state: 'sealed',
    reason: null,
    format: 'wav',
    channels: 'stereo',
    sampleRate: 8000,
    startedAt: '2026-11-23T10:00:00.000Z',
    durationMs: 1000,
    sizeBytes: 32_044,
    sha256: 'ab'.repeat(32),
    objectKey: 'secret/place.age',
    manifestSha256: null,
    consentDigest: null,
    seal: null,
    objectSha256: 'cd'.repeat(32),
    ledger: [{ party: 'caller', receivedMs: 1000, concealedMs: 0, heldMs: 0, pausedMs: 0, lostMs: 0 }],
    purpose: 'quality',
    purposeText: 'Quality assurance',
    legalBasis: 'legitimate-interest',
    retainUntil: '2027-02-21T10:00:00.000Z',
    hold: false,
    ...change,
  };
}

export function callOf(change: Partial<CallDetail['call']> = {}): CallDetail {
  return {
    call: {
      id: callId,
      version: 2,
      nodeId: 'edge-1',
      direction: 'outbound',
      from: '+35220301',
      to: '+35227001',
      extension: '301',
      queue: null,
      startedAt: '2026-11-23T09:59:58.000Z',
      answeredAt: '2026-11-23T09:59:59.000Z',
      endedAt: null,
      outcome: null,
      reason: null,
      ruleId: 'everything',
      legs: [
        {
          id: 'l1',
          party: 'caller',
          peerId: 'pbx',
          sipCallId: 'abc',
          codec: 'PCMA',
          media: null,
          quality: null,
        },
      ],
      policyVersion: 'ab12',
      notRecorded: null,
      ...change,
    },
    recordings: [recordingOf()],
    consent: [],
    control: [],
  };
}

/** Holds what a test gives it; the real one has its own tests against real databases. */
class FakeRecords implements RecordStore {
  readonly callsById = new Map<string, CallDetail>();
  readonly byId = new Map<string, RecordingRecord>();
  readonly ladders = new Map<string, PackedLadder>();
  readonly asked: unknown[] = [];
  broken: Error | null = null;

  #check(): void {
    if (this.broken !== null) throw this.broken;
  }
  async store(): Promise<void> {}
  call(id: string) {
    this.#check();
    return Promise.resolve(this.callsById.get(id) ?? null);
  }
  calls(filter: CallFilter, page: PageRequest) {
    this.#check();
    this.asked.push({ filter, page });
    if (page.cursor === 'foreign') return Promise.resolve('bad-cursor' as const);
    return Promise.resolve({ items: [...this.callsById.values()].slice(0, page.limit), nextCursor: 'more' });
  }
  async recording(id: string) {
    await Promise.resolve();
    this.#check();
    return this.byId.get(id) ?? null;
  }
  recordings(filter: RecordingFilter, page: PageRequest) {
    this.#check();
    this.asked.push({ filter, page });
    if (page.cursor === 'foreign') return Promise.resolve('bad-cursor' as const);
    return Promise.resolve({ items: [...this.byId.values()].slice(0, page.limit), nextCursor: null });
  }
  ladder(id: string) {
    this.#check();
    return Promise.resolve(this.ladders.get(id) ?? null);
  }
  consentOf() {
    return Promise.resolve([]);
  }
  markDeleted(id: string) {
    this.byId.set(id, { ...(this.byId.get(id) ?? recordingOf()), state: 'deleted' });
    return Promise.resolve();
  }
  overdue() {
    return Promise.resolve([]);
  }
}

class FakeTokens implements TokenStore {
  readonly all: TokenRecord[] = [];
  looks = 0;
  add(token: TokenRecord) {
    this.all.push(token);
    return Promise.resolve();
  }
  byHash(hash: string) {
    this.looks += 1;
    return Promise.resolve(this.all.find((token) => token.hash === hash) ?? null);
  }
  list() {
    return Promise.resolve(this.all);
  }
  revoke(id: string, at: string) {
    const index = this.all.findIndex((token) => token.id === id && token.revokedAt === null);
    const found = this.all[index];
    if (found === undefined) return Promise.resolve(false);
    this.all[index] = { ...found, revokedAt: at };
    return Promise.resolve(true);
  }
}

class FakePolicies implements PolicyStore {
  versions(page: PageRequest) {
    if (page.cursor === 'foreign') return Promise.resolve('bad-cursor' as const);
    const changes = ['rules: everything changed (mode)'];
    const [id, nodeId, actor, at] = ['p1', 'edge-1', 'signal', '2026-11-27T10:00:00.000Z'];
    return Promise.resolve({
      items: [{ id, nodeId, actor, at, changes, version: 'ab'.repeat(32) }],
      nextCursor: null,
    });
  }
  document(version: string) {
    const document = '{"prompts":[],"purposes":[],"queues":{},"rules":[{"id":"everything"}],"schedules":[]}';
    return Promise.resolve(version === 'ab'.repeat(32) ? document : null);
  }
}

class FakeDoNotRecord implements DoNotRecordStore {
  readonly entries = new Map<string, DoNotRecordEntry>();
  add(entry: DoNotRecordEntry) {
    this.entries.set(entry.hash, entry);
    return Promise.resolve(true);
  }
  remove(hash: string) {
    return Promise.resolve(this.entries.delete(hash));
  }
  get(hash: string) {
    return Promise.resolve(this.entries.get(hash) ?? null);
  }
  list(page: PageRequest) {
    if (page.cursor === 'foreign') return Promise.resolve('bad-cursor' as const);
    return Promise.resolve({ items: [...this.entries.values()], nextCursor: null });
  }
  count() {
    return Promise.resolve(this.entries.size);
  }
  hashes() {
    return Promise.resolve({ hashes: [...this.entries.keys()], foreign: 0 });
  }
}

/** Audio in memory, in chunks of an odd size. */
export function openAudio(bytes: Uint8Array, contentType = 'audio/wav', chunk = 1000): OpenAudio {
  return {
    size: bytes.length,
    contentType,
    format: contentType === 'audio/mpeg' ? 'mp3' : 'wav',
    close: () => undefined,
    async *read(start, end) {
      for (let at = start; at < end; at += chunk) {
        await Promise.resolve();
        yield bytes.subarray(at, Math.min(end, at + chunk));
      }
    },
  };
}

export class ApiBench {
  readonly records = new FakeRecords();
  readonly tokens = new FakeTokens();
  readonly log = new LogBook();
  readonly policies = new FakePolicies();
  readonly unlisted = new FakeDoNotRecord();
  readonly doNotRecord = createDoNotRecord({
    ...{ store: this.unlisted, key: new Uint8Array(32), keyId: 'k', country: 'LU', most: 3 },
    changed: () => Promise.resolve(void this.steps.push('pushed')),
    ...{ clock: systemClock(), logger: this.log },
  });
  readonly meter = createMeter();
  readonly events = createEventFeed(this.meter);
  readonly audio = new Map<string, Result<OpenAudio, AudioFault>>();
  readonly peaks = new Map<string, Result<Waveform, PeaksFault>>();
  readonly packets = new Map<string, Result<OpenPackets, AudioFault>>();
  decode: PacketDecoder['decode'] = () => Promise.resolve(err('unsupported'));
  connected: ConnectedNode[] = [{ nodeId: 'edge-1', version: '1', sip: ['udp:127.0.0.1:5060'] }];
  readonly asks: { nodeId: string; ask: LinkRequest }[] = [];
  answer: (nodeId: string, ask: LinkRequest) => Result<LinkValue, AskFault> = () => err('no-call');
  readonly steps: string[] = [];
  token = '';
  app!: FastifyInstance;

  async open(change: Partial<ApiDeps> = {}): Promise<this> {
    const clock = systemClock();
    const made = createTokens({ store: this.tokens, clock, random: (n) => new Uint8Array(randomBytes(n)) });
    this.token = (await made.create('test')).token;
    const ask = (nodeId: string, request: LinkRequest): Promise<Result<never, AskFault>> => {
      this.asks.push({ nodeId, ask: request });
      return Promise.resolve(this.answer(nodeId, request) as Result<never, AskFault>);
    };
    const nodes = { nodes: () => this.connected, ask };
    this.app = await createApi({
      version: '9.9.9',
      records: this.records,
      audio: {
        open: ({ id }) => Promise.resolve(this.audio.get(id) ?? err('missing')),
        peaks: ({ id }) => Promise.resolve(this.peaks.get(id) ?? err('none')),
        packets: ({ id }) => Promise.resolve(this.packets.get(id) ?? err('missing')),
      },
      converter: {
        plan: () => Promise.resolve(err('unsupported')),
        convert: () => Promise.resolve(err('unsupported')),
      },
      decoder: { decode: (kept, packets) => this.decode(kept, packets) },
      deleteRecording: createDeleteRecording({
        records: this.records,
        keys: { destroy: (id) => Promise.resolve(void this.steps.push(`destroy ${id}`)) },
        forgetKey: async (nodeId, id) => {
          this.steps.push(`forget ${id}`);
          return (await ask(nodeId, { method: 'forget-key', recordingId: id })).ok;
        },
        forgetEvidence: () => Promise.resolve(),
        removeObject: (record) => Promise.resolve(void this.steps.push(`remove ${record.objectKey ?? ''}`)),
        clock,
        logger: this.log,
      }),
      policies: this.policies,
      doNotRecord: this.doNotRecord,
      events: this.events,
      nodes,
      authenticate: createAuthenticator(this.tokens, clock),
      database: { label: 'embedded', reachable: () => Promise.resolve(true) },
      metrics: () => Promise.resolve('onrecord_calls_active 0\n'),
      metricsContentType: 'text/plain; version=0.0.4; charset=utf-8',
      random: (n) => new Uint8Array(randomBytes(n)),
      schedule: systemSchedule,
      logger: this.log,
      ...change,
    });
    return this;
  }

  /** With our token, unless the test gives another header. */
  ask(method: string, url: string, options: { body?: unknown; headers?: Record<string, string> } = {}) {
    return this.app.inject({
      method: method as 'GET',
      url,
      headers: { authorization: `Bearer ${this.token}`, ...options.headers },
      ...(options.body === undefined ? {} : { payload: options.body as object }),
    });
  }

  async listen(): Promise<string> {
    return this.app.listen({ host: '127.0.0.1', port: 0 });
  }
}
