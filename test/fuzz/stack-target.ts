import fc from 'fast-check';
import { expect } from 'vitest';
import {
  compose,
  header,
  methodOf,
  numberOf,
  respondTo,
  statusOf,
  uriIn,
} from '../support/scripted-sip/text.ts';
import { applyEdits, type ByteEdit, byteEdits } from './byte-edits.ts';
import { type FuzzNode, fuzzNode, type Place, places } from './fuzz-node.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import type { SentDatagram } from './memory-dgram.ts';

/** Something that one of the parties does; most of it is meant well, and reaches the node changed now and then. */
type Step =
  | { readonly do: 'set-up'; readonly form: number }
  | { readonly do: 'call'; readonly by: Place; readonly form: number; readonly edits: readonly ByteEdit[] }
  | {
      readonly do: 'answer';
      readonly by: 'pbx' | 'carrier';
      readonly which: number;
      readonly form: number;
      readonly edits: readonly ByteEdit[];
    }
  | {
      readonly do: 'request';
      readonly by: 'pbx' | 'carrier';
      readonly method: string;
      readonly form: number;
      readonly edits: readonly ByteEdit[];
    }
  | { readonly do: 'repeat'; readonly which: number; readonly by: Place }
  | { readonly do: 'bytes'; readonly by: Place; readonly bytes: Uint8Array }
  | { readonly do: 'wait'; readonly ms: number };

