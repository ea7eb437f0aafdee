import { parseAddressPrefix } from '../../src/signalling/address-prefix.ts';
import { stepCall, startCall, type Step } from '../../src/signalling/call-machine.ts';
import { newCall } from '../../src/signalling/call-birth.ts';
import { askOwn, sendOwnRequests } from '../../src/signalling/call-own.ts';
import { Turn } from '../../src/signalling/turn.ts';
import type {
  Attempt,
  CallEffect,
  CallEvent,
  CallState,
  LegPeer,
  OwnAsk,
} from '../../src/signalling/call-state.ts';
import type { SrtpPolicy } from '../../src/sdp/media-security.ts';
import { readInvite } from '../../src/signalling/incoming-invite.ts';
import type { Admission, LocalMedia, NegotiatedMedia } from '../../src/signalling/ports.ts';
import type { Hop } from '../../src/signalling/transaction-layer.ts';
import type { DigestCredentials } from '../../src/sip/digest-client.ts';
import { defaultSession, type SessionWishes } from '../../src/sip/session-timer.ts';
import { SipHeaders, type SipRequest, type SipResponse } from '../../src/sip/message.ts';

type Lines = readonly (readonly [string, string])[];

const hops: Record<string, Hop> = {
  caller: { listener: 'lan', transport: 'udp', address: '192.0.2.1', port: 5060 },
  callee: { listener: 'lan', transport: 'udp', address: '198.51.100.1', port: 5070 },
  second: { listener: 'lan', transport: 'udp', address: '198.51.100.2', port: 5070 },
};

export const local: Record<'caller' | 'callee', LocalMedia> = {
  caller: { address: '203.0.113.1', rtpPort: 20_000, rtcpPort: 20_001 },
  callee: { address: '203.0.113.1', rtpPort: 20_002, rtcpPort: 20_003 },
};

export function sdp(address: string, port: number, formats = '0 8', ...attributes: string[]): string {
  return [
    ...['v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0'],
    ...[`m=audio ${port} RTP/AVP ${formats}`, ...attributes.map((attribute) => `a=${attribute}`), ''],
  ].join('\r\n');
}

export const callerSdp = sdp('192.0.2.1', 4000);
export const calleeSdp = sdp('198.51.100.1', 6000, '8');

function message(lines: Lines, body: string): { headers: SipHeaders; body: Uint8Array } {
  const headers = new SipHeaders(lines.map(([name, value]) => ({ name, value })));
  if (body !== '' && headers.count('content-type') === 0) headers.append('Content-Type', 'application/sdp');
  return { headers, body: Buffer.from(body, 'latin1') };
}

export function callerInvite(body: string = callerSdp, extra: Lines = []): SipRequest {
  return {
    ...{ type: 'request', method: 'INVITE', uri: 'sip:+352123@203.0.113.1:5060;user=phone' },
    ...message(
      [
        ['Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa'],
        ['From', '"Ann" <sip:100@pbx.example;user=phone>;tag=ann'],
        ['To', '<sip:+352123@203.0.113.1>'],
        ['Call-ID', 'call-a'],
        ['CSeq', '1 INVITE'],
        ['Max-Forwards', '50'],
        ['Contact', '<sip:100@192.0.2.1:5060>'],
        ...extra,
      ],
      body,
    ),
  };
}

export interface SceneOptions {
  /** Whether the PBX is behind NAT. */
  readonly nat?: boolean;
  /** By peer: `pbx` and `carrier`. */
  readonly srtp?: Readonly<Record<string, SrtpPolicy>>;
  readonly invite?: SipRequest;
  readonly attempts?: readonly ('callee' | 'second')[];
  readonly admission?: Admission;
  /** What every callee's peer knows us by. */
  readonly credentials?: DigestCredentials;
  /** `sip.sessionTimer`. */
  readonly session?: SessionWishes;
  readonly emergency?: boolean;
  /** Stops before the director has answered. */
  readonly cold?: boolean;
  /** Peers outside of the trust domain: `pbx`, `carrier`. */
  readonly untrusted?: readonly string[];
  /** What becomes of the REFERs of either peer. */
  readonly refer?: 'refuse' | 'relay';
}

