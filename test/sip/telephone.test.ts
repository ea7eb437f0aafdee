import { describe, expect, it } from 'vitest';
import { telephoneAt, telephoneNumber } from '../../src/sip/telephone.ts';
import { parseUri, printUri } from '../../src/sip/uri.ts';

const uri = (text: string) => parseUri(text)!;

describe('telephoneNumber', () => {
  it.each([
    ['RFC 3966 §5.1.1: visual separators do not count', 'tel:+1-201-555-0123', '+12015550123'],
    ['brackets and dots are separators too', 'tel:+352(0)20.30', '+35202030'],
    ['parameters are not of the number', 'tel:7042;phone-context=example.com', '7042'],
    ['neither is an extension', 'tel:+35220301000;ext=4711', '+35220301000'],
    ['a local number may have letters and signs', 'tel:*21#;phone-context=+352', '*21#'],
    ['RFC 3261 §19.1.6: a SIP URI with user=phone', 'sip:+352-2030;ext=1@host;user=phone', '+3522030'],
    ['the parameter may be written as it likes', 'sip:+3522030@host;USER=Phone', '+3522030'],
    ['an escaped number', 'sip:%2B3522030@host;user=phone', '+3522030'],
    ['a user without user=phone may be anything', 'sip:+352-2030@host', null],
    ['a name with user=phone is no number', 'sip:ann@host;user=phone', null],
    ['no user at all', 'sip:host;user=phone', null],
    ['a URN', 'urn:service:sos', null],
  ])('%s: %s', (_rule, text, number) => {
    expect(telephoneNumber(uri(text))).toBe(number);
  });
});

describe('telephoneAt (RFC 3261 §19.1.6)', () => {
  it.each([
    ['separators go', 'tel:+1-201-555-0123', 'sip:+12015550123@192.0.2.1:5070;user=phone'],
    [
      'RFC 3966 §3: subaddress or extension, then the context, then by name',
      'tel:123;zeta=1;alpha;phone-context=+352;ext=9',
      'sip:123;ext=9;phone-context=+352;alpha;zeta=1@192.0.2.1:5070;user=phone',
    ],
    [
      'what no user may hold is escaped',
      'tel:*21#;phone-context=[x]:y',
      'sip:*21%23;phone-context=%5Bx%5D%3Ay@192.0.2.1:5070;user=phone',
    ],
    ['what is escaped stays escaped', 'tel:12;isub=a%2Fb', 'sip:12;isub=a%2Fb@192.0.2.1:5070;user=phone'],
  ])('%s', (_rule, tel, sip) => {
    const made = printUri(telephoneAt(uri(tel), '192.0.2.1', 5070)!);
    expect(made).toBe(sip);
    expect(printUri(uri(made))).toBe(sip);
  });

  it('is for tel: alone', () => {
    expect(telephoneAt(uri('sip:1@host'), 'host', null)).toBeNull();
  });
});
