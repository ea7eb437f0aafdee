import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audio, header, ScriptedPeer } from '../signalling/scripted-peer.ts';
import type { CallView } from '../support/api-client.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { removeDirectory, RunningNode } from '../support/node.ts';
import { nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';

/** In every value that a log must not have, and nowhere else. */
const secret = 'S3CR3T';
const digits = '0815471108154711';
const caller = '+352621987654';
const called = '+352691234567';
const terminal = '\x1b[2J\x9b31m';

interface LadderView {
  readonly over: boolean;
  readonly legs: readonly { readonly party: string; readonly peerId: string; readonly sipCallId: string }[];
  readonly messages: readonly {
    readonly party: string;
    readonly direction: string;
    readonly startLine: string;
    readonly remote: string;
    readonly headers: string;
    readonly body: string;
    readonly retransmission: boolean;
  }[];
}

// One node with a log at its loudest, and peers that write whatever they like.
let node: RunningNode;
let pbx: ScriptedPeer;
let carrier: ScriptedPeer;

beforeAll(async () => {
  const lanPort = await freeUdpRange(4);
  const wanPort = lanPort + 2;
  pbx = await ScriptedPeer.udp(() => lanPort);
  carrier = await ScriptedPeer.udp(() => wanPort);
  const target = ({ port }: ScriptedPeer): string => `sip:127.0.0.1:${port}`;
  const config = await nodeConfig({
    ...{ pbxTarget: target(pbx), trunkTarget: target(carrier), lanPort, wanPort, transport: 'udp' },
    rulesBefore: [{ id: 'nobody', mode: 'never', when: {} }],
    sections: { log: { level: 'debug' } },
  });
  node = await RunningNode.start({ config });
});
afterAll(async () => {
  pbx.close();
  carrier.close();
  await node.stop();
  removeDirectory(node.directory);
});

const sdp = (port: number): string =>
  audio(
    ...[port, '0 8'],
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${secret}${secret}`,
    `a=ice-pwd:${secret}`,
    ...[`k=clear:${secret}`, `a=key-mgmt:mikey ${secret}`],
  );

const marked = [
  `User-Agent: ${secret} ${terminal}`,
  `Subject: ${secret}\r\n {"level":50,"msg":"forged"}`,
  `Authorization: Digest username="${secret}", realm="pbx", nonce="${secret}", uri="sip:x", response="${secret}"`,
  `Proxy-Authorization: Basic ${secret}`,
  `X-Api-Key: ${secret}`,
  `P-Asserted-Identity: "${secret}" <sip:${caller}@pbx.example>`,
  `Identity: ${secret}`,
  `Contact: <sip:${caller}:${secret}@127.0.0.1>`,
];

/** An answered call with everything that must not be logged, up to the BYE. */
async function markedCall(sipCallId: string): Promise<void> {
  const uri = `sip:${called}@127.0.0.1`;
  const from = `From: "${secret} %0d%0aforged" <sip:${caller}@pbx.example>;tag=a${sipCallId}`;
  const headers = [
    ...['Max-Forwards: 70', from, `To: <${uri}>`, `Call-ID: ${sipCallId}`, 'CSeq: 1 INVITE'],
    ...marked.filter((line) => !line.startsWith('Contact')),
    `Contact: <sip:${caller}@127.0.0.1:${pbx.port}>`,
  ];
  pbx.request('INVITE', uri, headers, sdp(4000));
  const arrived = await carrier.expect('INVITE');
  carrier.respond(arrived, `180 ${secret}`, { tag: 'bob', headers: marked });
  await pbx.expect('SIP/2.0 180');
  carrier.respond(arrived, '200 OK', { tag: 'bob', body: sdp(6000) });
  const answer = await pbx.expect('SIP/2.0 200');
  pbx.inDialog('ACK', answer, 'uac', { cseq: 1 });
  const ack = await carrier.expect('ACK');
  await request('INFO', answer, 2, 'application/dtmf-relay', `Signal=${digits}\r\nDuration=160\r\n`);
  await request('NOTIFY', answer, 3, 'application/kpml-response+xml', `<kpml-response digits="${digits}"/>`);
  await request('MESSAGE', answer, 4, 'text/plain', `${secret} ${digits}`);
  carrier.inDialog('BYE', ack, 'uas', { cseq: 9, target: header(arrived, 'Contact') ?? '' });
  pbx.respond(await pbx.expect('BYE'), '200 OK');
  await carrier.expect('SIP/2.0 200');
}

async function request(
  method: string,
  answer: string,
  cseq: number,
  type: string,
  body: string,
): Promise<void> {
  pbx.inDialog(method, answer, 'uac', { cseq, headers: [...marked, `Content-Type: ${type}`], body });
  carrier.respond(await carrier.expect(method), `200 ${secret}`, {
    ...{ headers: [...marked, `Content-Type: ${type}`], body },
  });
  await pbx.expect('SIP/2.0 200');
}

/** A refused call whose last ACK never comes: the 486 is repeated. */
async function refusedCall(): Promise<void> {
  pbx.invite(`sip:${called}@127.0.0.1`, 'refused');
  carrier.respond(await carrier.expect('INVITE'), '486 Busy Here', { tag: 'bob' });
  await pbx.expect('SIP/2.0 486');
  await pbx.expect('SIP/2.0 486');
}

/** What is no call, and what is no SIP. */
function nuisances(): void {
  pbx.request('SUBSCRIBE', `sip:${secret}@127.0.0.1`, [`Call-ID: ${secret}`, ...marked]);
  pbx.request(secret, `sip:${secret}@127.0.0.1`, [
    ...['Max-Forwards: 70', `From: <sip:${secret}@x>;tag=1`, 'To: <sip:x@y>', `Call-ID: ${secret}`],
    ...[`CSeq: 1 ${secret}`, ...marked],
  ]);
  pbx.send(`INVITE ${secret}\r\n${marked.join('\r\n')}\r\n\r\n`);
  pbx.send(`${secret}${terminal}\r\n\r\n`);
  carrier.send(`SIP/2.0 200 ${secret}\r\n${marked.join('\r\n')}\r\n\r\n`);
}

function callOf(sipCallId: string): Promise<CallView> {
  return waitUntil('the call in the database', async () =>
    (await node.api.calls()).find(
      ({ endedAt, legs }) => endedAt !== null && legs.some((leg) => leg.sipCallId === sipCallId),
    ),
  );
}

/** `over`: as the database has it, which is some seconds after the end. */
async function ladderOf(call: CallView, over: boolean): Promise<LadderView> {
  const look = async (): Promise<LadderView | undefined> => {
    const reply = await node.api.request(`/api/v1/calls/${call.id}/ladder`);
    if (!reply.ok) throw new Error(await reply.text());
    const ladder = (await reply.json()) as LadderView;
    return !over || ladder.over ? ladder : undefined;
  };
  return waitUntil('the ladder', look, 18_000);
}

const sipCallId = `m${terminal}7654321-${called.slice(-7)}@pbx`;

describe('a call with secrets in every header and body', () => {
  let call: CallView;
  beforeAll(async () => {
    await markedCall(sipCallId);
    nuisances();
    await refusedCall();
    call = await callOf(sipCallId);
  });

  it('has a ladder at once, which its node still holds, and soon one in the database', async () => {
    const fresh = await ladderOf(call, false);
    const stored = await ladderOf(call, true);
    expect(stored.messages.slice(0, fresh.messages.length)).toEqual(fresh.messages);
    const of = (party: string): string[] =>
      stored.messages
        .filter((message) => message.party === party)
        .map(({ direction, startLine }) => `${direction} ${startLine.replace(/ sip:.*| OK$/, '')}`);
    const dialog = (mine: string, theirs: string): string[] => [
      ...[
        `${theirs} INFO`,
        `${mine} SIP/2.0 200 ${secret}`,
        `${theirs} NOTIFY`,
        `${mine} SIP/2.0 200 ${secret}`,
      ],
      ...[`${theirs} MESSAGE`, `${mine} SIP/2.0 200 ${secret}`],
    ];
    expect(of('caller')).toEqual([
      ...[
        'received INVITE',
        'sent SIP/2.0 100 Trying',
        `sent SIP/2.0 180 ${secret}`,
        'sent SIP/2.0 200',
        'received ACK',
      ],
      ...[...dialog('sent', 'received'), 'sent BYE', 'received SIP/2.0 200'],
    ]);
    expect(of('callee')).toEqual([
      ...['sent INVITE', `received SIP/2.0 180 ${secret}`, 'received SIP/2.0 200', 'sent ACK'],
      ...[...dialog('received', 'sent'), 'received BYE', 'sent SIP/2.0 200'],
    ]);
    expect(stored.legs.map(({ party, peerId }) => [party, peerId])).toEqual([
      ['caller', 'pbx'],
      ['callee', 'carrier'],
    ]);
    expect(stored.messages[0]?.remote).toBe(`127.0.0.1:${pbx.port}`);
  });

  it('keeps headers and SDP, but no credential, no key, no digit and no message', async () => {
    const { messages } = await ladderOf(call, true);
    const text = JSON.stringify(messages);
    expect(text).toContain(`Identity: ${secret}`);
    expect(text).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:[removed]');
    expect(text).toContain('[application/dtmf-relay, 39 bytes]');
    expect(text).not.toContain(digits);
    for (const line of messages.flatMap(({ headers, body }) => [
      ...headers.split('\r\n'),
      ...body.split('\r\n'),
    ])) {
      if (/authorization|api-key|^a=|^k=|contact/i.test(line)) expect(line).not.toContain(secret);
    }
  });

  it('is drawn as text that no terminal obeys', async () => {
    const reply = await node.api.request(`/api/v1/calls/${call.id}/ladder?format=text&messages=1`);
    expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const text = await reply.text();
    expect(text).toMatch(/\+\d+\.\d{3} {2}\|-+ INVITE \(SDP\) -+>\| {31}\| {2}1 {2}udp 127\.0\.0\.1:\d+\n/);
    expect(text).toContain('\\x1b[2J\\x9b31m');
    expect(text).not.toMatch(/[^\P{C}\n]/u);
  });
});

describe('a refused call whose ACK was lost', () => {
  it('shows what was repeated, and the ladder is written to the database after it', async () => {
    const ladder = await ladderOf(await callOf('refused'), true);
    const repeated = ladder.messages.filter(({ retransmission }) => retransmission);
    expect(repeated.length).toBeGreaterThan(1);
    for (const { party, startLine } of repeated)
      expect([party, startLine]).toEqual(['caller', 'SIP/2.0 486 Busy Here']);
  });
});

describe('the log at level debug', () => {
  const lines = (): Record<string, unknown>[] =>
    node.output
      .split('\n')
      .filter((line) => line.startsWith('{"level"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('has one line a call, which says what an operator asks first', async () => {
    const { id } = await callOf(sipCallId);
    const ended = lines().filter(({ msg, callId }) => msg === 'call-ended' && callId === id);
    expect(ended).toEqual([
      expect.objectContaining({
        ...{
          role: 'proxy',
          direction: 'outbound',
          callerPeer: 'pbx',
          calleePeer: 'carrier',
          ruleId: 'nobody',
        },
        ...{
          from: '+352…54',
          to: '+352…67',
          outcome: 'success',
          reason: 'answered',
          status: 200,
          attempts: 1,
        },
        ...{ callerCodec: 'PCMU', calleeCodec: 'PCMU', retransmissions: 0, recordingId: null },
        ...{ callerSipCallId: `m${terminal}7654321-…@pbx` },
      }),
    ]);
    for (const key of ['setupMs', 'ringMs', 'talkMs']) expect(ended[0]?.[key]).toBeGreaterThanOrEqual(0);
    const { id: refused } = await callOf('refused');
    expect(lines().find(({ msg, callId }) => msg === 'call-ended' && callId === refused)).toMatchObject({
      ...{ outcome: 'upstream', reason: 'busy', status: 486, talkMs: null },
    });
  });

  it('has no secret, no digit that was dialled, no number of anybody', () => {
    expect(node.output.length).toBeGreaterThan(1_000);
    for (const word of [secret, digits, caller.slice(4), called.slice(4), 'forged']) {
      expect(node.output).not.toContain(word);
    }
  });

  it('has nothing but whole lines of printable ASCII, whatever a peer wrote', () => {
    expect(node.output).toMatch(/^[\x20-\x7e\n]+$/);
    const rest = node.output.split('\n').filter((line) => !line.startsWith('{"level"'));
    expect(rest.join('\n')).toMatch(/^ONRECORD_READY\n\{"sip":.*\}\n*$/);
  });
});

describe('/metrics', () => {
  it('counts by method, class and repetition, and has no word of a peer', async () => {
    const page = await (await node.api.request('/metrics')).text();
    const wanted = [
      'onrecord_sip_requests_total{direction="received",method="INFO"',
      'onrecord_sip_requests_total{direction="received",method="other"',
      'onrecord_sip_responses_total{direction="sent",class="4xx"',
      'onrecord_sip_retransmissions_total{direction="sent"',
      'onrecord_sip_response_seconds_bucket{method="INVITE"',
      'onrecord_sip_calls{phase="up"',
      'onrecord_sip_ladders_total{outcome="kept"',
    ];
    expect(wanted.filter((series) => !page.includes(series))).toEqual([]);
    for (const word of [secret, digits, caller.slice(4), called.slice(4)]) expect(page).not.toContain(word);
  });
});
