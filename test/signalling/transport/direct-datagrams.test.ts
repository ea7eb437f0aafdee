import { createSocket, type Socket, type SocketType } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { cLibrary } from '../../../src/kernel/c-library.ts';
import { DirectDatagrams } from '../../../src/signalling/transport/direct-datagrams.ts';

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

async function bound(type: SocketType, address: string): Promise<Socket> {
  const socket = createSocket(type);
  open.push(socket);
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

describe.skipIf(cLibrary() === null)('datagrams by the system’s own call', () => {
  it.each([
    ['udp4', '127.0.0.1', '127.0.0.1', 1],
    ['udp4', '127.0.0.1', '127.0.0.1', 1400],
    ['udp4', '127.0.0.1', '127.0.0.1', 60_000],
    ['udp6', '::1', '::1', 500],
    ['udp6', '::', '::ffff:127.0.0.1', 500],
  ] as const)(
    '%s: from %s to %s: %i bytes arrive as they are, from the socket’s own port',
    async (type, from, to, length) => {
      const [sender, receiver] = [await bound(type, from), await bound(type, from)];
      const bytes = Buffer.from(Array.from({ length }, (_, i) => i % 251));
      const arrived = once(receiver, 'message') as Promise<[Buffer, { port: number }]>;
      expect(DirectDatagrams.of(sender)!.send(bytes, to, receiver.address().port)).toBe(true);
      const [message, { port }] = await arrived;
      expect(message.equals(bytes)).toBe(true);
      expect(port).toBe(sender.address().port);
    },
  );

  it('a datagram does not hold what the one before had', async () => {
    const [sender, receiver] = [await bound('udp4', '127.0.0.1'), await bound('udp4', '127.0.0.1')];
    const direct = DirectDatagrams.of(sender)!;
    const messages: string[] = [];
    receiver.on('message', (message) => messages.push(message.toString()));
    for (const text of ['a long first one', 'short'])
      direct.send(Buffer.from(text), '127.0.0.1', receiver.address().port);
    while (messages.length < 2) await once(receiver, 'message');
    expect(messages).toEqual(['a long first one', 'short']);
  });

  const impossible: [string, string, number, number][] = [
    ['no port', '127.0.0.1', 0, 10],
    ['no address', 'pbx.example', 5060, 10],
    ['another family', '::1', 5060, 10],
    ['longer than IP carries', '127.0.0.1', 5060, 65_530],
    ['longer than UDP’s own length', '127.0.0.1', 5060, 70_000],
  ];
  it.each(impossible)('%s: is not sent, so that Node says why', async (_why, address, port, length) => {
    const direct = DirectDatagrams.of(await bound('udp4', '127.0.0.1'))!;
    expect(direct.send(Buffer.alloc(length), address, port)).toBe(false);
  });

  it('sockets that are none, and none that is open, have no such call', () => {
    expect(DirectDatagrams.of({})).toBeNull();
  });

  it('keeps no more places than neighbours may be', async () => {
    const direct = DirectDatagrams.of(await bound('udp4', '127.0.0.1'))!;
    const sent = Array.from({ length: 3000 }, (_, n) =>
      direct.send(Buffer.from('x'), '127.0.0.1', 20_000 + n),
    );
    expect(sent.every(Boolean)).toBe(true);
  });
});
