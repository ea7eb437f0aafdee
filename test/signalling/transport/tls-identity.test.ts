import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { domainIdentities, provesOneOf } from '../../../src/signalling/transport/tls-identity.ts';

const certificate = (name: string): X509Certificate =>
  new X509Certificate(readFileSync(join(import.meta.dirname, 'certs', `${name}.pem`)));

describe('RFC 5922 §7.1: the domains that a certificate names', () => {
  it.each([
    ['a sip: URI is a domain', 'carrier', ['carrier.example']],
    ['a DNS name where there is no sip: URI', 'elsewhere', ['elsewhere.example']],
    [
      '"if and only if no other identity is found that matches the sip URI type"',
      'uri-and-dns',
      ['sip.example'],
    ],
    ['a URI with a userpart identifies a user, not a domain', 'uri-of-user', ['dns.example']],
    ['a URI whose scheme is not "sip" MUST NOT be accepted', 'uri-of-sips', ['dns.example']],
    ['a URI of the web is none', 'uri-of-web', []],
    ['the CN only where there is no subjectAltName', 'name-alone', ['name.example']],
    ['a CN beside a subjectAltName is not looked at', 'name-beside', ['dns.example']],
    ['a wildcard is no domain', 'wildcard', []],
    ['a comma within a name makes no second one', 'with-comma', []],
    ['addresses stand beside domains', 'node', ['node.example', '127.0.0.1', '::1']],
  ])('%s', (_rule, name, expected) => {
    expect(domainIdentities(certificate(name))).toEqual(expected);
  });
});

describe('RFC 5922 §7.2: comparing them', () => {
  it.each([
    ['case does not matter', ['carrier.example'], 'Carrier.EXAMPLE', true],
    ['the dot at the end does not matter', ['carrier.example'], 'carrier.example.', true],
    ['a name below is another name', ['carrier.example'], 'sbc.carrier.example', false],
    ['a name above is another name', ['sbc.carrier.example'], 'carrier.example', false],
    ['MUST NOT match any form of wildcard', ['*.carrier.example'], 'sbc.carrier.example', false],
    ['an address by its meaning', ['2001:db8::1'], '2001:DB8:0:0:0:0:0:1', true],
    ['an address is no name', ['127.0.0.1.example'], '127.0.0.1', false],
    ['no name proves nothing', [], 'carrier.example', false],
  ])('%s', (_rule, identities, wanted, expected) => {
    expect(provesOneOf(identities, [wanted])).toBe(expected);
  });
});
