import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diallingPlans } from '../../src/sip/dialling-plans.ts';
import { e164Readings, numberForms } from '../../src/sip/number-forms.ts';

describe('e164Readings', () => {
  const rows: [user: string, country: string, outsideLine: string[], readings: string[]][] = [
    ['+352621000000', 'LU', [], ['+352621000000']],
    ['+352 621-000.000', 'LU', [], ['+352621000000']],
    ['00352621000000', 'LU', [], ['+352621000000']],
    ['621000000', 'LU', [], ['+352621000000']],
    ['352621000000', 'LU', [], ['+352621000000', '+352352621000000']],
    ['27001', 'LU', [], []],
    ['0621000000', 'LU', ['0'], ['+3520621000000', '+352621000000']],
    ['030123456', 'DE', [], ['+4930123456']],
    ['30123456', 'DE', [], []],
    ['0030123456', 'DE', ['0'], ['+30123456', '+4930123456']],
    ['0612345678', 'IT', [], ['+390612345678']],
    ['anonymous', 'LU', [], []],
    ['', 'LU', [], []],
    ['+1234567890123456', 'LU', [], []],
    ['12125550100', 'US', [], []],
  ];
  it.each(rows)('%s in %s, outside by %s: %s', (user, country, outsideLine, readings) => {
    expect(e164Readings(user, { country, outsideLine })).toEqual(readings);
  });

  it('finds a number again in each form in which its country dials it', () => {
    const countries = Object.keys(diallingPlans);
    fc.assert(
      fc.property(fc.constantFrom(...countries), fc.stringMatching(/^[1-9]\d{5,9}$/), (country, rest) => {
        const plan = diallingPlans[country];
        const number = `+${plan?.callingCode ?? ''}${rest}`;
        const numbering = { country, outsideLine: [] };
        for (const form of numberForms(number, numbering))
          expect(e164Readings(form, numbering)).toContain(number);
      }),
    );
  });
});
