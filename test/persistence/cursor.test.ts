import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/persistence/cursor.ts';

describe('a cursor', () => {
  it('opens to what it was made of, in its own list only', () => {
    const time = fc
      .date({ min: new Date(0), max: new Date(8e15), noInvalidDate: true })
      .map((at) => at.toISOString());
    fc.assert(
      fc.property(time, fc.uuid(), (at, id) => {
        const cursor = encodeCursor('calls', { at, id });
        expect(decodeCursor('calls', cursor)).toEqual({ at, id });
        expect(decodeCursor('recordings', cursor)).toBeNull();
        // It goes into a URL as it is.
        expect(encodeURIComponent(cursor)).toBe(cursor);
      }),
    );
  });

  it('is null for any other text, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json()), (text) => {
        expect(decodeCursor('calls', text)).toBeNull();
        expect(decodeCursor('calls', Buffer.from(text).toString('base64url'))).toBeNull();
      }),
    );
  });
});
