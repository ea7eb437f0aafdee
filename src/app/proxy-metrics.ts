import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter, MeterSample } from '../kernel/meter.ts';
import type { MediaStats } from '../media/protocol.ts';
import type { RecordingStats } from '../recording/protocol.ts';
import type { Direction, Outcome } from '../records/call-record.ts';
import type { RecordEvent } from '../records/record-event.ts';
import type { MediaPool } from './media-pool.ts';
import type { RecorderPool } from './recorder-pool.ts';

/** Resolution of the event loop's delay histogram, ms. */
const loopResolutionMs = 10;

/** What the proxy counts of calls and recordings, and how a scrape gathers it with what the workers count. */
export interface ProxyMetrics {
  callStarted(direction: Direction): void;
  callEnded(direction: Direction, outcome: Outcome): void;
  /** A call of this proxy's earlier life, which a crash ended. */
  callLost(direction: Direction): void;
  recordsWritten(events: readonly RecordEvent[]): void;
  alarm(reason: string): void;
  collect(): Promise<MeterSample[]>;
  close(): void;
}

export function proxyMetrics(meter: Meter, media: MediaPool, recorders: RecorderPool): ProxyMetrics {
  const active: Record<Direction, number> = { inbound: 0, outbound: 0, internal: 0 };
  const loop = monitorEventLoopDelay({ resolution: loopResolutionMs });
  loop.enable();
  const showActive = (direction: Direction): void => {
    meter
      .gauge('onrecord_calls_active', 'Calls that are up or being set up', { direction })
      .set(active[direction]);
  };
  const countEnd = (direction: Direction, outcome: Outcome): void => {
    meter.counter('onrecord_calls_total', 'Calls that have ended', { direction, outcome }).add();
  };
  return {
    callStarted(direction) {
      active[direction] += 1;
      showActive(direction);
    },
    callEnded(direction, outcome) {
      active[direction] -= 1;
      showActive(direction);
      countEnd(direction, outcome);
    },
    callLost(direction) {
      countEnd(direction, 'ours');
    },
    recordsWritten(events) {
      for (const event of events) {
        if (event.kind !== 'recording' || event.recording.state === 'recording') continue;
        const { state } = event.recording;
        meter.counter('onrecord_recordings_total', 'Recordings that reached a state', { state }).add();
      }
    },
    alarm(reason) {
      meter.counter('onrecord_recordings_lost_total', 'Owed recordings that failed', { reason }).add();
    },
    collect: async () => {
      const [mediaStats, recorderStats] = await Promise.all([media.stats(), recorders.stats()]);
      return [
        ...meter.snapshot(),
        ...mediaSamples(mediaStats),
        ...recorderSamples(recorderStats, mediaStats),
        ...loopSample(loop.mean, loop.max),
      ];
    },
    close() {
      loop.disable();
    },
  };
}

function counter(
  name: string,
  help: string,
  value: number,
  labels: Record<string, string> = {},
): MeterSample {
  return { name: `onrecord_${name}`, help, type: 'counter', labels, value };
}

function gauge(name: string, help: string, value: number, labels: Record<string, string> = {}): MeterSample {
  return { name: `onrecord_${name}`, help, type: 'gauge', labels, value };
}

function sum<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((total, item) => total + value(item), 0);
}

/** Counts by reason, added up over workers. */
function totals(perWorker: readonly Readonly<Record<string, number>>[]): ReadonlyMap<string, number> {
  const total = new Map<string, number>();
  for (const counts of perWorker) {
    for (const [reason, count] of Object.entries(counts)) total.set(reason, (total.get(reason) ?? 0) + count);
  }
  return total;
}

