import { execFileSync } from 'node:child_process';
import type { BaresipCodec } from './baresip-agent.ts';
import type { CapturedDatagram } from './capture.ts';
import { oggOpus } from './ogg-opus.ts';

/** What one party sent to the node, as the capture shows it. */
export interface WireChannel {
  readonly sampleRate: number;
  /** From the first packet's timestamp on, decoded by ffmpeg; silence where no packet came. */
  readonly samples: Int16Array;
  readonly packets: readonly WirePacket[];
  /** Packets that the sequence numbers promise and the capture does not hold. */
  readonly missing: number;
  /**
   * The samples as a decoder gives them that begins with the packet at `position`; silence before. A codec with
   * memory takes a while to agree with one that heard the stream from its start.
   */
  readonly decodedFrom: (position: number) => Int16Array;
  /** When sample 0 would have come, in seconds since 1970: the middle of what the packets say. */
  readonly beganAt: number;
}

export interface WirePacket {
  /** The position of its first sample. */
  readonly position: number;
  readonly at: number;
}

interface Rtp {
  readonly at: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

/** Hz of the samples, and samples a tick of the RTP clock; payload types as baresip gives them. */
const formats = {
  PCMU: { payloadType: 0, sampleRate: 8000, perTick: 1, decode: octets('mulaw', 0xff) },
  PCMA: { payloadType: 8, sampleRate: 8000, perTick: 1, decode: octets('alaw', 0xd5) },
  // RFC 3551 §4.5.2: the clock says 8000.
  G722: { payloadType: 9, sampleRate: 16_000, perTick: 2, decode: octets('g722', 0) },
  Opus: { payloadType: 96, sampleRate: 48_000, perTick: 1, decode: decodeOpus },
} as const satisfies Readonly<Record<BaresipCodec, object>>;

/** The one stream of `codec` that came from `from`. Throws where there is none or another beside it. */
export function wireChannel(
  capture: readonly CapturedDatagram[],
  from: string,
  codec: BaresipCodec,
): WireChannel {
  const format = formats[codec];
  const packets = capture
    .filter((datagram) => datagram.from === from && datagram.toPort !== 5060)
    .map(({ at, payload }) => readRtp(at, payload))
    .filter((packet) => packet !== null)
    .filter(({ payloadType }) => payloadType === format.payloadType);
  const first = packets[0];
  if (first === undefined) throw new Error(`the capture holds no ${codec} from ${from}`);
  if (packets.some(({ ssrc }) => ssrc !== first.ssrc)) throw new Error(`${from} sent more than one stream`);

  const placed = packets.map((packet) => ({
    ...packet,
    position: format.perTick * ((packet.timestamp - first.timestamp) | 0),
    order: ((packet.sequence - first.sequence) << 16) >> 16,
  }));
  const { sampleRate } = format;
  const decoded = new Map<number, Int16Array>();
  const inOrder = placed.toSorted((a, b) => a.order - b.order);
  const middle = placed.map(({ at, position }) => at - position / sampleRate).toSorted((a, b) => a - b);
  return {
    sampleRate,
    samples: format.decode(inOrder),
    decodedFrom: (position) => {
      const known = decoded.get(position);
      if (known !== undefined) return known;
      const heard = format.decode(
        inOrder.filter((packet) => packet.position >= position).map((packet) => moved(packet, -position)),
      );
      const samples = new Int16Array(position + heard.length);
      samples.set(heard, position);
      decoded.set(position, samples);
      return samples;
    },
    packets: placed,
    missing:
      Math.max(...placed.map(({ order }) => order)) + 1 - new Set(placed.map(({ order }) => order)).size,
    beganAt: middle[middle.length >> 1]!,
  };
}

/** RFC 3550 §5.1. RTCP lies beyond payload type 71 here (RFC 5761 §4), and is none. */
function readRtp(at: number, bytes: Buffer): Rtp | null {
  if (bytes.length < 12 || bytes[0]! >> 6 !== 2) return null;
  const payloadType = bytes[1]! & 0x7f;
  if (payloadType >= 72 && payloadType <= 76) return null;
  const csrcs = 4 * (bytes[0]! & 0x0f);
  const extension = (bytes[0]! & 0x10) === 0 ? 0 : 4 + 4 * bytes.readUInt16BE(12 + csrcs + 2);
  const padding = (bytes[0]! & 0x20) === 0 ? 0 : bytes.at(-1)!;
  return {
    at,
    payloadType,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(12 + csrcs + extension, bytes.length - padding),
  };
}

function moved(packet: Placed, by: number): Placed {
  return { ...packet, position: packet.position + by };
}

interface Placed extends WirePacket {
  readonly payload: Buffer;
}

/** A codec of octets, one a tick: laid out by position, then decoded in one piece. */
function octets(format: string, silence: number): (packets: readonly Placed[]) => Int16Array {
  return (packets) => {
    const perTick = format === 'g722' ? 2 : 1;
    const ends = packets.map(({ position, payload }) => position / perTick + payload.length);
    const coded = Buffer.alloc(Math.max(...ends), silence);
    for (const { position, payload } of packets) payload.copy(coded, position / perTick);
    const rate = format === 'g722' ? [] : ['-ar', '8000', '-ac', '1'];
    return ffmpeg(['-f', format, ...rate, '-i', 'pipe:0'], coded);
  };
}

/** By libopus within ffmpeg, as one voice. Nothing may be missing: an Ogg file has no gaps. */
function decodeOpus(packets: readonly Placed[]): Int16Array {
  const file = oggOpus(packets.map(({ payload }) => payload));
  return ffmpeg(['-c:a', 'libopus', '-f', 'ogg', '-i', 'pipe:0'], file);
}

function ffmpeg(input: readonly string[], bytes: Buffer): Int16Array {
  const pcm = execFileSync('ffmpeg', ['-v', 'error', ...input, '-f', 's16le', 'pipe:1'], {
    input: bytes,
    timeout: 60_000,
    maxBuffer: 2 ** 26,
  });
  return Int16Array.from({ length: pcm.length / 2 }, (_, n) => pcm.readInt16LE(2 * n));
}
