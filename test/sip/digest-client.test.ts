import { DigestAuthentication } from 'sip.js/lib/core/messages/digest-authentication.js';
import { describe, expect, it } from 'vitest';
import { assumedAlgorithm, digestAlgorithm } from '../../src/sip/digest-algorithm.ts';
import { readChallenges } from '../../src/sip/digest-challenge.ts';
import { authorize, type DigestCredentials } from '../../src/sip/digest-client.ts';
import { parseDigestParams, quoteText } from '../../src/sip/digest-params.ts';
import { digestResponse, wireText } from '../../src/sip/digest-response.ts';
import { noBody, SipHeaders, type SipRequest, type SipResponse } from '../../src/sip/message.ts';

const rfc7616 = {
  ...{ username: 'Mufasa', realm: 'http-auth@example.org', password: 'Circle of Life' },
  ...{ nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v', method: 'GET', uri: '/dir/index.html' },
};
const clientNonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

function response(...challenges: readonly (readonly [string, string])[]): SipResponse {
  const headers = new SipHeaders(challenges.map(([name, value]) => ({ name, value })));
  return { type: 'response', status: 401, phrase: 'Unauthorized', headers, body: noBody };
}

function request(method = 'INVITE', uri = 'sip:1@carrier.example', body = ''): SipRequest {
  const headers = new SipHeaders().append('CSeq', `1 ${method}`);
  return { type: 'request', method, uri, headers, body: Buffer.from(body, 'latin1') };
}

describe('the response value', () => {
  // Those that are in no RFC were computed with Python's hashlib.
  it.each([
    ['RFC 7616 §3.9.1, MD5', 'MD5', 'auth', '8ca523f5e9506fed4657c9700eebdbec'],
    [
      'RFC 7616 §3.9.1, SHA-256',
      ...(['SHA-256', 'auth'] as const),
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    ],
    [
      'the hash of RFC 7616 §3.9.2, SHA-512-256',
      ...(['SHA-512-256', 'auth'] as const),
      '430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0',
    ],
    ['§3.4.2: "-sess" puts both nonces into A1', 'MD5-sess', 'auth', 'e783283f46242139c486a698fec7211d'],
    [
      '§3.4.2: "-sess", SHA-256',
      ...(['sha-256-SESS', 'auth'] as const),
      '2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7',
    ],
    ['§3.4.3: "auth-int" hashes the body', 'MD5', 'auth-int', '9aaa3cbaec2406853a7cb784c6813d11'],
    [
      'both',
      ...(['SHA-256-sess', 'auth-int'] as const),
      '351cf1de6df8006b29344896ed8e41148d9922c94d1aedab40833924f92d49c2',
    ],
  ] as const)('%s', (_rule, name, qop, expected) => {
    const algorithm = digestAlgorithm(name)!;
    const protection = { qop, count: '00000001', clientNonce, body: Buffer.from('body') };
    expect(digestResponse({ ...rfc7616, algorithm, protection })).toBe(expected);
  });

  it('RFC 2617 §3.5', () => {
    const input = {
      ...{ ...rfc7616, realm: 'testrealm@host.com', password: 'Circle Of Life' },
      ...{ nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093', algorithm: assumedAlgorithm },
      protection: { qop: 'auth', count: '00000001', clientNonce: '0a4f113b', body: noBody },
    } as const;
    expect(digestResponse(input)).toBe('6629fae49393a05397450978507c4ef1');
  });

  it('RFC 2069 §2.4, as its erratum 749 corrects it', () => {
    const input = {
      ...{ ...rfc7616, realm: 'testrealm@host.com', password: 'CircleOfLife' },
      ...{ nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093', algorithm: assumedAlgorithm, protection: null },
    };
    expect(digestResponse(input)).toBe('1949323746fe6a43ef61f9606e7febea');
  });

  it('RFC 7616 §4: names and passwords are hashed as UTF-8', () => {
    const input = {
      ...{ username: wireText('Jürgen'), realm: wireText('Telefon ü'), password: wireText('pässwörd') },
      ...{ nonce: 'n', method: 'INVITE', uri: 'sip:x@y', algorithm: digestAlgorithm('SHA-256')! },
      protection: { qop: 'auth', count: '00000001', clientNonce: 'c', body: noBody },
    } as const;
    expect(digestResponse(input)).toBe('50ae19e1570b598392462ebe8bcb0331081ddbf666563893b1ae85f48e637fec');
  });
});

describe('a challenge', () => {
  const digest = (params: string): [string, string] => ['WWW-Authenticate', `Digest ${params}`];
  const names = (...challenges: readonly (readonly [string, string])[]): string[] =>
    readChallenges(response(...challenges), 'r').chosen.map(
      ({ answer, algorithm, nonce }) => `${answer} ${algorithm.hash} ${nonce}`,
    );

  it.each([
    ['as RFC 3261 §22.1 writes it', ['realm="r",nonce="n",qop="auth"'], ['Authorization MD5 n']],
    ['with white space anywhere and any case', ['REALM = "r" , Nonce="n"'], ['Authorization MD5 n']],
    [
      'with values that want quotes and have none',
      ['realm=r, nonce=ab==, qop=auth'],
      ['Authorization MD5 ab=='],
    ],
    ['commas within quotes end nothing', ['realm="r", domain="a,b", nonce="n"'], ['Authorization MD5 n']],
    ['unknown parameters are passed over', ['realm="r", nonce="n", userhash=true'], ['Authorization MD5 n']],
    ['§3.3: an unknown algorithm has it ignored', ['realm="r", nonce="n", algorithm=AKAv1-MD5'], []],
    ['a qop that nobody knows cannot be met', ['realm="r", nonce="n", qop="auth-conf"'], []],
    ['"-sess" without a qop has no client nonce', ['realm="r", nonce="n", algorithm=MD5-sess'], []],
    ['no realm', ['nonce="n"'], []],
    ['no nonce', ['realm="r"'], []],
    ['of another realm', ['realm="R", nonce="n"'], []],
    ['a parameter twice', ['realm="r", nonce="n", realm="s"'], []],
    ['quotes that never close', ['realm="r", nonce="n'], []],
    ['a parameter without a value', ['realm="r", nonce="n", stale'], []],
    [
      'the strongest of several, wherever it stands (RFC 8760 §2.4)',
      ['realm="r",nonce="1"', 'realm="r",nonce="2",algorithm=SHA-256', 'realm="r",nonce="3",algorithm=MD5'],
      ['Authorization SHA-256 2'],
    ],
    [
      'the strongest of our realm only',
      ['realm="other",nonce="1",algorithm=SHA-256', 'realm="r",nonce="2"'],
      ['Authorization MD5 2'],
    ],
    ['the first of equal ones', ['realm="r",nonce="1"', 'realm="r",nonce="2"'], ['Authorization MD5 1']],
  ] as const)('%s', (_rule, challenges, expected) => {
    expect(names(...challenges.map(digest))).toEqual(expected);
  });

  it('RFC 3261 §22.3: a proxy and a server may ask at once, each gets its own answer', () => {
    const proxy = ['Proxy-Authenticate', 'Digest realm="r", nonce="p"'] as const;
    expect(names(proxy, digest('realm="r", nonce="s"'))).toEqual([
      'Authorization MD5 s',
      'Proxy-Authorization MD5 p',
    ]);
  });

  it('of another scheme is passed over', () => {
    expect(names(['WWW-Authenticate', 'Basic realm="r"'], digest('realm="r",nonce="n"'))).toHaveLength(1);
  });

  it('names every realm that asked, for who has to find out why nobody was let in', () => {
    const asked = response(digest('realm="a", nonce="1", algorithm=X'), digest('realm="b", nonce="2"'));
    expect(readChallenges(asked, 'r')).toEqual({ realms: ['a', 'b'], chosen: [] });
  });

  it('says whether the nonce was stale, and prefers to leave the body alone', () => {
    const asked = response(digest('realm="r", nonce="1", qop="auth-int, AUTH", stale=TRUE, opaque=""'));
    expect(readChallenges(asked, 'r').chosen[0]).toMatchObject({ stale: true, qop: 'auth', opaque: '' });
  });

  it('with "auth-int" alone is met so', () => {
    const asked = response(digest('realm="r", nonce="1", qop="auth-int"'));
    expect(readChallenges(asked, 'r').chosen[0]).toMatchObject({ qop: 'auth-int', stale: false });
  });
});

describe('credentials', () => {
  const credentials: DigestCredentials = { username: 'us', password: 'secret', realm: 'r' };

  function answer(
    challenge: string,
    asked: SipRequest,
    { who = credentials, uses = 0 }: { who?: DigestCredentials; uses?: number } = {},
  ): string {
    const [chosen] = readChallenges(response(['Proxy-Authenticate', challenge]), who.realm).chosen;
    const session = { challenge: chosen!, clientNonce: 'cn', uses };
    const authorized = authorize(session, who, asked);
    expect(authorized.session.uses).toBe(uses + 1);
    expect(asked.headers.count('proxy-authorization')).toBe(0);
    return authorized.request.headers.first('proxy-authorization') ?? '';
  }

  it('are what RFC 7616 §3.4 asks: algorithm, qop and nc without quotes, the rest with', () => {
    const value = answer('Digest realm="r", nonce="n", qop="auth", opaque="o", algorithm=md5', request(), {
      uses: 254,
    });
    expect(value.replace(/response="[0-9a-f]{32}"/, 'response="..."')).toBe(
      'Digest username="us", realm="r", nonce="n", uri="sip:1@carrier.example", response="...", ' +
        'algorithm=md5, opaque="o", cnonce="cn", qop=auth, nc=000000ff',
    );
  });

  it('name no algorithm where the challenge did not, and no nonce of ours without a qop (RFC 3261 §22.4)', () => {
    expect(answer('Digest realm="r", nonce="n"', request())).toMatch(
      /^Digest username="us", realm="r", nonce="n", uri="sip:1@carrier\.example", response="[0-9a-f]{32}"$/,
    );
  });

  it.each([
    ['a quote and a backslash', 'a"b\\c', '"a\\"b\\\\c"'],
    ['what looks like further parameters', 'x", realm="evil', '"x\\", realm=\\"evil"'],
    ['control characters', 'a\x00b\x7f', '"a\\\x00b\\\x7f"'],
    ['white space and UTF-8', 'a\tb ü', '"a\tb ü"'],
  ])('quote %s so that it reads back as it was', (_what, text, quoted) => {
    expect(quoteText(text)).toBe(quoted);
    expect(parseDigestParams(`Digest a=${quoted}`)?.get('a')).toBe(text);
  });

  it('give a hostile nonce back as the same nonce and nothing else', () => {
    const value = answer('Digest realm="r", nonce="n\\", uri=\\"sip:evil", opaque="\\\\"', request());
    const params = parseDigestParams(value);
    expect([params?.get('nonce'), params?.get('uri'), params?.get('opaque')]).toEqual([
      'n", uri="sip:evil',
      'sip:1@carrier.example',
      '\\',
    ]);
  });

  it('replace older ones to the same place', () => {
    const [chosen] = readChallenges(
      response(['WWW-Authenticate', 'Digest realm="r", nonce="n"']),
      'r',
    ).chosen;
    const once = authorize({ challenge: chosen!, clientNonce: 'c', uses: 0 }, credentials, request());
    const twice = authorize(once.session, credentials, once.request);
    expect(twice.request.headers.count('authorization')).toBe(1);
  });

  it.each([
    ['without a qop', '', ''],
    ['with "auth"', 'auth', ''],
    ['with "auth-int" and a body', 'auth-int', 'v=0'],
  ])('%s are what sip.js computes', (_how, qop, body) => {
    const factory = { getLogger: () => ({ warn: () => undefined }) } as unknown as ConstructorParameters<
      typeof DigestAuthentication
    >[0];
    const theirs = new DigestAuthentication(factory, undefined, 'us', 'secret');
    const asked = request('BYE', 'sip:2@carrier.example', body);
    const challenge = { realm: 'r', nonce: 'n', ...(qop === '' ? {} : { qop: [qop] }) };
    const made = theirs.authenticate({ method: 'BYE', ruri: asked.uri } as never, challenge, body);
    expect(made).toBe(true);
    const expected = parseDigestParams(theirs.toString())!;
    const [chosen] = readChallenges(
      response(['WWW-Authenticate', `Digest realm="r", nonce="n"${qop === '' ? '' : `, qop="${qop}"`}`]),
      'r',
    ).chosen;
    const session = { challenge: chosen!, clientNonce: expected.get('cnonce') ?? '', uses: 0 };
    const ours = authorize(session, credentials, asked).request.headers.first('authorization') ?? '';
    expect(parseDigestParams(ours)?.get('response')).toBe(expected.get('response'));
  });
});
