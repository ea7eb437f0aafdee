import { beforeEach, describe, expect, it } from 'vitest';
import { createMeter, type Meter } from '../../../src/kernel/meter.ts';
import { err, ok, type Result } from '../../../src/kernel/result.ts';
import {
  createDnsClient,
  type DnsAnswer,
  type DnsClient,
} from '../../../src/signalling/locate/dns-client.ts';
import type { DnsReply } from '../../../src/signalling/locate/dns-message.ts';
import type { DnsRecord } from '../../../src/signalling/locate/dns-records.ts';
import type { WireFault, WireQuery } from '../../../src/signalling/locate/dns-wire.ts';
import { HandSchedule } from '../transport/hand-schedule.ts';

type Outcome = Partial<DnsReply> | WireFault;

const question = { type: 'A', name: 'sip1.example' } as const;
const silent: Outcome = 'timeout';

let time: HandSchedule;
let meter: Meter;
/** `udp 192.0.2.1 2000`: transport, server, patience. */
let asked: string[];
let outcomes: (transport: 'udp' | 'tcp', server: string) => Outcome;
let hosts: Map<string, string[]>;
let client: DnsClient;

function address(value: string, ttlSeconds = 100): DnsRecord {
  return { type: 'A', name: question.name, ttlSeconds, address: value };
}

function found(value: string, ttlSeconds?: number): Outcome {
  return { records: [address(value, ttlSeconds)] };
}

/** What an answer holds, in short: addresses, `none` or `failed`, and whether it is stale. */
function short(answer: DnsAnswer): string {
  if (answer.kind === 'failed') return 'failed';
  const addresses = answer.records.map((record) => ('address' in record ? record.address : '?')).join(' ');
  return `${answer.kind === 'none' ? 'none' : addresses}${answer.stale ? ' stale' : ''}`;
}

beforeEach(() => {
  time = new HandSchedule();
  meter = createMeter();
  asked = [];
  outcomes = () => found('198.51.100.1');
  hosts = new Map();
  const carry =
    (transport: 'udp' | 'tcp') =>
    ({ server, timeoutMs }: WireQuery): Promise<Result<DnsReply, WireFault>> => {
      asked.push(`${transport} ${server.address} ${timeoutMs}`);
      const outcome = outcomes(transport, server.address);
      if (typeof outcome === 'string') return Promise.resolve(err(outcome));
      const reply: DnsReply = { code: 'found', truncated: false, records: [], negativeSeconds: null };
      return Promise.resolve(ok({ ...reply, ...outcome }));
    };
  client = createDnsClient({
    ...{ clock: time.clock, meter, wire: { udp: carry('udp'), tcp: carry('tcp') } },
    random: (length) => new Uint8Array(length),
    servers: () => Promise.resolve(['192.0.2.1', '192.0.2.2'].map((one) => ({ address: one, port: 53 }))),
    hosts: () => Promise.resolve(hosts),
  });
});

const query = async (name: string = question.name): Promise<string> =>
  short(await client.query({ type: 'A', name }));

