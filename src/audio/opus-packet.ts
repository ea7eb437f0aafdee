/** RFC 6716 §3.1, table 2: 2.5 ms are the shortest frame, §3.2.5: 120 ms the longest packet. */
const ticksPerFrame = { celt: 120, silk: 480 } as const;
const ticksPerMs = 48;
const longestTicks = 120 * ticksPerMs;

/**
 * Ticks of 48 kHz that a packet stands for; 0: it is none. The first octet says configuration and frames:
 *
 *     | config (5) |s| c (2) |
 *
 * RFC 6716 §3.1.
 */
export function opusPacketTicks(bytes: Uint8Array, from: number, length: number): number {
  if (length < 1) return 0;
  const toc = bytes[from] as number;
  const frames = frameCount(toc, bytes, from, length);
  const ticks = frames * frameTicks(toc >> 3);
  return ticks > longestTicks ? 0 : ticks;
}

/**
 * Ticks before the packet that it carries a second time, as low-bitrate redundancy in its speech layer
 * (RFC 6716 §4.2.4); 0 where there is none. Only packets of one frame are looked at, which is what speech
 * comes in.
 */
export function opusRedundantTicks(bytes: Uint8Array, from: number, length: number): number {
  if (length < 2) return 0;
  const toc = bytes[from] as number;
  const config = toc >> 3;
  if (config >= celtConfigs || (toc & 3) !== 0) return 0;
  const ticks = frameTicks(config);
  // A frame has an activity flag for each 20 ms in it, then the one of redundancy; a second channel repeats both.
  const parts = Math.max(1, ticks / (20 * ticksPerMs));
  const head = bytes[from + 1] as number;
  const mid = (head >> (7 - parts)) & 1;
  const side = (toc & 4) === 0 ? 0 : (head >> (6 - 2 * parts)) & 1;
  return mid === 1 || side === 1 ? ticks : 0;
}

/** Configurations from here on have no speech layer, those of 12 to 15 both. */
const celtConfigs = 16;
const hybridConfigs = 12;

function frameTicks(config: number): number {
  if (config >= celtConfigs) return ticksPerFrame.celt << (config & 3);
  if (config >= hybridConfigs) return ticksPerFrame.silk << (config & 1);
  return (config & 3) === 3 ? 60 * ticksPerMs : ticksPerFrame.silk << (config & 3);
}

function frameCount(toc: number, bytes: Uint8Array, from: number, length: number): number {
  const code = toc & 3;
  if (code === 0) return 1;
  if (code < 3) return 2;
  return length < 2 ? 0 : (bytes[from + 1] as number) & 0x3f;
}
