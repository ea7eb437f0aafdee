import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noBody, SipHeaders } from '../../../src/sip/message.ts';
import type { SipRequest } from '../../../src/sip/message.ts';
import type { Hop } from '../../../src/signalling/transaction-layer.ts';
import { firstLine, headerOf, rawRequest, rawResponse, rawTls, rawTlsServer } from './raw-peer.ts';
import type { RawTcp, RawTcpServer } from './raw-peer.ts';
import { nextOf, stackUnderTest } from './stack-under-test.ts';
import type { StackUnderTest } from './stack-under-test.ts';

const certs = join(import.meta.dirname, 'certs');
const pem = (file: string): string => readFileSync(join(certs, file), 'utf8');
const shows = (name: string): { cert: string; key: string } => ({
  cert: pem(`${name}.pem`),
  key: pem(`${name}.key`),
});

const options = (callId = 'ours'): SipRequest => ({
  type: 'request',
  method: 'OPTIONS',
  uri: 'sip:them@127.0.0.1',
  headers: new SipHeaders([
    { name: 'From', value: '<sip:us@127.0.0.1>;tag=u1' },
    { name: 'To', value: '<sip:them@127.0.0.1>' },
    { name: 'Call-ID', value: callId },
    { name: 'CSeq', value: '1 OPTIONS' },
  ]),
  body: noBody,
});

const via = 'SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKtls';
/** How a ClientHello begins. */
const hello = Buffer.from('1603010200', 'hex');
/** Who dials from here is known by its certificate. */
const certified = '127.0.0.7';

let directory: string;
let under: StackUnderTest;
const ends: (() => void)[] = [];

const file = (name: string): string => join(directory, name);
const install = (name: string): void => {
  copyFileSync(join(certs, `${name}.pem`), file('cert.pem'));
  copyFileSync(join(certs, `${name}.key`), file('key.pem'));
};

async function start(name = 'node', address = '127.0.0.1'): Promise<void> {
  install(name);
  under = await stackUnderTest({
    isPeer: (_, from) => from !== '127.0.0.5',
    listeners: [
      {
        ...{ id: 'tls', transport: 'tls', address, port: 0 },
        ...{ cert: file('cert.pem'), key: file('key.pem'), ca: join(certs, 'ca.pem') },
      },
    ],
    certificates: {
      required: (_listener, from) => (from === certified ? 'carrier.example' : null),
      accepted: () => ['carrier.example'],
    },
  });
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'onrecord-tls-'));
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await under.stack.close();
  rmSync(directory, { recursive: true });
});

async function dial(connection: ConnectionOptions & { localAddress?: string } = {}): Promise<RawTcp> {
  const peer = await rawTls(under.ports['tls'] ?? 0, { ca: pem('ca.pem'), ...connection });
  ends.push(() => peer.socket.destroy());
  // The client is through with the handshake before the server is.
  await under.settle();
  return peer;
}

const failures = (side: string, reason: string): number =>
  under.counted('onrecord_tls_handshake_failures_total', { side, reason });

const subjectOf = ({ socket }: RawTcp): string =>
  socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : '';