/** A caller that acknowledges provisionals and takes UPDATE. */
export function ableInvite(body: string = callerSdp): SipRequest {
  return callerInvite(body, able);
}

export const able: Lines = [
  ['Supported', '100rel'],
  ['Allow', 'INVITE, ACK, CANCEL, BYE, PRACK, UPDATE'],
];

/** One call machine under a script: events go in by name, effects come out as short lines. */
export class Scene {
  state: CallState;
  /** What the caller sent first. */
  readonly invite: SipRequest;
  readonly sent: Extract<CallEffect, { type: 'send' }>[] = [];
  readonly responses: { transaction: string; response: SipResponse }[] = [];
  readonly acks: SipRequest[] = [];
  /** Everything that went in and came out, in order. */
  readonly traffic: (
    | { readonly way: 'in'; readonly event: CallEvent }
    | { readonly way: 'out'; readonly effect: CallEffect }
  )[] = [];
  readonly warnings: Omit<Extract<CallEffect, { type: 'warn' }>, 'type'>[] = [];
  /** What the director was told and asked, in order. */
  readonly told: string[] = [];
  /** What media was told of the legs. */
  readonly media: NegotiatedMedia[] = [];
  /** Timers, each time that one was set. */
  readonly begun: string[] = [];
  /** Transactions of requests in dialog that came in. */
  readonly received: string[] = [];
  /** Our tag in the caller's requests. */
  callerSees = 'us';
  #lines: string[] = [];
  #timers = new Map<string, number>();
  #transactions = 1;
  #cseq = { caller: 1, callee: 100 };
  #inviteCSeq = { caller: 1, callee: 100 };

  constructor({
    invite = callerInvite(),
    attempts = ['callee'],
    admission,
    credentials,
    session = defaultSession,
    emergency = false,
    cold,
    untrusted = [],
    refer = 'refuse',
    nat = false,
    srtp = {},
  }: SceneOptions = {}) {
    this.invite = invite;
    const read = readInvite(invite, () => emergency, { srtp: srtp.pbx ?? 'off' });
    if (!read.ok) throw new Error(`refused with ${read.error.status}`);
    const peer = (id: string): LegPeer => ({
      ...{
        id,
        listener: 'lan',
        transport: 'udp',
        nat: nat && id === 'pbx',
        srtp: srtp[id] ?? 'off',
        contact: '<sip:203.0.113.1:5060>',
      },
      match: [parseAddressPrefix('192.0.2.0/24')!, parseAddressPrefix('198.51.100.0/24')!],
      credentials: id === 'carrier' ? (credentials ?? null) : null,
      trusted: !untrusted.includes(id),
      refer,
      controls: id === 'pbx',
      recordHeader: id === 'pbx' ? 'x-record' : null,
      host: id === 'carrier' ? 'carrier.example' : '203.0.113.1',
    });
    this.state = newCall({
      facts: {
        ...{
          callId: 'uuid',
          direction: 'outbound',
          callerPeer: 'pbx',
          calleePeer: 'carrier',
          emergency,
        },
        ...{ from: read.value.from, to: read.value.to, callerSipCallId: 'call-a' },
        ...{ headers: new Map(), offered: read.value.offered },
      },
      invite: read.value,
      transaction: { id: 'caller-1', request: invite, source: hops.caller! },
      tokens: {
        ...{ callerTag: 'us', calleeTag: 'we', calleeCallId: 'call-b', clientNonce: 'cn' },
        ...{ callerSession: '11', calleeSession: '22', retryAfterSeconds: 7, backOffMs: 330, firstRSeq: 100 },
        srtpSecret: new Uint8Array(32).fill(7),
      },
      limits: { ringMs: 180_000, session },
      caller: peer('pbx'),
      attempts: attempts.map((name): Attempt => {
        const hop = hops[name]!;
        return {
          ...{ peer: peer('carrier'), inviteTimeoutMs: 4000 },
          target: { host: hop.address, port: hop.port, hop },
          routes: [],
        };
      }),
    });
    this.#take(startCall(this.state));
    if (cold === true) return;
    this.step({
      type: 'admitted',
      admission: admission ?? { kind: 'accept', encodings: null, narrowing: 'must' },
    });
    if (this.state.phase === 'opening') this.step({ type: 'opened', local });
  }