const session = (port: number, direction = 'sendrecv'): string =>
  [
    ...['v=0', 'o=x 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...[`m=audio ${port} RTP/AVP 8 0`, `a=${direction}`, ''],
  ].join('\r\n');

const statuses = [
  ...['100 Trying', '180 Ringing', '183 Session Progress', '200 OK', '200 OK', '200 OK', '202 Accepted'],
  ...['302 Moved', '401 Unauthorized', '407 Proxy Authentication Required', '408 Timeout', '422 Too Small'],
  ...['481 Gone', '486 Busy', '488 Not Here', '491 Pending', '500 Error', '503 Unavailable', '603 Decline'],
];
const methods = [
  ...['ACK', 'ACK', 'BYE', 'CANCEL', 'INVITE', 'INVITE', 'UPDATE', 'PRACK', 'INFO', 'REFER', 'NOTIFY'],
  ...['MESSAGE', 'OPTIONS', 'REGISTER', 'SUBSCRIBE', 'NEWMETHOD'],
];
/** Headers that lead into further branches; each message gets one line of this or none. */
const extras = [
  ...[
    '',
    '',
    '',
    'Supported: 100rel, timer, replaces',
    'Require: 100rel\r\nRSeq: 1',
    'Session-Expires: 90;refresher=uas',
  ],
  ...[
    'Min-SE: 4000',
    'RAck: 1 1 INVITE',
    'Refer-To: <sip:1@127.0.0.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>',
  ],
  ...['Replaces: a;to-tag=b;from-tag=c', 'Retry-After: 1', 'Proxy-Authenticate: Digest realm="r", nonce="n"'],
  ...[
    'Privacy: id',
    'Require: nothing',
    'Event: refer;id=1\r\nSubscription-State: active',
    'Record-Route: <sip:127.0.0.1;lr>',
  ],
];
const longestRun = 14;
/** RFC 3261 §17: no transaction lives longer than 64*T1 after its last message; a call is released in as much again. */
const quietMs = 200_000;

/** One history: the parties, what they have sent, and what the node has asked of each. */
class History {
  readonly #node: FuzzNode;
  readonly #said: Buffer[] = [];
  readonly #heard: Record<'pbx' | 'carrier', string[]> = { pbx: [], carrier: [] };
  #serial = 0;
  #strangerSent = 0;
  #strangerHeard = 0;

  constructor(node: FuzzNode) {
    this.#node = node;
  }

  async play(step: Step): Promise<void> {
    if (step.do === 'wait') {
      this.#listen(await this.#node.pass(step.ms));
      return;
    }
    if (step.do === 'set-up') {
      await this.#setUp(step.form);
      return;
    }
    const bytes = this.#bytesOf(step);
    if (bytes === null) return;
    if (step.by === 'stranger') this.#strangerSent += bytes.length;
    if (step.do !== 'repeat') this.#said.push(bytes);
    this.#listen(await this.#node.take(bytes, step.by));
  }

  /** A call up to its ACK, as it should be: much is only reached from there. */
  async #setUp(form: number): Promise<void> {
    const say = async (text: string | null, by: Place): Promise<void> => {
      if (text === null) return;
      const bytes = Buffer.from(text, 'latin1');
      this.#said.push(bytes);
      this.#listen(await this.#node.take(bytes, by));
    };
    // 200 with a session.
    const ok = statuses.lastIndexOf('200 OK');
    await say(this.#invite('pbx', form % 4), 'pbx');
    const invite = this.#heard.carrier.findLast((message) => message.startsWith('INVITE '));
    if (invite !== undefined) await say(this.#answer(invite, 'carrier', ok), 'carrier');
    const answer = this.#heard.pbx.at(-1);
    if (answer !== undefined && statusOf(answer) === 200)
      await say(this.#inDialog('pbx', 'ACK', answer, 1), 'pbx');
  }

  #bytesOf(step: Exclude<Step, { do: 'wait' | 'set-up' }>): Buffer | null {
    if (step.do === 'bytes') return Buffer.from(step.bytes);
    if (step.do === 'repeat') return this.#said[step.which % Math.max(1, this.#said.length)] ?? null;
    const text = this.#textOf(step);
    return text === null ? null : applyEdits(Buffer.from(text, 'latin1'), step.edits);
  }

  #textOf(step: Extract<Step, { do: 'call' | 'answer' | 'request' }>): string | null {
    if (step.do === 'call') return this.#invite(step.by, step.form);
    const heard = this.#heard[step.by];
    if (step.do === 'answer') {
      const asked = heard.filter((message) => statusOf(message) === 0 && methodOf(message) !== 'ACK');
      const request = asked.at(-1 - (step.which % Math.max(1, asked.length)));
      return request === undefined ? null : this.#answer(request, step.by, step.form);
    }
    const latest = heard.at(-1);
    return latest === undefined ? null : this.#inDialog(step.by, step.method, latest, step.form);
  }

  #fields(by: Place, form: number): string[] {
    const extra = extras[form % extras.length] ?? '';
    return [`Contact: <sip:x@${places[by]}>`, ...(extra === '' ? [] : extra.split('\r\n'))];
  }

  #invite(by: Place, form: number): string {
    const id = ++this.#serial;
    return compose(
      `INVITE sip:352${form}@${places.node} SIP/2.0`,
      [
        ...[`Via: SIP/2.0/UDP ${places[by]};branch=z9hG4bK${id}`, 'Max-Forwards: 70'],
        ...[`From: <sip:100@pbx.example>;tag=f${id}`, `To: <sip:352@${places.node}>`],
        ...[`Call-ID: call-${id}`, 'CSeq: 1 INVITE', ...this.#fields(by, form)],
      ],
      form % 5 === 4 ? '' : session(4000),
    );
  }

  #answer(request: string, by: Place, form: number): string {
    const status = statuses[form % statuses.length] ?? '200 OK';
    const withBody = form % 3 !== 0 && /INVITE|UPDATE|PRACK/.test(methodOf(request));
    return respondTo(request, status, {
      tag: `t${form % 4}`,
      fields: this.#fields(by, form >> 3),
      ...(withBody ? { body: session(6000, form % 2 === 0 ? 'sendonly' : 'sendrecv') } : {}),
    });
  }

  /** A request in the dialog that the latest message belongs to, from whichever side it came. */
  #inDialog(by: Place, method: string, latest: string, form: number): string {
    const response = statusOf(latest) > 0;
    const [from, to] = response ? ['From', 'To'] : ['To', 'From'];
    const id = ++this.#serial;
    const cseq =
      method === 'ACK' || method === 'CANCEL' ? numberOf(header(latest, 'CSeq')) : 10 + (form % 7) + id;
    const via =
      method === 'CANCEL' && response
        ? header(latest, 'Via').replace(/;received=[^;]*/, '')
        : `SIP/2.0/UDP ${places[by]};branch=z9hG4bKd${id}`;
    const uri = uriIn(header(latest, 'Contact')) || `sip:${places.node}`;
    const tag = /;tag=/.test(header(latest, from)) || response ? '' : ';tag=t1';
    return compose(
      `${method} ${uri} SIP/2.0`,
      [
        ...[
          `Via: ${via}`,
          'Max-Forwards: 70',
          `From: ${header(latest, from)}${tag}`,
          `To: ${header(latest, to)}`,
        ],
        ...[`Call-ID: ${header(latest, 'Call-ID')}`, `CSeq: ${cseq} ${method}`, ...this.#fields(by, form)],
      ],
      /INVITE|UPDATE|ACK/.test(method) && form % 2 === 0 ? session(4002) : '',
    );
  }

  #listen(datagrams: readonly SentDatagram[]): void {
    for (const { to, bytes } of datagrams) {
      const message = bytes.toString('latin1');
      if (to === places.stranger) this.#strangerHeard += bytes.length;
      // Everything that the node says is whole by a reader that shares nothing with it.
      const headEnd = message.indexOf('\r\n\r\n');
      expect(headEnd).toBeGreaterThan(0);
      expect(Number(header(message, 'Content-Length'))).toBe(message.length - headEnd - 4);
      expect(message.slice(0, headEnd)).not.toMatch(/\r(?!\n)|(?<!\r)\n|\0(?<!\\\0)/);
      if (to === places.pbx) this.#heard.pbx.push(message);
      if (to === places.carrier) this.#heard.carrier.push(message);
    }
  }

  /** What must hold whatever was done. */
  async judge(): Promise<void> {
    const { stack, b2bua, hand } = this.#node;
    expect(this.#strangerHeard).toBeLessThanOrEqual(3 * this.#strangerSent);
    b2bua.endAllCalls('shutdown');
    for (let waited = 0; waited < quietMs; waited += 20_000) this.#listen(await this.#node.pass(20_000));
    expect([this.#node.bugs(), this.#node.errors]).toEqual([0, []]);
    expect({
      calls: b2bua.activeCalls,
      transactions: stack.activeTransactions,
      timers: hand.pending,
    }).toEqual({
      calls: 0,
      transactions: 0,
      timers: 0,
    });
  }
}

const form = fc.nat({ max: 200 });
const edits = byteEdits(0);
const anybody = fc.constantFrom<Place>('pbx', 'pbx', 'carrier', 'stranger');
const party = fc.constantFrom<'pbx' | 'carrier'>('pbx', 'carrier');

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('call' as const), by: anybody, form, edits }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      by: party,
      which: fc.nat({ max: 3 }),
      form,
      edits,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      by: party,
      method: fc.constantFrom(...methods),
      ...{ form, edits },
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat({ max: 20 }), by: anybody }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('bytes' as const),
      by: anybody,
      bytes: fc.uint8Array({ maxLength: 80 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(50, 500, 1000, 4000, 33_000, 200_000),
    }),
  },
);

const firstCall: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ do: fc.constant('call' as const), by: fc.constant<Place>('pbx'), form },
      edits: fc.constant<readonly ByteEdit[]>([]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('set-up' as const), form }) },
);

/** A call that begins as it should, and whatever follows; or whatever from the start. */
const history = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(firstCall, fc.array(step, { maxLength: longestRun }))
      .map(([first, rest]) => [first, ...rest]),
  },
  { weight: 1, arbitrary: fc.array(step, { maxLength: longestRun }) },
);

export const stackTarget: FuzzTarget = {
  name: 'transactions and calls: histories of two parties and a stranger',
  property: fc.asyncProperty(history, async (steps) => {
    const node = await fuzzNode();
    try {
      const parties = new History(node);
      for (const one of steps) await parties.play(one);
      await parties.judge();
    } finally {
      await node.close();
    }
  }),
};
