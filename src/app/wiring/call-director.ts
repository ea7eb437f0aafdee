import type { Decision } from '../../policy/decide.ts';
import type { LinkAnswer, LinkRequest } from '../../link/protocol.ts';
import type { MediaOptions } from '../../media/options.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { RuleOptions } from '../../policy/options.ts';
import type { Outcome, Party } from '../../records/call-record.ts';
import type { SipOptions } from '../../signalling/options.ts';
import type { Admission, CallDirector, CallFacts } from '../../signalling/ports.ts';
import type { MediaPool } from '../media-pool.ts';
import type { StorageRoom } from '../storage-room.ts';
import type { PromptLibrary } from '../prompt-library.ts';
import { callLine } from './call-line.ts';
import { CallSession } from './call-session.ts';
import type { SessionDeps } from './session-deps.ts';
import { tellsFirst } from './consent-plan.ts';
import { journalReason } from './journal-refusal.ts';
import { isSpoken, keepsUndecoded, spokenEncodings } from './spoken-encodings.ts';
import { type ActivePolicy, judge, type Unrecorded } from './verdict.ts';

export interface DirectorPlan extends SessionDeps {
  readonly policy: { readonly active: ActivePolicy };
  readonly unrecorded: Unrecorded;
  readonly sip: SipOptions;
  readonly media: MediaOptions;
  readonly mediaPool: MediaPool;
  readonly room: Pick<StorageRoom, 'isFull'>;
  /** For metrics: a call began or ended. */
  readonly count: CallCounts;
}

export interface CallCounts {
  started(direction: CallFacts['direction']): void;
  ended(direction: CallFacts['direction'], outcome: Outcome): void;
}

/** Signalling's director, and the way of live control to the call it is meant for. */
export interface Direction {
  readonly director: CallDirector;
  control(ask: Extract<LinkRequest, { readonly method: 'control' }>): Promise<LinkAnswer>;
  /** Resolves when no session is left: calls, media and recordings. */
  idle(): Promise<void>;
  readonly sessions: number;
  /** Those that calls which are up may still play. */
  readonly promptsInUse: ReadonlySet<PromptLibrary>;
}

/** How long a caller is asked to wait when the journal does not take what must be recorded. */
const retryAfterSeconds = 30;

export function createDirection(plan: DirectorPlan): Direction {
  const sessions = new Map<string, CallSession>();
  const facts = new Map<string, CallFacts>();
  let whenIdle: (() => void)[] = [];
  const forget = (callId: string): void => {
    sessions.delete(callId);
    facts.delete(callId);
    if (sessions.size > 0) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };
  const interfacesOf = mediaInterfaces(plan.sip);

  const mayDialCodes = controllers(plan.sip);

  const tells =
    (what: 'early' | 'ringing' | 'accepted' | 'answered' | 'hungUp') =>
    (callId: string): void => {
      sessions.get(callId)?.[what]();
    };

  const director: CallDirector = {
    admit: async (call) => {
      const verdict = judge(plan.policy.active, plan.unrecorded, call, plan.clock.wall());
      const session = new CallSession(plan, call, verdict, () => {
        forget(call.callId);
      });
      sessions.set(call.callId, session);
      facts.set(call.callId, call);
      plan.count.started(call.direction);
      const admission = await admit(plan, session, verdict.decision, call);
      const { codes } = session;
      return admission.kind === 'accept' && codes.length > 0 ? { ...admission, codes } : admission;
    },
    openMedia: async (call) => {
      const session = sessions.get(call.callId);
      if (session === undefined) return 'no-ports';
      const media = await plan.mediaPool.open(interfacesOf(call), call.emergency, (event) => {
        session.onMedia(event);
      });
      return media === 'no-ports' ? media : session.attach(media, mayDialCodes(call));
    },
    early: tells('early'),
    ringing: tells('ringing'),
    key: (callId, party, key) => {
      sessions.get(callId)?.key(party, key);
    },
    code: (callId, party, code) => {
      sessions.get(callId)?.code(party, code);
    },
    control: async (callId, party, action, by) =>
      (await sessions.get(callId)?.controlInCall(action, party, `sip-${by}`)) ?? 'conflict',
    accepted: tells('accepted'),
    answered: tells('answered'),
    hungUp: tells('hungUp'),
    ended: (callId, end, summary) => {
      const call = facts.get(callId);
      const session = sessions.get(callId);
      if (call === undefined || session === undefined) return;
      plan.count.ended(call.direction, end.outcome);
      session.ended(end);
      plan.logger.info('call-ended', callLine(call, end, summary, session));
    },
  };
  return {
    director,
    control: async ({ callId, action, actor, reason }) =>
      (await sessions.get(callId)?.control(action, { from: 'api', actor }, reason)) ?? noCall,
    idle: () =>
      new Promise((resolve) => {
        if (sessions.size === 0) resolve();
        else whenIdle.push(resolve);
      }),
    get sessions() {
      return sessions.size;
    },
    get promptsInUse() {
      return new Set(Array.from(sessions.values(), ({ prompts }) => prompts));
    },
  };
}

