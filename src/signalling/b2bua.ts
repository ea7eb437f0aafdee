import type { Clock } from '../kernel/clock.ts';
import { randomHex, type RandomBytes, uuidV7 } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { EndReason, Party } from '../records/call-record.ts';
import type { SipRequest } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { defaultSession, type SessionWishes } from '../sip/session-timer.ts';
import { isSecure } from '../sip/transport-name.ts';
import { decodeUser, parseUri } from '../sip/uri.ts';
import { drawTokens, legPeer, mergeKey, newCall } from './call-birth.ts';
import { callDirection } from './call-direction.ts';
import { DigestGate } from './digest-gate.ts';
import { CallMeter } from './call-meter.ts';
import type { IsEmergency } from './emergency-numbers.ts';
import { unsupportedExtensions } from './extensions.ts';
import { headerMap, type IncomingInvite, readInvite, unservedScheme } from './incoming-invite.ts';
import { shortInterval } from './leg-session.ts';
import { allowedOutside, knownMethods, onlyInDialog } from './methods.ts';
import { type FindDialog, namedDialog } from './named-dialog.ts';
import { targetDialogs } from './outside-refer.ts';
import { CallLimits } from './peering/call-limits.ts';
import { redirectAttempts } from './peering/redirect-targets.ts';
import { chooseRoute } from './peering/route-choice.ts';
import type { TargetBoard } from './peering/target-board.ts';
import type { Peer, PeerBook } from './peers.ts';
import type { CallControl, CallDirector, CallFacts } from './ports.ts';
import { referredDialog } from './refer-to.ts';
import { answerOptions, noSuchCall, refuse, refusedMethod, type Refusal, retryAfter } from './refusal.ts';
import { readReplacing, routeTo } from './replacing-invite.ts';
import { RunningCall, type RunningCallDeps } from './running-call.ts';
import { ringMs } from './sip-timers.ts';
import type { Hop, ServerTransaction, TransactionLayer, TransactionUser } from './transaction-layer.ts';
import type { CallTracing } from './trace/call-tracer.ts';

export interface B2buaOptions {
  readonly peers: PeerBook;
  readonly isEmergency: IsEmergency;
  readonly board: TargetBoard;
  readonly director: CallDirector;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  /** What keys are drawn from; absent: `random`. */
  readonly keyRandom?: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Who puts messages to calls; absent: nobody. */
  readonly tracing?: CallTracing;
  /** How long a callee may be silent; `ringMs` unless a test is in a hurry. */
  readonly ringMs?: number;
  /** `sip.sessionTimer`; its defaults where it is absent. */
  readonly sessionTimer?: SessionWishes;
}

/** Two user agents back to back (RFC 3261 §6) for every call: the layer above the transactions. */
export interface B2bua extends TransactionUser, CallControl {
  /** Gives it the transaction layer; once, before the first message. */
  attach(layer: TransactionLayer): void;
  /** Whether a request is within a dialog of a call that is there. */
  ownsDialogOf(request: SipRequest): boolean;
  /** Hangs every call up; each ends on its own as the peers answer. */
  endAllCalls(reason: EndReason): void;
}

export function createB2bua(options: B2buaOptions): B2bua {
  return new CallCentre(options);
}

interface DialogOwner {
  readonly call: RunningCall;
  readonly party: Party;
}

const overload: Refusal = { status: 503, phrase: 'Service Unavailable', headers: [retryAfter(30)] };
const loopDetected: Refusal = { status: 482, phrase: 'Loop Detected' };

class CallCentre implements B2bua {
  readonly #options: B2buaOptions;
  readonly #calls = new Map<string, RunningCall>();
  readonly #dialogs = new Map<string, DialogOwner>();
  /** Keys of `#dialogs` and `#invites` by call, to be dropped with it. */
  readonly #claims = new Map<string, string[]>();
  readonly #invites = new Map<string, RunningCall>();
  readonly #limits: CallLimits;
  readonly #digest: DigestGate;
  #layer: TransactionLayer | null = null;
  #draining = false;
  readonly #meter: CallMeter;
  #whenIdle: (() => void)[] = [];

