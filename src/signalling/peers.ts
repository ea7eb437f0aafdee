import { isIP, isIPv4 } from 'node:net';
import { err, ok, type Result } from '../kernel/result.ts';
import type { SrtpPolicy } from '../sdp/media-security.ts';
import type { DigestCredentials } from '../sip/digest-client.ts';
import type { DigestDemand } from '../sip/digest-server.ts';
import { paramValue } from '../sip/params.ts';
import { transportOfUri } from '../sip/transport-name.ts';
import { bareHost } from '../sip/via.ts';
import { parseSipUri } from '../sip/uri.ts';
import { addressBytes, type AddressPrefix, contains, overlap, parseAddressPrefix } from './address-prefix.ts';
import type { ListenerOptions, PeerOptions, SipOptions } from './options.ts';
import type { LocateQuestion } from './locate/locate.ts';
import { canonicalName } from './locate/dns-records.ts';
import { registrationPlan } from './peering/registration-plan.ts';
import type { Hop } from './transaction-layer.ts';

/** A neighbour that may send us calls, and that calls are sent to. */
export interface Peer {
  readonly id: string;
  readonly side: 'pbx' | 'trunk';
  readonly listener: string;
  /** Where it sends from. */
  readonly match: readonly AddressPrefix[];
  /** Host of From, To and asserted identity towards it; null: our own address. */
  readonly domain: string | null;
  /** In the order in which they are tried. */
  readonly targets: readonly PeerTarget[];
  readonly inviteTimeoutMs: number;
  /** How often its hops are asked for a sign of life; null: never. */
  readonly optionsMs: number | null;
  /** How long a hop of its that failed is tried last. */
  readonly penaltyMs: number;
  readonly maxCalls: number | null;
  /** What we are known by to it; null: its challenges are not answered. */
  readonly credentials: DigestCredentials | null;
  /** What it is known by to us; null: its address is enough. */
  readonly digest: DigestDemand | null;
  readonly callsPerSecond: number | null;
  /** Whether it gets large requests by its own transport too. */
  readonly pinTransport: boolean;
  /** Whether its media have to be looked for where its messages come from. */
  readonly nat: boolean;
  /** What is asked of its media. */
  readonly srtp: SrtpPolicy;
  /** What its certificate must name, whoever dials; null: only we ask, for its domain or target. */
  readonly certificate: string | null;
  /** Whether it is in our trust domain (RFC 3324 §2). */
  readonly trust: boolean;
  /** What becomes of a REFER that it sends. */
  readonly refer: 'refuse' | 'relay';
  /** The header of its re-INVITEs that controls recordings; null: none. Lower case. */
  readonly recordHeader: string | null;
  /** What becomes of its 3xx to our INVITE. */
  readonly redirect: 'pass' | 'follow';
  /** What we register with it; null: it knows where we are. */
  readonly registration: RegistrationPlan | null;
}

export interface RegistrationPlan {
  /** The address of record: `sip:user@domain`. */
  readonly aor: string;
  /** Host of the Request-URI: the registrar's domain. */
  readonly domain: string;
  /** User of our Contact, in calls too. */
  readonly contactUser: string;
  readonly expiresSeconds: number;
}

/** Where calls of a peer are to go, as it is configured: a name or an address. */
export interface PeerTarget extends LocateQuestion {
  readonly listener: string;
}

/** A place where calls can be sent to: one of those that a peer's target stands for. */
export interface Target {
  /** As a URI writes it: IPv6 in brackets. */
  readonly host: string;
  readonly port: number | null;
  readonly hop: Hop;
}

export interface PeerBook {
  /** Who sends from this address to this listener; null: a stranger. */
  find(listener: string, address: string, port: number): Peer | null;
  named(id: string): Peer | null;
  /** Where calls of this peer go, in the order of failover; empty: nowhere. */
  route(from: string): readonly Peer[];
  readonly all: readonly Peer[];
}

/** Reads peers and routes. Each fault is one sentence: what, where, how to mend. */
export function createPeerBook(options: SipOptions): Result<PeerBook, readonly string[]> {
  const faults: string[] = [];
  const all = options.peers.map((peer) => readPeer(peer, options.listeners, faults));
  faults.push(...ambiguities(all));
  const byId = new Map(all.map((peer) => [peer.id, peer]));
  const routes = new Map<string, readonly Peer[]>();
  for (const { from, to } of options.routes) {
    if (routes.has(from))
      faults.push(`sip.routes: peer "${from}" has two routes; make them one, its "to" in order`);
    routes.set(
      from,
      to.flatMap((id) => byId.get(id) ?? []),
    );
  }
  if (faults.length > 0) return err(faults);
  return ok({
    find: (listener, address, port) => findPeer(all, listener, address, port),
    named: (id) => byId.get(id) ?? null,
    route: (from) => routes.get(from) ?? [],
    all: [...byId.values()],
  });
}

