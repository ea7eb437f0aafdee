import { resample } from '../../audio/resample.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { headBytes } from '../convert/conversion-plan.ts';
import { parseWavLayout, type WavLayout } from '../convert/wav-layout.ts';
import type { AudioForm, DecodingFault, OpenAudio, OpenPackets, PacketDecoder } from '../ports.ts';
import type { RunFfmpeg } from './ffmpeg.ts';
import { type PacketTrack, readKeptPackets } from './kept-packets.ts';
import { rawCodec } from './raw-codecs.ts';

/** What is decoded lies in memory until it is sent: an hour of stereo at 8000 Hz, and the packets of as much. */
const longestAudio = 128 * 1024 * 1024;
const longestPackets = 64 * 1024 * 1024;
const decodedRate = 8000;
/** Whoever asks for several waits his turn. */
const atOnce = 1;

/** The audio of a recording whose packets were kept: what was decoded at the time, and what ffmpeg makes of the rest. */
export function packetDecoder(run: RunFfmpeg): PacketDecoder {
  let running = 0;
  return {
    async decode(kept, packets) {
      if (running >= atOnce) return err('busy');
      running += 1;
      try {
        return await decoded(kept, packets, run);
      } finally {
        running -= 1;
      }
    },
  };
}

async function decoded(
  kept: OpenAudio,
  packets: OpenPackets,
  run: RunFfmpeg,
): Promise<Result<AudioForm, DecodingFault>> {
  if (kept.size > longestAudio || packets.size > longestPackets) return err('unsupported');
  const file = await whole(kept);
  const layout = parseWavLayout(file.subarray(0, headBytes), kept.size);
  if (layout?.coding !== 'pcm16') return err('unsupported');
  const tracks = readKeptPackets(await whole(packets));
  if (tracks.length === 0) return err('unsupported');
  for (const track of tracks) {
    const fault = await addTrack(file, layout, track, run);
    if (fault !== null) return err(fault);
  }
  return ok({
    ...{ size: file.length, contentType: 'audio/wav', kind: 'wav', ranges: true, etag: '"decoded"' },
    async *read(start, end) {
      yield await Promise.resolve(file.subarray(start, end));
    },
  });
}

/** Decodes a track and lays it over the silence that stands for it. */
async function addTrack(
  file: Buffer,
  layout: WavLayout,
  { channel, encoding, clockRate, packets }: PacketTrack,
  run: RunFfmpeg,
): Promise<DecodingFault | null> {
  const codec = rawCodec(encoding, clockRate);
  if (codec === null) return 'unsupported';
  const frames = packets.map(({ position, payload }) => {
    const count = Math.floor(payload.length / codec.bytes);
    return { position, samples: count * codec.samples, bytes: payload.subarray(0, count * codec.bytes) };
  });
  const ran = await run(codec.input, Buffer.concat(frames.map(({ bytes }) => bytes)));
  if (!ran.ok) return ran.error === 'missing' ? 'no-decoder' : 'damaged';
  const last = frames.at(-1);
  const line = new Int16Array(Math.max(0, (last?.position ?? 0) + (last?.samples ?? 0)));
  let from = 0;
  for (const { position, samples } of frames) {
    const part = ran.value.subarray(from + Math.max(0, -position), from + samples);
    if (position + samples > 0) line.set(part, Math.max(0, position));
    from += samples;
  }
  mixInto(file, layout, channel, resample(line, decodedRate, layout.sampleRate));
  return null;
}

/** Adds a channel's samples to those of the file. In mono both share one. */
function mixInto(file: Buffer, layout: WavLayout, channel: 0 | 1, samples: Int16Array): void {
  const { channels, dataOffset, dataBytes } = layout;
  const blockBytes = 2 * channels;
  const first = dataOffset + (channels === 2 ? 2 * channel : 0);
  const blocks = Math.min(samples.length, Math.floor(dataBytes / blockBytes));
  for (let i = 0; i < blocks; i++) {
    const at = first + i * blockBytes;
    const sum = file.readInt16LE(at) + (samples[i] as number);
    file.writeInt16LE(Math.max(-32_768, Math.min(32_767, sum)), at);
  }
}

async function whole(audio: OpenPackets): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of audio.read(0, audio.size)) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}
