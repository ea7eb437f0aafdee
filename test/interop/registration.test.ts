import { afterEach, describe, expect, it } from 'vitest';
import { freeTcpPort, freeUdpRange } from '../support/free-ports.ts';
import { nodeConfig } from '../support/node-config.ts';
import { removeDirectory, RunningNode, temporaryDirectory } from '../support/node.ts';
import { waitUntil } from '../support/processes.ts';
import { missingTools } from './debian-tools.ts';
import { exitOf, fill, type Program, Programs } from './programs.ts';

const missing = missingTools('sipp', 'kamailio');
const address = '127.0.0.1';

const programs = new Programs();
let node: RunningNode | null = null;

afterEach(async () => {
  await programs.endAll();
  const directory = node?.directory;
  await node?.stop();
  node = null;
  if (directory !== undefined) removeDirectory(directory);
});

interface Scene {
  readonly directory: string;
  readonly ports: {
    readonly lan: number;
    readonly wan: number;
    readonly registrar: number;
    readonly pbx: number;
    readonly caller: number;
  };
  kamailio: Program;
  verdicts(): string[];
  gauge(name: string): Promise<number | null>;
}

interface Plan {
  readonly password?: string;
  readonly maxExpires?: number;
  readonly nonceSeconds?: number;
  /** The registrar is started later. */
  readonly late?: boolean;
}

function startKamailio(
  directory: string,
  port: number,
  { maxExpires = 3600, nonceSeconds = 300 }: Plan,
): Program {
  const config = fill(directory, 'kamailio/registrar.cfg', {
    ...{ KAMAILIO_PORT: port, MAX_EXPIRES: maxExpires, NONCE_SECONDS: nonceSeconds },
  });
  return programs.start('kamailio', ['-f', config, '-DD', '-E', '-m', '32', '-Y', directory], directory);
}

async function play(plan: Plan = {}): Promise<Scene> {
  const directory = temporaryDirectory();
  const first = await freeUdpRange(6);
  const ports = { lan: first, wan: first + 1, registrar: first + 2, pbx: first + 3, caller: first + 4 };
  const kamailio = plan.late === true ? null : startKamailio(directory, ports.registrar, plan);
  if (kamailio !== null) await listens(kamailio);
  node = await RunningNode.start({ directory, config: await config(ports, plan.password ?? 'hush') });
  const { api } = node;
  const scene: Scene = {
    ...{ directory, ports, kamailio: kamailio ?? startKamailio(directory, ports.registrar, plan) },
    verdicts: () =>
      Array.from(scene.kamailio.output.matchAll(/VERDICT (.*)/g), ([, verdict = '']) => verdict),
    gauge: async (name) => {
      const page = await (await api.request('/metrics')).text();
      const value = new RegExp(`^${name}\\{[^}]*peer="carrier"[^}]*\\} (\\S+)$`, 'm').exec(page)?.[1];
      return value === undefined ? null : Number(value);
    },
  };
  return scene;
}

async function listens(kamailio: Program): Promise<void> {
  await waitUntil('Kamailio to listen', () => kamailio.output.includes('Listening on') || undefined);
  await new Promise((resolve) => setTimeout(resolve, 500));
}

async function config(ports: Scene['ports'], password: string): Promise<string> {
  const { lan, wan, pbx, registrar } = ports;
  return nodeConfig({
    ...{ lanPort: lan, wanPort: wan, transport: 'udp', rule: { mode: 'never' } },
    ...{ pbxTarget: `sip:${address}:${pbx}`, trunkTarget: `sip:${address}:${registrar}` },
    sections: {
      sip: {
        listeners: [
          { id: 'lan', transport: 'udp', address, port: lan },
          { id: 'wan', transport: 'udp', address, port: wan },
        ],
        peers: [
          {
            id: 'pbx',
            side: 'pbx',
            listener: 'lan',
            match: [`${address}/32`],
            targets: [`sip:${address}:${pbx}`],
          },
          {
            // No request comes from there: it is the registrar's address that lets the call in.
            ...{ id: 'carrier', side: 'trunk', listener: 'wan', match: ['192.0.2.77/32'] },
            ...{ targets: [`sip:${address}:${registrar}`], domain: 'carrier.example', register: true },
            auth: { username: 'onrecord', password, realm: 'carrier.example' },
          },
        ],
        routes: [{ from: 'carrier', to: ['pbx'] }],
      },
      http: { address, port: await freeTcpPort() },
    },
  });
}

