import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LinkTlsMaterial, parseControlUrl } from '../../src/link/endpoint.ts';
import { createLinkServer } from '../../src/link/link-server.ts';
import { Bench, keyEvent, MemoryJournal, until } from './link-fixture.ts';

const certs = join(import.meta.dirname, 'certs');
const pem = (name: string): string => readFileSync(join(certs, name), 'utf8');
const material = (name: string, ca = 'ca'): LinkTlsMaterial => ({
  cert: pem(`${name}.pem`),
  key: pem(`${name}.key`),
  ca: pem(`${ca}.pem`),
});

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

function serve(tls = material('control')) {
  return bench.server({ endpoint: { kind: 'tls', host: '127.0.0.1', port: 0, tls } });
}

function dial(port: number | null, tls: LinkTlsMaterial, host = '127.0.0.1', journal = new MemoryJournal()) {
  return bench.client({ endpoint: { kind: 'tls', host, port: port ?? 0, tls }, journal });
}

describe('mutual TLS', () => {
  it('both sides of one authority: records cross and requests are answered', async () => {
    const server = await serve();
    const journal = new MemoryJournal();
    journal.append(keyEvent(1));
    dial(server.port, material('proxy'), '127.0.0.1', journal);
    await until(() => journal.acked === 1);
    expect(await server.ask('edge-1', { method: 'drain' }, 1000)).toEqual({
      ok: false,
      error: 'unsupported',
    });
  });

  it('a host name is checked as one', async () => {
    const server = await serve();
    const client = dial(server.port, material('proxy'), 'localhost');
    await until(() => client.connected);
  });

  it.each<[string, () => LinkTlsMaterial]>([
    ['a proxy of another authority', () => ({ ...material('stranger', 'ca') })],
    ['a proxy that trusts another authority', () => material('proxy', 'stranger-ca')],
  ])('%s is not let in', async (_rule, tls) => {
    const server = await serve();
    const client = dial(server.port, tls());
    await until(() => bench.log.has('link-unreachable') || bench.log.has('link-lost'));
    expect(client.connected).toBe(false);
    expect(server.nodes()).toEqual([]);
  });

  it('a control process with another name’s certificate is not trusted', async () => {
    const server = await serve(material('elsewhere'));
    const client = dial(server.port, material('proxy'));
    await until(() => bench.log.has('link-unreachable'));
    expect(client.connected).toBe(false);
  });

  it('a caller without a certificate is refused, logged, and harms nobody', async () => {
    const server = await serve();
    const socket = connect({ port: server.port ?? 0, host: '127.0.0.1', ca: pem('ca.pem') });
    let ended = false;
    socket.on('error', () => (ended = true));
    socket.on('close', () => (ended = true));
    await until(() => ended && bench.log.has('link-handshake-refused'));
    const client = dial(server.port, material('proxy'));
    await until(() => client.connected);
  });

  it('plain text on the TLS port is refused and harms nobody', async () => {
    const server = await serve();
    const { connect: plain } = await import('node:net');
    const socket = plain(server.port ?? 0, '127.0.0.1', () => socket.write('hello there, this is not TLS'));
    socket.on('error', () => undefined);
    await until(() => bench.log.has('link-handshake-refused'));
    socket.destroy();
    const client = dial(server.port, material('proxy'));
    await until(() => client.connected);
  });

  it.each([
    ['a key that is not one', { ...material('control'), key: 'nonsense' }, 'cannot be used'],
    ['a key of another certificate', { ...material('control'), key: pem('proxy.key') }, 'cannot be used'],
  ])('%s: one clear sentence', async (_rule, tls, words) => {
    const server = await createLinkServer({
      endpoint: { kind: 'tls', host: '127.0.0.1', port: 0, tls },
      store: () => Promise.resolve(),
      logger: bench.log,
      meter: bench.meter,
    });
    expect(server.ok ? '' : server.error).toContain(words);
    const client = dial(1, tls);
    await until(() => bench.log.has('link-cannot-dial'));
    expect(client.connected).toBe(false);
  });
});

describe('node.controlUrl', () => {
  it.each([
    ['tls://control.example:7443', { host: 'control.example', port: 7443 }],
    ['tls://192.0.2.1:1', { host: '192.0.2.1', port: 1 }],
    ['tls://[2001:db8::1]:7443', { host: '2001:db8::1', port: 7443 }],
  ])('%s', (url, expected) => {
    expect(parseControlUrl(url)).toEqual(expected);
  });
});
