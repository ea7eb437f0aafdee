import { type Clock, type MonotonicMs, wallOf } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import { ReportBlock } from '../rtp/report-block.ts';
import { writeBye, writeCname, writeReceiverReport, writeSenderReport } from '../rtp/rtcp-writer.ts';
import { SenderInfo } from '../rtp/sender-info.ts';
import type { Leg } from './leg.ts';
import { lastSrIs } from './sent-reports.ts';

/** RFC 3550 §6.2: "360 divided by the session bandwidth in kilobits/second", here G.711's at 20 ms with headers. */
const leastIntervalMs = (1000 * 360) / 80;
/** RFC 3550 §6.3.1: e - 3/2, against what reconsideration would else add. */
const compensation = 1.218_28;
/** Reports that pass from the other party come more often than this; as long as they do, ours are not needed. */
const othersWithinMs = 12_000;
/** SR with a block, CNAME and BYE. */
const longestBytes = 128;

/** Reports of our own, to parties who hear us or whose other party reports nothing. */
export class OwnReporter {
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #block = new ReportBlock();
  readonly #info = new SenderInfo();

  constructor(clock: Clock, random: RandomBytes) {
    this.#clock = clock;
    this.#random = random;
  }

  /** What the other party said has been passed on. */
  putOff(leg: Leg, now: MonotonicMs): void {
    leg.control.dueAt = (now + othersWithinMs) as MonotonicMs;
  }

  /** Sends what is due. `other`: the leg whose party is heard when we are silent ourselves. */
  tend(leg: Leg, other: Leg, now: MonotonicMs): void {
    if (now < leg.control.dueAt || !leg.hasRemote) return;
    leg.control.dueAt = (now + this.#interval()) as MonotonicMs;
    if (leg.packetsSent > 0 || leg.reception.received > 0) this.#send(leg, other, false, now);
  }

  /** RFC 3550 §6.3.7: who has sent nothing says no BYE. */
  bye(leg: Leg, other: Leg, now: MonotonicMs): void {
    if (leg.packetsSent > 0) this.#send(leg, other, true, now);
  }

  #send(leg: Leg, other: Leg, leaving: boolean, now: MonotonicMs): void {
    const { control, out } = leg;
    const packet = new Uint8Array(longestBytes);
    const block = this.#blockAbout(leg, now);
    const isSender = control.sentSince(leg.packetsSent) && !reportsItself(other, leg);
    let at: number;
    if (isSender) {
      this.#info.setTime(wallOf(this.#clock, now));
      this.#info.timestamp = out.timestampAt(now);
      this.#info.packets = leg.packetsOfStream >>> 0;
      this.#info.octets = leg.octetsSent >>> 0;
      at = writeSenderReport(packet, 0, out.ssrc, this.#info, block);
    } else at = writeReceiverReport(packet, 0, out.ssrc, block);
    at = writeCname(packet, at, out.ssrc, control.cname);
    if (leaving) at = writeBye(packet, at, out.ssrc);
    if (leg.sendControl(packet, at) && isSender) control.sent.note(this.#info.middle, now, lastSrIs.ours);
  }

  /** RFC 3550 §6.4: about who was heard since the last report; null: nobody. */
  #blockAbout(leg: Leg, now: MonotonicMs): ReportBlock | null {
    const { reception, control, jitter } = leg;
    if (!control.receivedSince(reception.received)) return null;
    const block = this.#block;
    block.ssrc = reception.ssrc;
    block.fractionLost = reception.takeFractionLost();
    block.cumulativeLost = control.told.fromUs(
      reception.ssrc,
      reception.lostInStream,
      reception.extendedHighest,
    );
    block.highest = reception.extendedHighest;
    block.jitter = Math.round((jitter.currentMs * leg.clockRate) / 1000) >>> 0;
    const known = control.srSsrc === reception.ssrc;
    block.lastSr = known ? control.srMiddle : 0;
    block.delaySinceLastSr = known ? Math.round(((now - control.srAt) * 65_536) / 1000) >>> 0 : 0;
    return block;
  }

  #interval(): number {
    const random = (this.#random(1)[0] ?? 0) / 256;
    return (leastIntervalMs * (0.5 + random)) / compensation;
  }
}

/** The party that is heard now sends SRs of its own, which pass: its clock would not be ours. */
function reportsItself(source: Leg, { out }: Leg): boolean {
  return out.source >= 0 && source.control.srSsrc === out.source;
}
