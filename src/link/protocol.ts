import type { MeterSample } from '../kernel/meter.ts';
import type { ControlAction } from '../records/control-event.ts';
import type { PackedLadder } from '../records/ladder-record.ts';
import type { RecordEvent } from '../records/record-event.ts';

/**
 * What a proxy and the control process say to each other: frames of a 4-byte big-endian length and JSON
 * in UTF-8, at most 16 MiB, over a Unix socket or mutual TLS. The proxy dials, says `hello` and is
 * answered `welcome`; another protocol number ends the connection with a clear word in both logs.
 */
export const linkProtocol = 4;

export type ToControl =
  | { readonly type: 'hello'; readonly protocol: number; readonly nodeId: string; readonly version: string }
  /** Ready to take calls, with what `ONRECORD_READY` shows. Said again after a reconnect. */
  | { readonly type: 'serving'; readonly sip: readonly string[] }
  | { readonly type: 'records'; readonly batch: number; readonly events: readonly RecordEvent[] }
  | { readonly type: 'response'; readonly id: number; readonly answer: LinkAnswer };

export type ToProxy =
  | { readonly type: 'welcome'; readonly protocol: number }
  /** The batch is in the database and its keys are in the key store. */
  | { readonly type: 'stored'; readonly batch: number }
  | { readonly type: 'request'; readonly id: number; readonly ask: LinkRequest };

export type LinkRequest =
  | { readonly method: 'metrics' }
  | {
      readonly method: 'control';
      readonly callId: string;
      readonly action: ControlAction;
      readonly actor: string;
      readonly reason: string | null;
    }
  /** The SIP messages so far of a call that is up or has just ended. */
  | { readonly method: 'ladder'; readonly callId: string }
  /** Gives up whatever the journal still holds of a recording's key. */
  | { readonly method: 'forget-key'; readonly recordingId: string }
  /** Reads the configuration again; with `apply` calls that arrive from then on are decided by it. */
  | { readonly method: 'reload-policy'; readonly apply: boolean; readonly actor: string }
  /** The whole list of numbers that are never recorded, as their hashes. */
  | { readonly method: 'do-not-record'; readonly keyId: string; readonly hashes: readonly string[] }
  | { readonly method: 'drain' };

export type LinkAnswer =
  | { readonly ok: true; readonly value: LinkValue }
  | { readonly ok: false; readonly code: LinkFault };

export type LinkValue =
  | { readonly method: 'metrics'; readonly samples: readonly MeterSample[] }
  | { readonly method: 'control'; readonly recordingId: string; readonly samplePosition: number }
  | { readonly method: 'ladder'; readonly ladder: PackedLadder }
  | { readonly method: 'forget-key' }
  | ({ readonly method: 'reload-policy' } & PolicyReload)
  | { readonly method: 'do-not-record' }
  | { readonly method: 'drain' };

/** What came of reading a configuration again. */
export interface PolicyReload {
  /** The version that would hold, or holds now; with faults the one that goes on to hold. */
  readonly version: string;
  /** Against what holds, or held; empty: nothing is different. */
  readonly changes: readonly string[];
  readonly warnings: readonly string[];
  /** Where there is any, nothing was changed. A line each: file, line, key, what is wrong and how to mend it. */
  readonly faults: readonly string[];
}

/** `no-call`: not on this node. `conflict`: the recording's state does not allow it. `forbidden`: its rule does not. */
export type LinkFault = 'no-call' | 'conflict' | 'forbidden' | 'failed' | 'unsupported';