/** Where each side's sockets are. */
function mediaInterfaces({ peers }: SipOptions): (call: CallFacts) => readonly [string, string] {
  const of = new Map(peers.map(({ id, media }) => [id, media]));
  return ({ callerPeer, calleePeer }) => [of.get(callerPeer) ?? 'main', of.get(calleePeer) ?? 'main'];
}

/** In-call control is accepted from PBXs alone. */
function controllers({ peers }: SipOptions): (call: CallFacts) => Party[] {
  const pbxs = new Set(peers.filter(({ side }) => side === 'pbx').map(({ id }) => id));
  return ({ callerPeer, calleePeer }) => [
    ...(pbxs.has(callerPeer) ? (['caller'] as const) : []),
    ...(pbxs.has(calleePeer) ? (['callee'] as const) : []),
  ];
}

const noCall: LinkAnswer = { ok: false, code: 'no-call' };

/** The offer passes as it came. */
const whole: Admission = { kind: 'accept', encodings: null, narrowing: 'prefer' };

/** A call does not wait longer for a disk that hangs. */
const journalWithinMs = 2000;

/** Whether it was written in time. Rejects when it is refused. */
async function within(written: Promise<void>, schedule: Schedule): Promise<boolean> {
  let cancel: () => void = () => undefined;
  const late = new Promise<false>((resolve) => {
    cancel = schedule(journalWithinMs, () => {
      resolve(false);
    });
  });
  return await Promise.race([written.then(() => true), late]).finally(() => {
    cancel();
  });
}

/**
 * A call that is owed a recording waits until that stands in the journal; any other never waits for a disk. An
 * emergency call waits for nothing and keeps its offer whole, whatever a rule says of it.
 */
async function admit(
  plan: DirectorPlan,
  session: CallSession,
  decision: Decision,
  call: CallFacts,
): Promise<Admission> {
  const written = session.expect();
  // Whoever does not wait for it is not told by it either.
  written.catch((error: unknown) => {
    plan.logger.error('journal-refused', { callId: call.callId, error: String(error) });
  });
  if (call.emergency) return whole;
  if (!decision.record) return decision.why === 'on-demand' ? inCase(decision.onDemand.rule, call) : whole;
  const mustRecord = decision.rule.onFailure === 'refuse';
  if (mustRecord && plan.room.isFull) return refusal(503, 'Service Unavailable', 'recording-failed');
  try {
    const inTime = await within(written, plan.schedule);
    if (!inTime) {
      plan.logger.warn('journal-late', { callId: call.callId });
      if (mustRecord) return refusal(503, 'Service Unavailable', 'recording-failed');
      // The recorder waits for the journal, too, and has until well into the call.
      written.catch((error: unknown) => {
        session.withoutRecording(journalReason(error));
      });
    }
  } catch (error) {
    if (mustRecord) return refusal(503, 'Service Unavailable', 'recording-failed');
    session.withoutRecording(journalReason(error));
    return whole;
  }
  return byCodecs(session, decision.rule, call);
}

/** Codecs that we speak are preferred for a call that somebody may want recorded; without any it goes on as it came. */
function inCase({ codecs }: RuleOptions, { offered }: CallFacts): Admission {
  if (codecs === 'pass' || offered?.some(isSpoken) === false) return whole;
  return { kind: 'accept', encodings: spokenEncodings, narrowing: 'prefer' };
}

/** What the offer is narrowed to, for a call that is owed a recording. */
function byCodecs(session: CallSession, rule: RuleOptions, { offered }: CallFacts): Admission {
  const mustSpeak = rule.onFailure === 'refuse' && !keepsUndecoded(rule);
  const tellBy = tellsFirst(rule);
  const early = tellBy === null ? {} : { tellFirst: spokenEncodings.filter(isSpoken), tellBy };
  if (rule.codecs === 'pass') return { ...whole, ...early };
  if (offered === null || offered.some(isSpoken)) {
    const narrowing = mustSpeak ? 'must' : 'prefer';
    return { kind: 'accept', encodings: spokenEncodings, narrowing, ...early };
  }
  if (keepsUndecoded(rule)) return whole;
  if (mustSpeak) return refusal(488, 'Not Acceptable Here', 'no-codec');
  session.withoutRecording('no-codec');
  return whole;
}

function refusal(status: number, phrase: string, reason: 'recording-failed' | 'no-codec'): Admission {
  return {
    kind: 'refuse',
    status,
    phrase,
    retryAfterSeconds: status === 503 ? retryAfterSeconds : null,
    reason,
  };
}
