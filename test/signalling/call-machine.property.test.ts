import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallEvent } from '../../src/signalling/call-state.ts';
import { calleeSdp, callerInvite, callerSdp, local, Scene, sdp } from './call-scene.ts';

const challenge = ['Proxy-Authenticate', 'Digest realm="r", nonce="n", qop="auth"'] as const;
const refreshedByUs = ['Session-Expires', '1800;refresher=uac'] as const;
const allowsUpdate = ['Allow', 'INVITE, BYE, UPDATE'] as const;
const staleChallenge = ['WWW-Authenticate', 'Digest realm="r", nonce="m", stale=true'] as const;

/** What may happen to a call, at any time. A stroke that makes no sense then is left out. */
const strokes: Record<string, (scene: Scene) => void> = {
  admit: (scene) =>
    scene.step({ type: 'admitted', admission: { kind: 'accept', encodings: null, narrowing: 'must' } }),
  admitNarrow: (scene) =>
    scene.step({
      type: 'admitted',
      admission: { kind: 'accept', encodings: ['PCMA/8000'], narrowing: 'prefer' },
    }),
  open: (scene) => scene.step({ type: 'opened', local }),
  noPorts: (scene) => scene.step({ type: 'opened', local: null }),
  trying: (scene) => scene.answer('INVITE', 100),
  ring: (scene) => scene.answer('INVITE', 180),
  early: (scene) => scene.answer('INVITE', 183, { tag: 'carol', body: calleeSdp }),
  accept: (scene) => scene.answer('INVITE', 200, { body: calleeSdp }),
  acceptTimed: (scene) =>
    scene.answer('INVITE', 200, { body: calleeSdp, extra: [refreshedByUs, allowsUpdate] }),
  acceptFork: (scene) => scene.answer('INVITE', 200, { tag: 'carol', body: calleeSdp }),
  acceptBare: (scene) => scene.answer('INVITE', 200),
  busy: (scene) => scene.answer('INVITE', 486),
  unacceptable: (scene) => scene.answer('INVITE', 488),
  foreignOffer: (scene) => scene.answer('INVITE', 200, { body: sdp('198.51.100.1', 6000, '18') }),
  unavailable: (scene) => scene.answer('INVITE', 503),
  shortInterval: (scene) => scene.answer('INVITE', 422, { extra: [['Min-SE', '3600']] }),
  gone: (scene) => scene.answer('INVITE', 481),
  challenged: (scene) => scene.answer('INVITE', 407, { extra: [challenge] }),
  challengedStale: (scene) => scene.answer('INVITE', 401, { extra: [staleChallenge] }),
  timeout: (scene) => scene.fail('INVITE', 'timeout'),
  broken: (scene) => scene.fail('INVITE', 'transport'),
  ack: (scene) => scene.callerAck(),
  ackAnswer: (scene) => scene.callerAck(callerSdp),
  calleeAck: (scene) => scene.calleeAck(),
  cancel: (scene) => scene.step({ type: 'cancelled', transaction: 'caller-1', reason: null }),
  callerBye: (scene) => void scene.from('caller', 'BYE'),
  calleeBye: (scene) => void scene.from('callee', 'BYE'),
  callerHold: (scene) => void scene.from('caller', 'INVITE', { body: callerSdp }),
  calleeHold: (scene) => void scene.from('callee', 'INVITE', { body: calleeSdp }),
  callerRefresh: (scene) => void scene.from('caller', 'INVITE', { body: callerSdp, extra: [refreshedByUs] }),
  callerUpdate: (scene) => void scene.from('caller', 'UPDATE', { extra: [refreshedByUs] }),
  updateAnswer: (scene) => scene.answer('UPDATE', 200, { extra: [refreshedByUs] }),
  updateRefused: (scene) => scene.answer('UPDATE', 500),
  updateGone: (scene) => scene.answer('UPDATE', 481),
  callerBare: (scene) => void scene.from('caller', 'INVITE'),
  info: (scene) => void scene.from('caller', 'INFO'),
  infoAnswer: (scene) => scene.answer('INFO', 200),
  infoGone: (scene) => scene.answer('INFO', 481),
  infoChallenged: (scene) => scene.answer('INFO', 407, { extra: [challenge] }),
  byeChallenged: (scene) => scene.answer('BYE', 401, { extra: [staleChallenge] }),
  byeAnswer: (scene) => scene.answer('BYE', 200),
  byeTimeout: (scene) => scene.fail('BYE', 'timeout'),
  hangUp: (scene) => scene.step({ type: 'hang-up', reason: 'media-timeout' }),
  callerLost: (scene) => scene.step({ type: 'server-failed', transaction: 'caller-1', cause: 'transport' }),
};

const timers: Extract<CallEvent, { type: 'timer' }>['name'][] = [
  ...(['retransmit', 'ack-wait', 'ring', 'exchange', 'cancel-wait', 'admission', 'release'] as const),
  ...([
    'own-caller',
    'own-callee',
    'expiry-caller',
    'expiry-callee',
    'refresh-caller',
    'refresh-callee',
  ] as const),
];

/** Both `opened` and `admitted` are answers to a question; only then do they come, and once. */
function mayCome(stroke: string, scene: Scene): boolean {
  const { phase, awaiting } = scene.state;
  if (stroke.startsWith('admit')) return awaiting && scene.state.local === null && !opened.has(scene);
  if (stroke === 'open' || stroke === 'noPorts') return awaiting && opened.has(scene);
  const method =
    /^(?:trying|ring|early|accept.*|busy|unacceptable|foreignOffer|unavailable|gone|shortInterval|challenged.*|timeout|broken)$/.test(
      stroke,
    )
      ? 'INVITE'
      : /^update(?:Answer|Refused|Gone)$/.test(stroke)
        ? 'UPDATE'
        : /^info(?:Answer|Gone|Challenged)$/.test(stroke)
          ? 'INFO'
          : /^bye(?:Answer|Challenged|Timeout)$/.test(stroke)
            ? 'BYE'
            : null;
  if (method !== null) return scene.sent.some(({ request }) => request.method === method);
  return phase !== 'over' || !stroke.startsWith('caller');
}