describe('servers', () => {
  it('the next one is asked where one does not answer, and is the first from then on', async () => {
    outcomes = (_transport, server) => (server === '192.0.2.1' ? silent : found('198.51.100.1', 5));
    expect(await query()).toBe('198.51.100.1');
    time.advance(10_000);
    await query();
    expect(asked).toEqual(['udp 192.0.2.1 2000', 'udp 192.0.2.2 2000', 'udp 192.0.2.2 2000']);
  });

  it.each([
    ['none answers', silent],
    ['nobody listens', 'unreachable' as const],
    ['all refuse', { code: 'unable' as const }],
  ])('%s: twice each, with more patience the second time', async (_name, outcome) => {
    outcomes = () => outcome;
    expect(await query()).toBe('failed');
    expect(asked).toEqual([2000, 2000, 4000, 4000].map((ms, i) => `udp 192.0.2.${(i % 2) + 1} ${ms}`));
  });

  it('RFC 7766 §5: a truncated reply is asked for again by TCP', async () => {
    outcomes = (transport) => (transport === 'udp' ? { truncated: true } : found('198.51.100.7'));
    expect(await query()).toBe('198.51.100.7');
    expect(asked).toEqual(['udp 192.0.2.1 2000', 'tcp 192.0.2.1 5000']);
  });

  it('a question that drowns in forged replies goes by TCP', async () => {
    outcomes = (transport) => (transport === 'udp' ? 'flooded' : found('198.51.100.7'));
    expect(await query()).toBe('198.51.100.7');
  });

  it('the same question at the same time is asked once', async () => {
    expect(await Promise.all([query(), query()])).toEqual(['198.51.100.1', '198.51.100.1']);
    expect(asked).toHaveLength(1);
  });

  it('an alias that the reply does not follow is asked for, eight times at most', async () => {
    outcomes = () => ({
      records: [
        { type: 'CNAME', name: 'a.example', ttlSeconds: 9, target: 'b.example' },
        { type: 'CNAME', name: 'b.example', ttlSeconds: 9, target: 'a.example' },
      ],
    });
    expect(await query('a.example')).toBe('failed');
    outcomes = () => ({
      records: [
        { type: 'CNAME', name: 'c.example', ttlSeconds: 9, target: question.name },
        ...(asked.length % 2 === 0 ? [address('198.51.100.9')] : []),
      ],
    });
    asked = [];
    expect(await query('c.example')).toBe('198.51.100.9');
    expect(asked).toHaveLength(2);
  });
});

describe('how long an answer holds', () => {
  it.each([
    ['nine tenths of its TTL, then it is asked for again', found('198.51.100.1', 100), 90_000],
    ['a TTL of nothing holds five seconds', found('198.51.100.1', 0), 4500],
    ['a TTL of a month holds a day', found('198.51.100.1', 2_592_000), 77_760_000],
    ['RFC 2308 §5: nothing, as long as the SOA says', { negativeSeconds: 60 }, 54_000],
    ['nothing, five minutes at most', { negativeSeconds: 86_400 }, 270_000],
    ['RFC 2308 §5: nothing, without an SOA', {}, 4500],
    ['a name that does not exist', { code: 'no-such-name' as const, negativeSeconds: 60 }, 54_000],
  ])('%s', async (_name, outcome, ms) => {
    outcomes = () => outcome;
    await query();
    time.advance(ms - 1);
    await query();
    expect(asked).toHaveLength(1);
    time.advance(1);
    await query();
    expect(asked).toHaveLength(2);
  });

  it('an answer that has not expired yet holds on where a new one cannot be had, and then it is stale', async () => {
    await query();
    outcomes = () => silent;
    time.advance(95_000);
    const held = await client.query(question);
    expect([short(held), held.kind === 'failed' ? 0 : held.refreshAt]).toEqual(['198.51.100.1', 100_000]);
    time.advance(5_000);
    expect(await query()).toBe('198.51.100.1 stale');
    time.advance(86_400_000);
    expect(await query()).toBe('198.51.100.1 stale');
    outcomes = () => found('198.51.100.2');
    expect(await query()).toBe('198.51.100.2');
    outcomes = () => ({ code: 'no-such-name' });
    time.advance(100_000);
    expect(await query()).toBe('none');
  });

  it('no more than 2,000 answers are held', async () => {
    for (let i = 0; i < 2001; i++) await query(`h${i}.example`);
    await query('h1.example');
    expect(asked).toHaveLength(2001);
    await query('h0.example');
    expect(asked).toHaveLength(2002);
  });
});

describe('/etc/hosts', () => {
  it('comes before DNS, each family on its own', async () => {
    hosts.set('pbx', ['198.51.100.5', '2001:db8::5']);
    expect(await query('pbx')).toBe('198.51.100.5');
    expect(short(await client.query({ type: 'AAAA', name: 'pbx' }))).toBe('2001:db8::5');
    expect(asked).toEqual([]);
  });
});

it('counts questions by their result and faults by their reason', async () => {
  await query();
  outcomes = () => silent;
  await query('other.example');
  expect(meter.snapshot().map(({ name, labels, value }) => [name, Object.values(labels)[0], value])).toEqual([
    ['onrecord_dns_questions_total', 'records', 1],
    ['onrecord_dns_faults_total', 'timeout', 4],
    ['onrecord_dns_questions_total', 'failed', 1],
  ]);
});
