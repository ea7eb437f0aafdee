import fc from 'fast-check';
import type { CallEvent } from '../../src/signalling/call-state.ts';
import type { SipRequest } from '../../src/sip/message.ts';
import { able, ableInvite, calleeSdp, callerInvite, callerSdp, local, Scene, sdp } from './call-scene.ts';

const challenge = ['Proxy-Authenticate', 'Digest realm="r", nonce="n", qop="auth"'] as const;
const staleChallenge = ['WWW-Authenticate', 'Digest realm="r", nonce="m", stale=true'] as const;
const refreshedByUs = ['Session-Expires', '1800;refresher=uac'] as const;
const admission = { kind: 'accept', encodings: null, narrowing: 'must' } as const;
const narrowed = { kind: 'accept', encodings: ['PCMA/8000'], narrowing: 'prefer' } as const;
/** We speak one of the two codecs that the caller offers. */
const announced = { ...admission, tellFirst: ['PCMA/8000'] };
const answering = { ...announced, tellBy: 'answer' } as const;
const allow = able.slice(1);
const otherSdp = sdp('198.51.100.1', 6200, '8', 'sendonly');

/** What may happen to a call, at any time. A stroke that makes no sense then is left out. */
const strokes: Record<string, (scene: Scene) => unknown> = {
  admit: (scene) => scene.step({ type: 'admitted', admission }),
  admitNarrow: (scene) => scene.step({ type: 'admitted', admission: narrowed }),
  admitTelling: (scene) => scene.step({ type: 'admitted', admission: announced }),
  admitAnswering: (scene) => scene.step({ type: 'admitted', admission: answering }),
  dial: (scene) => scene.step({ type: 'dial' }),
  open: (scene) => scene.step({ type: 'opened', local }),
  noPorts: (scene) => scene.step({ type: 'opened', local: null }),
  ack: (scene) => scene.callerAck(),
  ackAnswer: (scene) => scene.callerAck(callerSdp),
  calleeAck: (scene) => scene.calleeAck(),
  cancel: (scene) => scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null }),
  callerBye: (scene) => scene.from('caller', 'BYE'),
  calleeBye: (scene) => scene.from('callee', 'BYE'),
  forkBye: (scene) => {
    inFork(scene, 'us.1', () => scene.from('caller', 'BYE'));
  },
  callerHold: (scene) => scene.from('caller', 'INVITE', { body: callerSdp, extra: able }),
  calleeHold: (scene) => scene.from('callee', 'INVITE', { body: calleeSdp }),
  callerRefresh: (scene) => scene.from('caller', 'INVITE', { body: callerSdp, extra: [refreshedByUs] }),
  timedUpdate: (scene) => scene.from('caller', 'UPDATE', { extra: [refreshedByUs] }),
  callerBare: (scene) => scene.from('caller', 'INVITE'),
  callerUpdate: (scene) => scene.from('caller', 'UPDATE', { body: sdp('192.0.2.1', 4100, '0 8') }),
  calleeUpdate: (scene) => scene.from('callee', 'UPDATE', { body: otherSdp }),
  forkUpdate: (scene) => scene.from('callee', 'UPDATE', { body: otherSdp, tag: 'carol' }),
  bareUpdate: (scene) => scene.from('caller', 'UPDATE'),
  prack: (scene) => {
    prack(scene, '');
  },
  prackAnswer: (scene) => {
    prack(scene, callerSdp);
  },
  info: (scene) => scene.from('caller', 'INFO'),
  hangUp: (scene) => scene.step({ type: 'hang-up', reason: 'media-timeout' }),
  callerLost: (scene) => scene.step({ type: 'server-failed', transaction: 'caller-1', cause: 'transport' }),
  refresh: (scene) => scene.ask('callee', { purpose: 'refresh', method: 'INVITE', headers: [] }),
};

type Reply = (scene: Scene) => unknown;

