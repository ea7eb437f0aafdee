import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { PackedLadder } from '../records/ladder-record.ts';
import type { SipOptions } from '../signalling/options.ts';
import type { CallTracing } from '../signalling/trace/call-tracer.ts';
import { hepDropped, HepExporter } from '../signalling/trace/hep-exporter.ts';
import { HepSender } from '../signalling/trace/hep-sender.ts';
import { LadderCollector } from '../signalling/trace/ladder-collector.ts';
import type { MessageObserver } from '../signalling/trace/message-observer.ts';
import type { HepOptions } from '../signalling/trace/options.ts';
import { LadderKeeper, type LadderKeeperDeps } from './wiring/ladder-keeper.ts';

export interface TracingPlan {
  readonly sip: Pick<SipOptions, 'ladder' | 'ladderMemoryMb' | 'hep'>;
  readonly journal: LadderKeeperDeps['journal'];
  readonly schedule: Schedule;
  readonly meter: Meter;
  readonly logger: Logger;
}

/** Whoever looks on at signalling. */
export interface Tracing extends CallTracing {
  readonly observers: readonly MessageObserver[];
  /** The SIP messages so far of a call that is up or has just ended; null: not here, or not kept. */
  ladder(callId: string): PackedLadder | null;
  /** Hands on what is kept of calls that are over. */
  finish(): void;
  close(): void;
}

export function startTracing(plan: TracingPlan): Tracing {
  const keeper = new LadderKeeper(plan);
  const ladders = plan.sip.ladder === 'off' ? null : ladderCollector(plan, keeper);
  const hep = plan.sip.hep === undefined ? null : hepExport(plan, plan.sip.hep);
  const lookersOn = [ladders, hep?.exporter ?? null].filter((one) => one !== null);
  return {
    observers: lookersOn.map((one) => (message) => {
      one.observe(message);
    }),
    tracers: lookersOn,
    repeated: (callId) => ladders?.repeated(callId) ?? null,
    ladder: (callId) => ladders?.ladder(callId) ?? null,
    finish: () => {
      ladders?.flush();
      keeper.flush();
    },
    close: () => hep?.sender.close(),
  };
}

function ladderCollector(plan: TracingPlan, keeper: LadderKeeper): LadderCollector {
  return new LadderCollector({
    ...plan,
    memoryBytes: plan.sip.ladderMemoryMb * 1024 * 1024,
    store: (ladder) => {
      keeper.keep(ladder);
    },
  });
}

function hepExport(
  { schedule, meter, logger }: TracingPlan,
  hep: HepOptions,
): { readonly exporter: HepExporter; readonly sender: HepSender } {
  const dropped = (reason: string): void => {
    meter.counter('onrecord_hep_dropped_total', hepDropped, { reason }).add();
  };
  const sender = new HepSender({ ...hep, schedule, logger, dropped });
  const send = (packet: Buffer): void => {
    sender.send(packet);
  };
  return { sender, exporter: new HepExporter({ hep, send, schedule, meter }) };
}
