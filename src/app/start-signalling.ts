import { systemClock } from '../kernel/clock.ts';
import { pooledRandom, systemRandom } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { systemSchedule } from '../kernel/timers.ts';
import { createB2bua } from '../signalling/b2bua.ts';
import type { Pressure } from '../signalling/defence/overload-machine.ts';
import { RequestGate } from '../signalling/defence/request-gate.ts';
import { emergencyNumbers } from '../signalling/emergency-numbers.ts';
import type { EndReason } from '../records/call-record.ts';
import type { SipOptions } from '../signalling/options.ts';
import { createSystemLocator } from '../signalling/locate/system-locator.ts';
import { createPeering } from '../signalling/peering/peering.ts';
import { peerAt } from '../signalling/peer-at.ts';
import { peerCertificates } from '../signalling/peer-certificates.ts';
import { createPeerBook } from '../signalling/peers.ts';
import type { CallControl, CallDirector } from '../signalling/ports.ts';
import { type BoundListener, createSipStack, type SipStack } from '../signalling/sip-stack.ts';
import { exitCode } from './role-messages.ts';
import type { Tracing } from './start-tracing.ts';

export interface Signalling {
  readonly control: CallControl;
  /** `udp:127.0.0.1:5060`, as bound. */
  readonly addresses: readonly string[];
  endAllCalls(reason: EndReason): void;
  /** Looks whether certificates' files have changed. */
  reload(): Promise<void>;
  /** What the node is shortest of, at regular intervals. */
  feel(pressure: Pressure): void;
  /** How many of the transactions that may be held are. */
  readonly transactionShare: number;
  close(): Promise<void>;
}

export interface SignallingPlan {
  readonly sip: SipOptions;
  /** Whose dialling plan holds. */
  readonly country: string;
  /** Calls at once, emergency calls aside. */
  readonly maxCalls: number;
  readonly director: CallDirector;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly tracing: Tracing;
}

export interface StartFault {
  readonly message: string;
  readonly code: number;
}

/** Binds the listeners and puts the call machines on them. */
export async function startSignalling(plan: SignallingPlan): Promise<Result<Signalling, StartFault>> {
  const peers = createPeerBook(plan.sip);
  if (!peers.ok) return err({ message: peers.error.join('\nonrecord: '), code: exitCode.configuration });
  const shared = {
    clock: systemClock(),
    schedule: systemSchedule,
    random: pooledRandom(),
    logger: plan.logger,
    meter: plan.meter,
  };
  const locator = createSystemLocator({ ...shared, servers: plan.sip.dns.servers });
  const peering = createPeering({ ...shared, locator, peers: peers.value });
  const { emergency, outsideLine, limits } = plan.sip;
  const isEmergency = emergencyNumbers({ numbers: emergency, country: plan.country, outsideLine });
  const b2bua = createB2bua({
    ...{ ...shared, peers: peering.peers, isEmergency, board: peering.board, director: plan.director },
    sessionTimer: plan.sip.sessionTimer,
    keyRandom: systemRandom,
    tracing: plan.tracing,
  });
  const gate = new RequestGate({
    ...{ ...shared, limits, maxCalls: plan.maxCalls, isEmergency },
    belongsToCall: (request) => b2bua.ownsDialogOf(request),
    activeCalls: () => b2bua.activeCalls,
    activeTransactions: () => stack.activeTransactions,
  });
  const stack: SipStack = createSipStack({
    ...{ ...shared, gate, limits },
    listeners: plan.sip.listeners,
    isPeer: (listener, address, port) => peering.isPeer(listener, address, port),
    certificates: peerCertificates(peering.peers),
    isPinned: (hop) => peerAt(peering.peers, hop)?.pinTransport === true,
    user: b2bua,
    observers: plan.tracing.observers,
  });
  b2bua.attach(stack);
  try {
    await peering.resolve();
    const bound = await stack.start();
    peering.begin(stack);
    return ok({
      control: b2bua,
      addresses: bound.map(printListener),
      endAllCalls: (reason) => {
        b2bua.endAllCalls(reason);
      },
      feel: (pressure) => {
        gate.feel(pressure);
      },
      get transactionShare() {
        return stack.activeTransactions / limits.transactions;
      },
      close: async () => {
        await peering.close();
        await stack.close();
      },
      reload: () => stack.reload(),
    });
  } catch (error) {
    await peering.close();
    return err({ message: error instanceof Error ? error.message : String(error), code: exitCode.failure });
  }
}

function printListener({ transport, address, port }: BoundListener): string {
  return `${transport}:${address.includes(':') ? `[${address}]` : address}:${port}`;
}