function mediaSamples(stats: readonly MediaStats[]): MeterSample[] {
  const drops = totals(stats.map((worker) => worker.drops));
  const packets = 'RTP packets';
  return [
    counter(
      'rtp_packets_total',
      packets,
      sum(stats, (s) => s.packetsIn),
      { direction: 'in' },
    ),
    counter(
      'rtp_packets_total',
      packets,
      sum(stats, (s) => s.packetsOut),
      { direction: 'out' },
    ),
    counter(
      'rtcp_packets_total',
      'RTCP datagrams',
      sum(stats, (s) => s.controlIn),
      { direction: 'in' },
    ),
    counter(
      'rtcp_packets_total',
      'RTCP datagrams',
      sum(stats, (s) => s.controlOut),
      { direction: 'out' },
    ),
    counter(
      'rtp_lost_packets_total',
      'RTP packets missing by sequence number',
      sum(stats, (s) => s.packetsLost),
    ),
    ...Array.from(drops, ([reason, count]) =>
      counter('rtp_dropped_packets_total', 'Datagrams refused on media ports', count, { reason }),
    ),
    counter(
      'media_bind_failures_total',
      'Port pairs that could not be bound',
      sum(stats, (s) => s.bindFailures),
    ),
    counter(
      'media_send_failures_total',
      'Packets the system did not take',
      sum(stats, (s) => s.sendFailures),
    ),
    counter(
      'media_socket_errors_total',
      'Errors that waited at a media socket',
      sum(stats, (s) => s.socketErrors),
    ),
    counter(
      'media_unmarked_sockets_total',
      'Media sockets without their DSCP',
      sum(stats, (s) => s.unmarkedSockets),
    ),
    counter(
      'media_remotes_refused_total',
      'Addresses in SDP that nothing is sent to',
      sum(stats, (s) => s.remotesRefused),
    ),
    counter(
      'tap_lost_marks_total',
      'Marks that found the tap full',
      sum(stats, (s) => s.marksLost),
    ),
    counter(
      'media_session_faults_total',
      'Calls whose media a fault of ours ended',
      sum(stats, (s) => s.sessionFaults),
    ),
    ...delaySample(stats),
  ];
}

function delaySample(stats: readonly MediaStats[]): MeterSample[] {
  const bounds = stats[0]?.delayBounds;
  if (bounds === undefined) return [];
  return [
    {
      name: 'onrecord_rtp_forward_delay_seconds',
      help: 'From the arrival of an RTP packet to its sending',
      type: 'histogram',
      labels: {},
      value: sum(stats, (s) => s.delayCount),
      sum: sum(stats, (s) => s.delaySum),
      buckets: bounds.map((le, i) => ({ le, count: sum(stats, (s) => s.delayBuckets[i] ?? 0) })),
    },
  ];
}

function recorderSamples(stats: readonly RecordingStats[], media: readonly MediaStats[]): MeterSample[] {
  const drops = totals(stats.map((worker) => worker.drops));
  const lag = stats.reduce((worst, { encodeLagSeconds }) => Math.max(worst, encodeLagSeconds), 0);
  return [
    gauge(
      'recordings_active',
      'Recordings that are being written',
      sum(stats, (s) => s.active),
    ),
    gauge(
      'recordings_sealing',
      'Recordings that are being sealed',
      sum(stats, (s) => s.sealing),
    ),
    counter(
      'tap_dropped_packets_total',
      'Packets that found the tap full',
      sum(media, (s) => s.tapDropped),
    ),
    gauge('encode_lag_seconds', 'How far the slowest recording is behind the media clock', lag),
    gauge(
      'mp3_encoding_deferred',
      'Recording workers that encode MP3 after the call, for want of time',
      stats.filter(({ encodingDeferred }) => encodingDeferred).length,
    ),
    gauge(
      'recordings_awaiting_encoder',
      'Recordings that have ended and wait for their MP3',
      sum(stats, (s) => s.awaitingEncoder),
    ),
    counter(
      'recordings_encoded_later_total',
      'Recordings whose MP3 was made after their end',
      sum(stats, (s) => s.encodedLater),
    ),
    gauge(
      'spool_bytes',
      'Bytes in live spools',
      sum(stats, (s) => s.spoolBytes),
    ),
    ...Array.from(drops, ([reason, count]) =>
      counter('recording_dropped_total', 'What recorders could not place on the time line', count, {
        reason,
      }),
    ),
  ];
}

function loopSample(meanNanoseconds: number, maxNanoseconds: number): MeterSample[] {
  const help = "Delay of the signalling thread's event loop";
  return [
    gauge('event_loop_delay_seconds', help, Math.max(0, meanNanoseconds / 1e9 - loopResolutionMs / 1e3), {
      stat: 'mean',
    }),
    gauge('event_loop_delay_seconds', help, maxNanoseconds / 1e9, { stat: 'max' }),
  ];
}
