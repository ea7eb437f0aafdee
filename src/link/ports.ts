import type { Result } from '../kernel/result.ts';
import type { RecordEvent } from '../records/record-event.ts';
import type { LinkAnswer, LinkFault, LinkRequest, LinkValue } from './protocol.ts';

/** Some of what the journal holds and no database has. Numbers of batches only grow. */
export interface JournalBatch {
  readonly batch: number;
  readonly events: readonly RecordEvent[];
}

/** The proxy's journal, as the link sees it. */
export interface JournalSource {
  /** The oldest events that are not acknowledged, at most `limit`, in order; null: none. Asked again, the same again. */
  pending(limit: number): Promise<Result<JournalBatch | null, { readonly message: string }>>;
  /** Everything up to this batch is stored. */
  acknowledge(batch: number): void;
  /** Calls back whenever there is something to ship; returns the way to stop it. */
  onPending(listener: () => void): () => void;
}

/** What the proxy does for the control process. A rejection is answered `failed`. */
export type RequestHandler = (ask: LinkRequest) => Promise<LinkAnswer>;

/** A proxy that is connected to this control process. */
export interface ConnectedNode {
  readonly nodeId: string;
  readonly version: string;
  /** Null: not ready to take calls yet. */
  readonly sip: readonly string[] | null;
}

/** `unreachable`: not connected, or it went away before it answered. */
export type AskFault = LinkFault | 'unreachable' | 'timeout' | 'overload';

export type Ask<M extends LinkRequest['method']> = Extract<LinkRequest, { readonly method: M }>;
export type Value<M extends LinkRequest['method']> = Extract<LinkValue, { readonly method: M }>;

/** Who is connected, and how to ask. */
export interface NodeRegistry {
  nodes(): readonly ConnectedNode[];
  ask<M extends LinkRequest['method']>(
    nodeId: string,
    ask: Ask<M>,
    withinMs: number,
  ): Promise<Result<Value<M>, AskFault>>;
}
