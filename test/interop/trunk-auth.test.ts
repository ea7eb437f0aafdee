import { afterEach, describe, expect, it } from 'vitest';
import type { CallView } from '../support/api-client.ts';
import { freeTcpPort, freeUdpRange } from '../support/free-ports.ts';
import { RunningNode, removeDirectory, temporaryDirectory } from '../support/node.ts';
import { nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { missingTools } from './debian-tools.ts';
import { exitOf, fill, Programs } from './programs.ts';

const missing = missingTools('sipp', 'kamailio');

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
  readonly password?: string;
  readonly trunkPassword?: string;
  readonly algorithm?: 'MD5' | 'SHA-256';
  readonly nonceSeconds?: number;
}

interface Played {
  readonly callerCode: number | null;
  readonly calls: readonly CallView[];
  /** `INVITE 2 verified`, in order, as Kamailio judged. */
  readonly verdicts: readonly string[];
  readonly failures: number;
}

/** SIPp as a PBX that has a password here, Kamailio as a trunk where we have one, SIPp behind it. */
async function play({
  password = 'secret',
  trunkPassword = 'hush',
  algorithm = 'MD5',
  nonceSeconds = 60,
}: Scene): Promise<Played> {
  const directory = temporaryDirectory();
  const first = await freeUdpRange(8);
  const [lan, wan, caller, trunk, callee] = [first, first + 1, first + 2, first + 3, first + 4];
  const address = '127.0.0.1';
  node = await RunningNode.start({
    directory,
    config: await nodeConfig({
      ...{ lanPort: lan, wanPort: wan, transport: 'udp', rule: { mode: 'never' } },
      ...{ pbxTarget: `sip:${address}:${caller}`, trunkTarget: `sip:${address}:${trunk}` },
      sections: {
        sip: {
          listeners: [
            { id: 'lan', transport: 'udp', address, port: lan },
            { id: 'wan', transport: 'udp', address, port: wan },
          ],
          peers: [
            {
              ...{ id: 'pbx', side: 'pbx', listener: 'lan', match: [`${address}/32`] },
              targets: [`sip:${address}:${caller}`],
              // SIPp reads the first challenge alone, and knows MD5 alone.
              digest: { username: '100', password: 'secret', realm: 'onrecord', algorithms: ['MD5'] },
            },
            {
              ...{ id: 'carrier', side: 'trunk', listener: 'wan', match: [`${address}/32`] },
              targets: [`sip:${address}:${trunk}`],
              auth: { username: 'onrecord', password: trunkPassword, realm: 'carrier.example' },
            },
          ],
          routes: [{ from: 'pbx', to: ['carrier'] }],
        },
        http: { address, port: await freeTcpPort() },
      },
    }),
  });
  const config = fill(directory, 'kamailio/trunk-digest.cfg', {
    ...{ KAMAILIO_PORT: trunk, CALLEE_PORT: callee, ALGORITHM: algorithm, NONCE_SECONDS: nonceSeconds },
  });
  const kamailio = programs.start(
    'kamailio',
    ['-f', config, '-DD', '-E', '-m', '32', '-Y', directory],
    directory,
  );
  const answering = fill(directory, 'sipp/routed-callee.xml', {});
  programs.start(
    'sipp',
    ['-sf', answering, '-i', address, '-p', String(callee), '-nostdin', '-m', '1'],
    directory,
  );
  await waitUntil('Kamailio to listen', () => kamailio.output.includes('Listening on') || undefined);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const scenario = fill(directory, 'sipp/digest-caller.xml', {
    ...{ USERNAME: '100', PASSWORD: password, TALK_MS: 2500 },
  });
  const sipp = programs.start(
    'sipp',
    [
      ...[`${address}:${lan}`, '-sf', scenario, '-i', address, '-p', String(caller), '-nostdin', '-m', '1'],
      ...['-timeout', '20s', '-timeout_error'],
    ],
    directory,
  );
  const callerCode = await exitOf(sipp);
  const { api } = node;
  const metrics = await (await api.request('/metrics')).text();
  return {
    callerCode,
    calls: await ended(api),
    verdicts: Array.from(kamailio.output.matchAll(/VERDICT (.*)/g), ([, verdict = '']) => verdict),
    failures: Number(/^onrecord_digest_failures_total\{.*\} (\d+)/m.exec(metrics)?.[1] ?? 0),
  };
}

/** A call's last word may come a moment after its end; one that was refused by us never was. */
function ended(api: RunningNode['api']): Promise<readonly CallView[]> {
  return waitUntil('every call to have ended', async () => {
    const calls = await api.calls();
    return calls.every(({ endedAt }) => endedAt !== null) ? calls : undefined;
  });
}

describe.skipIf(missing !== null)('digest between SIPp, the node and Kamailio', () => {
  it.each(['MD5', 'SHA-256'] as const)('%s towards the trunk, each request verified', async (algorithm) => {
    const played = await play({ algorithm });
    expect(played.callerCode).toBe(0);
    expect(played.verdicts).toEqual(['INVITE 1 challenged', 'INVITE 2 verified', 'BYE 3 verified']);
    expect(played.calls.map(({ outcome }) => outcome)).toEqual(['success']);
  });

  it('a nonce that runs out in the call is renewed for the BYE', async () => {
    const played = await play({ nonceSeconds: 1 });
    expect(played.callerCode).toBe(0);
    expect(played.verdicts).toEqual([
      ...['INVITE 1 challenged', 'INVITE 2 verified', 'BYE 3 challenged', 'BYE 4 verified'],
    ]);
  });

  it('a wrong password of ours: refused, and the log says where', async () => {
    const played = await play({ trunkPassword: 'wrong' });
    expect(played.verdicts).toEqual(['INVITE 1 challenged', 'INVITE 2 challenged']);
    expect(played.calls.map(({ outcome, reason }) => `${outcome}/${reason}`)).toEqual(['upstream/rejected']);
    const line = node?.output.split('\n').find((one) => one.includes('credentials-refused')) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      ...{ peer: 'carrier', askedRealm: 'carrier.example', configuredRealm: 'carrier.example' },
    });
    expect(node?.output).not.toContain('response=');
  });

  it('a wrong password of the PBX: 407 again, no call, one failure counted', async () => {
    const played = await play({ password: 'guess' });
    expect([played.verdicts, played.calls, played.failures]).toEqual([[], [], 1]);
  });
});
