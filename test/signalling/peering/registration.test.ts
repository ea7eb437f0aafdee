import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from '../node-under-test.ts';
import { audio, header, type ScriptedPeer, startLine } from '../scripted-peer.ts';

const auth = { username: 'trunk1', password: 'hush', realm: 'carrier.example' };
const challenge = 'WWW-Authenticate: Digest realm="carrier.example", nonce="n1", qop="auth", algorithm=MD5';

let node: NodeUnderTest;

beforeEach(async () => {
  node = await nodeUnderTest({ peers: { carrier: { auth, register: true } } });
  node.peering.begin(node.stack);
});

afterEach(async () => {
  await node.close();
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** Whether the digest of RFC 7616 §3.4.1 in a REGISTER is right for the password; its nonce and count. */
function judge(register: string): string {
  const value = header(register, 'Authorization') ?? '';
  const part = (name: string): string => new RegExp(`\\b${name}="?([^",]+)`).exec(value)?.[1] ?? '';
  const secret = md5(`${auth.username}:${auth.realm}:${auth.password}`);
  const request = md5(`REGISTER:${part('uri')}`);
  const right = md5([secret, part('nonce'), part('nc'), part('cnonce'), 'auth', request].join(':'));
  return `${part('response') === right ? 'right' : 'wrong'} ${part('nonce')} ${part('nc')}`;
}

const contactOf = (register: string): string => header(register, 'Contact') ?? '';

/** Registers, and gives the REGISTER that was accepted. */
async function registered(carrier: ScriptedPeer, expires: string, ...headers: string[]): Promise<string> {
  carrier.respond(await carrier.expect('REGISTER'), '401 Unauthorized', { tag: 'r', headers: [challenge] });
  const register = await carrier.expect('REGISTER');
  carrier.respond(register, '200 OK', {
    tag: 'r',
    headers: [`Contact: ${contactOf(register)};expires=${expires}`, ...headers],
  });
  return register;
}

function gauge(name: string): number | undefined {
  return node.meter.snapshot().find((sample) => sample.name === name)?.value;
}

describe('a registration with a trunk', () => {
  it('asks, answers the challenge, refreshes in time with the same nonce, and is taken back at the end', async () => {
    const { carrier, peering } = node;
    const first = await carrier.expect('REGISTER');
    expect(startLine(first)).toBe('REGISTER sip:carrier.example SIP/2.0');
    expect(header(first, 'To')).toBe('<sip:trunk1@carrier.example>');
    expect(header(first, 'From')).toMatch(/^<sip:trunk1@carrier\.example>;tag=[0-9a-f]{16}$/);
    expect(contactOf(first)).toBe(`<sip:trunk1@127.0.0.1:${node.port}>`);
    expect([header(first, 'Expires'), header(first, 'CSeq'), header(first, 'Authorization')]).toEqual([
      ...['3600', '1 REGISTER', null],
    ]);
    carrier.respond(first, '401 Unauthorized', { tag: 'r', headers: [challenge] });
    const second = await carrier.expect('REGISTER');
    expect([header(second, 'CSeq'), header(second, 'Call-ID')]).toEqual([
      '2 REGISTER',
      header(first, 'Call-ID'),
    ]);
    expect(judge(second)).toBe('right n1 00000001');
    expect(gauge('onrecord_registered')).toBe(0);
    carrier.respond(second, '200 OK', { tag: 'r', headers: [`Contact: ${contactOf(second)};expires=1`] });
    const refresh = await carrier.expect('REGISTER');
    expect([header(refresh, 'CSeq'), judge(refresh)]).toEqual(['3 REGISTER', 'right n1 00000002']);
    expect(gauge('onrecord_registered')).toBe(1);
    carrier.respond(refresh, '200 OK', { tag: 'r', headers: [`Contact: ${contactOf(second)};expires=3600`] });
    await carrier.settle(20);
    const closed = peering.close();
    const last = await carrier.expect('REGISTER');
    expect([header(last, 'Expires'), header(last, 'CSeq'), judge(last)]).toEqual([
      ...['0', '4 REGISTER', 'right n1 00000003'],
    ]);
    carrier.respond(last, '200 OK', { tag: 'r' });
    await closed;
    expect(gauge('onrecord_registered')).toBe(0);
  });

  it('423 is asked again for longer; a nonce that is stale is answered once more', async () => {
    const { carrier } = node;
    carrier.respond(await carrier.expect('REGISTER'), '423 Interval Too Brief', {
      tag: 'r',
      headers: ['Min-Expires: 7200'],
    });
    const longer = await carrier.expect('REGISTER');
    expect(header(longer, 'Expires')).toBe('7200');
    carrier.respond(longer, '401 Unauthorized', { tag: 'r', headers: [challenge] });
    const answered = await carrier.expect('REGISTER');
    carrier.respond(answered, '401 Unauthorized', {
      tag: 'r',
      headers: [`${challenge.replace('"n1"', '"n2"')}, stale=true`],
    });
    expect(judge(await carrier.expect('REGISTER'))).toBe('right n2 00000001');
  });

  it.each([
    ['the password is wrong', [challenge]],
    ['it asks in another realm', ['WWW-Authenticate: Digest realm="evil.example", nonce="n"']],
  ])('%s: nothing more is sent, and what is known of us is not told', async (_name, headers) => {
    const { carrier } = node;
    for (let asked = 0; asked < headers.length; asked++) {
      carrier.respond(await carrier.expect('REGISTER'), '401 Unauthorized', {
        tag: 'r',
        headers: [challenge],
      });
    }
    carrier.respond(await carrier.expect('REGISTER'), '401 Unauthorized', { tag: 'r', headers });
    expect(await carrier.settle(300)).toEqual([]);
    expect(carrier.seen.join('')).not.toContain('evil.example');
    const failures = node.meter
      .snapshot()
      .find(({ name }) => name === 'onrecord_registration_failures_total');
    expect(failures).toMatchObject({ labels: { peer: 'carrier', fault: 'refused' }, value: 1 });
  });

  it('calls go out with the Contact that is registered, and by the Service-Route (RFC 3608 §6.1)', async () => {
    const { carrier, pbx } = node;
    const register = await registered(
      carrier,
      '3600',
      'Service-Route: <sip:edge.example;lr>, <sip:core.example;lr>',
    );
    await carrier.settle(20);
    pbx.invite(node.uri('352123'), 'routed');
    const invite = await carrier.expect('INVITE');
    expect(contactOf(invite)).toBe(contactOf(register));
    expect(invite.match(/^Route: .*$/gm)).toEqual([
      'Route: <sip:edge.example;lr>',
      'Route: <sip:core.example;lr>',
    ]);
    carrier.respond(invite, '486 Busy Here', { tag: 'b' });
    await pbx.expect('SIP/2.0 486');
  });

  it('a call to the Contact comes in', async () => {
    const { carrier, pbx, director } = node;
    const register = await registered(carrier, '3600');
    carrier.invite(/<([^>]+)>/.exec(contactOf(register))![1]!, 'incoming', { body: audio(6000, '8') });
    const invite = await pbx.expect('INVITE');
    expect(startLine(invite)).toContain('sip:trunk1@');
    pbx.respond(invite, '486 Busy Here', { tag: 'b' });
    await carrier.expect('SIP/2.0 486');
    expect(director.admitted[0]).toMatchObject({ direction: 'inbound', callerPeer: 'carrier' });
  });
});
