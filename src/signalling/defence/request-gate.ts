import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Gauge, Meter } from '../../kernel/meter.ts';
import type { SipRequest } from '../../sip/message.ts';
import { serverKey } from '../../sip/transaction-key.ts';
import { parseUri } from '../../sip/uri.ts';
import type { IsEmergency } from '../emergency-numbers.ts';
import type { Hop } from '../transaction-layer.ts';
import type { LimitOptions } from './options.ts';
import { askEntry, noOverload, type OverloadState, type Pressure, takeSample } from './overload-machine.ts';
import { RefusedRequests } from './refused-requests.ts';
import { SourceBudget } from './source-budget.ts';

export interface RequestGateOptions {
  readonly limits: Pick<LimitOptions, 'requestsPerSecond' | 'transactions'>;
  /** Calls at once, emergency calls aside. */
  readonly maxCalls: number;
  readonly isEmergency: IsEmergency;
  /** Whether it is a request within a dialog of a call that is there. */
  readonly belongsToCall: (request: SipRequest) => boolean;
  readonly activeCalls: () => number;
  readonly activeTransactions: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** What becomes of a new request: it is served, refused with 503 and Retry-After, or met with silence. */
export type GateVerdict = 'serve' | { readonly retryAfterSeconds: number } | 'silence';

type Refused = 'overload' | 'calls' | 'transactions' | 'rate' | 'repeated';

/** How many of those that ask for too much are told so: each second, each source. */
const refusalsPerSecond = 10;
/** RFC 3261 §21.5.4. A spread, so that who was refused together does not come back together. */
const retryAfter = { least: 5, most: 15 };
/** Requests of calls, which end transactions as they make them, have room beyond the rest. */
const roomForCalls = 1.25;
/** What sets up, changes and ends a call; ACK is not judged at all. Whatever else a call's parties say has a budget. */
const steersCall: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'PRACK', 'CANCEL', 'BYE']);

/**
 * Stands before the transactions and decides who gets one. What it refuses leaves nothing behind but its name: no
 * transaction, and nothing of it is parsed but the head. Requests of running calls come before new calls, and nothing is held
 * against an emergency call.
 */
export class RequestGate {
  readonly #options: RequestGateOptions;
  readonly #budget: SourceBudget;
  readonly #refusals = new SourceBudget(refusalsPerSecond);
  readonly #refused = new RefusedRequests();
  readonly #level: Gauge;
  #overload: OverloadState;
  #turn = 0;

  constructor(options: RequestGateOptions) {
    this.#options = options;
    this.#budget = new SourceBudget(options.limits.requestsPerSecond);
    this.#overload = noOverload(options.clock.monotonic());
    this.#level = options.meter.gauge(
      'onrecord_overload_level',
      'Share of new calls that is refused because of overload',
    );
    this.#level.set(0);
  }

  /** Takes one from what the source may ask for in a second. Retransmissions and broken requests cost as much. */
  charge({ listener, address }: Hop): boolean {
    return this.#budget.take(`${listener} ${address}`, this.#options.clock.monotonic());
  }

  /** A new request that is no ACK; `charged`: what `charge` said of it. */
  judge(request: SipRequest, source: Hop, charged: boolean): GateVerdict {
    const { limits, activeTransactions, belongsToCall } = this.#options;
    const held = activeTransactions();
    if (belongsToCall(request) && (charged || steersCall.has(request.method))) {
      return held < limits.transactions * roomForCalls ? 'serve' : this.#refuse('transactions');
    }
    const refused = this.#wasRefused(request) ? 'repeated' : this.#refusalOf(request, charged, held);
    if (refused === null || this.#isEmergency(request)) return 'serve';
    if (refused === 'rate' && !this.#mayTell(source)) return this.#ignore();
    if (request.method === 'INVITE')
      this.#refused.remember(serverKey(request), this.#options.clock.monotonic());
    return this.#refuse(refused);
  }

  #wasRefused(request: SipRequest): boolean {
    if (request.method !== 'INVITE' || this.#refused.empty) return false;
    return this.#refused.has(serverKey(request), this.#options.clock.monotonic());
  }

  #refusalOf({ method }: SipRequest, charged: boolean, transactions: number): Refused | null {
    if (!charged) return 'rate';
    if (transactions >= this.#options.limits.transactions) return 'transactions';
    if (method !== 'INVITE') return null;
    if (this.#options.activeCalls() >= this.#options.maxCalls) return 'calls';
    const { state, admitted } = askEntry(this.#overload, this.#options.clock.monotonic());
    this.#overload = state;
    return admitted ? null : 'overload';
  }

  #isEmergency({ method, uri }: SipRequest): boolean {
    if (method !== 'INVITE' && method !== 'CANCEL') return false;
    const parsed = parseUri(uri);
    return parsed !== null && this.#options.isEmergency(parsed);
  }

  #mayTell({ listener, address }: Hop): boolean {
    return this.#refusals.take(`${listener} ${address}`, this.#options.clock.monotonic());
  }

  #ignore(): 'silence' {
    this.#count('rate');
    return 'silence';
  }

  #refuse(reason: Refused): GateVerdict {
    this.#count(reason);
    const { least, most } = retryAfter;
    this.#turn = (this.#turn + 1) % (most - least + 1);
    return { retryAfterSeconds: least + this.#turn };
  }

  #count(reason: Refused): void {
    this.#options.meter
      .counter('onrecord_requests_refused_total', 'Requests refused before they got a transaction', {
        reason,
      })
      .add();
  }

  /** What the node feels now, at regular intervals. */
  feel(pressure: Pressure): void {
    const { clock, logger } = this.#options;
    const before = this.#overload.permitted;
    this.#overload = takeSample(this.#overload, pressure, clock.monotonic());
    const { permitted, level } = this.#overload;
    this.#level.set(level);
    if (before === null && permitted !== null) {
      logger.warn('overload-begins', { resource: pressure.resource, callsPerSecond: Math.round(permitted) });
    } else if (before !== null && permitted === null) {
      logger.info('overload-over');
    }
  }
}
