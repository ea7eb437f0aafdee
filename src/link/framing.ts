/** Longest frame, without its length field. */
export const maxFrameBytes = 16 * 1024 * 1024;
/** Until the other side has said who it is, it gets no more of our memory than this. */
export const maxGreetingBytes = 64 * 1024;

const lengthBytes = 4;

/** A message as it goes over the wire, or null where it is longer than a frame may be. */
export function encodeFrame(message: unknown): Buffer | null {
  const json = JSON.stringify(message);
  const length = Buffer.byteLength(json);
  if (length > maxFrameBytes) return null;
  const frame = Buffer.allocUnsafe(lengthBytes + length);
  frame.writeUInt32BE(length, 0);
  frame.write(json, lengthBytes);
  return frame;
}

export type FrameFault = 'too-long' | 'not-json';

/**
 * Puts frames together out of what a stream brings. Memory follows what has come, not what a length field
 * claims. After a fault the stream has lost its framing: nothing more is to be fed.
 */
export class FrameReader {
  #limit: number;
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Sets the longest frame from here on. */
  allow(limit: number): void {
    this.#limit = limit;
  }

  /** *Borrows* the chunk until return. Null, or why the stream is of no use any more. */
  push(chunk: Uint8Array, visit: (message: unknown) => void): FrameFault | null {
    this.#append(chunk);
    while (this.#end - this.#start >= lengthBytes) {
      const length = this.#buffer.readUInt32BE(this.#start);
      if (length > this.#limit) return 'too-long';
      const bodyEnd = this.#start + lengthBytes + length;
      if (bodyEnd > this.#end) return null;
      const message = parseJson(this.#buffer.toString('utf8', this.#start + lengthBytes, bodyEnd));
      if (message === undefined) return 'not-json';
      this.#start = bodyEnd;
      visit(message);
    }
    if (this.#start === this.#end) this.#release();
    return null;
  }

  #append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Doubles, so that a frame in many small pieces is not copied once a piece. */
  #makeRoom(more: number): void {
    const held = this.#end - this.#start;
    const target =
      held + more <= this.#buffer.length / 2
        ? this.#buffer
        : Buffer.allocUnsafe(Math.max(4096, (held + more) * 2));
    this.#buffer.copy(target, 0, this.#start, this.#end);
    this.#buffer = target;
    this.#start = 0;
    this.#end = held;
  }

  #release(): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#buffer.length > maxGreetingBytes) this.#buffer = Buffer.alloc(0);
  }
}

/** `undefined` is not a JSON value, so it can stand for the fault. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
