import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { namedTimers, type Schedule, type Timers } from '../kernel/timers.ts';
import type { Party } from '../records/call-record.ts';
import { startCall, type Step, stepCall } from './call-machine.ts';
import type { CallMeter } from './call-meter.ts';
import { CallNotes } from './call-notes.ts';
import type { SipResponse } from '../sip/message.ts';
import type { Attempt, CallEffect, CallEvent, CallState, TimerName } from './call-state.ts';
import { type HopOutcome, outcomeOfResponse } from './peering/hop-outcome.ts';
import type { NamedDialog } from './named-dialog.ts';
import type { CallDirector, CallEnd, Controlled, MediaSession } from './ports.ts';
import type {
  ClientEvents,
  ClientTransaction,
  Hop,
  ServerTransaction,
  TransactionLayer,
} from './transaction-layer.ts';
import { describeBug } from './transport/transports.ts';

export interface RunningCallDeps {
  readonly layer: TransactionLayer;
  readonly director: CallDirector;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly meter: CallMeter;
  /** Whether the call may try this peer now. */
  mayDial(call: RunningCall, peerId: string): boolean;
  /** Where a 3xx to the call's INVITE sends it, as far as that may be followed. */
  redirects(call: RunningCall, response: SipResponse): readonly Attempt[];
  /** What a request of ours has shown of the hop that it went to. */
  heard(hop: Hop, outcome: HopOutcome): void;
  /** Requests in dialog with this Call-ID and base of a To-tag belong to this party of the call. */
  claim(call: RunningCall, party: Party, callId: string, tag: string): void;
  /** Messages of the call that were on the wire before; null: nobody counts. */
  repeated(call: RunningCall): number | null;
  over(call: RunningCall): void;
}

/** Drives one call machine: feeds it events one at a time and carries its effects out. */
export class RunningCall {
  readonly callId: string;
  readonly #deps: RunningCallDeps;
  readonly #timers: Timers<TimerName>;
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #invites = new Map<string, ClientTransaction>();
  readonly #queue: CallEvent[] = [];
  readonly #notes: CallNotes;
  #state: CallState;
  #media: MediaSession | null = null;
  #busy = false;
  #broken = false;

