import { systemClock } from '../kernel/clock.ts';
import { systemRandom } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { systemSchedule } from '../kernel/timers.ts';
import type { EndReason } from '../records/call-record.ts';
import type { SipOptions } from '../signalling/options.ts';
import type { CallControl, CallDirector } from '../signalling/ports.ts';
import { exitCode } from './role-messages.ts';

export interface Signalling {
  readonly control: CallControl;
  /** `udp:127.0.0.1:5060`, as bound. */
  readonly addresses: readonly string[];
  endAllCalls(reason: EndReason): void;
  close(): Promise<void>;
}
