import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { waitUntil } from '../support/processes.ts';

/** One UDP datagram as tcpdump saw it. */
export interface CapturedDatagram {
  /** Seconds since 1970. */
  readonly at: number;
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly payload: Buffer;
}

/** tcpdump on one interface, from `start` until `stop`. */
export class Capture {
  readonly #child: ChildProcess;
  readonly #file: string;

  private constructor(child: ChildProcess, file: string) {
    this.#child = child;
    this.#file = file;
  }

  /** `command` puts tcpdump elsewhere, such as into a network namespace. */
  static async start(
    file: string,
    networkInterface: string,
    filter: string,
    command: readonly string[] = [],
  ): Promise<Capture> {
    const [program = 'tcpdump', ...words] = [
      ...command,
      ...[
        'tcpdump',
        '-i',
        networkInterface,
        '-w',
        file,
        '-U',
        '-B',
        '16384',
        '-s',
        '0',
        '-Z',
        'root',
        filter,
      ],
    ];
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    await waitUntil('tcpdump to listen', () => {
      if (child.exitCode !== null) throw new Error(`tcpdump: ${stderr}`);
      return stderr.includes('listening on') || undefined;
    });
    return new Capture(child, file);
  }

  /** Ends the capture and hands over what it saw. */
  async stop(): Promise<readonly CapturedDatagram[]> {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    this.#child.kill('SIGINT');
    await waitUntil(
      'tcpdump to end',
      () => this.#child.exitCode !== null || this.#child.signalCode !== null || undefined,
    );
    return readCapture(this.#file);
  }
}

/** Reads a libpcap file of Ethernet frames and keeps the UDP datagrams over IPv4 (pcap-savefile(5)). */
function readCapture(file: string): CapturedDatagram[] {
  const bytes = readFileSync(file);
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4)
    throw new Error('not a little-endian libpcap file with microseconds');
  if (bytes.readUInt32LE(20) !== 1) throw new Error('not a capture of Ethernet frames');
  const datagrams: CapturedDatagram[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const time = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) / 1e6;
    const frame = bytes.subarray(at + 16, at + 16 + length);
    at += 16 + length;
    if (frame.length < 42 || frame.readUInt16BE(12) !== 0x0800 || frame[23] !== 17) continue;
    const udp = 14 + 4 * (frame[14]! & 15);
    datagrams.push({
      at: time,
      from: frame.subarray(26, 30).join('.'),
      fromPort: frame.readUInt16BE(udp),
      to: frame.subarray(30, 34).join('.'),
      toPort: frame.readUInt16BE(udp + 2),
      payload: frame.subarray(udp + 8, udp + frame.readUInt16BE(udp + 4)),
    });
  }
  return datagrams;
}
