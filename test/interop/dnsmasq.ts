import { type ChildProcess, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../support/processes.ts';

/** Debian's dnsmasq with these lines as its whole configuration, on a port of its own. */
export class Dnsmasq {
  readonly port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'onrecord-dnsmasq-'));
  #child: ChildProcess | null = null;

  constructor(port: number) {
    this.port = port;
  }

  /** Serves this zone from now on; `ready` is a name in it that has an address. */
  async serve(lines: readonly string[], ready: string): Promise<void> {
    await this.stop();
    const file = join(this.#directory, 'dnsmasq.conf');
    const own = [
      ...[`port=${this.port}`, 'listen-address=127.0.0.1', 'bind-interfaces', 'no-resolv', 'no-hosts'],
      ...['pid-file=', 'user=root', 'local=/test/', 'cache-size=0'],
    ];
    writeFileSync(file, [...own, ...lines, ''].join('\n'));
    const child = spawn('/usr/sbin/dnsmasq', ['--keep-in-foreground', `--conf-file=${file}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    this.#child = child;
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([`127.0.0.1:${this.port}`]);
    await waitUntil('dnsmasq to answer', async () => {
      if (child.exitCode !== null) throw new Error(`dnsmasq has ended: ${complaint}`);
      return (await resolver.resolve4(ready).catch(() => [])).length > 0 || undefined;
    });
  }

  /** From now on nobody answers there. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    child.kill('SIGKILL');
    await waitUntil(
      'dnsmasq to end',
      () => child.signalCode !== null || child.exitCode !== null || undefined,
    );
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
