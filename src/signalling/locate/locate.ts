import { isIP } from 'node:net';
import type { MonotonicMs } from '../../kernel/clock.ts';
import { defaultPortOf, type SipTransport } from '../../sip/transport-name.ts';
import { bareHost } from '../../sip/via.ts';
import type { DnsAnswer } from './dns-client.ts';
import { canonicalName, type DnsQuestion, keyOf, type NaptrRecord, type SrvRecord } from './dns-records.ts';
import { serviceNamesOf } from './service-names.ts';

/** A SIP URI as far as RFC 3263 looks at it. The transport is that of the listener which the peer uses. */
export interface LocateQuestion {
  /** As a URI writes it. */
  readonly host: string;
  readonly port: number | null;
  readonly transport: SipTransport;
  /** Whether it names its transport itself. */
  readonly pinned: boolean;
  /** Address families that the listener can send to, the preferred one first. */
  readonly families: readonly ('A' | 'AAAA')[];
}

/** One host that serves the target. */
export interface Server {
  /** RFC 2782: its share among the servers of its group. */
  readonly weight: number;
  readonly port: number;
  /** In the order in which they are tried. */
  readonly addresses: readonly string[];
}

export interface Located {
  readonly kind: 'located';
  /** In the order of failover; within a group weights decide, call by call. Empty: the target is nowhere. */
  readonly groups: readonly (readonly Server[])[];
  /** When to look again; null: never, nothing was asked. */
  readonly refreshAt: MonotonicMs | null;
  /** `stale`: from expired answers. `partial`: some question had no answer at all. */
  readonly quality: 'good' | 'stale' | 'partial';
}

export interface Needs {
  readonly kind: 'needs';
  readonly questions: readonly DnsQuestion[];
}

/** Servers of one target; a zone that lists more has its last ones passed over. */
const maxServers = 32;
/** Branches of NAPTR that are followed. */
const maxDomains = 8;

/**
 * RFC 3263 §4 as a function of what DNS has said so far: the servers of a target, or the questions that are still
 * to be asked.
 */
export function locate(question: LocateQuestion, known: ReadonlyMap<string, DnsAnswer>): Located | Needs {
  return new Search(question, known).run();
}

class Search {
  readonly #question: LocateQuestion;
  readonly #known: ReadonlyMap<string, DnsAnswer>;
  readonly #missing: DnsQuestion[] = [];
  #refreshAt: MonotonicMs | null = null;
  #stale = false;
  #partial = false;
  #srvFailed = false;

  constructor(question: LocateQuestion, known: ReadonlyMap<string, DnsAnswer>) {
    this.#question = question;
    this.#known = known;
  }

