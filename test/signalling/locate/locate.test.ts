import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../../src/kernel/clock.ts';
import type { DnsAnswer } from '../../../src/signalling/locate/dns-client.ts';
import { type DnsQuestion, type DnsRecord, keyOf } from '../../../src/signalling/locate/dns-records.ts';
import { locate, type LocateQuestion } from '../../../src/signalling/locate/locate.ts';

type Zone = Readonly<Record<string, readonly string[] | 'failed'>>;

/** `NAPTR name`: `order preference flags service regexp replacement`; `SRV name`: `priority weight port host`. */
function answersOf(zone: Zone): (question: DnsQuestion) => DnsAnswer {
  return (question) => {
    const lines = zone[keyOf(question)] ?? [];
    if (lines === 'failed') return { kind: 'failed' };
    const records = lines.map((line) => recordOf(question, line));
    const kind = records.length === 0 ? 'none' : 'records';
    return { kind, records, refreshAt: 60_000 as MonotonicMs, stale: false };
  };
}

function recordOf({ type, name }: DnsQuestion, line: string): DnsRecord {
  const shared = { name, ttlSeconds: 60 };
  const [a = '', b = '', c = '', d = '', e = '', f = ''] = line.split(' ');
  if (type === 'A' || type === 'AAAA') return { ...shared, type, address: line };
  const host = (text: string): string => (text === '.' ? '' : text);
  if (type === 'SRV') {
    return { ...shared, type, priority: Number(a), weight: Number(b), port: Number(c), host: host(d) };
  }
  return {
    ...{ ...shared, type, order: Number(a), preference: Number(b), flags: c, service: d },
    ...{ regexp: e === '-' ? '' : e, replacement: host(f) },
  };
}

/** Every question that was asked, and the servers as `priority group: address:port ...`. */
function find(
  target: Partial<LocateQuestion>,
  zone: Zone,
): { asked: string[]; found: string[]; quality: string } {
  const question: LocateQuestion = {
    ...{ host: 'carrier.example', port: null, transport: 'udp', pinned: false, families: ['A'], ...target },
  };
  const known = new Map<string, DnsAnswer>();
  for (let round = 0; round < 9; round++) {
    const result = locate(question, known);
    if (result.kind === 'located') {
      const found = result.groups.map((group) =>
        group.flatMap(({ addresses, port }) => addresses.map((one) => `${one}:${port}`)).join(' '),
      );
      return { asked: [...known.keys()], found, quality: result.quality };
    }
    for (const one of result.questions) known.set(keyOf(one), answersOf(zone)(one));
  }
  throw new Error('it asks without end');
}

const addresses = { 'A sip1.example': ['192.0.2.1'], 'A sip2.example': ['192.0.2.2'] };

