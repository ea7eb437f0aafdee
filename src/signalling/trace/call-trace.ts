import type { Ladder, LadderLeg, LadderMessage } from '../../records/ladder-record.ts';
import type { TracedMessage } from './message-observer.ts';
import { redactMessage } from './redact-message.ts';

/** How a call goes wrong is seen at its beginning and its end. */
const firstMessages = 200;
const lastMessages = 100;
const firstBytes = 160 * 1024;
const lastBytes = 96 * 1024;
/** Of one message: a long one is an SDP with many candidates, or hostile. */
const messageBytes = 8 * 1024;

interface Kept extends TracedMessage {
  /** On the wire; `bytes` may be less. */
  readonly size: number;
  readonly leg: number;
  readonly again: boolean;
}

/** The messages of one call while it lasts, as they came. Bounded. */
export class CallTrace {
  readonly legs: LadderLeg[] = [];
  readonly #first: Kept[] = [];
  readonly #last: Kept[] = [];
  #skipped = 0;
  #repeated = 0;
  #firstBytes = 0;
  #lastBytes = 0;

  /** Bytes held. */
  get size(): number {
    return this.#firstBytes + this.#lastBytes;
  }

  get repeated(): number {
    return this.#repeated;
  }

  /** Number of the leg; a leg that is known keeps its own. */
  leg(leg: LadderLeg): number {
    const known = this.legs.findIndex(
      ({ party, sipCallId }) => party === leg.party && sipCallId === leg.sipCallId,
    );
    return known >= 0 ? known : this.legs.push(leg) - 1;
  }

  add(message: TracedMessage, leg: number): void {
    const size = message.bytes.length;
    const bytes = keptBytes(message.bytes);
    const again = this.#has(message.direction, leg, size, bytes);
    if (again) this.#repeated += 1;
    const { direction, hop, local, wall, at, sipCallId } = message;
    const kept = { direction, hop, local, wall, at, sipCallId, bytes, size, leg, again };
    if (this.#skipped === 0 && this.#last.length === 0 && this.#takesFirst(bytes)) {
      this.#first.push(kept);
      this.#firstBytes += bytes.length;
      return;
    }
    this.#last.push(kept);
    this.#lastBytes += bytes.length;
    while (this.#last.length > lastMessages || this.#lastBytes > lastBytes) {
      this.#lastBytes -= this.#last.shift()?.bytes.length ?? 0;
      this.#skipped += 1;
    }
  }

  skip(): void {
    this.#skipped += 1;
  }

  #takesFirst(bytes: Buffer): boolean {
    return this.#first.length < firstMessages && this.#firstBytes + bytes.length <= firstBytes;
  }

  #has(direction: TracedMessage['direction'], leg: number, size: number, bytes: Buffer): boolean {
    const same = (one: Kept): boolean =>
      one.leg === leg && one.size === size && one.direction === direction && one.bytes.equals(bytes);
    return this.#first.some(same) || this.#last.some(same);
  }

  build(): Ladder {
    const all = [...this.#first, ...this.#last];
    const start = all[0]?.at ?? 0;
    return {
      legs: this.legs,
      messages: all.map((kept) => shown(kept, start)),
      skipped: this.#skipped,
      resumesAt: this.#first.length,
    };
  }
}

/** A view of something much larger would keep all of it in memory. */
function keptBytes(bytes: Buffer): Buffer {
  const wanted = bytes.length > messageBytes ? bytes.subarray(0, messageBytes) : bytes;
  return bytes.buffer.byteLength > 2 * messageBytes ? Buffer.from(wanted) : wanted;
}

function shown(kept: Kept, start: number): LadderMessage {
  const { bytes, size, leg, again, direction, hop, local, wall, at } = kept;
  const { head, body } = redactMessage(bytes);
  return {
    at: wall,
    offsetMs: Math.round((at - start) * 1000) / 1000,
    leg,
    direction,
    transport: hop.transport,
    local: place(local.host, local.port),
    remote: place(hop.address, hop.port),
    again,
    size,
    cut: size > bytes.length,
    text: `${head}\r\n${body}`,
  };
}

function place(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}
