import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallView } from '../support/api-client.ts';
import { freeTcpPort, freeUdpRange } from '../support/free-ports.ts';
import { RunningNode, removeDirectory, temporaryDirectory } from '../support/node.ts';
import { announcedElsewhere, nodeConfig } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { missingTools } from './debian-tools.ts';
import { exitOf, type Program, Programs } from './programs.ts';
import { type Failure, failures } from './sipp/failures.ts';

const missing = missingTools('sipp');

const address = '127.0.0.1';
/** The longest is a session that nobody refreshes; BYE to who has vanished takes 32 s more. */
const timeoutSeconds = 100;
const mediaPort = 47_000;

interface Seat {
  readonly failure: Failure;
  readonly number: string;
  readonly caller: number;
  readonly callee: number;
  readonly second: number;
}

interface Played {
  readonly codes: readonly (number | null)[];
  readonly output: string;
}

const programs = new Programs();
const played = new Map<string, Played>();
let seats: readonly Seat[] = [];
let firstSeat = 0;
let node: RunningNode | null = null;
let calls: readonly CallView[] = [];

function sipp(
  directory: string,
  seat: Seat,
  role: 'caller' | 'callee' | 'second',
  lan: number,
): Program | null {
  const script = seat.failure[role];
  if (script === null || script === undefined) return null;
  const file = join(directory, `${seat.number}-${role}.xml`);
  writeFileSync(file, script.xml);
  const more = role === 'caller' ? [`${address}:${lan}`, '-s', seat.number] : [];
  const words = ['-sf', file, '-i', address, '-p', String(seat[role]), '-m', '1', '-nostdin'];
  // By default all would look for their media's port among the same hundred.
  const media = ['-mp', String(mediaPort + 10 * (seat[role] - firstSeat))];
  const bounds = ['-timeout', `${timeoutSeconds}s`, '-timeout_error', '-trace_err'];
  return programs.start('sipp', [...more, ...words, ...media, ...bounds], directory);
}

/** Both sides' SIPp of one failure, to their end. */
async function play(directory: string, seat: Seat, lan: number): Promise<Played> {
  const taking = (['callee', 'second'] as const).map((role) => sipp(directory, seat, role, lan));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const all = [sipp(directory, seat, 'caller', lan), ...taking].filter((program) => program !== null);
  const codes = await Promise.all(all.map(exitOf));
  const errors = readdirSync(directory).filter(
    (name) => name.startsWith(seat.number) && name.endsWith('_errors.log'),
  );
  return { codes, output: errors.map((name) => readFileSync(join(directory, name), 'latin1')).join('\n') };
}

describe.skipIf(missing !== null)('SIPp plays a PBX and a trunk', () => {
  beforeAll(async () => {
    const first = await freeUdpRange(2 + 3 * failures.length);
    const [lan, wan] = [first, first + 1];
    firstSeat = first + 2;
    seats = failures.map((failure, n) => {
      const port = first + 2 + 3 * n;
      return { failure, number: String(7000 + n), caller: port, callee: port + 1, second: port + 2 };
    });
    const peer = (id: string, side: string, listener: string, ports: readonly number[]): object => ({
      ...{ id, side, listener, penaltySeconds: 0 },
      match: ports.map((port) => `${address}/32:${port}`),
      targets: ports.map((port) => `sip:${address}:${port}`),
    });
    const directory = temporaryDirectory();
    node = await RunningNode.start({
      directory,
      config: await nodeConfig({
        ...{
          lanPort: lan,
          wanPort: wan,
          transport: 'udp',
          rule: announcedElsewhere,
          mediaPorts: [40_000, 40_999],
        },
        ...{ pbxTarget: '', trunkTarget: '' },
        sections: {
          sip: {
            listeners: [
              { id: 'lan', transport: 'udp', address, port: lan },
              { id: 'wan', transport: 'udp', address, port: wan },
            ],
            peers: seats.flatMap(({ failure, caller, callee, second }, n) => [
              { ...peer(`pbx-${n}`, 'pbx', 'lan', [caller]), ...failure.callerPeer },
              {
                ...peer(
                  `carrier-${n}`,
                  'trunk',
                  'wan',
                  failure.second === undefined ? [callee] : [callee, second],
                ),
                ...failure.calleePeer,
              },
            ]),
            routes: seats.map((_, n) => ({ from: `pbx-${n}`, to: [`carrier-${n}`] })),
          },
          http: { address, port: await freeTcpPort() },
        },
      }),
    });
    const { api } = node;
    await Promise.all(
      seats.map(async (seat) => {
        played.set(seat.failure.name, await play(directory, seat, lan));
      }),
    );
    await waitUntil(
      'the end of every call',
      async () => (await api.calls('?limit=200')).every(({ endedAt }) => endedAt !== null),
      60_000,
    );
    calls = await api.calls('?limit=200');
  }, 240_000);

  afterAll(async () => {
    await programs.endAll();
    const directory = node?.directory;
    await node?.stop();
    if (directory !== undefined) removeDirectory(directory);
  });

  it.each(failures)('$name', ({ name, end }) => {
    const result = played.get(name)!;
    expect(
      result.codes.every((code) => code === 0),
      `${result.codes.join()}\n${result.output}`,
    ).toBe(true);
    const number = seats.find(({ failure }) => failure.name === name)?.number;
    const call = calls.find(({ to }) => to === number);
    expect(call === undefined ? null : { outcome: call.outcome, reason: call.reason }).toEqual(end);
  });

  it('leaves no recording open', async () => {
    await waitUntil(
      'the end of every recording',
      async () => {
        const recordings = (await node?.api.recordings('?limit=200')) ?? [];
        return recordings.every(({ state }) => state !== 'expected' && state !== 'recording');
      },
      20_000,
    );
  });
});
