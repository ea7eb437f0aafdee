import { rtpFault, RtpView } from '../../rtp/rtp-view.ts';
import { extendTimestamp, sequenceDelta } from '../../rtp/sequence.ts';

/** Packets of one party in one codec and one stream, in the order in which they were sent. */
export interface PacketTrack {
  readonly channel: 0 | 1;
  readonly encoding: string;
  readonly clockRate: number;
  readonly packets: readonly KeptPacket[];
}

export interface KeptPacket {
  /** Ticks of the clock from the recording's beginning. */
  readonly position: number;
  readonly payload: Uint8Array;
}

interface Arrived {
  /** Extended, so that they can be compared. */
  readonly sequence: number;
  readonly timestamp: number;
  readonly seconds: number;
  readonly payload: Uint8Array;
}

interface Format {
  readonly encoding: string;
  readonly clockRate: number;
}

const fileHeadBytes = 24;
const recordHeadBytes = 16;
/** IPv4 and UDP, as `recording/raw-packets.ts` writes them. */
const packetHeadBytes = 28;
const lastOctetAt = 15;
const portAt = 22;
const descriptionPort = 9875;

/** Reads the file of packets that a recording has beside its audio. What cannot be read in it is left out. */
export function readKeptPackets(file: Buffer): PacketTrack[] {
  const formats = [new Map<number, Format>(), new Map<number, Format>()] as [
    Map<number, Format>,
    Map<number, Format>,
  ];
  const tracks = new Map<string, { channel: 0 | 1; format: Format; arrived: Arrived[] }>();
  const view = new RtpView();
  for (let at = fileHeadBytes; at + recordHeadBytes <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const packet = file.subarray(at + recordHeadBytes, at + recordHeadBytes + length);
    const seconds = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1_000_000;
    at += recordHeadBytes + length;
    if (packet.length < packetHeadBytes || packet.length < length) continue;
    const channel = packet[lastOctetAt] === 1 ? 0 : 1;
    const content = packet.subarray(packetHeadBytes);
    if (packet.readUInt16BE(portAt) === descriptionPort) formats[channel] = formatsIn(content.toString());
    else if (view.bind(content, content.length) === rtpFault.none) {
      const format = formats[channel].get(view.payloadType);
      if (format === undefined) continue;
      const key = `${channel} ${view.ssrc} ${format.encoding}/${format.clockRate}`;
      const track = tracks.get(key) ?? { channel, format, arrived: [] };
      tracks.set(key, track);
      track.arrived.push(arrived(track.arrived.at(-1), view, content, seconds));
    }
  }
  return Array.from(tracks.values(), ({ channel, format, arrived: packets }) => ({
    ...{ channel, ...format },
    packets: inOrder(packets, format.clockRate),
  }));
}

function arrived(before: Arrived | undefined, view: RtpView, content: Uint8Array, seconds: number): Arrived {
  const { sequence, timestamp, payloadOffset, payloadLength } = view;
  return {
    sequence:
      before === undefined ? sequence : before.sequence + sequenceDelta(before.sequence & 0xffff, sequence),
    timestamp: before === undefined ? timestamp : extendTimestamp(before.timestamp, timestamp),
    seconds,
    payload: content.subarray(payloadOffset, payloadOffset + payloadLength),
  };
}

/** A packet may be late and is never early: the least delay says where the stream lies. */
function inOrder(packets: readonly Arrived[], clockRate: number): KeptPacket[] {
  const offset = packets.reduce(
    (least, { seconds, timestamp }) => Math.min(least, seconds * clockRate - timestamp),
    Infinity,
  );
  return packets
    .toSorted((a, b) => a.sequence - b.sequence)
    .filter(({ sequence }, i, sorted) => sequence !== sorted[i - 1]?.sequence)
    .map(({ timestamp, payload }) => ({ position: Math.round(timestamp + offset), payload }));
}

function formatsIn(sdp: string): Map<number, Format> {
  const formats = new Map<number, Format>();
  for (const [, type, encoding = '', rate] of sdp.matchAll(/^a=rtpmap:(\d+) ([^/\s]+)\/(\d+)/gm)) {
    formats.set(Number(type), { encoding, clockRate: Number(rate) });
  }
  return formats;
}
