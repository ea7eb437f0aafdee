import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeDirectory, temporaryDirectory } from '../support/node.ts';
import { announcedElsewhere, nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { readWav, wavBytes } from '../support/wav-file.ts';
import { Baresip } from './baresip-agent.ts';
import { addresses, Network } from './baresip-network.ts';
import { NodeWithin } from './baresip-node.ts';
import { Authority } from './certificates.ts';
import { missingTools } from './debian-tools.ts';

const missing = missingTools('baresip', 'openssl', 'ip');
const number = '35220301000';
const talkMs = 3_000;

type Transport = 'tcp' | 'tls';

let network: Network;
let directory: string;
let authority: Authority;

/** A listener a side. Over TLS each party is known by its certificate, and proves it when it is dialled. */
function configOf(transport: Transport): Promise<string> {
  const port = transport === 'tls' ? 5061 : 5060;
  const tls = (side: 'lan' | 'wan'): object => {
    if (transport === 'tcp') return {};
    const { cert, key } = authority.issue(side, `IP:${addresses[side]}`);
    return { cert, key, ca: authority.file };
  };
  const listener = (id: 'lan' | 'wan'): object => ({
    id,
    transport,
    address: addresses[id],
    port,
    ...tls(id),
  });
  const peer = (id: 'pbx' | 'trunk', side: string, at: string): object => ({
    ...{ id, side, listener: at, media: at, match: [`${addresses[id]}/32`] },
    targets: [`sip:${addresses[id]}:${port};transport=${transport}`],
    ...(transport === 'tls' ? { certificate: `${id}.example` } : {}),
  });
  return nodeConfig({
    ...{ lanPort: 0, wanPort: 0, pbxTarget: '', trunkTarget: '', mediaPorts: [20_000, 20_039] },
    rule: announcedElsewhere,
    sections: {
      sip: {
        listeners: [listener('lan'), listener('wan')],
        peers: [peer('pbx', 'pbx', 'lan'), peer('trunk', 'trunk', 'wan')],
        routes: [
          { from: 'pbx', to: ['trunk'] },
          { from: 'trunk', to: ['pbx'] },
        ],
      },
      media: {
        interfaces: [
          { id: 'lan', address: addresses.lan, ports: '20000-20039' },
          { id: 'wan', address: addresses.wan, ports: '20000-20039' },
        ],
      },
      http: { address: '127.0.0.1', port: 8080 },
    },
  });
}

let started = 0;

function party(name: 'pbx' | 'trunk', transport: Transport, user: string, dial?: string): Promise<Baresip> {
  started += 1;
  const voiceFile = join(directory, `${name}.wav`);
  const voice = name === 'pbx' ? 'caller' : 'callee';
  writeFileSync(voiceFile, wavBytes(readWav(`fixtures/voices/${voice}.wav`)));
  const shown = authority.issue(`${name}-${started}`, `URI:sip:${name}.example`);
  return Baresip.start({
    ...{ directory: join(directory, `${name}-${started}`), within: network.within(name), user, transport },
    ...{ address: addresses[name], voiceFile, codec: 'PCMA' },
    ...(transport === 'tls' ? { certificate: { file: shown.file, authority: authority.file } } : {}),
    ...(dial === undefined ? {} : { dial }),
  });
}

describe.skipIf(missing !== null)('baresip on both sides of a node', () => {
  beforeEach(() => {
    network = Network.create();
    directory = temporaryDirectory();
    const certificates = join(directory, 'certificates');
    mkdirSync(certificates);
    authority = new Authority(certificates);
  });

  // With the namespaces goes every process that was started in them, however the test ended.
  afterEach(() => {
    network.remove();
    removeDirectory(directory);
  });

  it.each(['tcp', 'tls'] as const)(
    'over %s: a call comes up, is recorded, and ends with BYE from either side',
    async (transport) => {
      const node = await NodeWithin.start(directory, await configOf(transport), network.within('node'));
      const port = transport === 'tls' ? 5061 : 5060;
      const sealed: string[] = [];
      for (const hangsUp of ['caller', 'callee'] as const) {
        const callee = await party('trunk', transport, number);
        const caller = await party(
          ...(['pbx', transport, '201'] as const),
          `sip:${number}@${addresses.lan}:${port};transport=${transport}`,
        );
        const recording = (state: string): Promise<string> =>
          waitUntil(
            `a recording in state ${state}`,
            async () => {
              const all = await node.api.recordings();
              return all.find((each) => each.state === state && !sealed.includes(each.id))?.id;
            },
            30_000,
          ).catch((error: unknown) => {
            throw new Error(`${String(error)}\n${caller.output}\n${callee.output}\n${node.output}`);
          });
        await recording('recording');
        await new Promise((resolve) => setTimeout(resolve, talkMs));
        await (hangsUp === 'caller' ? caller : callee).stop();
        const id = await recording('sealed');
        sealed.push(id);
        const { channels } = readWav(await node.api.audio(id));
        expect(channels).toHaveLength(2);
        for (const channel of channels)
          expect(channel.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0)).toBeGreaterThan(
            500,
          );
        await (hangsUp === 'caller' ? callee : caller).stop();
      }
      const calls = await node.api.calls();
      expect(calls.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
        'success answered',
        'success answered',
      ]);
      await node.stop();
    },
    240_000,
  );
});