function findPeer(peers: readonly Peer[], listener: string, address: string, port: number): Peer | null {
  const bytes = addressBytes(address);
  if (bytes === null) return null;
  for (const peer of peers) {
    if (peer.listener === listener && peer.match.some((prefix) => contains(prefix, bytes, port))) return peer;
  }
  return null;
}

function readPeer(options: PeerOptions, listeners: readonly ListenerOptions[], faults: string[]): Peer {
  const where = `sip.peers "${options.id}"`;
  const listener = listeners.find(({ id }) => id === options.listener);
  if (listener === undefined)
    faults.push(`${where}: there is no listener "${options.listener}"; name one of sip.listeners`);
  const match = options.match.flatMap((text) => {
    const prefix = parseAddressPrefix(text);
    if (prefix !== null) return [prefix];
    faults.push(
      `${where}: match "${text}" is no address prefix; write it as 192.0.2.0/24 or 192.0.2.1/32:5060`,
    );
    return [];
  });
  const targets = options.targets.flatMap((text) => {
    if (listener === undefined) return [];
    const target = parseTarget(text, listener);
    if (typeof target !== 'string') return [target];
    faults.push(`${where}: target "${text}" ${target}`);
    return [];
  });
  if (options.recordHeader !== undefined && options.side === 'trunk')
    faults.push(
      `${where}: recordHeader is for peers with side "pbx"; remove it, a trunk controls no recordings`,
    );
  const registration = registrationPlan(options);
  if (typeof registration === 'string') faults.push(`${where}: register ${registration}`);
  return { ...peerOf(options, targets, typeof registration === 'string' ? null : registration), match };
}

/** What is not configured is null. */
function peerOf(
  options: PeerOptions,
  targets: readonly PeerTarget[],
  registration: RegistrationPlan | null,
): Omit<Peer, 'match'> {
  return {
    id: options.id,
    side: options.side,
    listener: options.listener,
    domain: options.domain ?? null,
    targets,
    inviteTimeoutMs: options.inviteTimeoutMs,
    optionsMs: options.optionsSeconds === undefined ? null : options.optionsSeconds * 1000,
    penaltyMs: options.penaltySeconds * 1000,
    maxCalls: options.maxCalls ?? null,
    callsPerSecond: options.callsPerSecond ?? null,
    credentials: options.auth ?? null,
    digest: options.digest ?? null,
    certificate: options.certificate ?? null,
    nat: options.nat,
    srtp: options.srtp,
    pinTransport: options.pinTransport || targets.some(({ pinned }) => pinned),
    trust: options.trust,
    refer: options.refer,
    recordHeader: options.recordHeader?.toLowerCase() ?? null,
    redirect: options.redirect,
    registration,
  };
}

function parseTarget(text: string, { id, transport, address }: ListenerOptions): PeerTarget | string {
  const uri = parseSipUri(text);
  if (uri?.scheme !== 'sip') return 'is no SIP URI; write it as sip:carrier.example or sip:192.0.2.1:5060';
  const { host, port } = uri;
  const families = familiesOf(address);
  const family = isIP(bareHost(host)) === 0 ? null : isIPv4(bareHost(host)) ? 'A' : 'AAAA';
  if (family === null && canonicalName(host) === null)
    return `names the host ${host}, which no DNS name can be`;
  if (family !== null && !families.includes(family)) {
    return `cannot be reached from ${address} of listener "${id}"; give the peer a listener of the same family`;
  }
  const asked = transportOfUri(uri.scheme, paramValue(uri.params, 'transport'));
  if (asked !== null && asked !== transport)
    return `asks for another transport than ${transport} of listener "${id}"; give the peer a listener of that transport`;
  return { host, port, transport, families, listener: id, pinned: asked !== null };
}

/** What a socket bound to this address can send to; one on `::` serves both families (RFC 3493 §3.7). */
function familiesOf(address: string): PeerTarget['families'] {
  if (isIPv4(address)) return ['A'];
  return address === '::' ? ['AAAA', 'A'] : ['AAAA'];
}

/** One source must be one peer; which of two was meant is not for us to guess. */
function ambiguities(peers: readonly Peer[]): string[] {
  return peers.flatMap((a, i) =>
    peers.slice(i + 1).flatMap((b) => {
      if (a.listener !== b.listener) return [];
      const both = a.match.find((prefix) => b.match.some((other) => overlap(prefix, other)));
      if (both === undefined) return [];
      return [
        `sip.peers: "${a.id}" and "${b.id}" both match ${describe(both)} on listener "${a.listener}"; give each a prefix, a port or a listener of its own`,
      ];
    }),
  );
}

function describe({ bytes, bits, port }: AddressPrefix): string {
  const address =
    bytes.length === 4
      ? bytes.join('.')
      : Array.from({ length: 8 }, (_, i) =>
          (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
        ).join(':');
  return `${address}/${bits}${port === null ? '' : `:${port}`}`;
}
