import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LadderView } from '../../src/api/ladder-view.ts';
import { err, ok } from '../../src/kernel/result.ts';
import { packLadder } from '../../src/records/ladder-packing.ts';
import type { Ladder, LadderMessage } from '../../src/records/ladder-record.ts';
import { ApiBench, callId, callOf } from './api-fixture.ts';

const message = (change: Partial<LadderMessage> & { text: string }): LadderMessage => ({
  ...{
    at: Date.UTC(2026, 10, 27, 18, 6, 12, 345),
    offsetMs: 0,
    leg: 0,
    direction: 'received',
    transport: 'udp',
  },
  ...{ local: '192.0.2.2:5060', remote: '192.0.2.4:5060', again: false, size: 700, cut: false, ...change },
});
const text = (start: string, cseq: string, body = ''): string =>
  `${start}\r\nCSeq: ${cseq}\r\nSubject: x\r\n\r\n${body}`;

const ladder: Ladder = {
  legs: [
    { party: 'caller', peerId: 'pbx', sipCallId: 'a@pbx' },
    { party: 'callee', peerId: 'carrier', sipCallId: 'b@us' },
  ],
  messages: [
    message({ text: text('INVITE sip:1@2 SIP/2.0', '1 INVITE', 'v=0\r\nm=audio 1 RTP/AVP 8') }),
    message({ offsetMs: 1.2, direction: 'sent', text: text('SIP/2.0 100 Trying', '1 INVITE') }),
    message({ offsetMs: 12.3, leg: 1, direction: 'sent', text: text('INVITE sip:1@3 SIP/2.0', '1 INVITE') }),
    message({
      offsetMs: 512.3,
      leg: 1,
      direction: 'sent',
      again: true,
      text: text('INVITE sip:1@3 SIP/2.0', '1 INVITE'),
    }),
    message({ offsetMs: 700, leg: 1, text: text('SIP/2.0 200 OK', '2 BYE'), cut: true }),
  ],
  skipped: 0,
  resumesAt: 5,
};

