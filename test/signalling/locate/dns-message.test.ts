import { encode, type Answer } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeReply } from '../../../src/signalling/locate/dns-chain.ts';
import { decodeReply, encodeQuery } from '../../../src/signalling/locate/dns-message.ts';
import { canonicalName, type DnsQuestion } from '../../../src/signalling/locate/dns-records.ts';

const question: DnsQuestion = { type: 'SRV', name: '_sip._udp.carrier.example' };

interface Shape {
  readonly id?: number;
  readonly questions?: { type: 'SRV' | 'A'; name: string }[];
  readonly answers?: Answer[];
  readonly authorities?: Answer[];
  readonly flags?: number;
  readonly type?: 'query' | 'response';
}

function reply({
  id = 7,
  questions = [question as { type: 'SRV'; name: string }],
  ...shape
}: Shape = {}): Buffer {
  return encode({ type: 'response', id, questions, ...shape });
}

const srv = (name: string, target: string, ttl = 60): Answer => ({
  ...{ type: 'SRV', name, ttl, data: { priority: 1, weight: 2, port: 5060, target } },
});
const soa = (ttl: number, minimum: number): Answer => ({
  ...{
    type: 'SOA',
    name: 'carrier.example',
    ttl,
    data: { mname: 'ns.example', rname: 'a.example', minimum },
  },
});
const cname = (name: string, data: string, ttl = 60): Answer => ({ type: 'CNAME', name, ttl, data });
const nxdomain = 3;

describe('a query', () => {
  it('RFC 1035 §4.1: header with RD, one question', () => {
    const bytes = encodeQuery(0x1234, { type: 'A', name: 'ab.example' });
    expect(bytes.toString('hex')).toBe(`123401000001000000000000026162076578616d706c650000010001`);
  });
});

describe('a reply', () => {
  it('gives its records in one form of name', () => {
    const answers = [srv('_SIP._udp.Carrier.example', 'SIP1.Example.')];
    expect(decodeReply(reply({ answers }), 7, question)).toEqual({
      ok: true,
      value: {
        ...{ code: 'found', truncated: false, negativeSeconds: null },
        records: [
          {
            ...{ type: 'SRV', name: question.name, ttlSeconds: 60 },
            ...{ priority: 1, weight: 2, port: 5060, host: 'sip1.example' },
          },
        ],
      },
    });
  });

  it.each([
    ['RFC 5452 §9.1: another id', reply({ id: 8 })],
    ['another name', reply({ questions: [{ type: 'SRV', name: 'other.example' }] })],
    ['another type', reply({ questions: [{ type: 'A', name: question.name }] })],
    ['no question', reply({ questions: [] })],
    ['two questions', reply({ questions: [question, question] as { type: 'SRV'; name: string }[] })],
    ['a query', reply({ type: 'query' })],
  ])('%s is a stray', (_name, bytes) => {
    expect(decodeReply(bytes, 7, question)).toEqual({ ok: false, error: 'stray' });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a header', reply().subarray(0, 7)],
    ['a record that is cut off', reply({ answers: [srv(question.name, 'sip1.example')] }).subarray(0, -3)],
    ['a pointer to itself', Buffer.from('000780000001000000000000c00c00210001', 'hex')],
  ])('%s is malformed', (_name, bytes) => {
    expect(decodeReply(bytes, 7, question)).toEqual({ ok: false, error: 'malformed' });
  });

  it.each([
    ['RFC 1035 §4.1.1: TC', reply({ flags: 1 << 9 }), { truncated: true }],
    ['RFC 1035 §4.1.1: name error', reply({ flags: nxdomain }), { code: 'no-such-name' }],
    ['server failure', reply({ flags: 2 }), { code: 'unable' }],
    ['refused', reply({ flags: 5 }), { code: 'unable' }],
    [
      'RFC 2308 §5: the lesser of MINIMUM and the TTL',
      reply({ authorities: [soa(30, 90)] }),
      { negativeSeconds: 30 },
    ],
    ['RFC 2308 §5, the other way', reply({ authorities: [soa(90, 30)] }), { negativeSeconds: 30 }],
    [
      'RFC 2308 §2.2: a referral',
      reply({ authorities: [{ type: 'NS', name: 'example', ttl: 9, data: 'ns.example' }] }),
      { code: 'unable' },
    ],
    [
      'a record of another class',
      reply({ answers: [{ ...srv(question.name, 'a.example'), class: 'CH' } as Answer] }),
      { records: [] },
    ],
    ['a host that is no name', reply({ answers: [srv(question.name, 'a b.example')] }), { records: [] }],
    [
      'RFC 2181 §8: a TTL with its first bit set is zero',
      reply({ answers: [srv(question.name, 'a.example', 0x8000_0000)] }),
      { records: [{ ttlSeconds: 0 }] },
    ],
  ])('%s', (_name, bytes, expected) => {
    const read = decodeReply(bytes, 7, question);
    expect(read.ok ? read.value : read).toMatchObject(expected);
  });
});

