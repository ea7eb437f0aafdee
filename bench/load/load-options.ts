/** How the generator's calls come to be. */
export type Signalling =
  /** Through a node, by SIP: where it listens for each side, and where the two user agents do. */
  | {
      readonly kind: 'sip';
      readonly pbxListener: number;
      readonly trunkListener: number;
      readonly callerPort: number;
      readonly calleePort: number;
    }
  /** Through rtpengine, by its `ng` protocol. */
  | { readonly kind: 'ng'; readonly port: number; readonly record: boolean }
  /** Through a bare relay, which is told of the parties' ports by the bench. */
  | { readonly kind: 'told' };

/** What the load generator is told (as JSON on its command line). */
export interface LoadOptions {
  readonly calls: number;
  /** New calls a second while it fills up. */
  readonly rate: number;
  /** How long the calls talk before anything is measured, and how long together while it is. */
  readonly settleSeconds: number;
  readonly seconds: number;
  readonly signalling: Signalling;
}

/** Ports of a call's caller and callee. */
export type PortsOfCall = readonly [caller: number, callee: number];

/** Messages of the generator to the bench, over its IPC channel. */
export type LoadEvent =
  /** Asks where the parties are to send; answered by `PortsOfCall[]`. */
  | { readonly type: 'parties'; readonly ports: readonly PortsOfCall[] }
  | { readonly type: 'up'; readonly calls: number }
  | { readonly type: 'measured' }
  | { readonly type: 'done'; readonly figures: LoadFigures };

export interface LoadFigures {
  readonly callsUp: number;
  readonly callsFailed: number;
  readonly packetsSent: number;
  /** What should have been sent by the clock. */
  readonly packetsDue: number;
  readonly packetsReceived: number;
  /** Of another call, or not what was sent. */
  readonly packetsForeign: number;
  /** From `sendto` here to the system's stamp at the other party, milliseconds. */
  readonly delayP50: number;
  readonly delayP99: number;
  readonly delayP999: number;
  readonly delayMax: number;
  /** How late the generator sent what was due: the 99.9th of hundred, milliseconds. */
  readonly lateP999: number;
  /** Of the generator itself, per cent of a core. */
  readonly cpuPercent: number;
}
