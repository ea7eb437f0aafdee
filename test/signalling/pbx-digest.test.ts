import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeUnderTest, nodeUnderTest } from './node-under-test.ts';
import { audio, header, startLine } from './scripted-peer.ts';

let node: NodeUnderTest;

beforeEach(async () => {
  const digest = { username: 'pbx', password: 'hush', realm: 'onrecord' };
  node = await nodeUnderTest({ peers: { pbx: { digest } } });
});

afterEach(async () => {
  await node.close();
});

function hash(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}

/** Proxy-Authorization for a call to this user, to the n-th challenge of a 407. */
function credentials(
  refused: string,
  uri: string,
  { algorithm = 'md5', password = 'hush', count = '00000001', method = 'INVITE' } = {},
): string {
  const name = algorithm === 'md5' ? 'MD5' : 'SHA-256';
  const challenge =
    new RegExp(`^Proxy-Authenticate: Digest .*algorithm=${name}.*$`, 'm').exec(refused)?.[0] ?? '';
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const secret = hash(algorithm, `pbx:onrecord:${password}`);
  const response = hash(
    algorithm,
    `${secret}:${nonce}:${count}:cn:auth:${hash(algorithm, `${method}:${uri}`)}`,
  );
  return (
    `Proxy-Authorization: Digest username="pbx", realm="onrecord", nonce="${nonce}", uri="${uri}", ` +
    `response="${response}", algorithm=${name}, cnonce="cn", qop=auth, nc=${count}`
  );
}

/** The 407 to an INVITE without credentials. */
async function challenge(callId = 'first'): Promise<string> {
  const { pbx } = node;
  pbx.invite(node.uri('352123'), callId);
  return pbx.expect('SIP/2.0 ');
}

const failures = (): number =>
  node.meter.snapshot().find(({ name }) => name === 'onrecord_digest_failures_total')?.value ?? 0;

describe('a PBX that has to prove itself', () => {
  it('is challenged once for each algorithm, without a 100 and without a trace here (RFC 3261 §8.2.7)', async () => {
    const { pbx, stack } = node;
    const refused = await challenge();
    expect(startLine(refused)).toBe('SIP/2.0 407 Proxy Authentication Required');
    expect(refused.match(/^Proxy-Authenticate: .*$/gm)).toEqual([
      expect.stringMatching(
        /^Proxy-Authenticate: Digest realm="onrecord", nonce="[0-9a-f]{60}", algorithm=SHA-256, qop="auth"\r?$/,
      ),
      expect.stringContaining('algorithm=MD5'),
    ]);
    expect(stack.activeTransactions).toBe(0);
    // Its ACK is of no transaction either.
    pbx.inDialog('ACK', refused, 'uac', { cseq: 1, target: `<${node.uri('352123')}>` });
    expect(await pbx.settle(50)).toEqual([]);
    expect([failures(), node.director.admitted.length]).toEqual([0, 0]);
  });

  it.each(['md5', 'sha256'])('comes in with %s, and the trunk sees nothing of it', async (algorithm) => {
    const { pbx, carrier } = node;
    const refused = await challenge();
    const line = credentials(refused, node.uri('352123'), { algorithm });
    pbx.invite(node.uri('352123'), 'second', { headers: [line] });
    await pbx.expect('SIP/2.0 100');
    expect(await carrier.expect('INVITE')).not.toMatch(/authori[sz]/i);
  });

  it('is not asked again within the dialog, whose tags were drawn for it', async () => {
    const { pbx, carrier, director } = node;
    const line = credentials(await challenge(), node.uri('352123'));
    pbx.invite(node.uri('352123'), 'talk', { headers: [line] });
    carrier.respond(await carrier.expect('INVITE'), '200 OK', { tag: 'bob', body: audio(6000, '8') });
    const ok = await pbx.expect('SIP/2.0 200');
    pbx.inDialog('ACK', ok, 'uac', { cseq: 1 });
    pbx.inDialog('BYE', ok, 'uac', { cseq: 2 });
    expect(startLine(await pbx.expect('SIP/2.0'))).toBe('SIP/2.0 200 OK');
    carrier.respond(await carrier.expect('BYE'), '200 OK');
    await director.hasEnded(1);
  });

  it('a replay is told that its nonce is stale, and a higher count comes in (RFC 7616 §3.4)', async () => {
    const { pbx } = node;
    const refused = await challenge();
    const uri = node.uri('352123');
    const line = credentials(refused, uri);
    pbx.invite(uri, 'once', { headers: [line] });
    await pbx.expect('SIP/2.0 100');
    pbx.invite(uri, 'twice', { headers: [line] });
    const stale = await pbx.expect('SIP/2.0 407');
    expect(stale.match(/, stale=true\r?$/gm)).toHaveLength(2);
    pbx.invite(uri, 'next', { headers: [credentials(refused, uri, { count: '00000002' })] });
    await pbx.expect('SIP/2.0 100');
    expect(failures()).toBe(0);
  });

  it('its own retransmission is no replay', async () => {
    const { pbx } = node;
    const sent = pbx.invite(node.uri('352123'), 'again', {
      headers: [credentials(await challenge(), node.uri('352123'))],
    });
    await pbx.expect('SIP/2.0 100');
    pbx.send(sent);
    expect(await pbx.settle(50)).toEqual(['SIP/2.0 100 Trying']);
  });

  it('who guesses gets 407 a few times and then 403, is counted, and locks nobody out', async () => {
    const { pbx } = node;
    const uri = node.uri('352123');
    const refused = await challenge();
    const answers: string[] = [];
    for (let n = 0; n < 7; n++) {
      pbx.invite(uri, `guess-${n}`, { headers: [credentials(refused, uri, { password: `guess${n}` })] });
      answers.push(startLine(await pbx.expect('SIP/2.0')).split(' ')[1] ?? '');
    }
    expect(answers).toEqual(['407', '407', '407', '407', '407', '403', '403']);
    expect(failures()).toBe(7);
    pbx.invite(uri, 'right', { headers: [credentials(refused, uri)] });
    await pbx.expect('SIP/2.0 100');
  });

  it('an emergency call comes in without any (issue: never refused)', async () => {
    const { pbx, carrier } = node;
    pbx.invite(node.uri('112'), 'help');
    await pbx.expect('SIP/2.0 100');
    await carrier.expect('INVITE');
  });

  it.each([
    ['OPTIONS', '200'],
    ['REGISTER', '407'],
    ['MESSAGE', '407'],
  ])('%s without credentials: %s', async (method, status) => {
    const { pbx } = node;
    pbx.request(method, node.uri('352123'), [
      ...['Max-Forwards: 70', 'From: <sip:100@pbx.example>;tag=a', `To: <${node.uri('1')}>`],
      ...['Call-ID: other', `CSeq: 1 ${method}`],
    ]);
    expect(startLine(await pbx.expect('SIP/2.0')).split(' ')[1]).toBe(status);
  });

  it('other peers are known by their addresses', async () => {
    const { carrier, pbx } = node;
    carrier.invite(node.uri('100'), 'from-carrier');
    await carrier.expect('SIP/2.0 100');
    expect(header(await pbx.expect('INVITE'), 'Proxy-Authenticate')).toBeNull();
  });
});