describe.skipIf(missing !== null)('a registration with Kamailio', () => {
  it('is made by digest, and a call of the registrar comes in by it', async () => {
    const scene = await play();
    await waitUntil(
      'the registration',
      async () => (await scene.gauge('onrecord_registered')) === 1 || undefined,
    );
    expect(scene.verdicts()).toEqual([
      'challenged',
      'onrecord registers onrecord at carrier.example, expires 3600',
    ]);
    const { pbx, caller, registrar } = scene.ports;
    programs.start(
      'sipp',
      ['-sn', 'uas', '-i', address, '-p', String(pbx), '-nostdin', '-m', '1'],
      scene.directory,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    const scenario = fill(scene.directory, 'sipp/routed-caller.xml', {});
    const words = [
      '-sf',
      scenario,
      '-i',
      address,
      '-p',
      String(caller),
      '-nostdin',
      '-m',
      '1',
      '-timeout',
      '20s',
    ];
    const sipp = programs.start(
      'sipp',
      [`${address}:${registrar}`, '-s', '352123', ...words],
      scene.directory,
    );
    expect(await exitOf(sipp)).toBe(0);
    expect(scene.verdicts().at(-1)).toBe(`call to sip:onrecord@${address}:${scene.ports.wan}`);
    const [call] = await waitUntil('the record of the call', async () => {
      const calls = await node!.api.calls();
      return calls.every(({ outcome }) => outcome !== null) && calls.length > 0 ? calls : undefined;
    });
    expect(call).toMatchObject({ direction: 'inbound', outcome: 'success' });
  });

  it('is refreshed before what was granted is over, with the nonce that is known, and taken back at the end', async () => {
    const scene = await play({ maxExpires: 8 });
    const registers = (): string[] => scene.verdicts().filter((verdict) => verdict.includes('registers'));
    await waitUntil('two refreshes', () => registers().length >= 3 || undefined, 25_000);
    expect(scene.verdicts()).toEqual(['challenged', ...registers()]);
    expect(await scene.gauge('onrecord_registered')).toBe(1);
    await node!.stop();
    node = null;
    expect(registers().at(-1)).toBe('onrecord registers onrecord at carrier.example, expires 0');
    removeDirectory(scene.directory);
  });

  it('a nonce that has run out is answered anew', async () => {
    const scene = await play({ maxExpires: 8, nonceSeconds: 2 });
    await waitUntil('a refresh', () => scene.verdicts().length >= 4 || undefined, 15_000);
    const kinds = scene.verdicts().map((verdict) => verdict.split(' ')[1] ?? verdict);
    expect(kinds.slice(0, 4)).toEqual(['challenged', 'registers', 'challenged', 'registers']);
  });

  it('a wrong password is tried once and not again for a while, and the log says so without it', async () => {
    const scene = await play({ password: 'guessed-wrong' });
    await waitUntil('the refusal', () => scene.verdicts().length >= 2 || undefined);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(scene.verdicts()).toEqual(['challenged', 'challenged']);
    expect(await scene.gauge('onrecord_registered')).toBe(0);
    const line = node!.output.split('\n').find((one) => one.includes('registration-refused')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ peer: 'carrier', status: 401, realm: 'carrier.example' });
    expect(node!.output).not.toContain('guessed-wrong');
  });

  it('a registrar that comes later is found', async () => {
    const scene = await play({ late: true });
    await waitUntil(
      'the registration',
      async () => (await scene.gauge('onrecord_registered')) === 1 || undefined,
      40_000,
    );
    expect(node!.output).toContain('"registered"');
  });
});
