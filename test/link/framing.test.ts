import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader, maxFrameBytes } from '../../src/link/framing.ts';

/** A frame as the protocol page says: 4 bytes of length, big-endian, then JSON. Written without our encoder. */
function frame(text: string): Buffer {
  const body = Buffer.from(text, 'utf8');
  return Buffer.concat([
    Buffer.from([
      body.length >>> 24,
      (body.length >>> 16) & 255,
      (body.length >>> 8) & 255,
      body.length & 255,
    ]),
    body,
  ]);
}

function readAll(
  reader: FrameReader,
  chunks: readonly Uint8Array[],
): { seen: unknown[]; fault: string | null } {
  const seen: unknown[] = [];
  for (const chunk of chunks) {
    const fault = reader.push(chunk, (message) => seen.push(message));
    if (fault !== null) return { seen, fault };
  }
  return { seen, fault: null };
}

describe('frames', () => {
  it('are written as 4 bytes of length and JSON in UTF-8', () => {
    expect(encodeFrame({ name: 'Müller €' })).toEqual(frame('{"name":"Müller €"}'));
  });

  it('are refused to be written beyond 16 MiB', () => {
    expect(encodeFrame('x'.repeat(maxFrameBytes))).toBeNull();
    expect(encodeFrame('x'.repeat(maxFrameBytes - 2))?.length).toBe(maxFrameBytes + 4);
  });

  it('come out whole and in order, however the stream cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
        (values, cuts) => {
          const stream = Buffer.concat(values.map((value) => frame(JSON.stringify(value))));
          const chunks: Buffer[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const length = cuts[i % cuts.length] ?? 1;
            chunks.push(stream.subarray(at, at + length));
            at += length;
          }
          const { seen, fault } = readAll(new FrameReader(1024 * 1024), chunks);
          expect(fault).toBeNull();
          expect(JSON.stringify(seen)).toBe(JSON.stringify(values));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('that are half there yield nothing yet', () => {
    const whole = frame('{"a":1}');
    const { seen, fault } = readAll(new FrameReader(1000), [whole.subarray(0, whole.length - 1)]);
    expect({ seen, fault }).toEqual({ seen: [], fault: null });
  });

  it.each([
    [
      'a length beyond the limit is a fault before any of the body has come',
      Buffer.from([255, 255, 255, 255]),
    ],
    ['so is one just beyond it', Buffer.from([0, 0, 3, 233])],
  ])('%s', (_rule, bytes) => {
    expect(readAll(new FrameReader(1000), [bytes]).fault).toBe('too-long');
  });

  it.each([
    ['text that is not JSON', frame('{"a":')],
    ['an empty body', frame('')],
    ['bytes that are not UTF-8', Buffer.from([0, 0, 0, 2, 0xff, 0xfe])],
  ])('with %s are a fault', (_rule, bytes) => {
    expect(readAll(new FrameReader(1000), [bytes]).fault).toBe('not-json');
  });

  it('what came before a fault is not lost', () => {
    const { seen, fault } = readAll(new FrameReader(1000), [
      Buffer.concat([frame('1'), frame('2'), frame('}')]),
    ]);
    expect({ seen, fault }).toEqual({ seen: [1, 2], fault: 'not-json' });
  });

  it('never throws, whatever a stream brings', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        readAll(new FrameReader(256), chunks);
      }),
      { numRuns: 2000 },
    );
  });

  it('of a megabyte in pieces of 100 bytes come out in time that grows with their length alone', () => {
    const text = JSON.stringify('y'.repeat(1024 * 1024));
    const stream = frame(text);
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; at += 100) chunks.push(stream.subarray(at, at + 100));
    const started = performance.now();
    const { seen } = readAll(new FrameReader(maxFrameBytes), chunks);
    expect(seen).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
