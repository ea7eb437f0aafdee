import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freeTcpPort, freeUdpRange } from '../support/free-ports.ts';
import { RunningNode, removeDirectory, temporaryDirectory } from '../support/node.ts';
import { nodeConfig } from '../support/node-config.ts';
import { missingTools } from './debian-tools.ts';
import { exitOf, fill, type Program, Programs } from './programs.ts';

const missing = missingTools('sipp');
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

/** A pair of SIPp, and what its caller says of session timers. */
interface Pair {
  readonly name: string;
  readonly callee: string;
  readonly sessionHeaders: string;
}

interface Ended {
  readonly codes: readonly (number | null)[];
  readonly output: string;
}

/** All pairs at once, each with peers of its own, told apart by port. */
async function play(pairs: readonly Pair[]): Promise<Ended[]> {
  const directory = temporaryDirectory();
  const first = await freeUdpRange(2 + 4 * pairs.length);
  const [lan, wan] = [first, first + 1];
  const ports = pairs.map((_, n) => ({ caller: first + 2 + 4 * n, callee: first + 4 + 4 * n }));
  const peer = (id: string, side: string, listener: string, port: number): object => ({
    ...{ id, side, listener, match: [`${address}/32:${port}`] },
    targets: [`sip:${address}:${port}`],
  });
  const mediaFirst = await freeUdpRange(40);
  node = await RunningNode.start({
    directory,
    config: await nodeConfig({
      ...{ lanPort: lan, wanPort: wan, transport: 'udp', rule: { mode: 'never' } },
      ...{ pbxTarget: 'sip:127.0.0.1:5060', trunkTarget: 'sip:127.0.0.1:5060' },
      sections: {
        sip: {
          listeners: [
            { id: 'lan', transport: 'udp', address, port: lan },
            { id: 'wan', transport: 'udp', address, port: wan },
          ],
          peers: ports.flatMap(({ caller, callee }, n) => [
            peer(`pbx-${n}`, 'pbx', 'lan', caller),
            peer(`carrier-${n}`, 'trunk', 'wan', callee),
          ]),
          routes: ports.map((_, n) => ({ from: `pbx-${n}`, to: [`carrier-${n}`] })),
          sessionTimer: { expiresSeconds: 90, minSeconds: 90 },
        },
        // SIPp sends no media here.
        media: { address, ports: `${mediaFirst}-${mediaFirst + 39}`, rtpTimeoutSeconds: 600 },
        http: { address, port: await freeTcpPort() },
      },
    }),
  });
  const sipp = (folder: string, scenario: string, port: number, more: readonly string[]): Program =>
    programs.start(
      'sipp',
      [
        ...[...more, '-sf', scenario, '-i', address, '-p', String(port), '-nostdin', '-m', '1'],
        ...['-timeout', '100s', '-timeout_error', '-trace_err'],
      ],
      folder,
    );
  return Promise.all(
    pairs.map(async ({ name, callee, sessionHeaders }, n) => {
      const folder = join(directory, name);
      mkdirSync(folder);
      const { caller: callerPort, callee: calleePort } = ports[n]!;
      const answering = sipp(folder, fill(folder, `sipp/${callee}`, {}), calleePort, []);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const words = { SESSION_HEADERS: sessionHeaders };
      const calling = sipp(folder, fill(folder, 'sipp/timer-caller.xml', words), callerPort, [
        `${address}:${lan}`,
      ]);
      const codes = await Promise.all([exitOf(calling), exitOf(answering)]);
      return { codes, output: calling.output.slice(-3000) + answering.output.slice(-3000) };
    }),
  );
}

describe.skipIf(missing !== null)('session timers with SIPp (RFC 4028), in real time', () => {
  it('422 and a refresh by INVITE; and a caller that promised refreshes and vanished', async () => {
    const [refreshed, vanished] = await play([
      { name: 'refreshed', callee: 'timer-callee.xml', sessionHeaders: 'Subject: no timers' },
      {
        name: 'vanished',
        callee: 'routed-callee.xml',
        sessionHeaders: 'Supported: timer\nSession-Expires: 90;refresher=uac',
      },
    ]);
    expect(refreshed).toMatchObject({ codes: [0, 0] });
    expect(vanished).toMatchObject({ codes: [0, 0] });
    const calls = (await node?.api.calls()) ?? [];
    const ends = calls.map(({ outcome, reason, answeredAt, endedAt }) => ({
      end: `${outcome}/${reason}`,
      seconds: (Date.parse(endedAt ?? '') - Date.parse(answeredAt ?? '')) / 1000,
    }));
    ends.sort((a, b) => a.seconds - b.seconds);
    expect(ends.map(({ end }) => end)).toEqual(['success/answered', 'indeterminate/session-expired']);
    // Half of 100 s until the refresh; 90 s less a third until the BYE (§10).
    for (const [n, expected] of [50, 60].entries()) {
      expect(ends[n]?.seconds).toBeGreaterThan(expected - 1);
      expect(ends[n]?.seconds).toBeLessThan(expected + 3);
    }
  });
});
