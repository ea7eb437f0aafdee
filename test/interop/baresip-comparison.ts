import { align, rms, signalToNoise } from '../support/sound.ts';
import type { WireChannel } from './baresip-wire.ts';

const blockSeconds = 0.02;
/** Packets under way when the recording began or ended were not wholly in it: 20 ms, and 10 for jitter. */
const edgeSeconds = 0.03;

/** One channel of a recording held against what its party sent. Samples unless a unit is named. */
export interface Comparison {
  /** The recording's sample n is the wire's sample n + lag: one offset for the whole recording. */
  readonly lag: number;
  /** How much was compared, and how much the recording holds beyond what came over the wire. */
  readonly comparedSeconds: number;
  readonly unexplainedSeconds: number;
  readonly signalToNoiseDb: number;
  /** Blocks of 20 ms in which most of what the wire carries is absent. */
  readonly dropouts: number;
  /** How far the recording runs away from the wire's timestamps, in millionths. */
  readonly driftPpm: number;
  /** When the recording's sample 0 was on the wire, in seconds since 1970. */
  readonly beganAt: number;
  /** The same, said by nothing but the first packet that came after. */
  readonly beganAtByFirstPacket: number;
}

export function compare(recorded: Int16Array, wire: WireChannel): Comparison {
  const { sampleRate } = wire;
  const edge = edgeSeconds * sampleRate;
  const lag = findLag(recorded, wire);
  const from = Math.max(0, -lag) + edge;
  const to = Math.min(recorded.length, wire.samples.length - lag) - edge;
  const heard = recorded.subarray(from, to);
  const sent = asHeard(heard, wire, lag).subarray(from + lag, to + lag);
  const next = wire.packets.find(({ position }) => position >= lag) ?? wire.packets[0]!;
  return {
    lag,
    comparedSeconds: (to - from) / sampleRate,
    unexplainedSeconds: (recorded.length - 2 * edge - (to - from)) / sampleRate,
    signalToNoiseDb: signalToNoise(sent, heard),
    dropouts: countDropouts(sent, heard, blockSeconds * sampleRate),
    driftPpm: drift(heard, wire, from + lag),
    beganAt: wire.beganAt + lag / sampleRate,
    beganAtByFirstPacket: next.at - (next.position - lag) / sampleRate,
  };
}

/** Packets around the first at or after `lag` with which a recording may have begun: the node was late, or early. */
const startsBefore = 8;
const startsAfter = 2;

/** The wire from the packet on with which the recording began, which is the one that explains it best. */
function asHeard(heard: Int16Array, wire: WireChannel, lag: number): Int16Array {
  const first = wire.packets.findIndex(({ position }) => position >= lag);
  const candidates = wire.packets.slice(Math.max(0, first - startsBefore), first + 1 + startsAfter);
  const from = Math.max(0, lag) + edgeSeconds * wire.sampleRate;
  const decoded = candidates.map(({ position }) => {
    const samples = wire.decodedFrom(position);
    return { samples, quality: signalToNoise(samples.subarray(from, from + heard.length), heard) };
  });
  return decoded.toSorted((a, b) => b.quality - a.quality)[0]?.samples ?? wire.samples;
}

/** By two seconds out of the recording's middle. */
function findLag(recorded: Int16Array, { samples, sampleRate }: WireChannel): number {
  const start = Math.max(0, Math.floor(recorded.length / 2) - sampleRate);
  const part = recorded.subarray(start, start + 2 * sampleRate);
  return align(samples, part).lag - start;
}

function countDropouts(sent: Int16Array, heard: Int16Array, blockLength: number): number {
  let dropouts = 0;
  for (let at = 0; at + blockLength <= sent.length; at += blockLength) {
    const loudness = rms(sent.subarray(at, at + blockLength));
    const difference = heard.subarray(at, at + blockLength).map((sample, n) => sample - sent[at + n]!);
    if (rms(difference) > loudness / 2) dropouts += 1;
  }
  return dropouts;
}

/** The slope of the lags that each second has by itself, by least squares. */
function drift(heard: Int16Array, { samples, sampleRate }: WireChannel, lag: number): number {
  const points: { readonly x: number; readonly y: number }[] = [];
  const reach = sampleRate / 100;
  for (let at = 0; at + sampleRate <= heard.length; at += sampleRate) {
    const second = heard.subarray(at, at + sampleRate);
    // The edges cut off at both ends are longer than this reach, so the wire has it.
    const around = samples.subarray(lag + at - reach, lag + at + sampleRate + reach);
    points.push({ x: at, y: align(around, second).lag });
  }
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [x0, y0] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const cross = points.reduce((sum, { x, y }) => sum + (x - x0) * (y - y0), 0);
  const square = points.reduce((sum, { x }) => sum + (x - x0) ** 2, 0);
  return (1e6 * cross) / square;
}
