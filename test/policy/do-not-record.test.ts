import { describe, expect, it } from 'vitest';
import { isListed, listedForm, numberHash, partyHashes } from '../../src/policy/do-not-record.ts';
import type { RuleFacts } from '../../src/policy/rule-facts.ts';
import { facts } from './rule-fixture.ts';

const key = new Uint8Array(32).fill(7);
const list = (...numbers: string[]) =>
  new Set(numbers.map((number) => numberHash(key, listedForm(number, 'LU') ?? '')));

describe('a listed number', () => {
  const asserted = (value: string) => ({ headers: new Map([['p-asserted-identity', [value]]]) });
  const inbound = { direction: 'inbound', to: '27001' } as const;
  const rows: [name: string, listed: string, call: Partial<RuleFacts>, expected: boolean][] = [
    ['called', '+352621000000', {}, true],
    ['another', '+352621000001', {}, false],
    ['listed nationally, called internationally', '621 000 000', {}, true],
    ['called nationally', '+352621000000', { to: '621000000' }, true],
    ['called with the way out of the PBX', '+352621000000', { to: '0621000000' }, true],
    ['called with 00', '+352621000000', { to: '00352621000000' }, true],
    ['calling', '+49301234567', { ...inbound, from: '+49301234567' }, true],
    ['calling without the plus sign', '+352621000000', { ...inbound, from: '352621000000' }, true],
    ['an extension', '101', {}, true],
    ['an extension that is called', '27001', inbound, true],
    ['an extension is not the end of a number', '000000', {}, false],
    [
      'asserted, where From shows none',
      '+352621000000',
      { ...inbound, from: 'anonymous', ...asserted('"A" <sip:+352621000000@carrier>') },
      true,
    ],
    ['asserted by tel:', '+352621000000', { ...inbound, ...asserted('<tel:+352-621-000-000>') }, true],
    ['a broken identity', '+352621000000', { ...inbound, ...asserted('<sip:+352621000000') }, false],
  ];
  it.each(rows)('%s', (_name, listed, call, expected) => {
    const found = isListed(list(listed), key, { ...facts, ...call }, { country: 'LU', outsideLine: ['0'] });
    expect(found).toBe(expected);
  });

  it('is found by its key alone', () => {
    const other = new Uint8Array(32);
    const numbering = { country: 'LU', outsideLine: [] };
    expect(isListed(list('+352621000000'), other, facts, numbering)).toBe(false);
    expect(numberHash(key, '+352621000000')).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each(['', 'anonymous', '+', '+12', 'sip:1@x', '1'.repeat(16)])('cannot be "%s"', (number) => {
    expect(listedForm(number, 'LU')).toBeNull();
  });
});

describe('a party that has its number listed', () => {
  const numbering = { country: 'LU', outsideLine: ['0'] };
  const anonymous: Partial<RuleFacts> = {
    ...{ direction: 'inbound', from: 'anonymous', to: '27001' },
    headers: new Map([['p-asserted-identity', ['<sip:+352621000000@carrier>']]]),
  };
  const rows: [
    name: string,
    call: Partial<RuleFacts>,
    party: 'caller' | 'callee',
    numbers: readonly string[],
  ][] = [
    ['an extension that calls', {}, 'caller', ['101']],
    ['called abroad', { to: '+49301234567' }, 'callee', ['+49301234567']],
    [
      'called with the way out of the PBX',
      { to: '0621000000' },
      'callee',
      ['+3520621000000', '+352621000000'],
    ],
    [
      'calling without the plus sign',
      { from: '352621000000' },
      'caller',
      ['+352621000000', '+352352621000000'],
    ],
    ['asserted, where From shows none', anonymous, 'caller', ['+352621000000']],
    ['nobody that can be told', { from: 'anonymous' }, 'caller', []],
    ['a name that is called', { to: 'reception' }, 'callee', []],
  ];
  it.each(rows)(
    'is listed by each number that it may be, and found by it: %s',
    (_name, call, party, numbers) => {
      const seen = { ...facts, ...call };
      const hashes = partyHashes(key, seen, party, numbering);
      expect(hashes).toEqual(numbers.map((number) => numberHash(key, number)));
      expect(isListed(new Set(hashes), key, seen, numbering)).toBe(hashes.length > 0);
    },
  );
});
