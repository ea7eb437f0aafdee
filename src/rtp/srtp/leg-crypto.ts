import { extendSequence } from '../sequence.ts';
import { longestPacketBytes } from './counter-keystream.ts';
import { CounterProtection } from './counter-protection.ts';
import { GcmProtection } from './gcm-protection.ts';
import { type PacketProtection, readWord, rtcpBodyAt, rtcpIndexMask } from './packet-protection.ts';
import { ReplayWindow } from './replay-window.ts';
import { srtpFault } from './srtp-fault.ts';
import { type MasterKey, type SrtpKeys, type SrtpSuiteName, srtpSuites } from './srtp-suites.ts';

/** Streams of one direction whose numbers are kept; the one that was new longest ago goes first. */
const maxStreams = 8;
/** RFC 3711 §9.2: the roll-over counter has 32 bits. */
const highestIndex = 2 ** 48 - 1;
const rollOver = 0x1_0000;

/** The numbers of one SSRC under one key: its SRTP cryptographic context (RFC 3711 §3.2.1). */
interface Stream {
  readonly ssrc: number;
  readonly rtp: ReplayWindow;
  readonly rtcp: ReplayWindow;
}

/**
 * SRTP and SRTCP of one leg (RFC 3711): one key protects what we send, the other what the party sends. All methods work in
 * place, *borrow* the packet until return, and say its new length, or a negated `srtpFault`.
 */
export class LegCrypto {
  readonly keys: SrtpKeys;
  readonly #sending: PacketProtection;
  readonly #receiving: PacketProtection;
  readonly #sent: Stream[];
  readonly #received: Stream[];
  /** What came under the party's key before this one. */
  readonly #before: readonly Stream[];

  /**
   * `before`: what the leg had until now. A direction that keeps its key keeps its roll-over counters and windows, since an
   * index must not come again under a key (RFC 3711 §9.1).
   */
  constructor(keys: SrtpKeys, before: LegCrypto | null = null) {
    const ours = isKept(before, keys, 'ours') ? before : null;
    const theirs = isKept(before, keys, 'theirs') ? before : null;
    this.keys = keys;
    this.#sending = ours === null ? protectionOf(keys.suite, keys.ours) : ours.#sending;
    this.#receiving = theirs === null ? protectionOf(keys.suite, keys.theirs) : theirs.#receiving;
    this.#sent = ours === null ? [] : ours.#sent;
    this.#received = theirs === null ? [] : theirs.#received;
    if (theirs !== null) this.#before = theirs.#before;
    else this.#before = before === null ? [] : before.#received;
  }

  /** Whether both directions go on under the keys that they had. */
  keepsKeysOf(before: LegCrypto): boolean {
    return this.#sending === before.#sending && this.#receiving === before.#receiving;
  }

  /** Room that `protectRtp` needs behind a packet; `protectRtcp` needs `rtcpTrailerBytes`. */
  get rtpTrailerBytes(): number {
    return this.#sending.rtpTrailerBytes;
  }

  get rtcpTrailerBytes(): number {
    return this.#sending.rtcpTrailerBytes;
  }

  /** The packet has room for the trailer, and its header is valid. */
  protectRtp(packet: Uint8Array, length: number): number {
    const bodyAt = bodyOffset(packet, length);
    if (bodyAt === 0 || length + this.rtpTrailerBytes > packet.length) return -srtpFault.malformed;
    const ssrc = readWord(packet, 8);
    const stream = this.#find(this.#sent, ssrc) ?? add(this.#sent, ssrc);
    const index = nextIndex(stream.rtp, sequenceOf(packet));
    const fault = faultOf(stream.rtp, index);
    if (fault !== 0) return -fault;
    stream.rtp.mark(index);
    return this.#sending.sealRtp(packet, bodyAt, length, ssrc, index);
  }

