import { readFile } from 'node:fs/promises';
import type { Clock } from '../../kernel/clock.ts';
import type { RandomBytes } from '../../kernel/ids.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import { createDnsClient } from './dns-client.ts';
import { createDnsWire } from './dns-wire.ts';
import { createLocator, type Locator } from './locator.ts';
import { parseDnsServer, readHosts, readResolvConf } from './system-files.ts';

export interface SystemLocatorOptions {
  /** `sip.dns.servers`; empty: those of the system. */
  readonly servers: readonly string[];
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly meter: Meter;
}

/** A locator on real sockets and on this host's files. */
export function createSystemLocator(options: SystemLocatorOptions): Locator {
  const { meter, schedule } = options;
  const configured = options.servers.flatMap((text) => parseDnsServer(text) ?? []);
  const client = createDnsClient({
    ...options,
    wire: createDnsWire(schedule, (reason) => {
      meter.counter('onrecord_dns_dropped_total', 'Datagrams that were no answer of ours', { reason }).add();
    }),
    servers: async () =>
      configured.length > 0 ? configured : readResolvConf(await textOf('/etc/resolv.conf')),
    hosts: async () => readHosts(await textOf('/etc/hosts')),
  });
  return createLocator(client);
}

/** A file that is not there says nothing. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
