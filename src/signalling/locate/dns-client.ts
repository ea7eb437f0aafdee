import type { Clock, MonotonicMs } from '../../kernel/clock.ts';
import type { RandomBytes } from '../../kernel/ids.ts';
import type { Meter } from '../../kernel/meter.ts';
import { type CachedAnswer, DnsCache } from './dns-cache.ts';
import { type DnsVerdict, judgeReply, maxAliases } from './dns-chain.ts';
import { decodeReply, type DnsReply, encodeQuery } from './dns-message.ts';
import { type DnsQuestion, type DnsRecord, keyOf } from './dns-records.ts';
import type { DnsServer, DnsWire, WireQuery } from './dns-wire.ts';

export type DnsAnswer =
  | {
      readonly kind: 'records' | 'none';
      readonly records: readonly DnsRecord[];
      readonly refreshAt: MonotonicMs;
      /** It has expired, and DNS does not answer. */
      readonly stale: boolean;
    }
  | { readonly kind: 'failed' };

export interface DnsClientOptions {
  readonly wire: DnsWire;
  /** Read anew for each question, since both files change under a running node. */
  readonly servers: () => Promise<readonly DnsServer[]>;
  readonly hosts: () => Promise<ReadonlyMap<string, readonly string[]>>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly meter: Meter;
}

/** A stub resolver (RFC 1034 §5.3.1) that tells how long its answers hold, which `node:dns` does not for SRV. */
export interface DnsClient {
  /** Never rejects. */
  query(question: DnsQuestion): Promise<DnsAnswer>;
}

/** Timeouts of the rounds over all servers. No call waits for any of it. */
const roundTimeoutsMs = [2000, 4000] as const;
const tcpTimeoutMs = 5000;
const maxCachedAnswers = 2000;
/** A TTL of nothing would be a query a moment; one of a month would outlive what it speaks of. */
const ttlSeconds = { least: 5, most: 86_400 };
/** RFC 2308 §5 advises one to three hours; a record that was just added is wanted sooner. */
const negativeTtlSeconds = { least: 5, most: 300 };
const hostsFileSeconds = 60;
/** RFC 8767 §5: servers that have just failed are asked again "no more frequently than every 30 seconds". */
const retrySeconds = 30;
/** Asked again when nine tenths of its time are over. */
const refreshShare = 0.9;

export function createDnsClient(options: DnsClientOptions): DnsClient {
  return new Client(options);
}

class Client implements DnsClient {
  readonly #options: DnsClientOptions;
  readonly #cache = new DnsCache(maxCachedAnswers);
  readonly #underWay = new Map<string, Promise<DnsAnswer>>();
  /** The server that answered last is asked first. */
  #preferred = 0;

  constructor(options: DnsClientOptions) {
    this.#options = options;
  }

