import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { decode, encode } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { systemSchedule } from '../../../src/kernel/timers.ts';
import { decodeReply, encodeQuery } from '../../../src/signalling/locate/dns-message.ts';
import { createDnsWire, type WireQuery } from '../../../src/signalling/locate/dns-wire.ts';

const question = { type: 'A', name: 'sip1.example' } as const;
const dropped: string[] = [];
const open: { close: () => unknown }[] = [];
const wire = createDnsWire(systemSchedule, (reason) => dropped.push(reason));

afterEach(() => {
  dropped.length = 0;
  for (const one of open.splice(0)) one.close();
});

async function udpServer(answer: (socket: Socket, bytes: Buffer, from: RemoteInfo) => void): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    answer(socket, bytes, from);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  open.push(socket);
  return socket.address().port;
}

function reply(to: Buffer, address = '198.51.100.1', id = decode(to).id): Buffer {
  return encode({
    ...{ type: 'response', id, questions: [question] },
    answers: [{ type: 'A', name: question.name, ttl: 9, data: address }],
  });
}

function query(port: number, timeoutMs = 1000): WireQuery {
  return {
    ...{ server: { address: '127.0.0.1', port }, timeoutMs, bytes: encodeQuery(77, question) },
    read: (bytes) => decodeReply(bytes, 77, question),
  };
}

const addressesOf = (result: Awaited<ReturnType<typeof wire.udp>>) =>
  result.ok
    ? result.value.records.map((record) => ('address' in record ? record.address : ''))
    : result.error;

describe('by UDP', () => {
  it('RFC 5452 §9: only a reply of that server with id and question counts, whatever comes before it', async () => {
    const port = await udpServer((socket, bytes, from) => {
      const forger = createSocket('udp4');
      open.push(forger);
      forger.send(reply(bytes, '203.0.113.66'), from.port, from.address, () => {
        socket.send(reply(bytes, '203.0.113.67', 78), from.port, from.address);
        socket.send(Buffer.from('rubbish'), from.port, from.address);
        socket.send(reply(bytes), from.port, from.address);
      });
    });
    expect(addressesOf(await wire.udp(query(port)))).toEqual(['198.51.100.1']);
    expect(dropped).toEqual(['stray', 'malformed']);
  });

  it('each question comes from a port of its own', async () => {
    const ports = new Set<number>();
    const port = await udpServer((socket, bytes, from) => {
      ports.add(from.port);
      socket.send(reply(bytes), from.port, from.address);
    });
    await Promise.all(Array.from({ length: 8 }, () => wire.udp(query(port))));
    expect(ports.size).toBe(8);
  });

  it('silence ends after its time', async () => {
    const port = await udpServer(() => undefined);
    expect(addressesOf(await wire.udp(query(port, 50)))).toBe('timeout');
  });

  it('a port where nobody listens is known at once', async () => {
    const port = await udpServer(() => undefined);
    open.pop()!.close();
    expect(addressesOf(await wire.udp(query(port, 10_000)))).toBe('unreachable');
  });

  it('a flood of wrong replies is given up', async () => {
    const port = await udpServer((socket, bytes, from) => {
      for (let i = 0; i < 40; i++)
        socket.send(reply(bytes, '203.0.113.66', 1000 + i), from.port, from.address);
    });
    expect(addressesOf(await wire.udp(query(port)))).toBe('flooded');
  });
});

describe('by TCP', () => {
  async function tcpServer(answer: (bytes: Buffer) => Buffer[]): Promise<number> {
    const server: Server = createServer((socket) => {
      socket.on('data', (bytes) => {
        for (const chunk of answer(bytes)) socket.write(chunk);
      });
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(server);
    return (server.address() as AddressInfo).port;
  }

  const framed = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };

  it('RFC 1035 §4.2.2: with a length before it, in whatever pieces', async () => {
    const port = await tcpServer((bytes) => {
      expect(bytes.readUInt16BE(0)).toBe(bytes.length - 2);
      const whole = framed(reply(bytes.subarray(2)));
      return [whole.subarray(0, 1), whole.subarray(1, 20), whole.subarray(20)];
    });
    expect(addressesOf(await wire.tcp(query(port)))).toEqual(['198.51.100.1']);
  });

  it.each([
    [
      'another question’s reply',
      (bytes: Buffer) => [framed(reply(bytes.subarray(2), '203.0.113.66', 1))],
      'unreachable',
    ],
    ['half a reply', () => [Buffer.from([0, 99, 1])], 'timeout'],
  ])('%s is none', async (_name, answer, fault) => {
    const port = await tcpServer(answer);
    expect(addressesOf(await wire.tcp(query(port, 60)))).toBe(fault);
  });

  it('nobody listens', async () => {
    const port = await tcpServer(() => []);
    open.pop()!.close();
    expect(addressesOf(await wire.tcp(query(port)))).toBe('unreachable');
  });
});
