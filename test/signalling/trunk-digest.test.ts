import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, header, startLine } from './scripted-peer.ts';

let node: NodeUnderTest;

afterEach(async () => {
  await node.close();
});

const auth = { username: 'us', password: 'hush', realm: 'carrier' };

function hash(algorithm: 'md5' | 'sha256', text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}

/** What a trunk with this password thinks of a request: its sequence number, nonce and count, or that it is wrong. */
function verdict(
  request: string,
  algorithm: 'md5' | 'sha256' = 'md5',
  { username, password, realm } = auth,
): string {
  const value = header(request, 'Proxy-Authorization') ?? header(request, 'Authorization') ?? '';
  const param = (name: string): string => new RegExp(`\\b${name}="?([^",]+)`).exec(value)?.[1] ?? '';
  const [method = '', uri = ''] = startLine(request).split(' ');
  const [nonce, count, clientNonce] = [param('nonce'), param('nc'), param('cnonce')];
  const secret = hash(algorithm, `${username}:${realm}:${password}`);
  const expected = hash(
    algorithm,
    `${secret}:${nonce}:${count}:${clientNonce}:auth:${hash(algorithm, `${method}:${uri}`)}`,
  );
  const right = param('response') === expected && param('uri') === uri && param('username') === username;
  return right ? `${header(request, 'CSeq') ?? ''} ${nonce} ${count}` : `wrong: ${value}`;
}

const challenge = (nonce: string, more = ''): string =>
  `Proxy-Authenticate: Digest realm="carrier", nonce="${nonce}", qop="auth"${more}`;

/** A trunk that refuses this request with these headers, and the request after its ACK. */
async function challenged(headers: readonly string[], method = 'INVITE'): Promise<string> {
  const { carrier } = node;
  carrier.respond(await carrier.expect(method), '407 Proxy Authentication Required', {
    tag: 'proxy',
    headers,
  });
  if (method === 'INVITE') await carrier.expect('ACK');
  return carrier.expect(method);
}

describe('a trunk that wants digest', () => {
  it('gets it for each request of the call, and the PBX sees nothing of it', async () => {
    node = await nodeUnderTest({ peers: { carrier: { auth } } });
    const { pbx, carrier, director } = node;
    pbx.invite(node.uri('352123'), 'digest');
    const invite = await challenged([challenge('n1')]);
    expect(verdict(invite)).toBe('2 INVITE n1 00000001');
    carrier.respond(invite, '200 OK', { tag: 'bob', body: audio(6000, '8') });
    const ok = await pbx.expect('SIP/2.0 200');
    const ack = await carrier.expect('ACK');
    expect(header(ack, 'Proxy-Authorization')).toBe(header(invite, 'Proxy-Authorization'));
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    pbx.inDialog('INFO', ok, 'uac', { cseq: 2 });
    const info = await carrier.expect('INFO');
    expect(verdict(info)).toBe('3 INFO n1 00000002');
    carrier.respond(info, '200 OK');
    await pbx.expect('SIP/2.0 200');
    pbx.inDialog('BYE', ok, 'uac', { cseq: 3 });
    const bye = await challenged([challenge('n2', ', stale=true')], 'BYE');
    expect(verdict(bye)).toBe('5 BYE n2 00000001');
    carrier.respond(bye, '200 OK');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['success/answered']);
    expect(pbx.seen.filter((message) => /auth/i.test(message))).toEqual([]);
  });

  it('that offers SHA-256 and MD5, as RFC 8760 §2.3 has it, gets the stronger', async () => {
    node = await nodeUnderTest({ peers: { carrier: { auth } } });
    node.pbx.invite(node.uri('352123'), 'two');
    const invite = await challenged([challenge('weak'), challenge('strong', ', algorithm=SHA-256')]);
    expect(verdict(invite, 'sha256')).toBe('2 INVITE strong 00000001');
  });

  it('of another realm learns nothing, and the PBX gets 403', async () => {
    node = await nodeUnderTest({ peers: { carrier: { auth } } });
    const { pbx, carrier, director } = node;
    pbx.invite(node.uri('352123'), 'realm');
    const headers = ['Proxy-Authenticate: Digest realm="elsewhere", nonce="n"'];
    carrier.respond(await carrier.expect('INVITE'), '407 Proxy Authentication Required', {
      tag: 'x',
      headers,
    });
    expect(startLine(await pbx.expect('SIP/2.0 4'))).toBe('SIP/2.0 403 Forbidden');
    await director.hasEnded(1);
    expect(director.outcomes).toEqual(['upstream/rejected']);
    expect(await carrier.settle(100)).toEqual([expect.stringMatching(/^ACK /)]);
    expect(carrier.seen.filter((message) => /authorization/i.test(message))).toEqual([]);
  });

  it('and one that takes its place by failover each get their own', async () => {
    const other = { username: 'them', password: 'other', realm: 'second' };
    node = await nodeUnderTest({ peers: { carrier: { auth }, second: { auth: other } } });
    const { pbx, carrier, second } = node;
    pbx.invite(node.uri('352123'), 'failover');
    carrier.respond(await challenged([challenge('n1')]), '503 Service Unavailable', { tag: 'x' });
    const first = await second.expect('INVITE');
    expect(header(first, 'Proxy-Authorization')).toBeNull();
    const headers = ['Proxy-Authenticate: Digest realm="second", nonce="s1", qop="auth"'];
    second.respond(first, '407 Proxy Authentication Required', { tag: 'y', headers });
    await second.expect('ACK');
    expect(verdict(await second.expect('INVITE'), 'md5', other)).toBe('2 INVITE s1 00000001');
  });

  it('may be given up by CANCEL after its challenge', async () => {
    node = await nodeUnderTest({ peers: { carrier: { auth } } });
    const { pbx, carrier } = node;
    const sent = pbx.invite(node.uri('352123'), 'cancel');
    const invite = await challenged([challenge('n1')]);
    carrier.respond(invite, '180 Ringing', { tag: 'bob' });
    await pbx.expect('SIP/2.0 180');
    pbx.send(sent.replaceAll('INVITE', 'CANCEL').replace(/Content-Type: [^]*$/, 'Content-Length: 0\r\n\r\n'));
    expect(header(await carrier.expect('CANCEL'), 'CSeq')).toBe('2 CANCEL');
  });
});
