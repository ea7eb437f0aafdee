import { randomHex, type RandomBytes } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import { namedTimers, type Schedule, type Timers } from '../../kernel/timers.ts';
import type { SipRequest, SipResponse } from '../../sip/message.ts';
import { parseRetryAfter } from '../../sip/retry-after.ts';
import { legPeer } from '../call-birth.ts';
import type { Peer, RegistrationPlan } from '../peers.ts';
import type { TransactionLayer } from '../transaction-layer.ts';
import { describeHop, hopKey, type KnownHop } from './known-hop.ts';
import { outcomeOfResponse } from './hop-outcome.ts';
import { grantedSeconds, leastSeconds, serviceRoutes } from './register-answer.ts';
import { RegisterDigest } from './register-digest.ts';
import { registerRequest } from './register-request.ts';
import {
  newRegistration,
  type RegistrationEffect,
  type RegistrationEvent,
  type RegistrationFault,
  stepRegistration,
} from './registration-machine.ts';
import { bestFirst } from './hop-standings.ts';
import type { TargetBoard } from './target-board.ts';

export interface RegistrationOptions {
  readonly peer: Peer;
  readonly plan: RegistrationPlan;
  readonly board: TargetBoard;
  readonly layer: TransactionLayer;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Timer F is 32 s (RFC 3261 §17.1.2.2); a registrar that looks a password up may take a while, and no longer. */
const answerMs = 10_000;

/** Runs the registration machine of one peer: sends, keeps time, and tells the board where we are bound. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #timers: Timers<'due' | 'lapsed' | 'answer'>;
  readonly #digest: RegisterDigest;
  readonly #callId: string;
  /** Hops of this round that are still to be tried. */
  #left: KnownHop[] = [];
  #hop: KnownHop | null = null;
  #cseq = 0;
  /** Of the REGISTER whose answer is awaited. */
  #asked = 0;
  #state;
  #gone: () => void = () => undefined;

