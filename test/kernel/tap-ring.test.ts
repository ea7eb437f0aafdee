import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { createTapBuffer, tapKind, TapReader, type TapRecord, TapWriter } from '../../src/kernel/tap-ring.ts';

const capacity = 1 << 17;
/** Of a ring this size, half is kept for marks. */
const forPackets = capacity - 64 * 1024;
const now = 12_345.678 as MonotonicMs;

const ring = (): { writer: TapWriter; reader: TapReader } => {
  const buffer = createTapBuffer(capacity);
  return { writer: new TapWriter(buffer), reader: new TapReader(buffer) };
};
const readAll = (reader: TapReader, limit = 1e6): TapRecord[] => {
  const records: TapRecord[] = [];
  reader.read(limit, (record) => {
    records.push({ ...record, bytes: Uint8Array.from(record.bytes) });
  });
  return records;
};
const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);

describe('the tap', () => {
  it('carries packets and marks in one order, unchanged', () => {
    const { writer, reader } = ring();
    expect(writer.mark(tapKind.formats, 4_294_967_295, 1, now, 0, Uint8Array.of(0, 1, 8, 8, 2, 8))).toBe(
      true,
    );
    expect(writer.packet(7, 0, now, bytes(173, 5), 173)).toBe(true);
    expect(writer.mark(tapKind.dropped, 7, 1, now, 4_000_000_000)).toBe(true);
    expect(readAll(reader)).toEqual([
      {
        kind: tapKind.formats,
        channel: 1,
        recording: 4_294_967_295,
        aux: 0,
        at: now,
        bytes: Uint8Array.of(0, 1, 8, 8, 2, 8),
      },
      { kind: tapKind.packet, channel: 0, recording: 7, aux: 0, at: now, bytes: bytes(173, 5) },
      {
        kind: tapKind.dropped,
        channel: 1,
        recording: 7,
        aux: 4_000_000_000,
        at: now,
        bytes: new Uint8Array(0),
      },
    ]);
    expect(reader.backlog).toBe(0);
  });

  it('takes only the first bytes of a longer buffer', () => {
    const { writer, reader } = ring();
    writer.packet(1, 0, now, bytes(100, 1), 60);
    expect(readAll(reader)[0]?.bytes).toEqual(bytes(100, 1).subarray(0, 60));
  });

  it('the given head stands in for the first bytes, and never makes a packet longer', () => {
    const { writer, reader } = ring();
    writer.packet(1, 0, now, bytes(20, 1), 20, Uint8Array.of(255, 254, 253));
    writer.packet(1, 0, now, bytes(2, 1), 2, Uint8Array.of(255, 254, 253));
    const [long, short] = readAll(reader);
    expect(Array.from(long!.bytes.subarray(0, 5))).toEqual([255, 254, 253, 22, 29]);
    expect(Array.from(short!.bytes)).toEqual([255, 254]);
  });

  it('reads no more than the limit, and says its backlog', () => {
    const { writer, reader } = ring();
    for (let i = 0; i < 5; i++) writer.mark(tapKind.begin, i, 0, now);
    expect(reader.backlog).toBe(5 * 24);
    expect(readAll(reader, 2).map(({ recording }) => recording)).toEqual([0, 1]);
    expect(readAll(reader).map(({ recording }) => recording)).toEqual([2, 3, 4]);
  });

  it('full for packets, it still has room for marks', () => {
    const { writer, reader } = ring();
    let written = 0;
    while (writer.packet(1, 0, now, bytes(1000, 0), 1000)) written += 1;
    expect(written).toBe(Math.floor(forPackets / 1024));
    expect(writer.hasRoom(1000)).toBe(false);
    for (let i = 0; i < 1000; i++) expect(writer.mark(tapKind.hold, 1, 0, now, 1)).toBe(true);
    expect(readAll(reader)).toHaveLength(written + 1000);
    expect(writer.hasRoom(1000)).toBe(true);
  });

  it('says false to a mark when not even that is left, and goes on after a read', () => {
    const { writer, reader } = ring();
    let marks = 0;
    while (writer.mark(tapKind.begin, marks, 0, now)) marks += 1;
    expect(marks).toBe(Math.floor(capacity / 24));
    readAll(reader);
    expect(writer.mark(tapKind.end, 1, 0, now)).toBe(true);
    expect(readAll(reader)).toMatchObject([{ kind: tapKind.end }]);
  });

  it('a record whose visitor throws has been read', () => {
    const { writer, reader } = ring();
    writer.mark(tapKind.begin, 1, 0, now);
    writer.mark(tapKind.end, 1, 0, now);
    expect(() =>
      reader.read(10, () => {
        throw new Error('a bug');
      }),
    ).toThrow('a bug');
    expect(readAll(reader)).toMatchObject([{ kind: tapKind.end }]);
  });

  it('a reader and a writer that come later find what was left', () => {
    const buffer = createTapBuffer(capacity);
    const first = new TapWriter(buffer);
    first.mark(tapKind.begin, 1, 0, now);
    first.mark(tapKind.pause, 1, 0, now);
    new TapReader(buffer).read(1, () => undefined);
    new TapWriter(buffer).mark(tapKind.end, 1, 0, now);
    expect(readAll(new TapReader(buffer)).map(({ kind }) => kind)).toEqual([tapKind.pause, tapKind.end]);
  });

  it('positions may pass 2^31 units', () => {
    const buffer = createTapBuffer(capacity);
    const cells = new Int32Array(buffer, 0, 2);
    cells.fill(0x7ffffff0);
    const [writer, reader] = [new TapWriter(buffer), new TapReader(buffer)];
    for (let round = 0; round < 100; round++) {
      expect(writer.packet(round, 0, now, bytes(100, round), 100)).toBe(true);
      expect(readAll(reader)).toMatchObject([{ recording: round, bytes: bytes(100, round) }]);
    }
    expect(cells[0]).toBeLessThan(0);
  });

  it.each([1 << 16, 200_000, 0])('refuses a capacity of %d', (wrong) => {
    expect(() => createTapBuffer(wrong)).toThrow(RangeError);
  });

  it('behaves as a queue of records with room for so many bytes, over many turns', () => {
    const write = fc.record({ write: fc.constant(true as const), mark: fc.boolean(), length: fc.nat(3000) });
    const read = fc.record({ write: fc.constant(false as const), limit: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 3, arbitrary: write }, read), { maxLength: 400 }), (steps) => {
        const { writer, reader } = ring();
        const queue: { recording: number; length: number }[] = [];
        let held = 0;
        steps.forEach((step, i) => {
          if (!step.write) {
            const seen = readAll(reader, step.limit);
            const expected = queue.splice(0, step.limit);
            expect(seen.map(({ recording }) => recording)).toEqual(
              expected.map(({ recording }) => recording),
            );
            seen.forEach((record, k) => {
              expect(record.bytes).toEqual(bytes(expected[k]!.length, expected[k]!.recording));
              held -= 24 + record.bytes.length;
            });
            return;
          }
          const content = bytes(step.length, i);
          const taken = step.mark
            ? writer.mark(tapKind.formats, i, 0, now, 0, content)
            : writer.packet(i, 1, now, content, content.length);
          // Rounding to 8 and padding at the end of the buffer may cost room; nothing else may.
          const room = step.mark ? capacity : forPackets;
          const needed = 24 + step.length;
          if (held + needed + 8 * (queue.length + 1) + needed + 8 <= room) expect(taken).toBe(true);
          if (held + needed > room) expect(taken).toBe(false);
          if (!taken) return;
          queue.push({ recording: i, length: step.length });
          held += needed;
        });
      }),
      { numRuns: 80 },
    );
  });

  it('never writes over what is not yet read, where large records meet the end of the buffer', () => {
    const step = fc.record({ length: fc.nat(30_000), read: fc.nat(1) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        const { writer, reader } = ring();
        const queue: number[] = [];
        const check = (limit: number): void => {
          for (const { recording, bytes: content } of readAll(reader, limit)) {
            expect(recording).toBe(queue.shift());
            expect(content.every((byte) => byte === (recording & 0xff))).toBe(true);
          }
        };
        steps.forEach(({ length, read }, i) => {
          if (writer.mark(tapKind.formats, i, 0, now, 0, new Uint8Array(length).fill(i))) queue.push(i);
          check(read);
        });
        check(1000);
        expect(queue).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('between two threads', () => {
  /** The ring as its own module, so that a thread can load it without a build. */
  const compiled = ts.transpileModule(readFileSync('src/kernel/tap-ring.ts', 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  }).outputText;
  const writerThread = `${compiled}
    import { workerData } from 'node:worker_threads';
    const writer = new TapWriter(workerData.buffer);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let i = 0; i < workerData.count; i++) {
      const length = 12 + (i * 37) % 600;
      const packet = new Uint8Array(length).fill(i & 0xff);
      while (!writer.packet(i, i & 1, i / 8, packet, length)) Atomics.wait(pause, 0, 0, 1);
    }
    while (!writer.mark(tapKind.end, workerData.count, 0, 0)) Atomics.wait(pause, 0, 0, 1);`;

  it('every record arrives once, in order and whole', async () => {
    const count = 40_000;
    const buffer = createTapBuffer(capacity);
    const reader = new TapReader(buffer);
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(writerThread)}`), {
      workerData: { buffer, count },
    });
    let next = 0;
    let wrong = 0;
    const seen = { end: false };
    const visit = (record: TapRecord): void => {
      if (record.kind === tapKind.end) {
        seen.end = record.recording === count;
        return;
      }
      const { recording, channel, at, bytes: content } = record;
      const length = 12 + ((next * 37) % 600);
      const right =
        recording === next && channel === (next & 1) && at === next / 8 && content.length === length;
      if (!right || content.some((byte) => byte !== (next & 0xff))) wrong += 1;
      next += 1;
    };
    while (!seen.end) {
      if (reader.read(500, visit) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await worker.terminate();
    expect({ next, wrong }).toEqual({ next: count, wrong: 0 });
  });
});
