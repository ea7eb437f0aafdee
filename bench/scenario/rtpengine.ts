import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bencode } from '../load/bencode.ts';
import { type Contestant, relayCore } from './contestant.ts';
import { cpuSecondsOf, onCore, residentKibOf } from './processes.ts';

const program = '/usr/bin/rtpengine';
const ngPort = 45_090;
const startWithinMs = 5000;

export function hasRtpengine(): boolean {
  return existsSync(program);
}

/** Debian's rtpengine without its kernel module; `record`: every packet of every call into a pcap file. */
export async function startRtpengine(record: boolean): Promise<Contestant> {
  const directory = mkdtempSync(join(tmpdir(), 'onrecord-bench-rtpengine-'));
  const recording = record
    ? [`--recording-dir=${directory}`, '--recording-method=pcap', '--recording-format=eth']
    : [];
  const [command = '', ...words] = onCore(relayCore, [
    program,
    ...['--config-file=none', '--table=-1', '--interface=127.0.0.1', `--listen-ng=127.0.0.1:${ngPort}`],
    ...['--foreground', '--log-stderr', '--log-level=3', '--port-min=10000', '--port-max=44000'],
    ...[`--pidfile=${join(directory, 'pid')}`, ...recording],
  ]);
  // Debian's build ends some runs with a core file: it goes with the directory.
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'ignore'], cwd: directory });
  const pid = child.pid ?? 0;
  try {
    await answersPing(child);
  } catch (error) {
    await stop(child, directory);
    throw error;
  }
  return {
    signalling: { kind: 'ng', port: ngPort, record },
    cpuSeconds: () => cpuSecondsOf(pid),
    residentKib: () => residentKibOf(pid),
    stages: () => ({}),
    counts: () => Promise.resolve({ recordedBytes: bytesIn(join(directory, 'pcaps')) }),
    stop: () => stop(child, directory),
  };
}

async function answersPing(child: ChildProcess): Promise<void> {
  const socket = createSocket('udp4');
  const pong = once(socket, 'message').then(() => true);
  let answered = false;
  for (let waited = 0; !answered && child.exitCode === null && waited < startWithinMs; waited += 100) {
    socket.send(`1_${waited} ${bencode({ command: 'ping' })}`, ngPort, '127.0.0.1');
    answered = await Promise.race([pong, sleep(100, false)]);
  }
  socket.close();
  if (!answered) throw new Error(`${program} does not answer at 127.0.0.1:${ngPort}`);
}

async function stop(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(directory, { recursive: true, force: true });
}

function bytesIn(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);
}