  run(): Located | Needs {
    const groups = this.#groups();
    if (this.#missing.length > 0) return { kind: 'needs', questions: this.#missing };
    const quality = this.#stale ? 'stale' : this.#partial ? 'partial' : 'good';
    const found = groups.map((group) => group.filter(({ addresses }) => addresses.length > 0));
    return {
      ...{ kind: 'located', refreshAt: this.#refreshAt, quality },
      groups: found.filter((group) => group.length > 0),
    };
  }

  #groups(): Server[][] {
    const { host, port, transport } = this.#question;
    const address = bareHost(host);
    const defaultPort = defaultPortOf(transport);
    // §4.2: "If TARGET is a numeric IP address, the client uses that address".
    if (isIP(address) !== 0) return [[{ weight: 0, port: port ?? defaultPort, addresses: [address] }]];
    const name = canonicalName(host);
    if (name === null) return [];
    // §4.2: "If the TARGET was not a numeric IP address, but a port is present in the URI, the client performs an
    // A or AAAA record lookup of the domain name."
    if (port !== null) return [[this.#server(name, port, 0)]];
    const domains = this.#serviceDomains(name);
    if (domains === null) return [];
    const records = domains.map((domain) => this.#services(domain));
    if (records.some((some) => some === null)) return [];
    const services = records.flatMap((some) => some ?? []);
    // §4.2: "If no SRV records were found, the client performs an A or AAAA record lookup of the domain name."
    // Where SRV did not answer, the domain's own address may be its web server.
    if (services.length === 0) return this.#srvFailed ? [] : [[this.#server(name, defaultPort, 0)]];
    return this.#byPriority(records.map((some) => some ?? []));
  }

  /**
   * §4.1: where SRV records stand. NAPTR records of our transport name them, the best first; a domain without such
   * has them under its own name. Null: not known yet.
   */
  #serviceDomains(name: string): string[] | null {
    const { transport, pinned } = this.#question;
    const { naptr, srv } = serviceNamesOf(transport);
    // §4.2: without NAPTR, "because a transport was specified explicitly, the client performs an SRV query for that
    // specific transport".
    if (pinned) return [`${srv}.${name}`];
    const answer = this.#answer({ type: 'NAPTR', name });
    if (answer === null) return null;
    const records = answer.kind === 'failed' ? [] : answer.records;
    const domains = records
      .flatMap((record) => (record.type === 'NAPTR' ? [record] : []))
      // §4.1: "s" flag; a regexp has no place beside a replacement (RFC 3403 §4.1).
      .filter(({ flags, service, regexp }) => {
        return flags.toLowerCase() === 's' && service.toLowerCase() === naptr && regexp === '';
      })
      .sort(byOrder)
      .map(({ replacement }) => replacement)
      .filter((replacement) => replacement !== '');
    // §4.1: "If no NAPTR records are found, the client constructs SRV queries for those transport protocols it
    // supports". What the domain says of other transports does not help a peer that is configured for this one.
    return domains.length === 0 ? [`${srv}.${name}`] : [...new Set(domains)].slice(0, maxDomains);
  }

  /** SRV records of one domain; null: not known yet. */
  #services(name: string): SrvRecord[] | null {
    const answer = this.#answer({ type: 'SRV', name });
    if (answer === null) return null;
    if (answer.kind === 'failed') {
      this.#srvFailed = true;
      return [];
    }
    return answer.records.flatMap((record) => (record.type === 'SRV' ? [record] : []));
  }

  /** RFC 2782: lower numbers first, those that are equal together. */
  #byPriority(records: readonly (readonly SrvRecord[])[]): Server[][] {
    let left = maxServers;
    return records.flatMap((ofDomain) => {
      const priorities = [...new Set(ofDomain.map(({ priority }) => priority))].sort((a, b) => a - b);
      return priorities.map((wanted) => {
        // RFC 2782: 'A Target of "." means that the service is decidedly not available at this domain.'
        const group = ofDomain
          .filter(({ priority, host, port }) => priority === wanted && host !== '' && port !== 0)
          .slice(0, left);
        left -= group.length;
        return group.map(({ host, port, weight }) => this.#server(host, port, weight));
      });
    });
  }

  /** RFC 7984 §3.1: both families are asked for; §3.2: the preferred one is tried first. */
  #server(name: string, port: number, weight: number): Server {
    // RFC 2782 forbids an address as a target; zones have them all the same.
    if (isIP(name) !== 0) return { weight, port, addresses: [name] };
    const addresses = this.#question.families.flatMap((type) => {
      const answer = this.#answer({ type, name });
      if (answer === null || answer.kind === 'failed') return [];
      return answer.records.flatMap((record) => (record.type === type ? [record.address] : []));
    });
    return { weight, port, addresses: [...new Set(addresses)] };
  }

  /** What DNS has said; null: it was not asked yet. */
  #answer(question: DnsQuestion): DnsAnswer | null {
    const answer = this.#known.get(keyOf(question));
    if (answer === undefined) {
      this.#missing.push(question);
      return null;
    }
    if (answer.kind === 'failed') {
      this.#partial = true;
    } else {
      if (answer.stale) this.#stale = true;
      if (this.#refreshAt === null || answer.refreshAt < this.#refreshAt) this.#refreshAt = answer.refreshAt;
    }
    return answer;
  }
}

/** RFC 3403 §4.1: order, and preference within it. */
function byOrder(a: NaptrRecord, b: NaptrRecord): number {
  return a.order - b.order || a.preference - b.preference;
}