const opened = new WeakSet<Scene>();

function play(script: readonly string[], late: boolean): { scene: Scene; lines: string[] } {
  const scene = new Scene({
    cold: true,
    attempts: ['callee', 'second'],
    credentials: { username: 'u', password: 'p', realm: 'r' },
    ...(late ? { invite: callerInvite('') } : {}),
  });
  const lines = scene.look();
  for (const stroke of script) {
    if (timers.includes(stroke as (typeof timers)[number])) {
      if (scene.timer(stroke) !== null) scene.expire(stroke as (typeof timers)[number]);
    } else if (mayCome(stroke, scene)) {
      strokes[stroke]?.(scene);
    }
    const seen = scene.look();
    if (seen.includes('open-media')) opened.add(scene);
    lines.push(...seen);
  }
  return { scene, lines };
}

/** Time runs on, nobody says anything any more, and the layer reports what it gives up. `release` is not to be needed. */
function runOut(scene: Scene): string[] {
  if (scene.state.awaiting) scene.step({ type: 'opened', local: null });
  for (let turn = 0; turn < 100 && scene.state.phase !== 'over'; turn++) {
    const [bye] = scene.state.byes.keys();
    const running = timers.find(
      (name) => name !== 'release' && name !== 'retransmit' && scene.timer(name) !== null,
    );
    if (bye !== undefined) scene.step({ type: 'client-failed', client: bye, cause: 'timeout' });
    else if (running !== undefined) scene.expire(running);
    else if (scene.state.phase === 'up') scene.step({ type: 'hang-up', reason: 'shutdown' });
  }
  return scene.look();
}

/** What is wrong with how the director heard of the end. */
function hangUpFaults({ told }: Scene): string[] {
  const at = told.indexOf('hung-up');
  return [
    ...(told.filter((word) => word === 'hung-up').length > 1 ? ['said twice'] : []),
    ...(at < 0 && told.includes('open-media') ? ['not said'] : []),
    ...(at >= 0 && told.indexOf('ended') < at ? ['said after the end'] : []),
    ...(at >= 0 && told.slice(at + 1).some((word) => word !== 'ended') ? ['the call went on'] : []),
  ];
}

describe('any history of a call', () => {
  const history = fc.array(fc.constantFrom(...Object.keys(strokes), ...timers), { maxLength: 40 });
  // Most histories begin like a call does; the rest is for what nobody thought of.
  const begun = fc
    .tuple(
      fc.constantFrom(
        [],
        ['admit'],
        ['admit', 'open'],
        ['admit', 'open', 'ring'],
        ['admitNarrow', 'open'],
        ['admitNarrow', 'open', 'unacceptable'],
        ['admit', 'open', 'accept'],
        ['admit', 'open', 'acceptTimed', 'ack', 'refresh-callee'],
        ['admit', 'open', 'accept', 'ackAnswer'],
      ),
      history,
    )
    .map(([first, rest]) => [...first, ...rest]);

  it('ends once, with both legs closed and no timer left, however it went', () => {
    fc.assert(
      fc.property(begun, fc.boolean(), (script, late) => {
        const { scene, lines } = play(script, late);
        lines.push(...runOut(scene));
        expect(scene.state.phase).toBe('over');
        expect(lines.filter((line) => line.startsWith('ended'))).toHaveLength(1);
        expect(hangUpFaults(scene)).toEqual([]);
        expect(lines.filter((line) => line === 'answered').length).toBeLessThanOrEqual(1);
        expect([scene.state.caller.state, scene.state.callee?.state ?? 'closed']).toEqual([
          'closed',
          'closed',
        ]);
        expect(timers.filter((name) => scene.timer(name) !== null)).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  it('gives the INVITE of the caller exactly one final response, repeated 2xx aside', () => {
    fc.assert(
      fc.property(begun, fc.boolean(), (script, late) => {
        const { scene } = play(script, late);
        runOut(scene);
        const finals = scene.responses.filter(
          ({ transaction, response }) => transaction === 'caller-1' && response.status >= 200,
        );
        expect(new Set(finals.map(({ response }) => response)).size).toBe(1);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers every request that came in, and sends no request in a dialog after its BYE', () => {
    fc.assert(
      fc.property(begun, fc.boolean(), (script, late) => {
        const { scene } = play(script, late);
        runOut(scene);
        for (const { client } of scene.sent.filter(({ request }) => request.method === 'INFO')) {
          scene.step({ type: 'client-failed', client, cause: 'timeout' });
        }
        const answered = new Set(
          scene.responses
            .filter(({ response }) => response.status >= 200)
            .map(({ transaction }) => transaction),
        );
        expect(scene.received.filter((transaction) => !answered.has(transaction))).toEqual([]);
        const ended = new Set<string>();
        for (const { request } of scene.sent) {
          const dialog = `${request.headers.first('call-id') ?? ''} ${request.headers.first('to') ?? ''}`;
          // A BYE alone goes out again, when it was challenged.
          const late = ended.has(dialog) && request.method !== 'BYE';
          expect(late ? `${request.method} after BYE` : 'fine').toBe('fine');
          if (request.method === 'BYE') ended.add(dialog);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
