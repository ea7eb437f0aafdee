import type { X509Certificate } from 'node:crypto';
import { isIP, SocketAddress } from 'node:net';
import { parseSipUri } from '../../sip/uri.ts';

interface AlternativeName {
  readonly type: string;
  readonly value: string;
}

const hostName = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/**
 * The SIP domains (and addresses) that a certificate names, in lower case: RFC 5922 §7.1. A `sip:` URI without a
 * user counts; a DNS name only where there is no such URI; the subject's common name only where there is no
 * subjectAltName at all.
 *
 * Addresses count beside them: a target that is written as one can be proven by nothing else (RFC 5280 §4.2.1.6).
 */
export function domainIdentities(certificate: X509Certificate): readonly string[] {
  if (certificate.subjectAltName === undefined) return commonName(certificate.subject);
  const names = alternativeNames(certificate.subjectAltName);
  const ofType = (type: string): string[] =>
    names.flatMap((name) => (name.type === type ? [name.value.toLowerCase()] : []));
  const sipDomains = names.flatMap(({ type, value }) => (type === 'URI' ? sipDomain(value) : []));
  const domains = sipDomains.length > 0 ? sipDomains : ofType('DNS').filter((name) => hostName.test(name));
  return [...domains, ...ofType('IP Address').map(plainIp)];
}

/** RFC 5922 §7.1: "If the scheme of the URI is not "sip", then the implementation MUST NOT accept the value". */
function sipDomain(value: string): string[] {
  const uri = parseSipUri(value);
  return uri?.scheme === 'sip' && uri.user === null ? [uri.host.toLowerCase()] : [];
}

function commonName(subject: string): string[] {
  const name = /(?:^|\n)CN=([^\n]*)$/m.exec(subject)?.[1]?.toLowerCase() ?? '';
  return hostName.test(name) ? [name] : [];
}

/** `DNS:a.example, URI:sip:b.example`: OpenSSL's print, in which Node writes what has a comma or worse as JSON. */
function alternativeNames(text: string): AlternativeName[] {
  const names: AlternativeName[] = [];
  const element = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)/gy;
  for (const [, type = '', value = ''] of text.matchAll(element)) {
    const plain = value.startsWith('"') ? unquoted(value) : value;
    if (plain !== null) names.push({ type, value: plain });
  }
  return names;
}

function unquoted(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/**
 * RFC 5922 §7.2: the names are the same by DNS rules, whole: "Implementations MUST NOT match any form of wildcard".
 */
export function provesOneOf(identities: readonly string[], wanted: readonly string[]): boolean {
  return wanted.some((name) => identities.includes(isIP(name) === 0 ? plainName(name) : plainIp(name)));
}

/** Without the dot that ends a name which is written from the root (RFC 1034 §3.1). */
function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** One text for an address, however it was written. */
function plainIp(address: string): string {
  const version = isIP(address);
  if (version === 0) return address;
  return new SocketAddress({ address, family: version === 6 ? 'ipv6' : 'ipv4' }).address;
}
