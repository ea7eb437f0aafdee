import { isIP } from 'node:net';
import type { RuleOptions } from '../policy/options.ts';
import { canBeDialled, isSecure } from '../sip/transport-name.ts';
import type { KeyFault, KeyPath } from './fault.ts';
import type { Config } from './schema.ts';

/** What the parts of a configuration must hold of each other; the schema knows only each part alone. */
export function crossCheck(config: Config): KeyFault[] {
  return [
    ...duplicateIds(config),
    ...sipReferences(config),
    ...listenerKeys(config),
    ...peerKeys(config),
    ...advertisedAddresses(config),
    ...ruleReferences(config),
    ...promptReferences(config),
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
  ];
  return lists.flatMap(([path, list]) =>
    list.flatMap(({ id }, index) =>
      list.findIndex((other) => other.id === id) === index
        ? []
        : [{ path: [...path, index, 'id'], message: `"${id}" is there twice; give each its own id` }],
    ),
  );
}

function unknown(path: KeyPath, id: string, known: readonly string[], what: string): KeyFault[] {
  if (known.includes(id)) return [];
  const have = known.length === 0 ? `there is no ${what} yet` : `known: ${known.join(', ')}`;
  return [{ path, message: `names no ${what} "${id}"; ${have}` }];
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

function ruleReferences(config: Config): KeyFault[] {
  return config.recording.rules.flatMap((rule, i) => {
    if (rule.mode === 'never') return [];
    return ruleFaults(config, rule, ['recording', 'rules', i]);
  });
}

function ruleFaults(config: Config, rule: RuleOptions, path: KeyPath): KeyFault[] {
  const purposes = config.purposes.map(({ id }) => id);
  const faults: KeyFault[] = [];
  if (rule.purpose === undefined) {
    faults.push({ path, message: 'records without a purpose; name one of `purposes`' });
  } else {
    faults.push(...unknown([...path, 'purpose'], rule.purpose, purposes, 'purpose'));
  }
  return [...faults, ...emergencyFaults(rule, path), ...announcementFaults(config, rule, path)];
}

/** An emergency call is never announced to and never refused. */
function emergencyFaults({ when, announce, onFailure }: RuleOptions, path: KeyPath): KeyFault[] {
  if (when.emergency === undefined) return [];
  const faults: KeyFault[] = [];
  if (announce !== undefined && announce !== 'elsewhere') {
    const message =
      'plays a prompt to emergency calls; use `announce: elsewhere` and say in `told` by what right they are recorded';
    faults.push({ path: [...path, 'announce'], message });
  }
  if (onFailure === 'refuse') {
    const message = 'refuses emergency calls; use `onFailure: continue`';
    faults.push({ path: [...path, 'onFailure'], message });
  }
  return faults;
}

/** Recording without telling every party is an offence: each side hears a prompt or is told by others. */
function announcementFaults(config: Config, rule: RuleOptions, path: KeyPath): KeyFault[] {
  const { announce } = rule;
  const at = [...path, 'announce'];
  if (announce === undefined) {
    return [
      {
        path,
        message:
          'records without telling anyone; give `announce: { prompt: ID }` or `announce: elsewhere` with `told`',
      },
    ];
  }
  if (announce === 'elsewhere') {
    if (rule.told !== undefined) return [];
    return [
      {
        path: at,
        message: '`announce: elsewhere` needs `told: TEXT`, the words that the parties hear from others',
      },
    ];
  }
  const prompt = config.consent.prompts.find(({ id }) => id === announce.prompt);
  if (prompt === undefined) {
    return unknown(
      [...at, 'prompt'],
      announce.prompt,
      config.consent.prompts.map(({ id }) => id),
      'prompt',
    );
  }
  const faults: KeyFault[] = [];
  if (prompt.purpose !== rule.purpose && config.purposes.some(({ id }) => id === rule.purpose)) {
    const message = `prompt "${prompt.id}" tells of purpose "${prompt.purpose}", the rule records for "${rule.purpose ?? ''}"; make them one`;
    faults.push({ path: [...at, 'prompt'], message });
  }
  if (announce.to !== 'all' && rule.told === undefined) {
    faults.push({
      path: [...at, 'to'],
      message: 'leaves the other party untold; use `to: all` or add `told: TEXT` to the rule',
    });
  }
  return faults;
}

function promptReferences(config: Config): KeyFault[] {
  const purposes = config.purposes.map(({ id }) => id);
  return config.consent.prompts.flatMap((prompt, i) =>
    unknown(['consent', 'prompts', i, 'purpose'], prompt.purpose, purposes, 'purpose'),
  );
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