describe('along the aliases (RFC 1034 §3.6.2)', () => {
  const judge = (shape: Shape) => {
    const read = decodeReply(reply(shape), 7, question);
    if (!read.ok) throw new Error(read.error);
    return judgeReply(read.value, question);
  };

  it.each<[string, Shape, object]>([
    [
      'records under the name',
      { answers: [srv(question.name, 'a.example', 9)] },
      { kind: 'records', ttlSeconds: 9 },
    ],
    [
      'records behind two aliases hold as long as the shortest of all',
      {
        answers: [
          cname(question.name, 'b.example', 5),
          cname('b.example', 'c.example', 7),
          srv('c.example', 'h.example'),
        ],
      },
      { kind: 'records', ttlSeconds: 5 },
    ],
    [
      'records of another name are not ours',
      { answers: [srv('other.example', 'a.example')] },
      { kind: 'none' },
    ],
    [
      'a chain whose end is not in the reply',
      { answers: [cname(question.name, 'b.example', 5)] },
      { kind: 'alias', name: 'b.example', ttlSeconds: 5 },
    ],
    [
      'a chain that ends where there is nothing',
      { answers: [cname(question.name, 'b.example', 5)], authorities: [soa(60, 60)] },
      { kind: 'none', ttlSeconds: 5 },
    ],
    [
      'RFC 2308 §2.1: NXDOMAIN is said of the chain’s last name',
      { answers: [cname(question.name, 'b.example', 5)], flags: nxdomain },
      { kind: 'none', ttlSeconds: null },
    ],
    [
      'a chain in a circle',
      { answers: [cname(question.name, 'b.example'), cname('b.example', question.name)] },
      { kind: 'failed' },
    ],
    ['a server that could not', { flags: 2 }, { kind: 'failed' }],
    ['nothing', {}, { kind: 'none', ttlSeconds: null }],
  ])('%s', (_name, shape, expected) => {
    expect(judge(shape)).toMatchObject(expected);
  });
});

describe('names', () => {
  it.each([
    ['Carrier.Example.', 'carrier.example'],
    ['_sip._udp.a', '_sip._udp.a'],
    ['.', ''],
    ['', null],
    ['a..b', null],
    ['a b', null],
    [`${'a'.repeat(64)}.example`, null],
    ['a.'.repeat(127), 'a.'.repeat(127).slice(0, -1)],
    [`${'a.'.repeat(127)}b.`, null],
    ['bücher.example', null],
  ])('%s', (text, expected) => {
    expect(canonicalName(text)).toBe(expected);
  });
});

describe('anything at all', () => {
  const good = reply({
    answers: [
      cname(question.name, 'b.example'),
      srv('b.example', 'sip1.example'),
      { type: 'A', name: 'x', data: '1.2.3.4' },
    ],
    authorities: [soa(1, 2)],
  });

  it('noise gives a value and takes no time', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        expect(decodeReply(bytes, 7, question).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('a reply with bytes changed, cut or doubled gives a value, and judging it too', () => {
    const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(edits, fc.nat(good.length), fc.boolean(), (changes, length, doubled) => {
        const bytes = Buffer.concat(doubled ? [good, good] : [good.subarray(0, length)]);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const read = decodeReply(bytes, 7, question);
        if (read.ok) judgeReply(read.value, question);
      }),
      { numRuns: 4000 },
    );
  });

  it('64 KB of pointers to long names end soon: the cost is linear', () => {
    const name = `${`${'a'.repeat(62)}.`.repeat(3)}${'a'.repeat(50)}`;
    const head = encode({ type: 'response', id: 7, questions: [{ type: 'SRV', name }] });
    head.writeUInt16BE(5000, 6);
    const record = Buffer.from('c00c00050001000000010002c00c', 'hex');
    const bytes = Buffer.concat([head, ...Array.from({ length: 5000 }, () => record)]).subarray(0, 65_535);
    const before = performance.now();
    decodeReply(bytes, 7, { type: 'SRV', name });
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});