  unprotectRtp(packet: Uint8Array, length: number): number {
    const bodyAt = bodyOffset(packet, length);
    if (bodyAt === 0 || bodyAt + this.#receiving.rtpTrailerBytes > length) return -srtpFault.malformed;
    const ssrc = readWord(packet, 8);
    const stream = this.#find(this.#received, ssrc);
    if (stream === null || stream.rtp.highest < 0) return this.#unprotectFirst(packet, bodyAt, length, ssrc);
    const index = nextIndex(stream.rtp, sequenceOf(packet));
    const fault = faultOf(stream.rtp, index);
    if (fault !== 0) return -fault;
    const end = this.#receiving.openRtp(packet, bodyAt, length, ssrc, index);
    if (end < 0) return -srtpFault.authentication;
    stream.rtp.mark(index);
    return end;
  }

  /** A compound packet with room for the trailer. */
  protectRtcp(packet: Uint8Array, length: number): number {
    if (length < rtcpBodyAt || length > longestPacketBytes) return -srtpFault.malformed;
    if (length + this.rtcpTrailerBytes > packet.length) return -srtpFault.malformed;
    const ssrc = readWord(packet, 4);
    const { rtcp } = this.#find(this.#sent, ssrc) ?? add(this.#sent, ssrc);
    // RFC 3711 §3.4: 0 in the first, one more in each.
    const index = rtcp.highest + 1;
    if (index > rtcpIndexMask) return -srtpFault.expired;
    rtcp.mark(index);
    return this.#sending.sealRtcp(packet, length, ssrc, index);
  }

  unprotectRtcp(packet: Uint8Array, length: number): number {
    if (length > packet.length || length > longestPacketBytes) return -srtpFault.malformed;
    if (length < rtcpBodyAt + this.#receiving.rtcpTrailerBytes) return -srtpFault.malformed;
    const ssrc = readWord(packet, 4);
    const word = readWord(packet, this.#receiving.rtcpWordAt(length));
    const index = word & rtcpIndexMask;
    const known = this.#find(this.#received, ssrc);
    const fault = known?.rtcp.check(index) ?? 0;
    if (fault !== 0) return -fault;
    const end = this.#receiving.openRtcp(packet, length, ssrc, word);
    if (end < 0) return -srtpFault.authentication;
    (known ?? add(this.#received, ssrc)).rtcp.mark(index);
    return end;
  }

  /**
   * The first packet of an SSRC under this key. Its roll-over counter is 0 (RFC 3711 §3.3.1); or what it was under the key
   * before, since not everybody begins anew; or 1, where the packets before the first wrap were lost.
   */
  #unprotectFirst(packet: Uint8Array, bodyAt: number, length: number, ssrc: number): number {
    const sequence = sequenceOf(packet);
    const before = this.#find(this.#before, ssrc)?.rtp.highest ?? -1;
    const guesses = [
      sequence,
      ...(before < 0 ? [] : [extendSequence(before, sequence)]),
      ...(sequence < rollOver / 2 ? [rollOver + sequence] : []),
    ];
    for (const index of guesses) {
      const end = index < 0 ? -1 : this.#receiving.openRtp(packet, bodyAt, length, ssrc, index);
      if (end < 0) continue;
      (this.#find(this.#received, ssrc) ?? add(this.#received, ssrc)).rtp.mark(index);
      return end;
    }
    return -srtpFault.authentication;
  }

  #find(streams: readonly Stream[], ssrc: number): Stream | null {
    for (let i = streams.length - 1; i >= 0; i--) {
      const stream = streams[i] as Stream;
      if (stream.ssrc === ssrc) return stream;
    }
    return null;
  }
}

function isKept(before: LegCrypto | null, keys: SrtpKeys, whose: 'ours' | 'theirs'): before is LegCrypto {
  if (before?.keys.suite !== keys.suite) return false;
  const [old, now] = [before.keys[whose], keys[whose]];
  const isSame = isSameBytes(old.key, now.key) && isSameBytes(old.salt, now.salt);
  return isSame && (old.mkiBytes ?? 0) === (now.mkiBytes ?? 0);
}

function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

function protectionOf(suite: SrtpSuiteName, master: MasterKey): PacketProtection {
  const what = srtpSuites[suite];
  return what.mode === 'counter' ? new CounterProtection(master, what) : GcmProtection.of(master, what);
}

function add(streams: Stream[], ssrc: number): Stream {
  const stream = { ssrc, rtp: new ReplayWindow(), rtcp: new ReplayWindow() };
  streams.push(stream);
  if (streams.length > maxStreams) streams.shift();
  return stream;
}

/** RFC 3711 §3.3.1: the index nearest to the highest one; the first of what we send has the roll-over counter 0. */
function nextIndex({ highest }: ReplayWindow, sequence: number): number {
  return highest < 0 ? sequence : extendSequence(highest, sequence);
}

function faultOf(
  window: ReplayWindow,
  index: number,
): ReturnType<ReplayWindow['check']> | typeof srtpFault.expired {
  if (index < 0) return srtpFault.tooOld;
  return index > highestIndex ? srtpFault.expired : window.check(index);
}

function sequenceOf(packet: Uint8Array): number {
  return ((packet[2] as number) << 8) | (packet[3] as number);
}

/** Where the payload of an RTP packet begins (RFC 3550 §5.1, §5.3.1), padding included; 0: it is none. */
function bodyOffset(packet: Uint8Array, length: number): number {
  if (length < 12 || length > packet.length || length > longestPacketBytes) return 0;
  if ((packet[0] as number) >> 6 !== 2) return 0;
  let at = 12 + 4 * ((packet[0] as number) & 0x0f);
  if (((packet[0] as number) & 0x10) !== 0) {
    if (at + 4 > length) return 0;
    at += 4 + 4 * (((packet[at + 2] as number) << 8) | (packet[at + 3] as number));
  }
  return at > length ? 0 : at;
}