describe('RFC 3263 §4.1 and §4.2', () => {
  it.each<{ rule: string; target?: Partial<LocateQuestion>; zone?: Zone; asked: string[]; found: string[] }>([
    {
      rule: '"If TARGET is a numeric IP address, the client uses that address": nothing is asked',
      target: { host: '192.0.2.9' },
      asked: [],
      found: ['192.0.2.9:5060'],
    },
    {
      rule: 'a numeric address with its port',
      target: { host: '[2001:db8::9]', port: 5080, families: ['AAAA'] },
      asked: [],
      found: ['2001:db8::9:5080'],
    },
    {
      rule: 'the default port is 5061 over TLS',
      target: { host: '192.0.2.9', transport: 'tls' },
      asked: [],
      found: ['192.0.2.9:5061'],
    },
    {
      rule: '"a port is present in the URI": an A or AAAA lookup alone',
      target: { port: 5070 },
      zone: { 'A carrier.example': ['192.0.2.1'], 'SRV _sip._udp.carrier.example': ['0 0 1 sip2.example'] },
      asked: ['A carrier.example'],
      found: ['192.0.2.1:5070'],
    },
    {
      rule: 'NAPTR names where SRV stands; the lowest order first, other services passed over',
      zone: {
        ...addresses,
        'NAPTR carrier.example': [
          '90 50 s SIP+D2U - _sip._udp.second.example',
          '50 50 s SIPS+D2T - _sips._tcp.carrier.example',
          '60 50 s SIP+D2U - _sip._udp.first.example',
        ],
        'SRV _sip._udp.first.example': ['0 0 5060 sip1.example'],
        'SRV _sip._udp.second.example': ['0 0 5070 sip2.example'],
      },
      asked: [
        'NAPTR carrier.example',
        ...['SRV _sip._udp.first.example', 'SRV _sip._udp.second.example'],
        ...['A sip1.example', 'A sip2.example'],
      ],
      found: ['192.0.2.1:5060', '192.0.2.2:5070'],
    },
    {
      rule: 'preference within one order',
      zone: {
        ...addresses,
        'NAPTR carrier.example': ['1 20 s SIP+D2U - b.example', '1 10 S sip+d2u - a.example'],
        'SRV a.example': ['0 0 1 sip1.example'],
        'SRV b.example': ['0 0 2 sip2.example'],
      },
      asked: ['NAPTR carrier.example', 'SRV a.example', 'SRV b.example', 'A sip1.example', 'A sip2.example'],
      found: ['192.0.2.1:1', '192.0.2.2:2'],
    },
    {
      rule: 'NAPTR of another flag or with a regexp is none of ours',
      zone: {
        ...addresses,
        'NAPTR carrier.example': [
          '1 1 u SIP+D2U - a.example',
          '1 2 s SIP+D2U !x!y! b.example',
          '1 3 s SIP+D2U - .',
        ],
        'SRV _sip._udp.carrier.example': ['0 0 5060 sip1.example'],
      },
      asked: ['NAPTR carrier.example', 'SRV _sip._udp.carrier.example', 'A sip1.example'],
      found: ['192.0.2.1:5060'],
    },
    {
      rule: 'no NAPTR: SRV of the transport; lower priority numbers first, equal ones together',
      zone: {
        ...{ ...addresses, 'A sip3.example': ['192.0.2.3'] },
        'SRV _sip._udp.carrier.example': [
          '20 0 5060 sip3.example',
          '10 1 5060 sip1.example',
          '10 9 5062 sip2.example',
        ],
      },
      asked: [
        ...['NAPTR carrier.example', 'SRV _sip._udp.carrier.example'],
        ...['A sip1.example', 'A sip2.example', 'A sip3.example'],
      ],
      found: ['192.0.2.1:5060 192.0.2.2:5062', '192.0.2.3:5060'],
    },
    {
      rule: 'no SRV either: the address of the domain at the default port',
      zone: { 'A carrier.example': ['192.0.2.1', '192.0.2.2'] },
      asked: ['NAPTR carrier.example', 'SRV _sip._udp.carrier.example', 'A carrier.example'],
      found: ['192.0.2.1:5060 192.0.2.2:5060'],
    },
    {
      rule: 'RFC 2782: a target of "." is decidedly not available',
      zone: { 'SRV _sip._udp.carrier.example': ['0 0 5060 .'], 'A carrier.example': ['192.0.2.1'] },
      asked: ['NAPTR carrier.example', 'SRV _sip._udp.carrier.example'],
      found: [],
    },
    {
      rule: 'a host without addresses is passed over',
      zone: {
        ...addresses,
        'SRV _sip._udp.carrier.example': ['1 0 5060 gone.example', '2 0 5060 sip1.example'],
      },
      asked: [
        ...['NAPTR carrier.example', 'SRV _sip._udp.carrier.example', 'A gone.example', 'A sip1.example'],
      ],
      found: ['192.0.2.1:5060'],
    },
    {
      rule: 'an SRV target that is an address, which RFC 2782 forbids and zones have',
      zone: { 'SRV _sip._udp.carrier.example': ['1 0 5066 192.0.2.7'] },
      asked: ['NAPTR carrier.example', 'SRV _sip._udp.carrier.example'],
      found: ['192.0.2.7:5066'],
    },
    {
      rule: 'case and the last dot do not count (RFC 4343)',
      target: { host: 'Carrier.EXAMPLE.' },
      zone: { 'A carrier.example': ['192.0.2.1'] },
      asked: ['NAPTR carrier.example', 'SRV _sip._udp.carrier.example', 'A carrier.example'],
      found: ['192.0.2.1:5060'],
    },
    {
      rule: '§4.1: a URI that names its transport asks no NAPTR',
      target: { pinned: true },
      zone: { ...addresses, 'SRV _sip._udp.carrier.example': ['0 0 5070 sip1.example'] },
      asked: ['SRV _sip._udp.carrier.example', 'A sip1.example'],
      found: ['192.0.2.1:5070'],
    },
    {
      rule: 'a name that does not exist',
      asked: ['NAPTR carrier.example', 'SRV _sip._udp.carrier.example', 'A carrier.example'],
      found: [],
    },
  ])('$rule', ({ target = {}, zone = {}, asked, found }) => {
    expect(find(target, zone)).toEqual({ asked, found, quality: 'good' });
  });

  it.each([
    ['udp', 'SIP+D2U', '_sip._udp'],
    ['tcp', 'SIP+D2T', '_sip._tcp'],
    ['tls', 'SIPS+D2T', '_sips._tcp'],
    ['ws', 'SIP+D2W', '_sip._ws'],
    ['wss', 'SIPS+D2W', '_sips._ws'],
  ] as const)('over %s: NAPTR service %s, SRV under %s', (transport, service, srv) => {
    expect(find({ transport }, {}).asked[1]).toBe(`SRV ${srv}.carrier.example`);
    const zone = { 'NAPTR carrier.example': [`1 1 s ${service} - elsewhere.example`] };
    expect(find({ transport }, zone).asked[1]).toBe('SRV elsewhere.example');
  });
});

