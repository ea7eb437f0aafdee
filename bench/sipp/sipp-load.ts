import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { benchPorts } from '../scenario/bench-node.ts';
import { calleeScenario, callerScenario } from './sipp-scenarios.ts';

export interface SippPlan {
  readonly directory: string;
  readonly calls: number;
  /** New calls a second. */
  readonly rate: number;
  readonly holdMs: number;
}

export interface SippFigures {
  readonly calls: number;
  readonly failed: number;
  /** Messages that SIPp had to send again, both sides. */
  readonly retransmissions: number;
  /** From the first INVITE to the end of the last call. */
  readonly seconds: number;
}

/** SIPp gives up when nothing has moved for this long. */
const patienceSeconds = 60;

/** Places calls through the node with a SIPp on each side. */
export async function runSipp(plan: SippPlan): Promise<SippFigures> {
  const { directory, calls, rate } = plan;
  const callee = start(directory, 'callee', calleeScenario, benchPorts.calleePort, []);
  await sleep(300);
  const caller = start(directory, 'caller', callerScenario(plan.holdMs), benchPorts.callerPort, [
    `127.0.0.1:${benchPorts.pbxListener}`,
    ...['-s', '352621000000', '-r', String(rate), '-l', '100000'],
    ...['-m', String(calls), '-timeout', `${Math.ceil(calls / rate) + patienceSeconds}s`],
  ]);
  const started = performance.now();
  await ended(caller);
  const seconds = (performance.now() - started) / 1000;
  // The callee's last BYE may still be repeated.
  await sleep(500);
  const over = ended(callee);
  callee.kill('SIGUSR1');
  await Promise.race([over, sleep(5000)]);
  callee.kill('SIGKILL');
  const callerCounts = lastCounts(directory, 'caller');
  const calleeCounts = lastCounts(directory, 'callee');
  return {
    calls: callerCounts.successful,
    failed: calls - callerCounts.successful,
    retransmissions: callerCounts.retransmissions + calleeCounts.retransmissions,
    seconds,
  };
}

function start(
  directory: string,
  side: string,
  scenario: string,
  port: number,
  more: readonly string[],
): ChildProcess {
  const file = join(directory, `${side}.xml`);
  writeFileSync(file, scenario);
  const child = spawn(
    'sipp',
    [
      ...more,
      ...['-sf', file, '-i', '127.0.0.1', '-p', String(port), '-nostdin', '-buff_size', '8000000'],
      ...['-trace_stat', '-stf', join(directory, `${side}.csv`), '-fd', '1'],
    ],
    { cwd: directory, stdio: 'ignore', env: { ...process.env, TERM: 'dumb' } },
  );
  child.once('error', (error) => {
    throw new Error(`the bench needs Debian's sip-tester (apt-get install sip-tester): ${error.message}`);
  });
  return child;
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
}

/** The last line of SIPp's statistics file. */
function lastCounts(directory: string, side: string): { successful: number; retransmissions: number } {
  const [names = '', ...rows] = readFileSync(join(directory, `${side}.csv`), 'latin1')
    .trim()
    .split('\n');
  const columns = names.split(';');
  const last = rows.at(-1)?.split(';') ?? [];
  const value = (name: string): number => Number(last[columns.indexOf(name)] ?? 0);
  return { successful: value('SuccessfulCall(C)'), retransmissions: value('Retransmissions(C)') };
}
