import { meanOpinionScore } from '../audio/e-model.ts';
import type { LegQuality, ReportedQuality } from '../records/call-record.ts';
import type { Leg } from './leg.ts';

/** Devices hold back about this many times the jitter before they play. */
const jitterBufferDepth = 2;

/** How well speech came over a leg; null: nothing came. */
export function qualityOf(leg: Leg): LegQuality | null {
  const { reception, jitter, control } = leg;
  if (reception.received === 0) return null;
  const lost = reception.expected === 0 ? 0 : reception.lost / reception.expected;
  return {
    lossPercent: rounded(100 * lost, 2),
    jitterMs: rounded(jitter.meanMs, 1),
    maxJitterMs: rounded(jitter.maxMs, 1),
    roundTripMs: control.roundTripMs === null ? null : rounded(control.roundTripMs, 1),
    mos: scoreOf(leg, lost, burstRatio(reception.lost, reception.bursts, lost), jitter.meanMs),
    reported: reportedQuality(leg),
  };
}

function reportedQuality(leg: Leg): ReportedQuality | null {
  const { reports } = leg.control;
  if (!reports.any) return null;
  const lost = reports.expected === 0 ? 0 : Math.max(0, reports.lost) / reports.expected;
  return {
    packetsLost: Math.max(0, reports.lost),
    lossPercent: rounded(100 * lost, 2),
    jitterMs: rounded(reports.jitterMs, 1),
    mos: scoreOf(leg, lost, 1, reports.jitterMs),
  };
}

/** Mouth to ear is reckoned as far as we can see: this leg's way, a packet, and the wait that jitter asks for. */
function scoreOf(
  { encoding, ptimeMs, control }: Leg,
  lost: number,
  ratio: number,
  jitterMs: number,
): number | null {
  const delayMs = (control.roundTripMs ?? 0) / 2 + ptimeMs + jitterBufferDepth * jitterMs;
  const score = meanOpinionScore({ encoding, lost, burstRatio: ratio, delayMs });
  return score === null ? null : rounded(score, 2);
}

/** Mean length of the bursts seen against that of random loss (ITU-T G.107 §7.5). */
function burstRatio(packets: number, bursts: number, lost: number): number {
  return bursts === 0 ? 1 : Math.max(1, (packets / bursts) * (1 - lost));
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
