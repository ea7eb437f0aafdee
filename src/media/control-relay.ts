import type { MonotonicMs } from '../kernel/clock.ts';
import { type ControlDigest, genericNack } from '../rtp/control-digest.ts';
import { writeUint32 } from '../rtp/octets.ts';
import {
  writeCname,
  writeReceiverReport,
  writeSenderReport,
  writeTransportFeedback,
} from '../rtp/rtcp-writer.ts';
import { sequenceDelta } from '../rtp/sequence.ts';
import type { Leg } from './leg.ts';
import { lastSrIs } from './sent-reports.ts';

/**
 * Writes what one party's datagram says so that it is true for the other: as if our streams' source and receiver
 * had said it of the party's own SSRC and numbers. Changes the digest, *borrows* the target until return. Gives
 * the length; 0: nothing of it can be said.
 */
export function relayControl(
  from: Leg,
  to: Leg,
  digest: ControlDigest,
  target: Uint8Array,
  now: MonotonicMs,
): number {
  const passesInfo = digest.hasInfo && mapInfo(to, digest, now);
  const passesBlock = digest.hasBlock && mapBlock(from, to, digest);
  const nacks = mapNacks(from, digest);
  // An RR without a block says that nothing came: that is true as it is.
  const saysNothing = !digest.hasInfo && digest.blocks === 0;
  if (digest.hasReport ? !passesInfo && !passesBlock && !saysNothing : nacks === 0) return 0;
  const block = passesBlock ? digest.block : null;
  let at = 0;
  if (digest.hasReport) {
    at = passesInfo
      ? writeSenderReport(target, 0, to.out.ssrc, digest.info, block)
      : writeReceiverReport(target, 0, to.out.ssrc, block);
    // RFC 3550 §6.1: an SDES with the CNAME is in each compound. Theirs may name a person or a host.
    at = writeCname(target, at, to.out.ssrc, to.control.cname);
  }
  return nacks === 0 ? at : writeNacks(target, at, from, to, digest);
}

/** The SR of a source that the party hears now. RFC 3550 §7.2: counts are those of what we sent on. */
function mapInfo(to: Leg, { sender, info }: ControlDigest, now: MonotonicMs): boolean {
  const { out, control } = to;
  if (out.source !== sender) return false;
  info.timestamp = out.timestampOfSource(info.timestamp);
  info.packets = to.packetsOfStream >>> 0;
  info.octets = to.octetsSent >>> 0;
  control.sent.note(info.middle, now, lastSrIs.relayed);
  return true;
}

/** A block about what `from` hears becomes one about what `to` sends. */
function mapBlock(from: Leg, to: Leg, { block }: ControlDigest): boolean {
  const { out } = from;
  const highest = out.sourceSequence(out.reported(block.highest));
  const { reception } = to;
  if (highest < 0) return false;
  const ours = reception.ssrc === out.source ? reception.lostInStream : 0;
  // Another stream of ours counts its stretches anew.
  const stretch = out.ssrc * 0x1_0000 + (out.stretch & 0xffff);
  const { told } = to.control;
  const clear = told.fromThem(out.source, highest, block.cumulativeLost, stretch, out.isWhole, ours);
  if (!clear) return false;
  block.ssrc = out.source;
  block.highest = highest >>> 0;
  block.cumulativeLost = to.control.told.told;
  // An SR of ours is none of the party's: RFC 3550 §6.4.1, "if no SR has been received yet ... zero".
  if (from.control.sent.kindOf(block.lastSr) !== lastSrIs.relayed) {
    block.lastSr = 0;
    block.delaySinceLastSr = 0;
  }
  return true;
}

/** Keeps the words that ask for packets of the source's; gives how many. */
function mapNacks({ out }: Leg, digest: ControlDigest): number {
  const { nackWords } = digest;
  let kept = 0;
  for (let i = 0; i < digest.nacks; i++) {
    const word = nackWords[i] as number;
    const first = out.reported(word >>> 16);
    const sequence = out.sourceSequence(first);
    if (sequence < 0) continue;
    // RFC 4585 §6.2.1: bit i of the mask asks for the packet i + 1 further on; beyond the last there is none.
    const further = Math.min(16, sequenceDelta(first & 0xffff, out.extended & 0xffff));
    nackWords[kept] = ((sequence & 0xffff) << 16) | (word & ((1 << further) - 1));
    kept += 1;
  }
  digest.foreign += digest.nacks - kept;
  digest.nacks = kept;
  return kept;
}

function writeNacks(target: Uint8Array, from: number, by: Leg, to: Leg, digest: ControlDigest): number {
  const { nacks, nackWords } = digest;
  let at = writeTransportFeedback(target, from, genericNack, to.out.ssrc, by.out.source, nacks);
  for (let i = 0; i < nacks; i++, at += 4) writeUint32(target, at, nackWords[i] as number);
  return at;
}
