import type { MonotonicMs } from './clock.ts';

/**
 * The tap: a bounded ring in shared memory from one media worker (the only writer) to one recording
 * worker (the only reader). Packets and the marks that give them meaning travel in one order, so that
 * "recording begins here" is exact to the packet.
 *
 * Layout of the shared buffer: 64 bytes of header (Int32 cells, used through Atomics), then `capacity`
 * bytes of records, capacity a power of two. Cells 0 and 1 are the write and the read position, counted
 * in 8-byte units and never wrapped below 2^31 units. A record, aligned to 8 bytes:
 *
 *   0        1        2          4          8          12       16             24
 *   +--------+--------+----------+----------+----------+--------+--------------+-----------
 *   | kind   | channel| reserved | length   | recording| aux    | at (float64) | bytes ...
 *   +--------+--------+----------+----------+----------+--------+--------------+-----------
 *
 * Kind 0 is padding to the end of the buffer. Little-endian. A writer that finds no room drops the
 * packet and says so; `markReserve` bytes are kept free of packets, so that marks fit.
 */
const headerBytes = 64;
const recordBytes = 24;
const markReserve = 64 * 1024;
const writeCell = 0;
const readCell = 1;

/** What a record says. `aux` and bytes are 0 and empty where not named. */
export const tapKind = {
  /** An RTP packet as it came, header and all. */
  packet: 1,
  /** Both directions are open and recording starts at `at`. */
  begin: 2,
  pause: 3,
  resume: 4,
  /** The recording ends at `at`. */
  end: 5,
  /** The channel's party put us on hold (aux 1) or came back (aux 0): its silence is `held`, not lost. */
  hold: 6,
  /**
   * bytes: three a format (payload type, codec id of `audio/codec-id.ts`, kHz of its RTP clock), which hold for
   * the channel from here.
   */
  formats: 7,
  /** aux: how many packets of this recording and channel found the ring full since the last such mark. */
  dropped: 8,
  /** bytes: SDP of the channel's formats that the recorder does not decode, for the file that keeps their packets. */
  describe: 9,
  /** Somebody asks for a recording that stands by: it is kept from here, and a little from before. */
  keep: 10,
} as const;

export type TapKind = (typeof tapKind)[keyof typeof tapKind];

/** The caller is on the left, the callee on the right, whatever moves later. */
export type TapChannel = 0 | 1;

/** One record as the reader lends it: valid until the visitor returns. */
export interface TapRecord {
  kind: TapKind;
  channel: TapChannel;
  recording: number;
  aux: number;
  at: MonotonicMs;
  /** A view into the ring. *Lends until the visitor returns.* */
  bytes: Uint8Array;
}

export function createTapBuffer(capacity: number): SharedArrayBuffer {
  if (capacity < 2 * markReserve || (capacity & (capacity - 1)) !== 0) {
    throw new RangeError(`tap capacity ${capacity} is not a power of two of at least ${2 * markReserve}`);
  }
  return new SharedArrayBuffer(headerBytes + capacity);
}

interface Shared {
  readonly cells: Int32Array;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly capacity: number;
}

function share(buffer: SharedArrayBuffer): Shared {
  return {
    cells: new Int32Array(buffer, 0, headerBytes / 4),
    view: new DataView(buffer, headerBytes),
    bytes: new Uint8Array(buffer, headerBytes),
    capacity: buffer.byteLength - headerBytes,
  };
}

/** Positions wrap at 2^31 units; the difference of two positions stays exact. */
function distance(from: number, to: number): number {
  return ((to - from) | 0) * 8;
}

function offsetOf(position: number, capacity: number): number {
  return ((position & 0x0fffffff) * 8) & (capacity - 1);
}

function roundUp(length: number): number {
  return (length + 7) & ~7;
}

const nothing = new Uint8Array(0);

