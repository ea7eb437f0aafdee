import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { noBody, SipHeaders } from '../../../src/sip/message.ts';
import type { SipRequest } from '../../../src/sip/message.ts';
import {
  firstLine,
  headerOf,
  rawRequest,
  rawTcp,
  rawTcpServer,
  rawTls,
  rawTlsServer,
  rawUdp,
} from './raw-peer.ts';
import { nextOf, stackUnderTest } from './stack-under-test.ts';
import type { StackUnderTest } from './stack-under-test.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((entries) =>
  entries?.some(({ address }) => address === '::1'),
);
const certs = join(import.meta.dirname, 'certs');
const ours = { cert: join(certs, 'node.pem'), key: join(certs, 'node.key'), ca: join(certs, 'ca.pem') };
const theirs = {
  cert: readFileSync(join(certs, 'node.pem')),
  key: readFileSync(join(certs, 'node.key')),
};

const options: SipRequest = {
  type: 'request',
  method: 'OPTIONS',
  uri: 'sip:them@[::1]',
  headers: new SipHeaders([
    { name: 'From', value: '<sip:us@[::1]>;tag=u1' },
    { name: 'To', value: '<sip:them@[::1]>' },
    { name: 'Call-ID', value: 'ours' },
    { name: 'CSeq', value: '1 OPTIONS' },
  ]),
  body: noBody,
};

interface Peer {
  readonly send: (text: string) => void;
  readonly next: () => Promise<string>;
  readonly close: () => void;
}

let under: StackUnderTest;
const open: { close(): void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await under.stack.close();
});

/** Somebody who sends to the listener `it` over one of the transports. */
async function client(transport: 'udp' | 'tcp' | 'tls', address: string): Promise<Peer> {
  const port = under.ports['it'] ?? 0;
  if (transport === 'udp') {
    const socket = await rawUdp(address);
    return {
      send: (text) => {
        socket.send(text, port, address);
      },
      next: () => socket.next(),
      close: () => {
        socket.close();
      },
    };
  }
  const peer = transport === 'tcp' ? await rawTcp(port, address) : await rawTls(port, { host: address });
  return {
    send: (text) => {
      peer.send(text);
    },
    next: () => peer.next(),
    close: () => {
      peer.socket.destroy();
    },
  };
}

/** Somebody who is sent to: where, and what comes first. */
async function server(
  transport: 'udp' | 'tcp' | 'tls',
  address: string,
): Promise<{ readonly port: number; readonly first: () => Promise<string> }> {
  if (transport === 'udp') {
    const socket = await rawUdp(address);
    open.push(socket);
    return { port: socket.port, first: () => socket.next() };
  }
  const listening =
    transport === 'tcp' ? await rawTcpServer(0, address) : await rawTlsServer(theirs, address);
  open.push(listening);
  return {
    port: listening.port,
    first: async () => {
      const connection = await listening.next();
      open.push({ close: () => connection.socket.destroy() });
      return connection.next();
    },
  };
}

describe.skipIf(!hasIPv6).each(['udp', 'tcp', 'tls'] as const)('%s over IPv6', (transport) => {
  const token = transport.toUpperCase();
  const start = async (address: string, advertise?: string): Promise<void> => {
    under = await stackUnderTest({
      isPeer: (_, from) => ['::1', '127.0.0.1'].includes(from),
      listeners: [
        {
          ...{ id: 'it', transport, address, port: 0 },
          ...(transport === 'tls' ? ours : {}),
          ...(advertise === undefined ? {} : { advertise }),
        },
      ],
    });
  };

  it('takes requests and sends them, its sent-by in brackets (RFC 5118 §4.5)', async () => {
    await start('::1');
    const peer = await client(transport, '::1');
    open.push(peer);
    peer.send(rawRequest(0, { method: 'OPTIONS', via: `SIP/2.0/${token} [::1]:9;branch=z9hG4bKsix;rport` }));
    expect((await nextOf(under, 'request')).transaction.source).toMatchObject({ address: '::1', transport });
    const { port, first } = await server(transport, '::1');
    under.stack.send(options, { listener: 'it', transport, address: '::1', port }, under.events);
    expect(headerOf(await first(), 'Via')).toMatch(
      new RegExp(`^SIP/2.0/${token} \\[::1\\]:${under.ports['it'] ?? 0};branch=`),
    );
  });

  it('RFC 3493 §3.7: on `::` it serves IPv4 too, whose addresses are not called ::ffff:', async () => {
    await start('::', '2001:db8::5');
    const peer = await client(transport, '127.0.0.1');
    open.push(peer);
    const via = `SIP/2.0/${token} somewhere.invalid:9;branch=z9hG4bKfour;rport`;
    peer.send(rawRequest(0, { via }));
    const trying = await peer.next();
    expect(firstLine(trying)).toBe('SIP/2.0 100 Trying');
    expect(headerOf(trying, 'Via')).toMatch(/;received=127\.0\.0\.1$/);
    expect((await nextOf(under, 'request')).transaction.source.address).toBe('127.0.0.1');
    const { port, first } = await server(transport, '127.0.0.1');
    under.stack.send(options, { listener: 'it', transport, address: '127.0.0.1', port }, under.events);
    expect(headerOf(await first(), 'Via')).toContain(`SIP/2.0/${token} [2001:db8::5]:`);
  });
});

describe('a listener behind NAT', () => {
  it.each([
    ['203.0.113.5', '203.0.113.5'],
    ['2001:db8::5', '[2001:db8::5]'],
    ['sip.example.com', 'sip.example.com'],
  ])('that advertises %s says so in its Via, with its port', async (advertise, host) => {
    under = await stackUnderTest({
      listeners: [{ id: 'it', transport: 'udp', address: '127.0.0.1', port: 0, advertise }],
    });
    const { port, first } = await server('udp', '127.0.0.1');
    const hop = { listener: 'it', transport: 'udp', address: '127.0.0.1', port } as const;
    under.stack.send(options, hop, under.events);
    expect(headerOf(await first(), 'Via')).toContain(`SIP/2.0/UDP ${host}:${under.ports['it'] ?? 0};branch=`);
    expect(under.stack.sentBy('it')).toMatchObject({ host, port: under.ports['it'] });
  });
});
