import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatagramPort, OpenDatagramPort } from '../../src/media/datagram-port.ts';
import { DgramPort } from '../../src/media/dgram-port.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { descriptorsAt, option, socketOption } from '../support/socket-option.ts';
import { Party } from './party.ts';

interface Delivered {
  readonly socket: number;
  readonly text: string;
  readonly address: string;
  readonly port: number;
}

/** What the relay relies on, whichever way datagrams come in. */
const ports: readonly { readonly name: string; readonly open: OpenDatagramPort }[] = [
  { name: 'node:dgram', open: (receiver) => new DgramPort(receiver) },
];

describe.each(ports)('a datagram port through $name', ({ open }) => {
  const delivered: Delivered[] = [];
  let wake: (() => void) | null = null;
  let port: DatagramPort;
  let party: Party;
  const opened: number[] = [];

  const bound = async (at: number, address = '127.0.0.1'): Promise<number> => {
    const socket = await port.open(address, at);
    if (socket === null) throw new Error(`port ${at} is taken`);
    opened.push(socket);
    return socket;
  };
  const deliveries = async (count: number): Promise<readonly Delivered[]> => {
    while (delivered.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return delivered;
  };

  beforeEach(async () => {
    port = open({
      datagram(socket, packet, length, { address, port: from }) {
        delivered.push({
          socket,
          text: Buffer.from(packet.subarray(0, length)).toString(),
          address,
          port: from,
        });
        wake?.();
      },
    });
    party = await Party.at();
  });
  afterEach(() => {
    for (const socket of opened.splice(0)) port.close(socket);
    delivered.length = 0;
    party.close();
  });

  it.skipIf(process.platform !== 'linux').each([
    ['127.0.0.1', 'udp', option.tos],
    ['::1', 'udp6', option.trafficClass],
  ] as const)('RFC 2474 §3: marks what it sends from %s', async (address, kind, name) => {
    const at = await freeUdpRange(1, address);
    const socket = await port.open(address, at, 46);
    opened.push(socket ?? -1);
    expect(descriptorsAt(kind, at).map((fd) => socketOption(fd, name))).toEqual([46 << 2]);
    expect(port.unmarkedSockets).toBe(0);
  });

  it('delivers with socket, length and source', async () => {
    const [one, other] = [await bound(17_500), await bound(17_502)];
    await party.send(Buffer.from('a'), 17_500);
    await party.send(Buffer.from('bcd'), 17_502);
    await party.send(Buffer.alloc(0), 17_502);
    const from = { address: '127.0.0.1', port: party.port };
    expect(
      (await deliveries(3)).toSorted((a, b) => a.socket - b.socket || b.text.length - a.text.length),
    ).toEqual([
      { socket: one, text: 'a', ...from },
      { socket: other, text: 'bcd', ...from },
      { socket: other, text: '', ...from },
    ]);
  });

  it('sends the first bytes of a buffer from the socket’s own port', async () => {
    const socket = await bound(17_504);
    const packet = Buffer.alloc(40, 7);
    port.send(socket, packet, 20, port.target('127.0.0.1', party.port));
    const [heard] = await party.hears(1);
    expect([heard?.payload.length, heard?.fromPort]).toEqual([8, 17_504]);
  });

  it('says null for a port that is taken, and the port stays whose it was', async () => {
    const socket = await bound(17_506);
    expect(await port.open('127.0.0.1', 17_506)).toBeNull();
    await party.send(Buffer.from('still'), 17_506);
    expect(await deliveries(1)).toMatchObject([{ socket, text: 'still' }]);
  });

  it('says null for an address that is not this host’s', async () => {
    expect(await port.open('192.0.2.1', 17_508)).toBeNull();
  });

  it('delivers nothing for a closed socket, and gives its number and port out again', async () => {
    port.close(await bound(17_510));
    opened.pop();
    await party.send(Buffer.from('late'), 17_510);
    const again = await bound(17_510);
    await party.send(Buffer.from('new'), 17_510);
    expect((await deliveries(1)).map(({ socket, text }) => [socket, text])).toEqual([[again, 'new']]);
  });

  it('lives on after a datagram that the system refuses to send, and counts it', async () => {
    const socket = await bound(17_512);
    port.send(socket, Buffer.alloc(100_000), 100_000, port.target('127.0.0.1', party.port));
    port.send(socket, Buffer.alloc(20), 20, port.target('127.0.0.1', party.port));
    await party.hears(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(port.sendFailures).toBe(1);
  });
});