describe('RFC 7984: two families', () => {
  const zone = { 'A carrier.example': ['192.0.2.1'], 'AAAA carrier.example': ['2001:db8::1'] };

  it.each([
    [
      '§3.1: both are asked for, §3.2: the preferred one comes first',
      ['AAAA', 'A'],
      ['2001:db8::1:5070 192.0.2.1:5070'],
    ],
    ['a listener of IPv4 alone', ['A'], ['192.0.2.1:5070']],
    ['a listener of IPv6 alone', ['AAAA'], ['2001:db8::1:5070']],
  ] as const)('%s', (_rule, families, found) => {
    expect(find({ port: 5070, families }, zone).found).toEqual(found);
  });
});

describe('questions without an answer', () => {
  it.each<[string, Zone, string[], string]>([
    [
      'a server that does not know NAPTR: SRV is asked all the same',
      {
        ...addresses,
        'NAPTR carrier.example': 'failed',
        'SRV _sip._udp.carrier.example': ['0 0 5060 sip1.example'],
      },
      ['192.0.2.1:5060'],
      'partial',
    ],
    [
      'neither NAPTR nor SRV there, as far as it is known: the address',
      { 'NAPTR carrier.example': 'failed', 'A carrier.example': ['192.0.2.1'] },
      ['192.0.2.1:5060'],
      'partial',
    ],
    [
      'SRV without an answer: the address may be a web server, so it is not tried',
      { 'SRV _sip._udp.carrier.example': 'failed', 'A carrier.example': ['192.0.2.1'] },
      [],
      'partial',
    ],
    [
      'one host of two without an answer',
      {
        ...{ 'A sip1.example': 'failed', 'A sip2.example': ['192.0.2.2'] },
        'SRV _sip._udp.carrier.example': ['0 0 5060 sip1.example', '1 0 5060 sip2.example'],
      },
      ['192.0.2.2:5060'],
      'partial',
    ],
  ])('%s', (_name, zone, found, quality) => {
    expect(find({}, zone)).toMatchObject({ found, quality });
  });

  it('expired answers are used and said to be stale; the earliest refresh counts', () => {
    const known = new Map<string, DnsAnswer>([
      [
        'A carrier.example',
        {
          ...answersOf({ 'A carrier.example': ['192.0.2.1'] })({ type: 'A', name: 'carrier.example' }),
          stale: true,
        } as DnsAnswer,
      ],
      ['AAAA carrier.example', { kind: 'none', records: [], refreshAt: 7 as MonotonicMs, stale: false }],
    ]);
    const question: LocateQuestion = {
      ...{ host: 'carrier.example', port: 5060, transport: 'udp', pinned: false, families: ['A', 'AAAA'] },
    };
    expect(locate(question, known)).toMatchObject({ kind: 'located', quality: 'stale', refreshAt: 7 });
  });
});

