import type { PortsOfCall, Signalling } from '../load/load-options.ts';
import { BenchNode, benchPorts, type RecordRule } from './bench-node.ts';

/** Whoever relays has this core to itself; the generator is on another. */
export const relayCore = 0;

/** Somebody who relays calls, running. */
export interface Contestant {
  readonly signalling: Signalling;
  /** Of all its processes since they started. */
  cpuSeconds(): number;
  residentKib(): number;
  /** CPU seconds of its parts, by name. */
  stages(): Readonly<Record<string, number>>;
  /** What it counted itself, by name, since it started. */
  counts(): Promise<Readonly<Record<string, number>>>;
  /** Where signalling is `told`. */
  parties?(ports: readonly PortsOfCall[]): Promise<readonly PortsOfCall[]>;
  stop(): Promise<void>;
}

/** A built node as a user would start it. */
export async function startNode(record: RecordRule): Promise<Contestant> {
  const node = await BenchNode.start(record, { core: relayCore });
  const { pbxListener, trunkListener, callerPort, calleePort } = benchPorts;
  return {
    signalling: { kind: 'sip', pbxListener, trunkListener, callerPort, calleePort },
    cpuSeconds: () => node.cpuSeconds(),
    residentKib: () => node.residentKib(),
    stages: () => node.stageSeconds(),
    counts: async () => ({
      tapDropped: await node.metric('onrecord_tap_dropped_packets_total'),
      ...(await node.metricBy('onrecord_rtp_dropped_packets_total')),
      lost: await node.metric('onrecord_rtp_lost_packets_total'),
      sendFailures: await node.metric('onrecord_media_send_failures_total'),
      recordings: await node.metric('onrecord_recordings_active'),
    }),
    stop: () => node.stop(),
  };
}
