import { execFileSync } from 'node:child_process';
import { killAll } from '../support/processes.ts';

/** Addresses exist inside the namespaces alone. */
export const addresses = {
  pbx: '10.77.1.2',
  lan: '10.77.1.1',
  wan: '10.77.2.1',
  trunk: '10.77.2.2',
} as const;

export type Place = 'pbx' | 'node' | 'trunk';

/**
 * Three network namespaces, the node's in the middle with a cable to each party's. baresip sends RTP from
 * the address of its route, so that two parties on one loopback device would both send from 127.0.0.1.
 */
export class Network {
  readonly #places: readonly Place[] = ['pbx', 'node', 'trunk'];

  private constructor() {
    for (const place of this.#places) {
      ip('netns', 'add', this.name(place));
      ip('-n', this.name(place), 'link', 'set', 'lo', 'up');
    }
    this.#cable('pbx', addresses.pbx, 'lan', addresses.lan);
    this.#cable('trunk', addresses.trunk, 'wan', addresses.wan);
  }

  /** Throws when the system forbids it; then nothing is left of it. */
  static create(): Network {
    try {
      return new Network();
    } catch (error) {
      removeNamespaces();
      throw error;
    }
  }

  name(place: Place): string {
    return `${prefix}${place}`;
  }

  /** What to put before a command so that it runs in there. */
  within(place: Place): readonly string[] {
    return ['ip', 'netns', 'exec', this.name(place)];
  }

  /** Ends what still runs in the namespaces, and takes them away with their devices. */
  remove(): void {
    removeNamespaces();
  }

  /** From a party's `eth0` to the node's `device`; what the party does not know goes that way. */
  #cable(party: Place, partyAddress: string, device: string, nodeAddress: string): void {
    const [there, node] = [this.name(party), this.name('node')];
    ip('-n', node, 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', there);
    ip('-n', node, 'address', 'add', `${nodeAddress}/24`, 'dev', device);
    ip('-n', node, 'link', 'set', device, 'up');
    ip('-n', there, 'address', 'add', `${partyAddress}/24`, 'dev', 'eth0');
    ip('-n', there, 'link', 'set', 'eth0', 'up');
    ip('-n', there, 'route', 'add', 'default', 'via', nodeAddress);
  }
}

const prefix = `onr-${process.pid}-`;

function removeNamespaces(): void {
  const listed = ip('netns', 'list').split('\n');
  for (const line of listed) {
    const name = line.split(' ')[0] ?? '';
    if (!name.startsWith(prefix)) continue;
    killAll(ip('netns', 'pids', name).split('\n').filter(Boolean).map(Number));
    ip('netns', 'delete', name);
  }
}

function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'pipe'] });
}