  constructor(options: B2buaOptions) {
    this.#options = options;
    this.#digest = new DigestGate(options);
    this.#meter = new CallMeter(options.meter);
    this.#limits = new CallLimits(options.clock, options.meter);
  }

  attach(layer: TransactionLayer): void {
    this.#layer = layer;
  }

  get activeCalls(): number {
    return this.#calls.size;
  }

  hangUp(callId: string, reason: EndReason): void {
    this.#calls.get(callId)?.handle({ type: 'hang-up', reason });
  }

  dial(callId: string): void {
    this.#calls.get(callId)?.handle({ type: 'dial' });
  }

  ask(callId: string, party: Party, on: boolean): void {
    this.#calls.get(callId)?.handle({ type: 'ask', party, on });
  }

  endAllCalls(reason: EndReason): void {
    for (const call of [...this.#calls.values()]) call.handle({ type: 'hang-up', reason });
  }

  drain(): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      if (this.#calls.size === 0) resolve();
      else this.#whenIdle.push(resolve);
    });
  }

  request(transaction: ServerTransaction): void {
    const { request, source } = transaction;
    const peer = this.#options.peers.find(source.listener, source.address, source.port);
    const toTag = tagOf(request.headers.first('to') ?? '');
    const owner = toTag === null ? undefined : this.#ownerOf(request, toTag);
    const leg = owner?.call.state[owner.party] ?? null;
    // Where we sent the call, its BYE may come from, also if that is a target which `match` does not name.
    if (peer === null && (leg === null || !isOfHost(source, leg.hop))) {
      this.#refuse(transaction, { status: 403, phrase: 'Forbidden' });
      return;
    }
    // RFC 3261 §8.2.1: the method is looked at first.
    if (!knownMethods.has(request.method)) {
      this.#refuse(transaction, refusedMethod(false, allowedOutside));
      return;
    }
    if (peer !== null && toTag === null) {
      this.#outsideDialog(transaction, peer);
      return;
    }
    // A dialog is between us and the peer that it was made with.
    if (owner === undefined || (peer !== null && leg?.peer.id !== peer.id))
      this.#refuse(transaction, noSuchCall);
    else this.#inDialog(owner, transaction);
  }

  screen(request: SipRequest, { listener, address, port }: Hop): Refusal | null {
    const peer = this.#options.peers.find(listener, address, port);
    return peer === null ? null : this.#digest.check(peer, request);
  }

  cancelled(transaction: ServerTransaction, reason: string | null): void {
    this.#callOf(transaction)?.handle({ type: 'cancelled', transaction: transaction.id, reason });
  }

  serverFailed(transaction: ServerTransaction, cause: 'timeout' | 'transport'): void {
    this.#callOf(transaction)?.handle({ type: 'server-failed', transaction: transaction.id, cause });
  }

  ack(request: SipRequest): void {
    const toTag = tagOf(request.headers.first('to') ?? '');
    const owner = toTag === null ? undefined : this.#ownerOf(request, toTag);
    owner?.call.handle({ type: 'ack', party: owner.party, request });
  }

