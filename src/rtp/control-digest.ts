import { readUint32 } from './octets.ts';
import { ReportBlock, reportBlockBytes } from './report-block.ts';
import { type RtcpView, rtcpType } from './rtcp-view.ts';
import { SenderInfo } from './sender-info.ts';

/** RFC 4585 §6.2.1: generic NACK. */
export const genericNack = 1;
/** Feedback words that are kept of one datagram; each asks for up to 17 packets. */
const mostNacks = 16;

/**
 * What of one RTCP datagram concerns the one stream that its sender hears from us and the one that it sends:
 * filled again and again. Everything else in it is counted as `foreign`.
 */
export class ControlDigest {
  /** Of the first report, or else of the first packet. */
  sender = 0;
  hasReport = false;
  hasInfo = false;
  readonly info = new SenderInfo();
  /** Report blocks of any stream. */
  blocks = 0;
  hasBlock = false;
  /** About our stream. */
  readonly block = new ReportBlock();
  nacks = 0;
  /** Pairs of packet identifier and bit mask, as they came (RFC 4585 §6.2.1). */
  readonly nackWords = new Uint32Array(mostNacks);
  /** Blocks about other streams, and packets of kinds that cannot be passed on truly. */
  foreign = 0;

  /** Reads a datagram that the view is bound to; `ours`: the SSRC that its sender hears from us. */
  read(view: RtcpView, ours: number): void {
    this.sender = 0;
    this.hasReport = this.hasInfo = this.hasBlock = false;
    this.blocks = this.nacks = this.foreign = 0;
    view.rewind();
    while (view.next()) {
      if (this.sender === 0) this.sender = view.ssrc;
      this.#readPacket(view, ours);
    }
  }

  #readPacket(view: RtcpView, ours: number): void {
    switch (view.type) {
      case rtcpType.senderReport:
      case rtcpType.receiverReport:
        this.#readReport(view, ours);
        return;
      case rtcpType.sourceDescription:
      // Our stream goes on when its source leaves.
      case rtcpType.bye:
        return;
      case rtcpType.transportFeedback:
        this.#readFeedback(view, ours);
        return;
      default:
        this.foreign += 1;
    }
  }

  #readReport(view: RtcpView, ours: number): void {
    if (!this.hasReport) this.sender = view.ssrc;
    this.hasReport = true;
    if (view.type === rtcpType.senderReport && view.ssrc === this.sender) {
      this.hasInfo = true;
      this.info.read(view.buffer, view.offset + 8);
    }
    for (let i = 0; i < view.count; i++) {
      const at = view.firstBlock + i * reportBlockBytes;
      this.blocks += 1;
      if (this.hasBlock || readUint32(view.buffer, at) !== ours) {
        this.foreign += 1;
        continue;
      }
      this.block.read(view.buffer, at);
      this.hasBlock = true;
    }
  }

  #readFeedback(view: RtcpView, ours: number): void {
    if (view.count !== genericNack || readUint32(view.buffer, view.offset + 8) !== ours) {
      this.foreign += 1;
      return;
    }
    for (let at = view.offset + 12; at + 4 <= view.end; at += 4) {
      if (this.nacks === mostNacks) return;
      this.nackWords[this.nacks] = readUint32(view.buffer, at);
      this.nacks += 1;
    }
  }
}
