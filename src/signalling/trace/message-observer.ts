import type { Clock, MonotonicMs, WallMs } from '../../kernel/clock.ts';
import type { Hop } from '../transaction-layer.ts';

/** One message as it passed a listener; a retransmission is a message of its own. */
export interface TracedMessage {
  readonly direction: 'received' | 'sent';
  /** Where it came from or went to. */
  readonly hop: Hop;
  /** Our own side of that hop. */
  readonly local: { readonly host: string; readonly port: number };
  readonly wall: WallMs;
  readonly at: MonotonicMs;
  readonly sipCallId: string;
  /** As on the wire: secrets and digits stand in it. Nobody writes to them any more. */
  readonly bytes: Buffer;
}

/** Sees every message of a peer that could be parsed and every message that is sent. It must be quick. */
export type MessageObserver = (message: TracedMessage) => void;

export interface MessageTraceOptions {
  readonly observers: readonly MessageObserver[];
  readonly clock: Clock;
  /** What we are on this listener. */
  readonly localOf: (listener: string) => TracedMessage['local'];
  /** A bug in an observer: the message goes on all the same. */
  readonly failed: (cause: unknown) => void;
}

/** Offers messages to whoever listens; without a listener nothing is made. */
export class MessageTrace {
  readonly #options: MessageTraceOptions;

  constructor(options: MessageTraceOptions) {
    this.#options = options;
  }

  received(bytes: Buffer, hop: Hop, sipCallId: string | null): void {
    if (this.#options.observers.length > 0) this.#offer('received', bytes, hop, sipCallId ?? '');
  }

  sent(bytes: Buffer, hop: Hop): void {
    if (this.#options.observers.length > 0) this.#offer('sent', bytes, hop, callIdIn(bytes));
  }

  #offer(direction: TracedMessage['direction'], bytes: Buffer, hop: Hop, sipCallId: string): void {
    const { observers, clock, localOf, failed } = this.#options;
    try {
      const local = localOf(hop.listener);
      const wall = clock.wall();
      const message = { direction, hop, local, wall, at: clock.monotonic(), sipCallId, bytes };
      for (const observe of observers) observe(message);
    } catch (cause) {
      failed(cause);
    }
  }
}

/** Of a message that we have serialized: unfolded, and the header comes before any body that imitates it. */
const callIdLine = /\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)/i;

function callIdIn(bytes: Buffer): string {
  return callIdLine.exec(bytes.toString('latin1'))?.[1] ?? '';
}
