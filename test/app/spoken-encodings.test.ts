import { describe, expect, it } from 'vitest';
import { isSpoken, spokenEncodings } from '../../src/app/wiring/spoken-encodings.ts';

describe('where a recording is owed', () => {
  it('an offer keeps the codecs that we speak, with events and noise at their clocks', () => {
    expect(spokenEncodings).toEqual([
      'PCMU/8000',
      'PCMA/8000',
      ...['TELEPHONE-EVENT/8000', 'TELEPHONE-EVENT/16000', 'TELEPHONE-EVENT/48000'],
      ...['CN/8000', 'CN/16000', 'CN/48000'],
      'G722/8000',
      'OPUS/48000',
    ]);
  });

  it.each([
    { encoding: 'PCMA/8000', spoken: true },
    { encoding: 'PCMA', spoken: true },
    { encoding: 'OPUS/48000', spoken: true },
    { encoding: 'OPUS', spoken: true },
    { encoding: 'G722/8000', spoken: true },
    { encoding: 'PCMA/16000', spoken: false },
    { encoding: 'G722/16000', spoken: false },
    { encoding: 'G729/8000', spoken: false },
    { encoding: 'TELEPHONE-EVENT/8000', spoken: false },
    { encoding: 'CN/8000', spoken: false },
    { encoding: 'PT-97/8000', spoken: false },
  ])('$encoding is speech of ours: $spoken', ({ encoding, spoken }) => {
    expect(isSpoken(encoding)).toBe(spoken);
  });
});