describe('connections that we accept', () => {
  it('a request is answered on its connection, by TLS 1.2 and 1.3', async () => {
    await start();
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const peer = await dial({ maxVersion, rejectUnauthorized: true, servername: 'node.example' });
      peer.send(rawRequest(0, { via: `${via}${maxVersion}`, callId: maxVersion }));
      expect(firstLine(await peer.next())).toBe('SIP/2.0 100 Trying');
      expect((await nextOf(under, 'request')).transaction.source.transport).toBe('tls');
    }
  });

  it('TLS 1.1 is refused, counted, and harms nobody', async () => {
    await start();
    const old = dial({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    await expect(old).rejects.toThrow();
    await under.settle();
    expect(failures('accepted', 'tls-protocol')).toBe(1);
    const peer = await dial();
    peer.send(rawRequest(0, { via }));
    await peer.next();
  });

  it('plain SIP is refused', async () => {
    await start();
    const socket = plain();
    socket.write(rawRequest(0, { via }));
    await closed(socket);
    expect(failures('accepted', 'tls-protocol')).toBe(1);
    expect(under.told).toHaveLength(0);
  });

  it.each([
    ['says nothing', 0],
    ['sends a byte a second', 1],
  ])('who %s has 5 s for its handshake', async (_what, bytes) => {
    await start();
    const socket = plain();
    await new Promise((resolve) => socket.once('connect', resolve));
    await under.settle();
    for (let second = 0; second < 5; second++) {
      if (bytes > 0) socket.write(hello.subarray(second, second + 1));
      await new Promise((resolve) => setImmediate(resolve));
      under.hand.advance(1_000);
    }
    await closed(socket);
    expect(failures('accepted', 'timeout')).toBe(1);
  });

  it('strangers are told 403, one after the other and never more than 16 at once', async () => {
    await start();
    for (let i = 0; i < 20; i++) {
      const stranger = await dial({ localAddress: '127.0.0.5' });
      stranger.send(rawRequest(0, { via: `${via}${i}` }));
      if (i < 5) expect(firstLine(await stranger.next())).toBe('SIP/2.0 403 Forbidden');
      await stranger.closed;
    }
    expect(under.dropped('tcp-connections-full')).toBe(0);
    const silent = Array.from({ length: 17 }, () => plain('127.0.0.5'));
    await Promise.race(silent.map(closed));
    expect(under.dropped('tcp-connections-full')).toBe(1);
  });

  describe('RFC 5922 §7.4: of a peer that is known by its certificate', () => {
    it.each([
      ['no certificate', {}],
      ['a certificate of another name', shows('elsewhere')],
      ['the right name from an authority that is not ours', shows('stranger')],
    ])('%s: as a stranger', async (_what, shown) => {
      await start();
      const peer = await dial({ localAddress: certified, ...shown });
      peer.send(rawRequest(0, { via }));
      expect(firstLine(await peer.next())).toBe('SIP/2.0 403 Forbidden');
      await peer.closed;
      expect(under.dropped('certificate-required')).toBe(1);
      expect(under.told).toHaveLength(0);
    });

    it('the right one: served', async () => {
      await start();
      const peer = await dial({ localAddress: certified, ...shows('carrier') });
      peer.send(rawRequest(0, { via }));
      await nextOf(under, 'request');
      expect(under.dropped('certificate-required')).toBe(0);
    });
  });

  it('RFC 5923: a request to where a message came from goes out on its connection', async () => {
    await start();
    const peer = await dial();
    peer.send(rawRequest(0, { via }));
    await peer.next();
    const { transaction } = await nextOf(under, 'request');
    under.stack.send(options(), transaction.source, under.events);
    const sent = await peer.next();
    expect(headerOf(sent, 'Via')).toMatch(/^SIP\/2.0\/TLS 127.0.0.1:\d+;branch=/);
    peer.send(rawResponse(sent, '200 OK'));
    expect((await nextOf(under, 'response')).response.status).toBe(200);
  });

  it('over IPv6', async () => {
    await start('node', '::1');
    const peer = await dial({ host: '::1' });
    peer.send(rawRequest(0, { via: 'SIP/2.0/TLS [::1]:9;branch=z9hG4bKsix' }));
    await peer.next();
    expect((await nextOf(under, 'request')).transaction.source.address).toBe('::1');
  });
});

describe('connections that we dial', () => {
  let server: RawTcpServer;
  const hop = (): Hop => ({
    listener: 'tls',
    transport: 'tls',
    address: '127.0.0.1',
    port: server.port,
  });

  async function serve(name: string): Promise<void> {
    server = await rawTlsServer({
      ...shows(name),
      ca: pem('ca.pem'),
      requestCert: true,
      rejectUnauthorized: false,
    });
    ends.push(() => {
      server.close();
    });
  }

  it('RFC 5922 §7.3: who proves the domain gets the request, and our certificate', async () => {
    await start();
    await serve('carrier');
    under.stack.send(options(), hop(), under.events);
    const peer = await server.next();
    const sent = await peer.next();
    expect(headerOf(sent, 'Via')).toMatch(/^SIP\/2.0\/TLS 127.0.0.1:\d+;branch=/);
    expect(subjectOf(peer)).toBe('node');
    peer.send(rawResponse(sent, '200 OK'));
    expect((await nextOf(under, 'response')).source.transport).toBe('tls');
    under.stack.send(options('again'), hop(), under.events);
    await peer.next();
    expect(server.accepted).toBe(1);
    peer.socket.destroy();
  });

  it.each([
    ['another name', 'elsewhere', 'certificate-wrong-name'],
    ['an end in the past', 'expired', 'certificate-expired'],
    ['an authority that is not ours', 'stranger', 'certificate-untrusted'],
  ])(
    'a certificate with %s: no byte of SIP is sent, and the request fails at once',
    async (_what, name, reason) => {
      await start();
      await serve(name);
      under.stack.send(options(), hop(), under.events);
      expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
      expect(failures('dialled', reason)).toBe(1);
      // Whether a socket's write or its close is told first is Node's to choose, and differs by version.
      await expect
        .poll(() => under.logged.filter((line) => line.startsWith('sip-unreachable')))
        .toEqual([`sip-unreachable ${JSON.stringify({ ...hop(), reason })}`]);
    },
  );

  it('who takes the connection and then says nothing fails after 4 s', async () => {
    await start();
    const { createServer } = await import('node:net');
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    ends.push(() => silent.close());
    const { port } = silent.address() as { port: number };
    const connected = new Promise<Socket>((resolve) => silent.once('connection', resolve));
    under.stack.send(options(), { ...hop0, port }, under.events);
    const socket = await connected;
    under.hand.advance(4_000);
    expect(await nextOf(under, 'failed')).toMatchObject({ cause: 'transport' });
    socket.destroy();
  });

  const hop0: Hop = { listener: 'tls', transport: 'tls', address: '127.0.0.1', port: 0 };
});

describe('our certificate', () => {
  const poll = async (): Promise<void> => {
    under.hand.advance(10_000);
    await under.settle();
  };

  it('is read again when its files change: new connections get it, old ones live', async () => {
    await start();
    const before = await dial();
    install('renewed');
    await poll();
    const after = await dial();
    expect([subjectOf(before), subjectOf(after)]).toEqual(['node', 'renewed']);
    before.send(rawRequest(0, { via }));
    expect(firstLine(await before.next())).toBe('SIP/2.0 100 Trying');
    expect(under.counted('onrecord_tls_certificate_reloads_total', { outcome: 'loaded' })).toBe(1);
  });

  it('is read at once when asked to', async () => {
    await start();
    install('renewed');
    await under.stack.reload();
    expect(subjectOf(await dial())).toBe('renewed');
  });

  it('that cannot be used leaves the old one in place, is logged once and counted', async () => {
    await start();
    writeFileSync(file('key.pem'), 'half a fi');
    await poll();
    await poll();
    expect(subjectOf(await dial())).toBe('node');
    expect(under.counted('onrecord_tls_certificate_reloads_total', { outcome: 'kept-old' })).toBe(1);
    expect(under.logged).toEqual([
      `tls-certificate-not-loaded {"listener":"tls","fault":"key ${file('key.pem')} holds no private key in PEM form without a passphrase"}`,
    ]);
    install('renewed');
    await poll();
    expect(subjectOf(await dial())).toBe('renewed');
  });

  it('that ends within two weeks is said once a day, and that has ended as an error', async () => {
    await start();
    const end = Date.parse('2125-01-01T00:00:00Z');
    const left = (): number => under.counted('onrecord_tls_certificate_expiry_seconds', { listener: 'tls' });
    under.hand.now = end - 13 * 86_400_000;
    await poll();
    await poll();
    expect(left()).toBe(13 * 86_400 - 20);
    expect(under.logged).toEqual([
      'tls-certificate-expires-soon {"listener":"tls","expires":"2125-01-01T00:00:00.000Z"}',
    ]);
    under.hand.now = end;
    await poll();
    expect(left()).toBe(-10);
    expect(under.logged.at(-1)).toMatch(/^tls-certificate-expired /);
  });

  it.each([
    [
      'is not there',
      () => {
        rmSync(file('cert.pem'));
      },
      /cert .*cert\.pem cannot be read \(ENOENT\); name a PEM file/,
    ],
    [
      'is no certificate',
      () => {
        writeFileSync(file('cert.pem'), 'x');
      },
      /holds no certificate in PEM form/,
    ],
    [
      'is of another key',
      () => {
        copyFileSync(join(certs, 'carrier.key'), file('key.pem'));
      },
      /key .*key\.pem is not the key of cert .*cert\.pem; name the two that belong together/,
    ],
  ])('that %s is one clear sentence at start', async (_what, spoil, sentence) => {
    await start();
    await under.stack.close();
    spoil();
    const { createSipStack } = await import('../../../src/signalling/sip-stack.ts');
    const stack = createSipStack({
      listeners: [
        {
          ...{ id: 'tls', transport: 'tls', address: '127.0.0.1', port: 0 },
          ...{ cert: file('cert.pem'), key: file('key.pem') },
        },
      ],
      isPeer: () => true,
      user: {
        request: () => undefined,
        cancelled: () => undefined,
        ack: () => undefined,
        serverFailed: () => undefined,
      },
      clock: under.hand.clock,
      schedule: under.hand.schedule,
      random: (length) => new Uint8Array(length),
      logger: (await import('../../../src/kernel/logger.ts')).silentLogger,
      meter: under.meter,
    });
    await expect(stack.start()).rejects.toThrow(sentence);
  });
});

function plain(localAddress = '127.0.0.1'): Socket {
  const socket = connect({ host: '127.0.0.1', port: under.ports['tls'] ?? 0, localAddress });
  socket.on('error', () => undefined);
  ends.push(() => socket.destroy());
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
}
