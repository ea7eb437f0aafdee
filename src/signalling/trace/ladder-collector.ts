import type { Logger } from '../../kernel/logger.ts';
import type { Counter, Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import { packLadder } from '../../records/ladder-packing.ts';
import type { LadderLeg, PackedLadder } from '../../records/ladder-record.ts';
import { describeBug } from '../transport/transports.ts';
import { CallTrace } from './call-trace.ts';
import { type CallTracer, lingerMs } from './call-tracer.ts';
import type { TracedMessage } from './message-observer.ts';
import { UnclaimedMessages } from './unclaimed-messages.ts';

export interface LadderCollectorOptions {
  /** What the ladders of all calls may hold together. */
  readonly memoryBytes: number;
  /** Takes the ladder of a call that is over. */
  readonly store: (ladder: PackedLadder) => void;
  readonly schedule: Schedule;
  readonly meter: Meter;
  readonly logger: Logger;
}

/** Ladders that were handed on and are remembered a little longer. */
const maxHandedOn = 256;

interface Owner {
  readonly callId: string;
  readonly trace: CallTrace;
  readonly leg: number;
}

interface Entry {
  readonly trace: CallTrace;
  /** Stops the wait for stragglers; null: the call is not over. */
  cancel: (() => void) | null;
}

/** Puts each message to the calls whose dialog it belongs to, and hands on the ladder of each call that is over. */
export class LadderCollector implements CallTracer {
  readonly #options: LadderCollectorOptions;
  readonly #calls = new Map<string, Entry>();
  /** Calls that are over and wait for stragglers, the oldest first. */
  readonly #over = new Set<string>();
  /** By SIP Call-ID. Two calls have one in common where our INVITE came back to us as a call of its own. */
  readonly #owners = new Map<string, readonly Owner[]>();
  readonly #unclaimed = new UnclaimedMessages();
  /** Handed on, and perhaps not in the database yet: who asks in between is not told that there is none. */
  readonly #handedOn = new Map<string, PackedLadder>();
  readonly #skipped: Counter;
  #bytes = 0;

  constructor(options: LadderCollectorOptions) {
    this.#options = options;
    this.#skipped = options.meter.counter(
      'onrecord_sip_ladder_skipped_total',
      'Messages that no ladder has, since ladders had used their memory',
    );
  }

  /** Bytes of messages held. */
  get size(): number {
    return this.#bytes;
  }

  observe(message: TracedMessage): void {
    const owners = this.#owners.get(message.sipCallId);
    if (owners === undefined) this.#unclaimed.add(message);
    else for (const owner of owners) this.#add(owner, message);
  }

  #add({ callId, trace, leg }: Owner, message: TracedMessage): void {
    const room = this.#hasRoom(message.bytes.length);
    // Its own call may have had to make room.
    if (!this.#calls.has(callId)) return;
    const before = trace.size;
    if (room) {
      trace.add(message, leg);
    } else {
      trace.skip();
      this.#skipped.add();
    }
    this.#bytes += trace.size - before;
  }

  /** Calls that are over need not wait for stragglers. */
  #hasRoom(bytes: number): boolean {
    for (const callId of this.#over) {
      if (this.#bytes + bytes <= this.#options.memoryBytes) break;
      this.#finish(callId);
    }
    return this.#bytes + bytes <= this.#options.memoryBytes;
  }

  claim(callId: string, leg: LadderLeg): void {
    const entry = this.#calls.get(callId) ?? { trace: new CallTrace(), cancel: null };
    this.#calls.set(callId, entry);
    const owner = { callId, trace: entry.trace, leg: entry.trace.leg(leg) };
    const owners = this.#owners.get(leg.sipCallId) ?? [];
    if (owners.some(({ trace }) => trace === owner.trace)) return;
    this.#owners.set(leg.sipCallId, [...owners, owner]);
    for (const message of this.#unclaimed.take(leg.sipCallId)) this.#add(owner, message);
  }

  over(callId: string): void {
    const entry = this.#calls.get(callId);
    if (entry === undefined || entry.cancel !== null) return;
    this.#over.add(callId);
    entry.cancel = this.#options.schedule(lingerMs, () => {
      this.#finish(callId);
    });
  }

  #finish(callId: string): void {
    const entry = this.#calls.get(callId);
    if (entry === undefined) return;
    entry.cancel?.();
    this.#calls.delete(callId);
    this.#over.delete(callId);
    this.#bytes -= entry.trace.size;
    for (const { sipCallId } of entry.trace.legs) this.#disown(sipCallId, entry.trace);
    try {
      this.#handOn(packLadder(callId, entry.trace.build()));
    } catch (cause) {
      // Runs off a timer: a bug here costs this ladder, and neither the call nor the process.
      this.#options.logger.error('sip-ladder-failed', { callId, ...describeBug(cause) });
    }
  }

  #handOn(ladder: PackedLadder): void {
    this.#handedOn.set(ladder.callId, ladder);
    const [oldest] = this.#handedOn.keys();
    if (this.#handedOn.size > maxHandedOn && oldest !== undefined) this.#handedOn.delete(oldest);
    this.#options.store(ladder);
  }

  #disown(sipCallId: string, trace: CallTrace): void {
    const left = (this.#owners.get(sipCallId) ?? []).filter((owner) => owner.trace !== trace);
    if (left.length > 0) this.#owners.set(sipCallId, left);
    else this.#owners.delete(sipCallId);
  }

  /** The ladder so far of a call that is up or has just ended; null: not here. */
  ladder(callId: string): PackedLadder | null {
    const entry = this.#calls.get(callId);
    if (entry === undefined) return this.#handedOn.get(callId) ?? null;
    return packLadder(callId, entry.trace.build());
  }

  /** Messages of the call so far that had been on the wire before. */
  repeated(callId: string): number {
    return this.#calls.get(callId)?.trace.repeated ?? 0;
  }

  /** Hands on the ladders of all calls that are over, without waiting for stragglers. */
  flush(): void {
    for (const callId of [...this.#over]) this.#finish(callId);
  }
}