  query(question: DnsQuestion): Promise<DnsAnswer> {
    const key = keyOf(question);
    const cached = this.#cache.get(key);
    const now = this.#options.clock.monotonic();
    if (cached !== null && now < cached.refreshAt) return Promise.resolve(answerOf(cached, false));
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const asked = this.#ask(question, key).finally(() => {
      this.#underWay.delete(key);
    });
    this.#underWay.set(key, asked);
    return asked;
  }

  async #ask(question: DnsQuestion, key: string): Promise<DnsAnswer> {
    const local = await this.#hostsFile(question);
    const found = local ?? (await this.#resolve(question));
    if (found.kind === 'failed') {
      this.#count('failed');
      return this.#lastAnswer(key) ?? found;
    }
    this.#count(found.records.length === 0 ? 'none' : 'records');
    const now = this.#options.clock.monotonic();
    const lifeMs = found.ttlSeconds * 1000;
    const cached: CachedAnswer = {
      records: found.records,
      refreshAt: (now + lifeMs * refreshShare) as MonotonicMs,
      expiresAt: (now + lifeMs) as MonotonicMs,
    };
    this.#cache.set(key, cached);
    return answerOf(cached, false);
  }

  /** What was said last holds on, expired or not; it is asked for again in a while. */
  #lastAnswer(key: string): DnsAnswer | null {
    const last = this.#cache.get(key);
    if (last === null) return null;
    const now = this.#options.clock.monotonic();
    const stale = now >= last.expiresAt;
    const retryAt = now + retrySeconds * 1000;
    const refreshAt = (stale ? retryAt : Math.min(retryAt, last.expiresAt)) as MonotonicMs;
    return answerOf({ ...last, refreshAt }, stale);
  }

  async #hostsFile({ name, type }: DnsQuestion): Promise<Found | null> {
    if (type !== 'A' && type !== 'AAAA') return null;
    const addresses = (await this.#options.hosts()).get(name);
    if (addresses === undefined) return null;
    const records = addresses
      .filter((address) => address.includes(':') === (type === 'AAAA'))
      .map((address) => ({ type, name, ttlSeconds: hostsFileSeconds, address }));
    return { kind: 'found', records, ttlSeconds: hostsFileSeconds };
  }

  /** Asks, and asks again where a reply ends in an alias. */
  async #resolve(question: DnsQuestion): Promise<Found | { readonly kind: 'failed' }> {
    let name = question.name;
    let ttl = Number.POSITIVE_INFINITY;
    for (let aliases = 0; aliases < maxAliases; aliases++) {
      const verdict = await this.#askServers({ name, type: question.type });
      switch (verdict.kind) {
        case 'failed':
          return verdict;
        case 'none': {
          const seconds = Math.min(ttl, verdict.ttlSeconds ?? negativeTtlSeconds.least);
          return { kind: 'found', records: [], ttlSeconds: within(seconds, negativeTtlSeconds) };
        }
        case 'records': {
          const seconds = Math.min(ttl, verdict.ttlSeconds);
          return { kind: 'found', records: verdict.records, ttlSeconds: within(seconds, ttlSeconds) };
        }
        case 'alias':
          ({ name } = verdict);
          ttl = Math.min(ttl, verdict.ttlSeconds);
      }
    }
    return { kind: 'failed' };
  }

  async #askServers(question: DnsQuestion): Promise<DnsVerdict> {
    const servers = await this.#options.servers();
    for (const timeoutMs of roundTimeoutsMs) {
      for (let i = 0; i < servers.length; i++) {
        const index = (this.#preferred + i) % servers.length;
        const server = servers[index];
        const reply = server === undefined ? null : await this.#exchange(server, question, timeoutMs);
        const verdict = reply === null ? null : judgeReply(reply, question);
        if (verdict !== null && verdict.kind !== 'failed') {
          this.#preferred = index;
          return verdict;
        }
      }
    }
    return { kind: 'failed' };
  }

  async #exchange(server: DnsServer, question: DnsQuestion, timeoutMs: number): Promise<DnsReply | null> {
    const { wire, random } = this.#options;
    // RFC 5452 §9.2: an id that cannot be guessed.
    const [high = 0, low = 0] = random(2);
    const id = high * 256 + low;
    const query: WireQuery = {
      ...{ server, timeoutMs, bytes: encodeQuery(id, question) },
      read: (bytes) => decodeReply(bytes, id, question),
    };
    const byUdp = await wire.udp(query);
    // RFC 7766 §5: a truncated reply is asked for again by TCP, and so is one that drowned in forgeries.
    const again = byUdp.ok ? byUdp.value.truncated : byUdp.error === 'flooded';
    const reply = again ? await wire.tcp({ ...query, timeoutMs: tcpTimeoutMs }) : byUdp;
    if (!reply.ok) {
      this.#fault(reply.error);
      return null;
    }
    if (reply.value.code === 'unable') this.#fault('server-failure');
    return reply.value;
  }

  #count(result: 'records' | 'none' | 'failed'): void {
    this.#options.meter.counter('onrecord_dns_questions_total', 'Questions put to DNS', { result }).add();
  }

  #fault(reason: string): void {
    this.#options.meter
      .counter('onrecord_dns_faults_total', 'DNS servers that did not answer a question', { reason })
      .add();
  }
}

interface Found {
  readonly kind: 'found';
  readonly records: readonly DnsRecord[];
  readonly ttlSeconds: number;
}

function answerOf({ records, refreshAt }: CachedAnswer, stale: boolean): DnsAnswer {
  return { kind: records.length === 0 ? 'none' : 'records', records, refreshAt, stale };
}

function within(seconds: number, { least, most }: { readonly least: number; readonly most: number }): number {
  return Math.min(most, Math.max(least, seconds));
}