  #callOf({ request, id }: ServerTransaction): RunningCall | undefined {
    const merged = this.#invites.get(mergeKey(request, tagOf(request.headers.first('from') ?? '') ?? ''));
    const call = merged ?? this.#ownerOf(request, tagOf(request.headers.first('to') ?? '') ?? '')?.call;
    return call?.state.exchange?.transaction === id ? call : undefined;
  }

  #ownerOf({ headers }: SipRequest, tag: string): DialogOwner | undefined {
    return this.#owner(headers.first('call-id') ?? '', tag);
  }

  ownsDialogOf(request: SipRequest): boolean {
    const toTag = tagOf(request.headers.first('to') ?? '');
    return toTag !== null && this.#ownerOf(request, toTag) !== undefined;
  }

  #owner(callId: string, tag: string): DialogOwner | undefined {
    // A fork's tag is the leg's, a dot and a number.
    const [base = ''] = tag.split('.', 1);
    return this.#dialogs.get(`${callId}\n${base}`);
  }

  /** The other side of a dialog of ours that somebody names. */
  readonly #named: FindDialog = (reference) => {
    const owner = this.#owner(reference.callId, reference.localTag);
    return owner === undefined ? null : namedDialog(owner.call.state, owner.party, reference);
  };

  #inDialog({ call, party }: DialogOwner, transaction: ServerTransaction): void {
    call.request(party, transaction, referredDialog(transaction.request, this.#named));
  }

  /** A REFER outside of a dialog is one of the call that its Target-Dialog names (RFC 4538), or refused. */
  #referOutside(transaction: ServerTransaction, peer: Peer): void {
    const { request } = transaction;
    const target = targetDialogs(request).find((one) => this.#named(one) !== null);
    const owner = target === undefined ? undefined : this.#owner(target.callId, target.localTag);
    if (peer.refer === 'refuse') {
      this.#refuse(transaction, refusedMethod(true, allowedOutside));
    } else if (owner === undefined || owner.call.state[owner.party]?.peer.id !== peer.id) {
      this.#refuse(transaction, { status: 403, phrase: 'Forbidden' });
    } else {
      owner.call.refer(owner.party, transaction, referredDialog(request, this.#named));
    }
  }

  #outsideDialog(transaction: ServerTransaction, peer: Peer): void {
    const { request } = transaction;
    const { method } = request;
    if (method === 'INVITE') {
      const refusal = this.#invite(transaction, peer);
      if (refusal === null) return;
      this.#countRefused(refusal.status);
      this.#refuse(transaction, refusal);
    } else if (method === 'OPTIONS') {
      this.#answerOptions(transaction);
    } else if (method === 'REFER') {
      this.#referOutside(transaction, peer);
    } else if (onlyInDialog.has(method)) {
      this.#refuse(transaction, noSuchCall);
    } else {
      this.#refuse(transaction, refusedMethod(true, allowedOutside));
    }
  }

  /** RFC 3261 §11.2: "the same as would be chosen had the request been an INVITE": a draining node takes none. */
  #answerOptions(transaction: ServerTransaction): void {
    const { request } = transaction;
    const refusal = this.#draining
      ? overload
      : (unservedScheme(request, isSecure(transaction.source.transport)) ?? unsupportedExtensions(request));
    if (refusal === null) transaction.respond(answerOptions(request, this.#newTag()));
    else this.#refuse(transaction, refusal);
  }

  /** A new call, or why it is none. */
  #invite(transaction: ServerTransaction, peer: Peer): Refusal | null {
    const { request } = transaction;
    const layer = this.#layer;
    if (layer === null) return overload;
    const read = readInvite(request, this.#options.isEmergency, {
      secure: isSecure(transaction.source.transport),
      srtp: peer.srtp,
    });
    if (!read.ok) return read.error;
    const naming = readReplacing(request, this.#named);
    if (!naming.ok) return naming.error;
    const { replacing } = naming.value;
    const invite = replacing === null ? read.value : { ...read.value, requestUri: replacing.requestUri };
    const fromTag = tagOf(request.headers.first('from') ?? '') ?? '';
    const merge = mergeKey(request, fromTag);
    // RFC 3261 §8.2.2.2: the same INVITE on two ways is one call.
    if (this.#invites.has(merge) || this.#isOurOwn(request, fromTag)) return loopDetected;
    const { emergency } = read.value;
    if (this.#draining && !emergency) return overload;
    const session = this.#options.sessionTimer ?? defaultSession;
    const tooShort = emergency ? null : shortInterval(request, session);
    if (tooShort !== null) return tooShort;
    const { peers, board } = this.#options;
    const secure = invite.requestUri.scheme === 'sips';
    const question = { from: peer, emergency, secure, peers, board, limits: this.#limits, layer };
    const chosen = replacing === null ? chooseRoute(question) : routeTo(replacing, question);
    if (!chosen.ok) return chosen.error;
    const { attempts, first } = chosen.value;
    const facts = this.#facts({ peer, first, invite, request, emergency });
    const caller = legPeer(peer, layer, secure);
    this.#limits.begin(facts.callId, {
      caller: peer,
      callee: first,
      exempt: emergency ? 'both' : replacing === null ? 'none' : 'callee',
    });
    const state = newCall({
      ...{ facts, invite, caller, attempts },
      transaction: { id: transaction.id, source: transaction.source, request: naming.value.request },
      tokens: drawTokens(this.#options.random, this.#options.keyRandom ?? this.#options.random),
      limits: { ringMs: this.#options.ringMs ?? ringMs, session },
    });
    const call = new RunningCall(this.#dependencies(layer), state, transaction);
    this.#calls.set(call.callId, call);
    this.#invites.set(merge, call);
    this.#claims.set(call.callId, [merge]);
    call.start();
    return null;
  }

  /**
   * Whether this INVITE is one that we sent and that came back: its Call-ID and From-tag are of a leg of ours,
   * and it still asks for the same user. With another user it is a spiral, which is a call (RFC 3261 §16.3 item 4).
   */
  #isOurOwn(request: SipRequest, fromTag: string): boolean {
    const owner = this.#ownerOf(request, fromTag);
    const sent = owner?.call.state[owner.party]?.invite?.request;
    if (sent === undefined) return false;
    const users = [sent, request].map(({ uri }) => {
      const parsed = parseUri(uri);
      return parsed === null || parsed.scheme === 'other' ? uri : decodeUser(parsed);
    });
    return users[0] === users[1];
  }

  #facts(found: {
    peer: Peer;
    first: Peer;
    invite: IncomingInvite;
    request: SipRequest;
    emergency: boolean;
  }): CallFacts {
    const { peer, first, invite, request, emergency } = found;
    return {
      callId: uuidV7(this.#options.clock.wall(), this.#options.random),
      direction: callDirection(peer, first),
      ...{ callerPeer: peer.id, calleePeer: first.id, from: invite.from, to: invite.to, emergency },
      callerSipCallId: request.headers.first('call-id') ?? '',
      headers: headerMap(request.headers),
      offered: invite.offered,
    };
  }

  #dependencies(layer: TransactionLayer): RunningCallDeps {
    const { director, clock, schedule, logger, peers, board, tracing } = this.#options;
    return {
      ...{ layer, director, clock, schedule, logger, meter: this.#meter },
      mayDial: ({ callId }, peerId) => {
        const peer = peers.named(peerId);
        return peer === null || this.#limits.redirect(callId, peer);
      },
      redirects: ({ state }, response) => {
        if (peers.named(state.callee?.peer.id ?? '')?.redirect !== 'follow') return [];
        const route = peers.route(state.caller.peer.id);
        return redirectAttempts({ response, route, peers, board, layer });
      },
      heard: (hop, outcome) => {
        board.heard(hop, outcome);
      },
      claim: (call, party, callId, tag) => {
        const key = `${callId}\n${tag}`;
        this.#dialogs.set(key, { call, party });
        this.#claims.get(call.callId)?.push(key);
        const peerId = call.state[party]?.peer.id ?? '';
        for (const tracer of tracing?.tracers ?? [])
          tracer.claim(call.callId, { party, peerId, sipCallId: callId });
      },
      repeated: ({ callId }) => tracing?.repeated(callId) ?? null,
      over: (call) => {
        for (const tracer of tracing?.tracers ?? []) tracer.over(call.callId);
        this.#forget(call);
      },
    };
  }

  #forget(call: RunningCall): void {
    for (const key of this.#claims.get(call.callId) ?? []) {
      this.#dialogs.delete(key);
      this.#invites.delete(key);
    }
    this.#claims.delete(call.callId);
    this.#limits.end(call.callId);
    this.#calls.delete(call.callId);
    if (this.#calls.size > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #refuse(transaction: ServerTransaction, refusal: Refusal): void {
    transaction.respond(refuse(transaction.request, refusal, this.#newTag()));
  }

  #countRefused(status: number): void {
    const labels = { status: String(status) };
    this.#options.meter
      .counter('onrecord_invites_refused_total', 'INVITEs refused before they became a call', labels)
      .add();
  }

  #newTag(): string {
    return randomHex(8, this.#options.random);
  }
}

/** Whatever the port: who is called there may call from another. */
function isOfHost(source: Hop, { listener, address }: Hop): boolean {
  return source.listener === listener && source.address === address;
}