describe('bounds', () => {
  it('whatever DNS says, four rounds of questions are enough, and it is 32 servers at most', () => {
    const name = fc.constantFrom(
      'carrier.example',
      'a.example',
      'b.example',
      '_sip._udp.carrier.example',
      '',
    );
    const shared = { name: fc.constant('x'), ttlSeconds: fc.nat(99) };
    const record = fc.oneof(
      fc.record({
        ...shared,
        type: fc.constantFrom('A', 'AAAA'),
        address: fc.constantFrom('192.0.2.1', '192.0.2.2'),
      }),
      fc.record({
        ...{ ...shared, type: fc.constant('SRV'), priority: fc.nat(3), weight: fc.nat(3) },
        ...{ port: fc.nat(65_535), host: name },
      }),
      fc.record({
        ...{ ...shared, type: fc.constant('NAPTR'), order: fc.nat(2), preference: fc.nat(2) },
        ...{ flags: fc.constantFrom('s', 'S', 'a', ''), service: fc.constantFrom('SIP+D2U', 'SIP+D2T', 'x') },
        ...{ regexp: fc.constantFrom('', '!a!b!'), replacement: name },
      }),
    ) as fc.Arbitrary<DnsRecord>;
    const answer: fc.Arbitrary<DnsAnswer> = fc.oneof(
      fc.constant({ kind: 'failed' as const }),
      fc.record({
        ...{
          kind: fc.constantFrom('records' as const, 'none' as const),
          records: fc.array(record, { maxLength: 60 }),
        },
        ...{ refreshAt: fc.constant(1 as MonotonicMs), stale: fc.boolean() },
      }),
    );
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1, maxLength: 20 }), (answers) => {
        let next = 0;
        const known = new Map<string, DnsAnswer>();
        const question: LocateQuestion = {
          ...{
            host: 'carrier.example',
            port: null,
            transport: 'udp',
            pinned: false,
            families: ['A', 'AAAA'],
          },
        };
        for (let round = 0; round < 4; round++) {
          const result = locate(question, known);
          if (result.kind === 'located') {
            expect(result.groups.flat().length).toBeLessThanOrEqual(32);
            return;
          }
          for (const one of result.questions) known.set(keyOf(one), answers[next++ % answers.length]!);
        }
        throw new Error('it asks without end');
      }),
      { numRuns: 500 },
    );
  });

  it('32 servers, however many a zone lists', () => {
    const many = Array.from({ length: 100 }, (_, i) => `${i} 0 5060 192.0.2.${i}`);
    expect(find({}, { 'SRV _sip._udp.carrier.example': many }).found).toHaveLength(32);
  });

  it('8 domains of NAPTR', () => {
    const many = Array.from({ length: 50 }, (_, i) => `${i} 0 s SIP+D2U - d${i}.example`);
    expect(
      find({}, { 'NAPTR carrier.example': many }).asked.filter((one) => one.startsWith('SRV')),
    ).toHaveLength(8);
  });
});
