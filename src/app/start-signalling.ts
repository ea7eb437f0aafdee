import { systemClock } from '../kernel/clock.ts';
import { systemRandom } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { systemSchedule } from '../kernel/timers.ts';
import { createB2bua } from '../signalling/b2bua.ts';
import { emergencyNumbers } from '../signalling/emergency-numbers.ts';
import type { EndReason } from '../records/call-record.ts';
import type { SipOptions } from '../signalling/options.ts';
import { createSystemLocator } from '../signalling/locate/system-locator.ts';
import { createTargetBoard } from '../signalling/peering/target-board.ts';
import { createPeerBook } from '../signalling/peers.ts';
import type { CallControl, CallDirector } from '../signalling/ports.ts';
import { type BoundListener, createSipStack } from '../signalling/sip-stack.ts';
import { exitCode } from './role-messages.ts';

export interface Signalling {
  readonly control: CallControl;
  /** `udp:127.0.0.1:5060`, as bound. */
  readonly addresses: readonly string[];
  endAllCalls(reason: EndReason): void;
  close(): Promise<void>;
}

export interface SignallingPlan {
  readonly sip: SipOptions;
  /** Whose dialling plan holds. */
  readonly country: string;
  readonly director: CallDirector;
  readonly logger: Logger;
  readonly meter: Meter;
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
    random: systemRandom,
    logger: plan.logger,
    meter: plan.meter,
  };
  const locator = createSystemLocator({ ...shared, servers: plan.sip.dns.servers });
  const board = createTargetBoard({ ...shared, locator, peers: peers.value.all });
  const b2bua = createB2bua({
    ...shared,
    peers: peers.value,
    isEmergency: emergencyNumbers({
      numbers: plan.sip.emergency,
      country: plan.country,
      outsideLine: plan.sip.outsideLine,
    }),
    board,
    director: plan.director,
  });
  const stack = createSipStack({
    ...shared,
    listeners: plan.sip.listeners,
    limits: plan.sip.limits,
    // Answers come from where calls were sent to, also where a peer's `match` does not name that address.
    isPeer: (listener, address, port) =>
      peers.value.find(listener, address, port) !== null || board.knows(listener, address),
    user: b2bua,
  });
  b2bua.attach(stack);
  try {
    const bound = await stack.start();
    await board.start();
    return ok({
      control: b2bua,
      addresses: bound.map(printListener),
      endAllCalls: (reason) => {
        b2bua.endAllCalls(reason);
      },
      close: () => {
        board.close();
        return stack.close();
      },
    });
  } catch (error) {
    return err({ message: error instanceof Error ? error.message : String(error), code: exitCode.failure });
  }
}

function printListener({ transport, address, port }: BoundListener): string {
  return `${transport}:${address.includes(':') ? `[${address}]` : address}:${port}`;
}