describe('GET /calls/{id}/ladder', () => {
  let bench: ApiBench;
  const url = `/api/v1/calls/${callId}/ladder`;
  const store = (one: Ladder): void => {
    bench.records.callsById.set(callId, callOf({ endedAt: '2026-11-27T18:07:00.000Z' }));
    bench.records.ladders.set(callId, packLadder(callId, one));
  };
  beforeEach(async () => {
    bench = await new ApiBench().open();
  });
  afterEach(() => bench.app.close());

  it('is JSON, a message each, and asks no node for a call that is over', async () => {
    store(ladder);
    const reply = await bench.ask('GET', url);
    expect(reply.statusCode).toBe(200);
    const body = reply.json<LadderView>();
    expect(body).toMatchObject({ callId, over: true, skipped: 0, resumesAt: null, legs: ladder.legs });
    expect(body.messages).toHaveLength(5);
    expect(body.messages[0]).toEqual({
      ...{ at: '2026-11-27T18:06:12.345Z', offsetMs: 0, leg: 0, party: 'caller', direction: 'received' },
      ...{ transport: 'udp', local: '192.0.2.2:5060', remote: '192.0.2.4:5060', sizeBytes: 700, cut: false },
      ...{ startLine: 'INVITE sip:1@2 SIP/2.0', cseq: '1 INVITE', retransmission: false },
      ...{ headers: 'CSeq: 1 INVITE\r\nSubject: x', body: 'v=0\r\nm=audio 1 RTP/AVP 8' },
    });
    expect(body.messages[3]).toMatchObject({ party: 'callee', retransmission: true });
    expect(bench.asks).toEqual([]);
  });

  it('is drawn as text: PBX, Onrecord and trunk, with arrows, times and addresses', async () => {
    store(ladder);
    const reply = await bench.ask('GET', `${url}?format=text`);
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(reply.body.split('\n')).toEqual([
      `Call ${callId}  2026-11-27T18:06:12.345Z`,
      'caller  pbx  Call-ID a@pbx',
      'callee  carrier  Call-ID b@us',
      '',
      '             pbx                          Onrecord                         carrier',
      '              |                               |                               |',
      '      +0.000  |-------- INVITE (SDP) -------->|                               |  1  udp 192.0.2.4:5060',
      '      +0.001  |<--------- 100 Trying ---------|                               |  2  udp 192.0.2.4:5060',
      '      +0.012  |                               |----------- INVITE ----------->|  3  udp 192.0.2.4:5060',
      '      +0.512  |                               |------- INVITE (again) ------->|  4  udp 192.0.2.4:5060',
      '      +0.700  |                               |<-------- 200 OK (BYE) --------|  5  udp 192.0.2.4:5060  cut',
      '',
    ]);
  });

  it('has the messages below it where they are asked for, each behind a bar', async () => {
    store(ladder);
    const { body } = await bench.ask('GET', `${url}?format=text&messages=1`);
    const [, first] = body.split('\n\n1  ');
    expect(first?.split('\n\n2  ')[0]).toBe(
      [
        '2026-11-27T18:06:12.345Z  received from udp 192.0.2.4:5060  700 bytes',
        ...['  | INVITE sip:1@2 SIP/2.0', '  | CSeq: 1 INVITE', '  | Subject: x', '  | ', '  | v=0'],
        '  | m=audio 1 RTP/AVP 8',
      ].join('\n'),
    );
    expect(body).toContain(
      '5  2026-11-27T18:06:12.345Z  received from udp 192.0.2.4:5060  700 bytes, not all kept',
    );
  });

  it.each([
    ['at the gap', 2, 3],
    ['at the end', 5, 6],
  ])('says how many messages were not kept, %s', async (_where, resumesAt, line) => {
    store({ ...ladder, skipped: 17, resumesAt });
    const { body } = await bench.ask('GET', `${url}?format=text`);
    expect(body.split('\n')[5 + line]).toContain('17 messages that were not kept');
    expect((await bench.ask('GET', url)).json()).toMatchObject({ skipped: 17, resumesAt });
  });

  const hostile = '\x1b[2J\x1b]0;x\x07\x9b31m\x7f\x00\u202e\u2066\u200b\u2028\ufeff';
  const utf8 = Buffer.from(`caf\u00e9 ${hostile}`, 'utf8').toString('latin1');

  it('shows a terminal nothing that it would obey, wherever a peer wrote it', async () => {
    store({
      ...ladder,
      legs: [{ party: 'caller', peerId: 'pbx', sipCallId: utf8 }],
      messages: [
        message({ text: `SIP/2.0 486 ${utf8}\r\nCSeq: 1 ${utf8}\r\nX: ${utf8}\r\n\r\nv=0\r\ns=${utf8}` }),
        message({ text: text(`${utf8} sip:x SIP/2.0`, 'x') }),
      ],
    });
    const { body } = await bench.ask('GET', `${url}?format=text&messages=1`);
    expect(body).not.toMatch(/[^\P{C}\n]|[\u2028\u2029]/u);
    expect(body).toContain(
      'caf\u00e9 \\x1b[2J\\x1b]0;x\\x07\\x9b31m\\x7f\\x00\\u{202e}\\u{2066}\\u{200b}\\u{2028}\\u{feff}',
    );
  });

  it('a line that a peer made up is no line of ours', async () => {
    const forged = [
      'v=0',
      '3  2026-11-27T18:06:12.345Z  received from udp 192.0.2.66:5060',
      '+0.9  |---- BYE ---->|',
    ];
    store({
      ...ladder,
      messages: [message({ text: text('INFO sip:x SIP/2.0', '1 INFO', forged.join('\r\n')) })],
    });
    const { body } = await bench.ask('GET', `${url}?format=text&messages=1`);
    for (const line of forged) expect(body.split('\n')).toContain(`  | ${line}`);
  });

  it('bytes that are no UTF-8 are shown as latin1', async () => {
    store({ ...ladder, messages: [message({ text: 'INVITE sip:x SIP/2.0\r\nSubject: caf\xe9\r\n\r\n' })] });
    expect((await bench.ask('GET', url)).json<LadderView>().messages[0]?.headers).toBe('Subject: caf\u00e9');
  });

  describe('of a call whose ladder is not stored', () => {
    const ask = { method: 'ladder', callId };

    it('is asked of the node that has the call', async () => {
      bench.records.callsById.set(callId, callOf({ nodeId: 'edge-7' }));
      bench.answer = () => ok({ method: 'ladder', ladder: packLadder(callId, ladder) });
      const reply = await bench.ask('GET', url);
      expect(reply.json()).toMatchObject({ over: false, messages: { length: 5 } });
      expect(bench.asks).toEqual([{ nodeId: 'edge-7', ask }]);
      expect((await bench.ask('GET', `${url}?format=text`)).body).toContain('More messages may come.');
    });

    it('and of all nodes while the call is in no database', async () => {
      bench.connected = ['a', 'b'].map((nodeId) => ({ nodeId, version: '1', sip: [] }));
      bench.answer = (nodeId) =>
        nodeId === 'b' ? ok({ method: 'ladder', ladder: packLadder(callId, ladder) }) : err('no-call');
      expect((await bench.ask('GET', url)).statusCode).toBe(200);
      expect(bench.asks.map(({ nodeId }) => nodeId)).toEqual(['a', 'b']);
    });

    it.each([
      ['nobody knows the call', false, 'no-call', 404, 'call-not-found'],
      ['its node has none', true, 'no-call', 404, 'ladder-not-found'],
      ['its node is away', true, 'unreachable', 503, 'node-unreachable'],
      ['its node is slow', true, 'timeout', 503, 'node-unreachable'],
    ] as const)('%s', async (_name, known, fault, status, code) => {
      if (known) bench.records.callsById.set(callId, callOf());
      bench.answer = () => err(fault);
      const reply = await bench.ask('GET', url);
      expect(reply.statusCode).toBe(status);
      expect(reply.json()).toMatchObject({ code });
    });
  });

  it('one whose call was deleted is not shown', async () => {
    store(ladder);
    bench.records.callsById.delete(callId);
    expect((await bench.ask('GET', url)).json()).toMatchObject({ code: 'call-not-found' });
  });

  it('what is stored and is no ladder is none', async () => {
    store(ladder);
    bench.records.ladders.set(callId, { callId, packed: 'AAAA' });
    expect((await bench.ask('GET', url)).json()).toMatchObject({ code: 'ladder-not-found' });
  });

  it.each(['?format=xml', '?messages=2', '?secrets=1'])('refuses %s', async (query) => {
    expect((await bench.ask('GET', `${url}${query}`)).statusCode).toBe(400);
  });

  it('is for those who may read calls', async () => {
    store(ladder);
    expect((await bench.ask('GET', url, { headers: { authorization: '' } })).statusCode).toBe(401);
  });
});
