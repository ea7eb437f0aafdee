import { isIP } from 'node:net';
import { canBeDialled, isSecure } from '../sip/transport-name.ts';
import type { KeyFault, KeyPath } from './fault.ts';
import { promptFaults } from './prompt-check.ts';
import { ruleFaults } from './rule-check.ts';
import type { Config } from './schema.ts';
import { unknown } from './unknown-id.ts';

/** What the parts of a configuration must hold of each other; the schema knows only each part alone. */
export function crossCheck(config: Config): KeyFault[] {
  return [
    ...duplicateIds(config),
    ...sipReferences(config),
    ...listenerKeys(config),
    ...peerKeys(config),
    ...keysInClear(config),
    ...advertisedAddresses(config),
    ...ruleFaults(config),
    ...promptFaults(config),
    ...keyCustody(config),
  ];
}

function duplicateIds(config: Config): KeyFault[] {
  const lists: readonly [KeyPath, readonly { readonly id: string }[]][] = [
    [['sip', 'listeners'], config.sip.listeners],
    [['sip', 'peers'], config.sip.peers],
    [['media', 'interfaces'], config.media.interfaces],
    [['consent', 'prompts'], config.consent.prompts],
    [['purposes'], config.purposes],
    [['recording', 'rules'], config.recording.rules],
    [['recording', 'schedules'], config.recording.schedules],
  ];
  return lists.flatMap(([path, list]) =>
    list.flatMap(({ id }, index) =>
      list.findIndex((other) => other.id === id) === index
        ? []
        : [{ path: [...path, index, 'id'], message: `"${id}" is there twice; give each its own id` }],
    ),
  );
}

function sipReferences({ sip, media }: Config): KeyFault[] {
  const listeners = sip.listeners.map(({ id }) => id);
  const peers = sip.peers.map(({ id }) => id);
  const interfaces = media.interfaces.map(({ id }) => id);
  return [
    ...sip.peers.flatMap((peer, i) => [
      ...unknown(['sip', 'peers', i, 'listener'], peer.listener, listeners, 'listener'),
      ...unknown(['sip', 'peers', i, 'media'], peer.media, interfaces, 'media interface'),
    ]),
    ...sip.routes.flatMap((route, i) => [
      ...unknown(['sip', 'routes', i, 'from'], route.from, peers, 'peer'),
      ...route.to.flatMap((to, j) => unknown(['sip', 'routes', i, 'to', j], to, peers, 'peer')),
    ]),
  ];
}

/** What a listener's transport asks of its other keys. */
function listenerKeys({ sip }: Config): KeyFault[] {
  return sip.listeners.flatMap(({ transport, cert, key, ca, origins }, i) => {
    const path = ['sip', 'listeners', i];
    if (isSecure(transport) && (cert === undefined || key === undefined))
      return [{ path, message: `${transport} needs cert and key; name the two PEM files` }];
    if (!isSecure(transport) && (cert ?? key ?? ca) !== undefined)
      return [{ path, message: `cert, key and ca are for tls and wss, this is ${transport}; remove them` }];
    if (canBeDialled(transport) && origins !== undefined)
      return [{ path, message: `origins are for ws and wss, this is ${transport}; remove them` }];
    return [];
  });
}

/** What a peer's listener allows of its other keys. */
function peerKeys({ sip }: Config): KeyFault[] {
  return sip.peers.flatMap(({ listener, certificate, targets, register }, i) => {
    const transport = sip.listeners.find(({ id }) => id === listener)?.transport;
    const path = ['sip', 'peers', i];
    if (transport === 'udp' && targets.length === 0)
      return [{ path, message: 'has no targets, and over udp it opens no connection; give it targets' }];
    if (targets.length === 0 && register !== false)
      return [{ path, message: 'has no targets, so there is nobody to register with; give it targets' }];
    if (transport !== undefined && !canBeDialled(transport) && targets.length > 0)
      return [
        { path: [...path, 'targets'], message: `nobody can be dialled over ${transport}; remove them` },
      ];
    if (certificate === undefined || transport === undefined || isSecure(transport)) return [];
    const message = `is shown over tls or wss alone, and listener "${listener}" is ${transport}; give the peer a tls listener`;
    return [{ path: ['sip', 'peers', i, 'certificate'], message }];
  });
}

/** Who can read the description can decrypt the media. */
function keysInClear({ sip }: Config): KeyFault[] {
  return sip.peers.flatMap(({ listener, srtp }, i) => {
    const transport = sip.listeners.find(({ id }) => id === listener)?.transport;
    if (srtp === 'off' || transport === undefined || isSecure(transport)) return [];
    const message = `sends keys of SRTP in clear over listener "${listener}" (${transport}); give the peer a tls listener, or keep that network to yourself`;
    return [{ path: ['sip', 'peers', i, 'srtp'], message, severity: 'warning' as const }];
  });
}

/** What SIP and SDP say of us must be an address that others can answer to. */
function advertisedAddresses({ sip, media }: Config): KeyFault[] {
  const places = [
    ...sip.listeners.map((place, i) => ({ path: ['sip', 'listeners', i], ...place })),
    ...media.interfaces.map((place, i) => ({ path: ['media', 'interfaces', i], ...place })),
  ];
  return places.flatMap(({ path, address, advertise }) => {
    if (advertise === undefined && (address === '0.0.0.0' || address === '::'))
      return [
        { path, message: `nobody can answer to ${address}; give the address that others use as advertise` },
      ];
    if (advertise === undefined || isIP(advertise) === 0 || address === '::') return [];
    if (isIP(advertise) === isIP(address)) return [];
    const message = `${advertise} is of another family than ${address}; give both as IPv4 or both as IPv6`;
    return [{ path: [...path, 'advertise'], message }];
  });
}

/** With a shared database a key made on one node would lock the others out. */
function keyCustody({ database, encryption, node }: Config): KeyFault[] {
  const faults: KeyFault[] = [];
  if (database.url !== undefined && encryption.kek === undefined) {
    const message =
      'is missing although database.url is set; give `encryption: { kek: { file: PATH } }` or `{ env: NAME }`';
    faults.push({ path: ['encryption', 'kek'], message });
  }
  if ((node.controlUrl === undefined) !== (node.controlTls === undefined)) {
    const message = 'controlUrl and controlTls belong together; give both (roles apart) or none';
    faults.push({ path: ['node', 'controlUrl'], message });
  }
  return faults;
}