  constructor(options: RegistrationOptions) {
    const { peer, plan, random, schedule } = options;
    this.#options = options;
    this.#state = newRegistration(plan.expiresSeconds);
    // RFC 3261 §10.2: one Call-ID for all registrations of a boot.
    this.#callId = randomHex(12, random);
    this.#digest = new RegisterDigest(peer, random);
    this.#timers = namedTimers(schedule, (name) => {
      if (name === 'answer') this.#unreachable('timeout');
      else this.#step({ type: name });
    });
    this.#show(false);
  }

  start(): void {
    this.#step({ type: 'start' });
  }

  /** Takes the binding back; resolves when the registrar has answered, or after a moment. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#gone = resolve;
      this.#step({ type: 'stop' });
    });
  }

  #step(event: RegistrationEvent): void {
    const { state, effects } = stepRegistration(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: RegistrationEffect): void {
    switch (effect.do) {
      case 'ask':
        this.#choose(effect.hop);
        this.#ask(effect.expiresSeconds);
        return;
      case 'set-timer':
        this.#timers.set(effect.timer, effect.ms);
        return;
      case 'clear-timers':
        this.#timers.clearAll();
        return;
      case 'tell':
        this.#show(effect.registered);
        return;
      case 'complain':
        this.#complain(effect.fault, effect.againMs);
        return;
      case 'gone':
        this.#asked += 1;
        this.#gone();
    }
  }

  /** A new round begins where the binding is, then goes through the hops in the order of calls. */
  #choose(hop: 'first' | 'same' | 'next'): void {
    if (hop === 'same') return;
    if (hop === 'first') {
      const { peer, board } = this.#options;
      const places = bestFirst(board.placesOf(peer)).map(({ target }): KnownHop => ({ peer, target }));
      const last = this.#hop;
      const isLast = (one: KnownHop): boolean => last !== null && keyOf(one) === keyOf(last);
      this.#left = this.#state.registered
        ? [...places.filter(isLast), ...places.filter((one) => !isLast(one))]
        : places;
    }
    this.#hop = this.#left.shift() ?? null;
  }

  #ask(expiresSeconds: number): void {
    const hop = this.#hop;
    if (hop === null) {
      queueMicrotask(() => {
        this.#failed(null);
      });
      return;
    }
    const { peer, plan, layer } = this.#options;
    const cseq = ++this.#cseq;
    const request = registerRequest({ peer, plan, layer, expiresSeconds, cseq, callId: this.#callId });
    this.#digest.begin();
    this.#send(this.#digest.authorized(request), hop, expiresSeconds);
  }

  #send(request: SipRequest, hop: KnownHop, expiresSeconds: number): void {
    const asked = ++this.#asked;
    this.#timers.set('answer', answerMs);
    this.#options.layer.send(request, hop.target.hop, {
      response: (response) => {
        if (asked === this.#asked && response.status >= 200)
          this.#answered(response, request, hop, expiresSeconds);
      },
      failed: (cause) => {
        if (asked === this.#asked) this.#unreachable(cause);
      },
    });
  }

  #answered(response: SipResponse, request: SipRequest, hop: KnownHop, expiresSeconds: number): void {
    const { board } = this.#options;
    const { status, headers } = response;
    const outcome = outcomeOfResponse(response);
    if (outcome !== null) board.heard(hop.target.hop, outcome);
    const again = this.#digest.answer(response, request, this.#cseq + 1);
    if (again !== null) {
      this.#cseq += 1;
      this.#send(again, hop, expiresSeconds);
      return;
    }
    this.#timers.clear('answer');
    const retryAfterSeconds = parseRetryAfter(headers.first('retry-after') ?? '');
    if (status < 300) this.#accepted(response, hop, expiresSeconds);
    else if (status === 423) {
      this.#step({ type: 'too-brief', leastSeconds: leastSeconds(headers), jitter: this.#jitter() });
    } else if (status === 408 || status === 503) this.#failed(retryAfterSeconds);
    else this.#refused(status, retryAfterSeconds);
  }

  #accepted(response: SipResponse, hop: KnownHop, expiresSeconds: number): void {
    const { layer, board, peer, logger } = this.#options;
    const granted = grantedSeconds(response, legPeer(peer, layer).contact, expiresSeconds);
    if (granted > 0) {
      board.bound(peer, hop.target.hop, serviceRoutes(response));
      if (!this.#state.registered && this.#state.phase === 'asking') {
        logger.info('registered', { ...describeHop(hop), seconds: granted });
      }
    }
    this.#step({ type: 'accepted', grantedSeconds: granted, jitter: this.#jitter() });
  }

  #refused(status: number, retryAfterSeconds: number | null): void {
    const { peer, logger } = this.#options;
    logger.warn('registration-refused', { peer: peer.id, status, realm: this.#digest.askedRealm });
    this.#step({ type: 'refused', retryAfterSeconds, jitter: this.#jitter() });
  }

  #unreachable(cause: 'timeout' | 'transport'): void {
    this.#asked += 1;
    this.#timers.clear('answer');
    if (this.#hop !== null) {
      this.#options.board.heard(this.#hop.target.hop, { kind: 'failed', cause, retryAfterSeconds: null });
    }
    this.#failed(null);
  }

  #failed(retryAfterSeconds: number | null): void {
    this.#step({
      ...{ type: 'unreachable', more: this.#left.length > 0 },
      ...{ retryAfterSeconds, jitter: this.#jitter() },
    });
  }

  #show(registered: boolean): void {
    const { peer, board, logger, meter } = this.#options;
    meter
      .gauge('onrecord_registered', 'Whether we are registered with a peer', { peer: peer.id })
      .set(Number(registered));
    if (registered) return;
    board.unbound(peer);
    if (this.#state.phase !== 'idle' && this.#state.phase !== 'leaving') {
      logger.warn('registration-lapsed', { peer: peer.id });
    }
  }

  #complain(fault: RegistrationFault, againMs: number): void {
    const { peer, logger, meter } = this.#options;
    meter
      .counter('onrecord_registration_failures_total', 'Registrations that came to nothing', {
        ...{ peer: peer.id, fault },
      })
      .add();
    logger.warn('registration-failed', { peer: peer.id, fault, againSeconds: Math.round(againMs / 1000) });
  }

  #jitter(): number {
    const [byte = 0] = this.#options.random(1);
    return byte / 255;
  }
}

function keyOf({ target }: KnownHop): string {
  return hopKey(target.hop);
}