  /** What has come out since the last look. */
  look(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  step(event: CallEvent): this {
    const before = JSON.stringify(event);
    this.traffic.push({ way: 'in', event });
    this.#take(stepCall(this.state, event));
    if (JSON.stringify(event) !== before) throw new Error('the machine wrote to its event');
    return this;
  }

  /** A request of our own, as a session timer or a change that the party was not told of asks for it. */
  ask(party: 'caller' | 'callee', ask: OwnAsk): this {
    const turn = new Turn(this.state);
    askOwn(turn, party, ask);
    sendOwnRequests(turn);
    this.#take({ state: turn.call, effects: turn.effects });
    return this;
  }

  /** Runs a timer out; it has to be running. */
  expire(name: Extract<CallEvent, { type: 'timer' }>['name']): this {
    if (!this.#timers.delete(name)) throw new Error(`timer ${name} does not run`);
    return this.step({ type: 'timer', name });
  }

  get timers(): string[] {
    return [...this.#timers.keys()];
  }

  timer(name: string): number | null {
    return this.#timers.get(name) ?? null;
  }

  /** The newest request of this method that went to a party. */
  request(method: string): Extract<CallEffect, { type: 'send' }> {
    const found = this.sent.findLast(({ request }) => request.method === method);
    if (found === undefined) throw new Error(`no ${method} was sent`);
    return found;
  }

  /** A response to the newest request of this method. */
  answer(
    method: string,
    status: number,
    {
      tag = 'bob',
      body = '',
      extra = [],
      client = this.request(method).client,
      from = 'callee',
    }: {
      tag?: string | null;
      body?: string;
      extra?: Lines;
      client?: string;
      from?: string;
    } = {},
  ): this {
    const { request, hop } = this.sent.findLast((one) => one.client === client)!;
    const to = request.headers.first('to') ?? '';
    const response: SipResponse = {
      ...{ type: 'response', status, phrase: `Phrase ${status}` },
      ...message(
        [
          ['From', request.headers.first('from') ?? ''],
          ['To', tag === null || to.includes(';tag=') ? to : `${to};tag=${tag}`],
          ['Call-ID', request.headers.first('call-id') ?? ''],
          ['CSeq', request.headers.first('cseq') ?? ''],
          ['Contact', `<sip:bob@${hop.address}:${hop.port}>`],
          ...extra,
        ],
        body,
      ),
    };
    return this.step({ type: 'response', client, response, source: hops[from]! });
  }

  /** A provisional of the callee that wants its PRACK. */
  reliably(status: number, rseq: number, how: { tag?: string; body?: string; extra?: Lines } = {}): this {
    const extra: Lines = [['Require', '100rel'], ['RSeq', String(rseq)], ...(how.extra ?? [])];
    return this.answer('INVITE', status, { ...how, extra });
  }

  /** The caller's PRACK for the provisional of this RSeq; gives its transaction's name. */
  prack(rseq: number, body = '', cseq = this.#inviteCSeq.caller): string {
    return this.from('caller', 'PRACK', { body, extra: [['RAck', `${rseq} ${cseq} INVITE`]] });
  }

  fail(method: string, cause: 'timeout' | 'transport'): this {
    return this.step({ type: 'client-failed', client: this.request(method).client, cause });
  }

  /** The caller's ACK to our newest 2xx. */
  callerAck(body = '', cseq = this.#inviteCSeq.caller): this {
    return this.step({ type: 'ack', party: 'caller', request: this.#inDialog('caller', 'ACK', body, cseq) });
  }

  calleeAck(body = ''): this {
    const request = this.#inDialog('callee', 'ACK', body, this.#inviteCSeq.callee);
    return this.step({ type: 'ack', party: 'callee', request });
  }

  /** A request of a party within its dialog; gives its transaction's name. */
  from(
    party: 'caller' | 'callee',
    method: string,
    {
      body = '',
      extra = [],
      tag,
      cseq = ++this.#cseq[party],
    }: { body?: string; extra?: Lines; tag?: string; cseq?: number } = {},
  ): string {
    const transaction = `${party}-${++this.#transactions}`;
    this.received.push(transaction);
    if (method === 'INVITE') this.#inviteCSeq[party] = cseq;
    const request = this.#inDialog(party, method, body, cseq, extra, tag);
    this.step({ type: 'request', party, transaction, request, source: hops[party]! });
    return transaction;
  }

  #inDialog(
    party: 'caller' | 'callee',
    method: string,
    body: string,
    cseq: number,
    extra: Lines = [],
    tag = party === 'caller' ? 'ann' : 'bob',
  ): SipRequest {
    const ours = party === 'caller' ? this.callerSees : 'we';
    return {
      ...{ type: 'request', method, uri: 'sip:203.0.113.1:5060' },
      ...message(
        [
          ['Via', `SIP/2.0/UDP ${party};branch=z9hG4bK${cseq}${method}`],
          ['From', `<sip:x@example>;tag=${tag}`],
          ['To', `<sip:y@example>;tag=${ours}`],
          ['Call-ID', party === 'caller' ? 'call-a' : (this.state.callee?.callId ?? 'call-b')],
          ['CSeq', `${cseq} ${method}`],
          ['Max-Forwards', '70'],
          ...extra,
        ],
        body,
      ),
    };
  }

  /** Up to the caller's ACK, and forgets what came out. */
  static up(options: SceneOptions = {}): Scene {
    const scene = new Scene(options).answer('INVITE', 200, { body: calleeSdp }).callerAck();
    scene.look();
    return scene;
  }

  #take({ state, effects }: Step): void {
    this.state = state;
    for (const effect of effects) {
      this.#keep(effect);
      const line = lineOf(effect);
      if (line !== null) this.#lines.push(line);
    }
  }

  #keep(effect: CallEffect): void {
    this.traffic.push({ way: 'out', effect });
    if (['admit', 'open-media', 'early', 'connect', 'answered', 'hung-up', 'ended'].includes(effect.type)) {
      this.told.push(effect.type);
    }
    if (effect.type === 'connect') this.media.push(effect.media);
    if (effect.type === 'send') this.sent.push(effect);
    if (effect.type === 'respond') this.responses.push(effect);
    if (effect.type === 'ack') this.acks.push(effect.request);
    if (effect.type === 'warn') this.warnings.push({ event: effect.event, fields: effect.fields });
    if (effect.type === 'set-timer') {
      this.begun.push(effect.name);
      this.#timers.set(effect.name, effect.delayMs);
    }
    if (effect.type === 'clear-timer') this.#timers.delete(effect.name);
  }
}

function lineOf(effect: CallEffect): string | null {
  switch (effect.type) {
    case 'respond':
      return `${effect.response.status} to ${effect.transaction}${effect.response.body.length > 0 ? ' with SDP' : ''}`;
    case 'send':
      return `${effect.request.method} to ${nameOf(effect.hop)}${effect.request.body.length > 0 ? ' with SDP' : ''}`;
    case 'ack':
      return `ACK to ${nameOf(effect.hop)}${effect.request.body.length > 0 ? ' with SDP' : ''}`;
    case 'cancel':
      return 'CANCEL';
    case 'connect': {
      const { remote, receives, sends, formats } = effect.media;
      const direction = receives ? (sends ? 'sendrecv' : 'recvonly') : sends ? 'sendonly' : 'inactive';
      const types = formats.map(({ payloadType }) => payloadType).join(',');
      return `connect ${effect.party} ${remote?.port ?? 'none'} ${direction} ${types}`;
    }
    case 'ended':
      return `ended ${effect.end.outcome}/${effect.end.reason}`;
    case 'admit':
    case 'open-media':
    case 'early':
    case 'unheard':
    case 'ringing':
    case 'answered':
      return effect.type;
    case 'control':
      return `control ${effect.action} by ${effect.by} of ${effect.party}${effect.answer === null ? '' : ', to be answered'}`;
    case 'code':
      return `code ${effect.code} of ${effect.party}`;
    case 'key':
      return `key ${effect.key} of ${effect.party}`;
    case 'accepted':
    case 'hung-up':
    case 'claim':
    case 'set-timer':
    case 'clear-timer':
    case 'warn':
      return null;
  }
}

function nameOf(hop: Hop): string {
  return (
    Object.entries(hops).find(([, { address }]) => address === hop.address)?.[0] ??
    `${hop.address}:${hop.port}`
  );
}
