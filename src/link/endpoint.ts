import { once } from 'node:events';
import { chmodSync, unlinkSync } from 'node:fs';
import { connect as connectPlain, createServer, isIP, type Server, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
} from 'node:tls';
import { err, ok, type Result } from '../kernel/result.ts';

/** PEM texts. Both sides show a certificate of the same authority. */
export interface LinkTlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export type LinkEndpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tls'; readonly host: string; readonly port: number; readonly tls: LinkTlsMaterial };

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const longestPath = 100;
const handshakeMs = 10_000;
/** A peer that vanished without a word is noticed by the system after this and a few probes. */
const keepAliveMs = 15_000;
const maxConnections = 1024;

/** Host and port of `tls://HOST:PORT`; an IPv6 host stands in brackets. */
export function parseControlUrl(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Listens. The error is one sentence for the user. */
export async function listen(
  endpoint: LinkEndpoint,
  onSocket: (socket: Socket) => void,
  onRefused: (why: string) => void,
): Promise<Result<Server, string>> {
  if (endpoint.kind === 'tls') return listenTls(endpoint, onSocket, onRefused);
  if (Buffer.byteLength(endpoint.path) > longestPath) return err(tooLong(endpoint.path));
  const first = await listenUnix(endpoint.path, onSocket);
  if (first.ok || first.error !== 'EADDRINUSE')
    return first.ok ? first : err(unixFault(endpoint, first.error));
  if (await answers(endpoint.path)) {
    return err(
      `Another control process listens on ${endpoint.path}: stop it, or give this one another node.dataDir.`,
    );
  }
  // What a process that was killed left behind.
  unlinkSync(endpoint.path);
  const second = await listenUnix(endpoint.path, onSocket);
  return second.ok ? second : err(unixFault(endpoint, second.error));
}

/** A socket on its way; its `error` and `close` events say how it went. */
export function dial(endpoint: LinkEndpoint, connected: () => void): Result<Socket, string> {
  if (endpoint.kind === 'unix') {
    if (Buffer.byteLength(endpoint.path) > longestPath) return err(tooLong(endpoint.path));
    return ok(connectPlain({ path: endpoint.path }, connected));
  }
  const { host, port, tls } = endpoint;
  const context = tlsContext(tls);
  if (!context.ok) return context;
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectTls({ host, port, secureContext: context.value, ...servername }, connected);
  socket.setKeepAlive(true, keepAliveMs);
  socket.setNoDelay(true);
  return ok(socket);
}

function tlsContext(tls: LinkTlsMaterial): Result<SecureContext, string> {
  try {
    return ok(createSecureContext({ ...tls, minVersion: 'TLSv1.3' }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`The certificate, key or authority of the link cannot be used: ${why}`);
  }
}

function tooLong(path: string): string {
  return `The socket's path ${path} is longer than ${longestPath} bytes, which the system does not allow: choose a shorter node.dataDir.`;
}

function unixFault(endpoint: { readonly path: string }, code: string): string {
  return `Cannot listen on ${endpoint.path} (${code}): check that the directory exists and that this user may write to it.`;
}

async function listenUnix(path: string, onSocket: (socket: Socket) => void): Promise<Result<Server, string>> {
  const server = createServer(onSocket);
  server.maxConnections = maxConnections;
  // The file appears within `listen`: with this mask it is nobody else's even for a moment.
  const mask = process.umask(0o177);
  try {
    server.listen({ path });
  } finally {
    process.umask(mask);
  }
  const started = await settled(server);
  if (started.ok) chmodSync(path, 0o600);
  return started;
}

async function listenTls(
  { host, port, tls }: Extract<LinkEndpoint, { kind: 'tls' }>,
  onSocket: (socket: Socket) => void,
  onRefused: (why: string) => void,
): Promise<Result<Server, string>> {
  const context = tlsContext(tls);
  if (!context.ok) return context;
  const options = {
    ...tls,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    handshakeTimeout: handshakeMs,
  } as const;
  const server = createTlsServer(options, (socket) => {
    socket.setKeepAlive(true, keepAliveMs);
    socket.setNoDelay(true);
    onSocket(socket);
  });
  server.maxConnections = maxConnections;
  // A caller without a certificate of ours never becomes a connection.
  server.on('tlsClientError', (error, socket) => {
    onRefused(error.message);
    socket.destroy();
  });
  server.listen({ host, port });
  const started = await settled(server);
  return started.ok
    ? started
    : err(`Cannot listen on ${host} port ${port} (${started.error}): check node.controlUrl.`);
}

async function settled(server: Server): Promise<Result<Server, string>> {
  try {
    await once(server, 'listening');
    return ok(server);
  } catch (error) {
    return err(error instanceof Error && 'code' in error ? String(error.code) : String(error));
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectPlain({ path }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}