/** What the layer below may report of the newest request of a method, while it still waits for it. */
const replies: Record<string, Record<string, Reply>> = {
  INVITE: {
    trying: (scene) => scene.answer('INVITE', 100),
    ring: (scene) => scene.answer('INVITE', 180),
    early: (scene) => scene.answer('INVITE', 183, { tag: 'carol', body: calleeSdp }),
    reliable1: (scene) => scene.reliably(183, 1, { body: calleeSdp, extra: allow }),
    reliable2: (scene) => scene.reliably(180, 2),
    reliable3: (scene) => scene.reliably(183, 3, { body: otherSdp }),
    reliableFork: (scene) => scene.reliably(183, 1, { tag: 'carol', body: otherSdp, extra: allow }),
    forkEnds: (scene) => scene.answer('INVITE', 199, { tag: 'carol' }),
    accept: (scene) => scene.answer('INVITE', 200, { body: calleeSdp, extra: allow }),
    acceptTimed: (scene) =>
      scene.answer('INVITE', 200, { body: calleeSdp, extra: [refreshedByUs, ...allow] }),
    acceptOther: (scene) => scene.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '0') }),
    acceptFork: (scene) => scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp }),
    acceptBare: (scene) => scene.answer('INVITE', 200),
    foreignOffer: (scene) => scene.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '18') }),
    busy: (scene) => scene.answer('INVITE', 486),
    unacceptable: (scene) => scene.answer('INVITE', 488),
    pending: (scene) => scene.answer('INVITE', 491),
    unavailable: (scene) => scene.answer('INVITE', 503),
    shortInterval: (scene) => scene.answer('INVITE', 422, { extra: [['Min-SE', '3600']] }),
    gone: (scene) => scene.answer('INVITE', 481),
    challenged: (scene) => scene.answer('INVITE', 407, { extra: [challenge] }),
    challengedStale: (scene) => scene.answer('INVITE', 401, { extra: [staleChallenge] }),
    timeout: (scene) => scene.fail('INVITE', 'timeout'),
    broken: (scene) => scene.fail('INVITE', 'transport'),
  },
  INFO: {
    infoAnswer: (scene) => scene.answer('INFO', 200),
    infoGone: (scene) => scene.answer('INFO', 481),
    infoChallenged: (scene) => scene.answer('INFO', 407, { extra: [challenge] }),
  },
  UPDATE: {
    updateAnswer: (scene) => scene.answer('UPDATE', 200, { body: calleeSdp }),
    updateBare: (scene) => scene.answer('UPDATE', 200),
    updateTimed: (scene) => scene.answer('UPDATE', 200, { extra: [refreshedByUs] }),
    updateGone: (scene) => scene.answer('UPDATE', 481),
    updateRefused: (scene) => scene.answer('UPDATE', 491),
    updateTimeout: (scene) => scene.fail('UPDATE', 'timeout'),
  },
  PRACK: {
    prackDone: (scene) => scene.answer('PRACK', 200),
    prackAnswered: (scene) => scene.answer('PRACK', 200, { body: calleeSdp }),
    prackRefused: (scene) => scene.answer('PRACK', 488),
    prackChallenged: (scene) => scene.answer('PRACK', 407, { extra: [challenge] }),
  },
  BYE: {
    byeChallenged: (scene) => scene.answer('BYE', 401, { extra: [staleChallenge] }),
    byeAnswer: (scene) => scene.answer('BYE', 200),
    byeTimeout: (scene) => scene.fail('BYE', 'timeout'),
  },
};

type TimerName = Extract<CallEvent, { type: 'timer' }>['name'];

const timers: readonly string[] = [
  ...['retransmit', 'ack-wait', 'ring', 'exchange', 'cancel-wait', 'admission', 'release'],
  ...['expiry-caller', 'expiry-callee', 'refresh-caller', 'refresh-callee'],
  ...['own-caller', 'own-callee', 'prack us', 'prack us.1', 'prack we'],
];

/** The caller speaks in the dialog that has this tag of ours. */
function inFork(scene: Scene, tag: string, speak: () => void): void {
  const before = scene.callerSees;
  scene.callerSees = tag;
  speak();
  scene.callerSees = before;
}

/** For the newest reliable provisional, in its dialog. */
function prack(scene: Scene, body: string): void {
  const newest = scene.responses.findLast(({ response }) => response.headers.count('rseq') > 0)?.response;
  if (newest === undefined) return;
  const tag = /;tag=([^;]+)/.exec(newest.headers.first('to') ?? '')?.[1] ?? 'us';
  inFork(scene, tag, () => scene.prack(Number(newest.headers.first('rseq')), body));
}

/** Clients that the layer below has reported the end of; of an INVITE that was answered 2xx, only 2xx come. */
class Layer {
  readonly #over = new Map<string, 'accepted' | 'over'>();

