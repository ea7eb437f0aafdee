/** What the load generator is told (as JSON on its command line). */
export interface LoadOptions {
  readonly calls: number;
  /** New calls a second while it fills up. */
  readonly rate: number;
  /** How long all calls talk together. */
  readonly seconds: number;
  readonly callerPort: number;
  readonly calleePort: number;
  /** Where the node listens for each side. */
  readonly pbxListener: number;
  readonly trunkListener: number;
}

/** Messages of the generator to the bench, over its IPC channel. */
export type LoadEvent =
  | { readonly type: 'up'; readonly calls: number }
  | { readonly type: 'done'; readonly figures: LoadFigures };

export interface LoadFigures {
  readonly callsUp: number;
  readonly callsFailed: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** Milliseconds. */
  readonly delayP50: number;
  readonly delayP99: number;
  readonly delayP999: number;
  readonly delayMax: number;
}
