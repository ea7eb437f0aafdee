import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiBench } from './api-fixture.ts';

let bench: ApiBench;
let port: number;
beforeEach(async () => {
  bench = await new ApiBench().open();
  port = Number(new URL(await bench.listen()).port);
});
afterEach(() => bench.app.close());

/** What comes back for these bytes until the server closes. */
function send(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(text);
    });
  });
}

describe('bytes that are not a request', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400, 'invalid-request'],
    ['a header without a colon', 'GET /healthz HTTP/1.1\r\nHost x\r\n\r\n', 400, 'invalid-request'],
    [
      'two lengths',
      'POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na',
      400,
      'invalid-request',
    ],
    [
      'length and chunks together',
      'POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'invalid-request',
    ],
    [
      'a header of 20 KiB',
      `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'header-too-large',
    ],
  ])('%s: %i, as a problem, and the server lives', async (_rule, bytes, status, code) => {
    const reply = await send(bytes);
    expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(reply).toContain('Content-Type: application/problem+json');
    const body: unknown = JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4));
    expect(body).toMatchObject({ status, code });
    expect((await bench.ask('GET', '/healthz')).statusCode).toBe(200);
  });

  it.each([
    ['a path of dots', '/api/v1/../../etc/passwd'],
    ['an encoded slash', '/api/v1/calls/..%2f..%2fetc%2fpasswd'],
    ['a long id', `/api/v1/calls/${'a'.repeat(3000)}`],
    ['a NUL', '/api/v1/calls/%00'],
  ])('%s leads nowhere', async (_rule, path) => {
    const reply = await send(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${bench.token}\r\nConnection: close\r\n\r\n`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(reply).toContain('application/problem+json');
  });
});
