import { execFileSync } from 'node:child_process';
import type { CapturedDatagram } from './capture.ts';

/** What one party sent to the node, as the capture shows it. */
export interface WireChannel {
  /** From the first packet's timestamp on, decoded by ffmpeg; silence where no packet came. */
  readonly samples: Int16Array;
  readonly packets: readonly WirePacket[];
  /** Packets that the sequence numbers promise and the capture does not hold. */
  readonly missing: number;
  /** When sample 0 would have come, in seconds since 1970: the middle of what the packets say. */
  readonly beganAt: number;
}

interface WirePacket {
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

const sampleRate = 8000;
const formats = {
  PCMU: { payloadType: 0, ffmpeg: 'mulaw', silence: 0xff },
  PCMA: { payloadType: 8, ffmpeg: 'alaw', silence: 0xd5 },
} as const;

/** The one stream of `codec` that came from `from`. Throws where there is none or another beside it. */
export function wireChannel(
  capture: readonly CapturedDatagram[],
  from: string,
  codec: keyof typeof formats,
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
    position: (packet.timestamp - first.timestamp) | 0,
    order: ((packet.sequence - first.sequence) << 16) >> 16,
  }));
  const coded = Buffer.alloc(
    Math.max(...placed.map(({ position, payload }) => position + payload.length)),
    format.silence,
  );
  for (const { position, payload } of placed) payload.copy(coded, position);
  const middle = placed.map(({ at, position }) => at - position / sampleRate).toSorted((a, b) => a - b);
  return {
    samples: decode(coded, format.ffmpeg),
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

function decode(coded: Buffer, format: string): Int16Array {
  const pcm = execFileSync(
    'ffmpeg',
    ['-v', 'error', '-f', format, '-ar', '8000', '-ac', '1', '-i', 'pipe:0', '-f', 's16le', 'pipe:1'],
    { input: coded, timeout: 30_000, maxBuffer: 2 ** 26 },
  );
  if (pcm.length !== 2 * coded.length) throw new Error(`ffmpeg made ${pcm.length} bytes of ${coded.length}`);
  return Int16Array.from({ length: coded.length }, (_, n) => pcm.readInt16LE(2 * n));
}