  constructor(deps: RunningCallDeps, state: CallState, transaction: ServerTransaction) {
    this.#deps = deps;
    this.#state = state;
    this.callId = state.facts.callId;
    this.#notes = new CallNotes(deps.clock, transaction.id);
    deps.meter.moved(null, state.phase);
    this.#servers.set(transaction.id, transaction);
    this.#timers = namedTimers(deps.schedule, (name) => {
      this.handle({ type: 'timer', name });
    });
  }

  get state(): CallState {
    return this.#state;
  }

  start(): void {
    this.#busy = true;
    this.#take(startCall(this.#state));
    this.#drain();
  }

  request(party: Party, transaction: ServerTransaction, named: NamedDialog | null): void {
    this.#servers.set(transaction.id, transaction);
    const { id, request, source } = transaction;
    this.handle({ type: 'request', party, transaction: id, request, source, named });
  }

  /** A REFER outside of the party's dialog that is meant for it. */
  refer(party: Party, transaction: ServerTransaction, named: NamedDialog | null): void {
    this.#servers.set(transaction.id, transaction);
    const { id, request } = transaction;
    this.handle({ type: 'refer', party, transaction: id, request, named });
  }

  /** An event that comes while another is carried out waits for its turn. */
  handle(event: CallEvent): void {
    this.#queue.push(event);
    if (!this.#busy) this.#drain();
  }

  #drain(): void {
    this.#busy = true;
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      this.#safely(event);
    }
    this.#busy = false;
    this.#forgetFinished();
  }

  /** A bug, here or in what is told of the call, ends this call and no other. */
  #safely(event: CallEvent): void {
    try {
      this.#notes.event(event);
      this.#take(stepCall(this.#state, event));
    } catch (error) {
      this.#deps.logger.error('call-step-failed', {
        ...{ callId: this.callId, event: event.type, ...describeBug(error) },
      });
      if (!this.#broken) this.#queue.push({ type: 'hang-up', reason: 'crash' });
      this.#broken = true;
    }
  }

  #take({ state, effects }: Step): void {
    this.#deps.meter.moved(this.#state.phase, state.phase);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: CallEffect): void {
    this.#notes.effect(effect);
    switch (effect.type) {
      case 'admit':
        void this.#admit();
        return;
      case 'open-media':
        void this.#openMedia();
        return;
      case 'connect':
        this.#media?.connect(effect.party, effect.media);
        return;
      case 'key':
        this.#deps.director.key(this.callId, effect.party, effect.key);
        return;
      case 'code':
        this.#deps.director.code(this.callId, effect.party, effect.code);
        return;
      case 'control':
        void this.#control(effect);
        return;
      case 'early':
        this.#deps.director.early(this.callId);
        return;
      case 'unheard':
        this.handle({ type: 'dial' });
        return;
      case 'ringing':
        this.#deps.director.ringing(this.callId);
        return;
      case 'accepted':
        this.#deps.director.accepted(this.callId);
        return;
      case 'answered':
        this.#deps.director.answered(this.callId);
        return;
      case 'hung-up':
        this.#hungUp();
        return;
      case 'ended':
        this.#end(effect.end);
        return;
      case 'respond':
        this.#servers.get(effect.transaction)?.respond(effect.response);
        return;
      case 'send':
        this.#send(effect);
        return;
      case 'ack':
        this.#deps.layer.sendAck(effect.request, effect.hop);
        return;
      case 'cancel':
        this.#invites.get(effect.client)?.cancel(effect.reason);
        return;
      case 'claim':
        this.#deps.claim(this, effect.party, effect.callId, effect.tag);
        return;
      case 'set-timer':
        this.#timers.set(effect.name, effect.delayMs);
        return;
      case 'clear-timer':
        this.#timers.clear(effect.name);
        return;
      case 'warn':
        this.#deps.logger.warn(effect.event, { callId: this.callId, ...effect.fields });
        return;
    }
  }

  async #control({ party, action, by, answer }: Extract<CallEffect, { type: 'control' }>): Promise<void> {
    const server = answer === null ? undefined : this.#servers.get(answer.transaction);
    let controlled: Controlled = 'conflict';
    try {
      controlled = await this.#deps.director.control(this.callId, party, action, by);
    } catch (error) {
      this.#deps.logger.error('control-failed', { callId: this.callId, error: String(error) });
    }
    if (answer !== null) server?.respond(answer[controlled]);
  }

  #send({ client, request, hop, inviteTimeoutMs }: Extract<CallEffect, { type: 'send' }>): void {
    if (!this.#mayBeSent(client)) {
      this.handle({ type: 'client-failed', client, cause: 'limit' });
      return;
    }
    const { layer } = this.#deps;
    const events = this.#eventsOf(client, request.method, hop);
    const transaction =
      inviteTimeoutMs === null
        ? layer.send(request, hop, events)
        : layer.send(request, hop, events, inviteTimeoutMs);
    if (request.method === 'INVITE') this.#invites.set(client, transaction);
  }

  #eventsOf(client: string, method: string, hop: Hop): ClientEvents {
    const { clock, meter } = this.#deps;
    const sent = clock.monotonic();
    let answered = false;
    return {
      response: (response, source) => {
        if (!answered) meter.responded(method, clock.monotonic() - sent);
        answered = true;
        const outcome = outcomeOfResponse(response);
        if (outcome !== null) this.#deps.heard(hop, outcome);
        const { status } = response;
        const redirects =
          method === 'INVITE' && status >= 300 && status < 400 ? this.#deps.redirects(this, response) : [];
        this.handle({ type: 'response', client, response, source, redirects });
      },
      failed: (cause) => {
        // Who has answered something and is slow with the rest is no dead hop.
        const dead = cause === 'transport' || !answered;
        if (dead) this.#deps.heard(hop, { kind: 'failed', cause, retryAfterSeconds: null });
        this.handle({ type: 'client-failed', client, cause });
      },
    };
  }

  /** A first INVITE goes only to a peer that has room for the call. */
  #mayBeSent(client: string): boolean {
    const { exchange, callee } = this.#state;
    if (callee === null || exchange?.initial !== true || exchange.client !== client) return true;
    return this.#deps.mayDial(this, callee.peer.id);
  }

  async #admit(): Promise<void> {
    try {
      const admission = await this.#deps.director.admit(this.#state.facts);
      this.handle({ type: 'admitted', admission });
    } catch (error) {
      this.#deps.logger.error('admission-failed', { callId: this.callId, error: String(error) });
      const reason = 'overload';
      this.handle({
        type: 'admitted',
        admission: {
          kind: 'refuse',
          status: 500,
          phrase: 'Server Internal Error',
          retryAfterSeconds: null,
          reason,
        },
      });
    }
  }

  async #openMedia(): Promise<void> {
    let session: MediaSession | 'no-ports' = 'no-ports';
    try {
      session = await this.#deps.director.openMedia(this.#state.facts);
    } catch (error) {
      this.#deps.logger.error('media-not-opened', { callId: this.callId, error: String(error) });
    }
    if (session !== 'no-ports') {
      if (this.#state.phase === 'over') session.close();
      else this.#media = session;
    }
    this.handle({ type: 'opened', local: session === 'no-ports' ? null : session.local });
  }

  /** What goes wrong in the director must not keep a BYE from going out. */
  #hungUp(): void {
    try {
      this.#deps.director.hungUp(this.callId);
    } catch (error) {
      this.#deps.logger.error('hang-up-not-told', { callId: this.callId, error: String(error) });
    }
  }

  #end(end: CallEnd): void {
    this.#timers.clearAll();
    // RFC 3261 §17.1.1.2 has no timer once there is a provisional: what is still unanswered would wait for ever.
    for (const invite of this.#invites.values()) invite.cancel(null);
    try {
      const summary = this.#notes.summary(this.#state, this.#deps.repeated(this));
      this.#deps.director.ended(this.callId, end, summary);
      this.#media?.close();
    } finally {
      this.#deps.over(this);
    }
  }

  /** Transactions that the call has no more use for; the layer keeps what the RFC makes it keep. */
  #forgetFinished(): void {
    const { exchange, relays, heldKeys, caller, callee } = this.#state;
    const held = Array.from(heldKeys.values(), ({ infos }) => infos).flat();
    const owed = new Set([
      exchange?.transaction,
      ...[...relays.values(), ...held].map(({ transaction }) => transaction),
    ]);
    for (const id of this.#servers.keys()) if (!owed.has(id)) this.#servers.delete(id);
    const newest = [caller.invite?.client, callee?.invite?.client];
    for (const client of this.#invites.keys()) if (!newest.includes(client)) this.#invites.delete(client);
  }
}
