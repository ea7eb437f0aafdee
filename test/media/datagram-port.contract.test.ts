import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import type { DatagramPort } from '../../src/media/datagram-port.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { descriptorsAt, option, socketOption } from '../support/socket-option.ts';
import { Party, rtpPacket } from './party.ts';
import { io, portOf } from './port-kinds.ts';

interface Delivered {
  readonly socket: number;
  readonly text: string;
  readonly address: string;
  readonly port: number;
  readonly arrivedAt: number;
}

const clock = systemClock();

/** What the relay relies on, whichever way datagrams come in. */
describe(`a datagram port through ${io}`, () => {
  const delivered: Delivered[] = [];
  let wake: (() => void) | null = null;
  let during: (socket: number, packet: Uint8Array, length: number) => void;
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
    during = () => undefined;
    port = portOf(clock)({
      datagram(socket, packet, length, { address, port: from }, arrivedAt) {
        delivered.push({
          socket,
          text: Buffer.from(packet.subarray(0, length)).toString(),
          address,
          port: from,
          arrivedAt,
        });
        during(socket, packet, length);
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
    ).toMatchObject([
      { socket: one, text: 'a', ...from },
      { socket: other, text: 'bcd', ...from },
      { socket: other, text: '', ...from },
    ]);
  });

  it('tells each of several senders to one socket, by turns', async () => {
    const socket = await bound(17_514);
    const other = await Party.at('127.0.0.9');
    for (const [sender, text] of [
      [party, 'a'],
      [other, 'b'],
      [party, 'c'],
    ] as const) {
      await sender.send(Buffer.from(text), 17_514, '127.0.0.1');
    }
    expect(await deliveries(3)).toMatchObject([
      { socket, text: 'a', address: '127.0.0.1', port: party.port },
      { socket, text: 'b', address: '127.0.0.9', port: other.port },
      { socket, text: 'c', address: '127.0.0.1', port: party.port },
    ]);
    other.close();
  });

  it('tells an address of IPv6 in the form that a target has, and takes no IPv4 by the same port', async () => {
    const socket = await bound(17_516, '::');
    const fourth = await bound(17_516, '0.0.0.0');
    const sixth = await Party.at('::1');
    await sixth.send(Buffer.from('six'), 17_516);
    await party.send(Buffer.from('four'), 17_516);
    port.send(socket, Buffer.alloc(20), 20, port.target('::1', sixth.port));
    await sixth.hears(1);
    expect((await deliveries(2)).toSorted((a, b) => a.text.localeCompare(b.text))).toMatchObject([
      { socket: fourth, text: 'four', address: '127.0.0.1' },
      { socket, text: 'six', address: port.target('::1', sixth.port).address },
    ]);
    sixth.close();
  });

  it('delivers the longest datagram there is, whole', async () => {
    await bound(17_518);
    await party.send(Buffer.alloc(65_507, 'x'), 17_518);
    expect((await deliveries(1))[0]?.text).toBe('x'.repeat(65_507));
  });

  it('says when a datagram came', async () => {
    await bound(17_520);
    const before = clock.monotonic();
    await party.send(Buffer.from('now'), 17_520);
    const [heard] = await deliveries(1);
    expect(heard?.arrivedAt).toBeGreaterThanOrEqual(before);
    expect(heard?.arrivedAt).toBeLessThanOrEqual(clock.monotonic());
  });

  it('sends on a packet that was written into while it was lent', async () => {
    const socket = await bound(17_522);
    const back = port.target('127.0.0.1', party.port);
    during = (_, packet, length) => {
      packet[1] = 8;
      port.send(socket, packet, length, back);
    };
    await party.send(rtpPacket({ sequence: 7 }), 17_522);
    await party.send(rtpPacket({ sequence: 8 }), 17_522);
    expect((await party.hears(2)).map(({ payloadType, sequence }) => [payloadType, sequence])).toEqual([
      [8, 7],
      [8, 8],
    ]);
  });

  it('delivers nothing for a socket that a datagram to another one has closed, though some waits there', async () => {
    const pair = [await bound(17_524), await bound(17_526)];
    during = (socket) => {
      for (const one of pair) if (one !== socket) port.close(one);
    };
    await party.send(Buffer.from('a'), 17_524);
    await party.send(Buffer.from('b'), 17_526);
    await deliveries(1);
    const third = await bound(17_528);
    await party.send(Buffer.from('c'), 17_528);
    await deliveries(2);
    expect(delivered.map(({ socket, text }) => [socket === third, text.length])).toEqual([
      [false, 1],
      [true, 1],
    ]);
  });

  it('closes once a socket that is closed twice', async () => {
    const closed = await bound(17_530);
    opened.pop();
    port.close(closed);
    port.close(closed);
    const next = [await bound(17_530), await bound(17_532)];
    expect(new Set(next).size).toBe(2);
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