/** The media worker's end. */
export class TapWriter {
  readonly #shared: Shared;
  #position: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#shared = share(buffer);
    this.#position = Atomics.load(this.#shared.cells, writeCell);
  }

  /**
   * *Borrows* the packet until return. False: the ring is full and the packet was not written. `head`, where
   * given, stands in for the packet's first bytes, which the relay has rewritten by now.
   */
  packet(
    recording: number,
    channel: TapChannel,
    at: MonotonicMs,
    packet: Uint8Array,
    length: number,
    head: Uint8Array = nothing,
  ): boolean {
    return this.#write(tapKind.packet, recording, channel, 0, at, packet, length, markReserve, head);
  }

  /** Whether a packet of this length would be taken, with a mark before it. */
  hasRoom(length: number): boolean {
    const { cells, capacity } = this.#shared;
    const used = distance(Atomics.load(cells, readCell), this.#position);
    // Twice: the record may not fit before the end of the buffer.
    return capacity - used >= 2 * roundUp(recordBytes + length) + recordBytes + markReserve;
  }

  /** *Borrows* the bytes until return. False only where the reader has been away for long. */
  mark(
    kind: TapKind,
    recording: number,
    channel: TapChannel,
    at: MonotonicMs,
    aux = 0,
    bytes: Uint8Array = nothing,
  ): boolean {
    return this.#write(kind, recording, channel, aux, at, bytes, bytes.length, 0, nothing);
  }

  #write(
    kind: TapKind,
    recording: number,
    channel: TapChannel,
    aux: number,
    at: MonotonicMs,
    bytes: Uint8Array,
    length: number,
    reserve: number,
    head: Uint8Array,
  ): boolean {
    const { cells, view, capacity, bytes: shared } = this.#shared;
    const total = roundUp(recordBytes + length);
    const free = capacity - distance(Atomics.load(cells, readCell), this.#position);
    let offset = offsetOf(this.#position, capacity);
    const toEnd = capacity - offset;
    const needed = toEnd < total ? toEnd + total : total;
    if (free < needed + reserve) return false;
    if (toEnd < total) {
      view.setUint8(offset, 0);
      this.#position = (this.#position + toEnd / 8) | 0;
      offset = 0;
    }
    view.setUint8(offset, kind);
    view.setUint8(offset + 1, channel);
    view.setUint32(offset + 4, length, true);
    view.setUint32(offset + 8, recording, true);
    view.setUint32(offset + 12, aux, true);
    view.setFloat64(offset + 16, at, true);
    const target = offset + recordBytes;
    shared.set(length === bytes.length ? bytes : bytes.subarray(0, length), target);
    const replaced = head.length < length ? head.length : length;
    for (let i = 0; i < replaced; i++) shared[target + i] = head[i] as number;
    this.#position = (this.#position + total / 8) | 0;
    Atomics.store(cells, writeCell, this.#position);
    return true;
  }
}

/** The recording worker's end. */
export class TapReader {
  readonly #shared: Shared;
  #position: number;
  readonly #record: TapRecord = {
    kind: tapKind.packet,
    channel: 0,
    recording: 0,
    aux: 0,
    at: 0 as MonotonicMs,
    bytes: nothing,
  };

  constructor(buffer: SharedArrayBuffer) {
    this.#shared = share(buffer);
    this.#position = Atomics.load(this.#shared.cells, readCell);
  }

  /** Bytes written and not yet read. */
  get backlog(): number {
    return distance(this.#position, Atomics.load(this.#shared.cells, writeCell));
  }

  /** Visits at most `limit` records and frees them. Returns how many it visited. */
  read(limit: number, visit: (record: TapRecord) => void): number {
    const { cells, view, capacity, bytes } = this.#shared;
    const end = Atomics.load(cells, writeCell);
    const record = this.#record;
    let visited = 0;
    while (visited < limit && this.#position !== end) {
      const offset = offsetOf(this.#position, capacity);
      const kind = view.getUint8(offset);
      if (kind === 0) {
        this.#position = (this.#position + (capacity - offset) / 8) | 0;
        continue;
      }
      const length = view.getUint32(offset + 4, true);
      record.kind = kind as TapKind;
      record.channel = view.getUint8(offset + 1) as TapChannel;
      record.recording = view.getUint32(offset + 8, true);
      record.aux = view.getUint32(offset + 12, true);
      record.at = view.getFloat64(offset + 16, true) as MonotonicMs;
      record.bytes = bytes.subarray(offset + recordBytes, offset + recordBytes + length);
      // Before the visit: a record whose visitor throws has been read, and is not met for ever.
      this.#position = (this.#position + roundUp(recordBytes + length) / 8) | 0;
      visit(record);
      visited += 1;
      Atomics.store(cells, readCell, this.#position);
    }
    Atomics.store(cells, readCell, this.#position);
    return visited;
  }
}
