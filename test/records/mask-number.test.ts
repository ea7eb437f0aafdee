import { describe, expect, it } from 'vitest';
import { maskNumber } from '../../src/records/mask-number.ts';

describe('a party in the log', () => {
  it.each([
    ['+352621123456', '+352…56'],
    ['00352621123456', '+352…56'],
    ['+12025550143', '+1…43'],
    ['+74951234567', '+7…67'],
    ['+33 1 40 20 50 50', '+33…50'],
    ['+44-20.7946(0018)', '+44…18'],
    ['+21612345678', '+216…78'],
    ['0621123456', '…56'],
    ['6211234', '…34'],
    ['301', 'extension'],
    ['+352', 'extension'],
    ['ann.smith', 'name'],
    ['ann1234567', 'name'],
    ['Anonymous', 'anonymous'],
    ['', 'none'],
    ['+352621123456;x\r\nforged', 'name'],
  ])('%j is %s', (user, shown) => {
    expect(maskNumber(user)).toBe(shown);
  });
});