  reply(scene: Scene, method: string, reply: Reply): void {
    const client = scene.sent.findLast(({ request }) => request.method === method)?.client;
    if (client === undefined || this.#over.get(client) === 'over') return;
    const sent = scene.sent.length;
    const heard = scene.traffic.length;
    if (this.#over.get(client) === 'accepted' && !isAccept(reply)) return;
    reply(scene);
    const event = scene.traffic[heard];
    if (event?.way !== 'in') return;
    const status = event.event.type === 'response' ? event.event.response.status : 600;
    const again = scene.sent.slice(sent).some((one) => one.client === client);
    if (status >= 200 && !again) {
      this.#over.set(client, method === 'INVITE' && status < 300 ? 'accepted' : 'over');
    }
  }
}

function isAccept(reply: Reply): boolean {
  const { INVITE = {} } = replies;
  return [
    INVITE['accept'],
    INVITE['acceptOther'],
    INVITE['acceptTimed'],
    INVITE['acceptFork'],
    INVITE['acceptBare'],
  ].includes(reply);
}

/** Both `opened` and `admitted` are answers to a question; only then do they come, and once. */
function mayCome(stroke: string, { state }: Scene, opened: boolean): boolean {
  const { phase, awaiting, local: known } = state;
  if (stroke.startsWith('admit')) return awaiting && known === null && !opened;
  if (stroke === 'open' || stroke === 'noPorts') return awaiting && opened;
  // Who speaks is not heard any more once the call is over.
  return phase !== 'over';
}

const invites: Record<string, SipRequest> = {
  plain: callerInvite(),
  late: callerInvite(''),
  able: ableInvite(),
  ableLate: ableInvite(''),
  requires: callerInvite(callerSdp, [
    ['Require', '100rel'],
    ['Supported', '199'],
  ]),
};

export interface History {
  readonly invite: string;
  readonly script: readonly string[];
}

/** Our tag in the dialog that a 2xx has made with the caller. */
function confirmedTag({ responses }: Scene): string | undefined {
  const accepted = responses.find(
    ({ transaction, response }) =>
      transaction === 'caller-1' && response.status >= 200 && response.status < 300,
  );
  return /;tag=([^;]+)/.exec(accepted?.response.headers.first('to') ?? '')?.[1];
}

export function play({ invite, script }: History): { scene: Scene; lines: string[] } {
  const scene = new Scene({
    cold: true,
    attempts: ['callee', 'second'],
    credentials: { username: 'u', password: 'p', realm: 'r' },
    invite: invites[invite]!,
  });
  const layer = new Layer();
  const lines = scene.look();
  for (const stroke of script) {
    const method = Object.keys(replies).find((name) => stroke in replies[name]!);
    if (timers.includes(stroke)) {
      if (scene.timer(stroke) !== null) scene.expire(stroke as TimerName);
    } else if (method !== undefined) {
      layer.reply(scene, method, replies[method]![stroke]!);
    } else if (mayCome(stroke, scene, lines.includes('open-media'))) {
      strokes[stroke]?.(scene);
    }
    lines.push(...scene.look());
    scene.callerSees = confirmedTag(scene) ?? 'us';
  }
  return { scene, lines };
}

/** Time runs on, nobody says anything any more, and the layer reports what it gives up. `release` is not to be needed. */
export function runOut(scene: Scene): string[] {
  if (scene.state.awaiting) scene.step({ type: 'opened', local: null });
  for (let turn = 0; turn < 200 && scene.state.phase !== 'over'; turn++) {
    const [bye] = scene.state.byes.keys();
    const running = scene.timers.find((name) => name !== 'release' && name !== 'retransmit');
    if (bye !== undefined) scene.step({ type: 'client-failed', client: bye, cause: 'timeout' });
    else if (running !== undefined) scene.expire(running as TimerName);
    else if (scene.state.phase === 'up') scene.step({ type: 'hang-up', reason: 'shutdown' });
  }
  // What went on and was never answered: the layer gives it up as well (Timer F).
  for (const client of scene.state.relays.keys())
    scene.step({ type: 'client-failed', client, cause: 'timeout' });
  return scene.look();
}

/** What makes or answers an offer is what most can go wrong with. */
const offering = [
  ...[
    'reliable1',
    'reliable2',
    'reliableFork',
    'prack',
    'prackAnswer',
    'prackDone',
    'prackAnswered',
    'accept',
  ],
  ...['callerUpdate', 'calleeUpdate', 'updateAnswer', 'callerHold', 'calleeHold', 'refresh', 'ackAnswer'],
];
const words = [
  ...[...Object.keys(strokes), ...Object.values(replies).flatMap((of) => Object.keys(of)), ...timers],
  ...[...offering, ...offering, ...offering],
];

/** Most histories begin like a call does; the rest is for what nobody thought of. */
export const histories: fc.Arbitrary<History> = fc
  .record({
    invite: fc.constantFrom(...Object.keys(invites)),
    first: fc.constantFrom(
      [],
      ['admit'],
      ['admit', 'open'],
      ['admit', 'open', 'ring'],
      ['admitNarrow', 'open'],
      ['admitNarrow', 'open', 'unacceptable'],
      ['admit', 'open', 'early', 'reliable1'],
      ['admit', 'open', 'reliable1', 'prackAnswer', 'prackDone'],
      ['admitTelling', 'open'],
      ['admitTelling', 'open', 'prack', 'dial'],
      ['admitTelling', 'open', 'prackAnswer', 'dial'],
      ['admitTelling', 'open', 'prackAnswer', 'dial', 'unacceptable'],
      ['admitAnswering', 'open', 'ackAnswer', 'dial'],
      ['admitTelling', 'open', 'dial', 'unacceptable'],
      ['admitTelling', 'open', 'prack', 'dial', 'reliable1', 'unacceptable'],
      ['admitTelling', 'open', 'prack', 'dial', 'accept', 'ack'],
      ['admit', 'open', 'accept'],
      ['admit', 'open', 'accept', 'ackAnswer'],
      ['admit', 'open', 'accept', 'ackAnswer', 'refresh'],
      ['admit', 'open', 'acceptTimed', 'ack', 'refresh-callee'],
      ['admit', 'open', 'accept', 'ackAnswer', 'callerUpdate'],
    ),
    rest: fc.array(fc.constantFrom(...words), { maxLength: 30, size: 'max' }),
  })
  .map(({ invite, first, rest }) => ({ invite, script: [...first, ...rest] }));
