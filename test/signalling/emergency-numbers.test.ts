import { describe, expect, it } from 'vitest';
import { diallingPlans } from '../../src/sip/dialling-plans.ts';
import { emergencyNumbers } from '../../src/signalling/emergency-numbers.ts';
import { parseUri } from '../../src/sip/uri.ts';

function asks(uri: string, country = 'LU', outsideLine = ['0']): boolean {
  const parsed = parseUri(uri);
  if (parsed === null) throw new Error(`no URI: ${uri}`);
  return emergencyNumbers({ numbers: ['112', '113'], country, outsideLine })(parsed);
}

describe('what asks for an emergency service in Luxembourg', () => {
  it.each<[string, string, boolean]>([
    ['the number', 'sip:112@x', true],
    ['each configured number', 'tel:113', true],
    ['ITU-T E.164: the calling code behind +', 'sip:+352112@x', true],
    ['the calling code behind the international prefix', 'sip:00352112@x', true],
    ['the calling code alone, as trunks write it', 'sip:352112@x', true],
    ['the outside line first', 'sip:0112@x', true],
    ['the outside line before the international form', 'sip:000352112@x', true],
    ['RFC 3966 §3: visual separators do not count', 'sip:1-1-2@x', true],
    ['RFC 3966 §3: nor in tel:', 'tel:+352-(1)1.2', true],
    ['a space among the digits', 'sip:11%202@x', true],
    ['RFC 3261 §19.1.2: escaped digits are digits', 'sip:%31%31%32@x', true],
    ['an escaped + is a +', 'sip:%2B352112@x', true],
    ['RFC 3966 §5.1.5: local to the country', 'tel:112;phone-context=+352', true],
    ['local to another country: 112 is dialled for help there too', 'tel:112;phone-context=+49', true],
    ['local to a domain', 'tel:112;phone-context=home.example', true],
    ['the same in a SIP URI', 'sip:112;phone-context=+352@x;user=phone', true],
    ['ITU-T E.161: # ends dialling', 'sip:112%23@x', true],
    ['RFC 5031 §4.2', 'urn:service:sos', true],
    ['RFC 5031 §4.2: a sub-service', 'urn:service:sos.fire', true],
    ['RFC 5031 §4.1: case does not count', 'URN:Service:SOS.Police', true],
    ['another word that begins with sos', 'urn:service:sosx', false],
    ['another service', 'urn:service:counseling', false],
    ['another namespace', 'urn:nena:service:sos', false],
    ['a number that ends in 112', 'sip:621112@x', false],
    ['a number that begins with 112', 'sip:1120@x', false],
    ['a number of another country', 'sip:+49112@x', false],
    ['the trunk prefix of another country', 'sip:06112@x', false],
    ['a national number behind the calling code', 'sip:+352621112@x', false],
    ['+ without the calling code', 'sip:+112@x', false],
    ['the international prefix without it', 'sip:00112@x', false],
    ['a feature code', 'sip:*112@x', false],
    ['a feature code that ends in #', 'sip:%23112%23@x', false],
    ['112 as a parameter', 'sip:100;x=112@x', false],
    ['112 as a password', 'sip:100:112@x', false],
    ['112 as a host', 'sip:x@112', false],
    ['no user at all', 'sip:112', false],
  ])('%s (%s): %s', (_name, uri, expected) => {
    expect(asks(uri)).toBe(expected);
  });
});

describe('what asks for one elsewhere', () => {
  it.each<[string, string, string, boolean]>([
    ['Germany: its calling code', 'DE', 'sip:+49112@x', true],
    ['Germany: not that of Luxembourg', 'DE', 'sip:+352112@x', false],
    ['Hungary: trunk prefix 06', 'HU', 'sip:06112@x', true],
    ['Lithuania: the old trunk prefix', 'LT', 'sip:8112@x', true],
    ['Lithuania: the new one', 'LT', 'sip:0112@x', true],
    ['Denmark has no trunk prefix', 'DK', 'sip:0112@x', false],
    ['a country without a plan here: the bare number', 'US', 'sip:112@x', true],
    ['a country without a plan here: nothing else', 'US', 'sip:+1112@x', false],
  ])('%s', (_name, country, uri, expected) => {
    expect(asks(uri, country, [])).toBe(expected);
  });

  it('an outside line of more digits', () => {
    expect(asks('sip:9112@x', 'GB', ['9'])).toBe(true);
  });
});

describe('the dialling plans', () => {
  it('cover EU, EEA, Switzerland and the United Kingdom', () => {
    expect(Object.keys(diallingPlans)).toHaveLength(27 + 3 + 2);
  });

  it('have one calling code a country', () => {
    const codes = Object.values(diallingPlans).map(({ callingCode }) => callingCode);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
