import { isIP } from 'node:net';
import { parseDecimal } from '../../sip/text.ts';
import { canonicalName } from './dns-records.ts';
import type { DnsServer } from './dns-wire.ts';

/** RFC 1035 §4.2. */
const dnsPort = 53;
/** The C library reads three; more are of no use, since each that is silent costs seconds. */
const maxServers = 8;
const maxHosts = 10_000;

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`. Null: none of these. */
export function parseDnsServer(text: string): DnsServer | null {
  if (isIP(text) !== 0) return { address: text, port: dnsPort };
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  const port = digits === '' ? dnsPort : parseDecimal(digits, 65_535);
  if (isIP(address) === 0 || (bracketed !== undefined && isIP(address) !== 6)) return null;
  return port === null || port === 0 ? null : { address, port };
}

/** The servers of `/etc/resolv.conf` (resolv.conf(5)); its `search` means nothing, since targets are whole names. */
export function readResolvConf(text: string): DnsServer[] {
  return text
    .split('\n')
    .flatMap((line) => /^nameserver[ \t]+(\S+)/.exec(line)?.[1] ?? [])
    .flatMap((address) => (isIP(address) === 0 ? [] : [{ address, port: dnsPort }]))
    .slice(0, maxServers);
}

/** `/etc/hosts` (hosts(5)): addresses by canonical name. */
export function readHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n').slice(0, maxHosts)) {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/[ \t]+/);
    if (isIP(address) === 0) continue;
    for (const text of names) {
      const name = canonicalName(text);
      if (name !== null) hosts.set(name, [...(hosts.get(name) ?? []), address]);
    }
  }
  return hosts;
}
