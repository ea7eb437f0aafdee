import type { Expectation, TortureCase } from './torture-case.ts';

const answered = (status: number, ...has: RegExp[]): Expectation => ({ is: 'answered', status, has });
const notServed = answered(405, /^Allow: .*INVITE/m);
const closed: Expectation = { is: 'closed' };

/** RFC 4475 §3.1.1: valid, however it looks. */
const validSyntax: readonly TortureCase[] = [
  {
    ...{ name: 'wsinv', section: '3.1.1.1', validity: 'valid' },
    says: 'All elements should treat this as a well-formed request.',
    expect: {
      ...{ is: 'relayed', user: 'vivekg' },
      has: [
        /^NewFangledHeader: newfangled value continued newfangled value\r$/m,
        /^UnknownHeaderWithUnusualValue: ;;,,;;,;\r$/m,
        /^From: "J Rosenberg \\\\\\"" <sip:jdrosen@[^>]+>;tag=[0-9a-f]+\r$/m,
        /^Max-Forwards: 67\r$/m,
      ],
      lacks: [/192\.168\.255\.111/, /^route:/im],
    },
    adapt: {
      why: 'without the tag in To, for it to begin a call',
      change: (message) => message.replace(' ;   tag    = 1918181833n', ''),
    },
  },
  {
    ...{ name: 'wsinv', section: '3.1.1.1', validity: 'valid' },
    says: 'All elements should treat this as a well-formed request.',
    // As it is, its To has a tag of no dialog of ours (RFC 3261 §12.2.2).
    expect: answered(481),
  },
  {
    ...{ name: 'intmeth', section: '3.1.1.2', validity: 'valid' },
    says: 'A UAS will reject this request with an error, and the Allow header field.',
    expect: answered(501, /^Allow: .*INVITE/m),
  },
  {
    ...{ name: 'esc01', section: '3.1.1.3', validity: 'valid' },
    says: 'The request-URI has sips:user@example.com embedded in its userpart.',
    expect: {
      ...{ is: 'relayed', user: 'sips%3Auser%40example.com' },
      has: [/^From: <sip:I%20have%20spaces@/m, /^To: <?sip:%75se%72@/m],
    },
  },
  {
    ...{ name: 'escnull', section: '3.1.1.4', validity: 'valid' },
    says: 'The message is well formed - parsers must accept this message.',
    expect: answered(405, /^Allow: .*INVITE/m, /^To: <?sip:null-%00-null@example\.com/m),
  },
  {
    ...{ name: 'esc02', section: '3.1.1.5', validity: 'valid' },
    says: 'The request method is unknown. It is NOT equivalent to REGISTER.',
    expect: answered(501, /^CSeq: 29344 RE%47IST%45R\r$/m),
  },
  {
    ...{ name: 'lwsdisp', section: '3.1.1.6', validity: 'valid' },
    says: 'Elements should accept this request as well formed.',
    expect: answered(200, /^Accept: application\/sdp\r$/m),
  },
  {
    ...{ name: 'longreq', section: '3.1.1.7', validity: 'valid' },
    says: 'This well-formed request contains header fields with many values and values that are very long.',
    expect: {
      ...{ is: 'relayed', user: 'user' },
      has: [/^Unknown-(?:Long){20}-Name: unknown-/m, /^F(?:rom)?: .*;unknownValuelessparamname/m],
      lacks: [/sip\d+\.example\.com/],
    },
  },
  {
    ...{ name: 'dblreq', section: '3.1.1.8', validity: 'valid' },
    says: 'A SIP element receiving this datagram would handle the REGISTER request normally and ignore the extra bits that look like an INVITE request.',
    expect: notServed,
    adapt: {
      why: 'on a stream what follows is a message of its own, so it is left out',
      over: 'tcp',
      change: (message) => message.slice(0, message.indexOf('\r\n\r\n') + 4),
    },
  },
  {
    ...{ name: 'semiuri', section: '3.1.1.9', validity: 'valid' },
    says: 'Receiving elements will accept this as a well-formed message.',
    expect: answered(200),
  },
  {
    ...{ name: 'transports', section: '3.1.1.10', validity: 'valid' },
    says: 'Parsers must accept this message as well formed.',
    expect: answered(200, /^Via: SIP\/2\.0\/UNKNOWN t4\.example\.com;branch=z9hG4bKasd0f3en\r$/m),
  },
  {
    ...{ name: 'mpart01', section: '3.1.1.11', validity: 'valid' },
    says: 'Parsers must accept this message as well formed, even if the application above the parser does not support multipart/signed.',
    expect: notServed,
  },
  {
    ...{ name: 'unreason', section: '3.1.1.12', validity: 'valid' },
    says: 'This response is well formed. A parser must accept this message.',
    expect: { is: 'taken' },
  },
  {
    ...{ name: 'noreason', section: '3.1.1.13', validity: 'valid' },
    says: 'This well-formed response contains no reason phrase. A parser must accept this message.',
    expect: { is: 'taken' },
  },
];

/** RFC 4475 §3.1.2: invalid, however harmless it looks. */
const invalidSyntax: readonly TortureCase[] = [
  {
    ...{ name: 'badinv01', section: '3.1.2.1', validity: 'invalid' },
    says: 'An element receiving this request should respond with a 400 Bad Request error.',
    expect: answered(400),
  },
  {
    ...{ name: 'clerr', section: '3.1.2.2', validity: 'invalid' },
    says: "When sent over UDP [...] the receiving element should respond with a 400 Bad Request error. If this message arrived over a stream-based transport, such as TCP, there's not much the receiving party could do but wait for more data on the stream and close the connection if none is forthcoming within a reasonable period of time.",
    expect: answered(400),
    overTcp: closed,
  },
  {
    ...{ name: 'ncl', section: '3.1.2.3', validity: 'invalid' },
    says: 'An element receiving this message should respond with an error. [...] If a request like this arrives over TCP, the framing error is not recoverable, and the connection should be closed.',
    expect: answered(400),
    overTcp: closed,
  },
  {
    ...{ name: 'scalar02', section: '3.1.2.4', validity: 'invalid' },
    says: 'An element receiving this request should respond with a 400 Bad Request due to the CSeq error.',
    expect: answered(400),
  },
  {
    ...{ name: 'scalarlg', section: '3.1.2.5', validity: 'invalid' },
    says: 'An element receiving this response will simply discard it.',
    expect: { is: 'dropped', keeps: ['CSeq'] },
  },
  {
    ...{ name: 'quotbal', section: '3.1.2.6', validity: 'invalid' },
    says: 'An element receiving this request should return a 400 Bad Request error.',
    expect: answered(400),
    viaPort: 5050,
  },
  {
    ...{ name: 'ltgtruri', section: '3.1.2.7', validity: 'invalid' },
    says: 'It is reasonable to always reject a request with this error with a 400 Bad Request response.',
    expect: answered(400),
  },
  {
    ...{ name: 'lwsruri', section: '3.1.2.8', validity: 'invalid' },
    says: 'An element receiving this request should respond with a 400 Bad Request.',
    expect: answered(400),
  },
  {
    ...{ name: 'lwsstart', section: '3.1.2.9', validity: 'invalid' },
    says: 'It is acceptable to reject this request as malformed.',
    expect: answered(400),
  },
  {
    ...{ name: 'trws', section: '3.1.2.10', validity: 'invalid' },
    says: 'It is acceptable to reject this request as malformed.',
    expect: answered(400),
  },
  {
    ...{ name: 'escruri', section: '3.1.2.11', validity: 'invalid' },
    says: 'It is acceptable for an element to reject this request with a 400 Bad Request.',
    expect: answered(400),
  },
  {
    ...{ name: 'baddate', section: '3.1.2.12', validity: 'invalid' },
    says: 'It is acceptable to reject this request as malformed.',
    expect: answered(400),
  },
  {
    ...{ name: 'regbadct', section: '3.1.2.13', validity: 'invalid' },
    says: 'It is reasonable for an element receiving this request to respond with a 400 Bad Request.',
    expect: answered(400),
  },
  {
    ...{ name: 'badaspec', section: '3.1.2.14', validity: 'invalid' },
    says: 'It is reasonable to reject this request with a 400 Bad Request response.',
    expect: answered(400),
  },
  {
    ...{ name: 'baddn', section: '3.1.2.15', validity: 'invalid' },
    says: 'It is reasonable always to reject this kind of error with a 400 Bad Request response.',
    expect: answered(400, /^SIP\/2\.0 400 Bad (?:From|To)\r$/m),
    adapt: {
      why: 'the file ends before the empty line, which is another fault than the one that it is for',
      change: (message) => `${message}\r\n`,
    },
  },
  {
    ...{ name: 'badvers', section: '3.1.2.16', validity: 'invalid' },
    says: 'The element should respond to the request with a 505 Version Not Supported error.',
    expect: answered(505),
  },
  {
    ...{ name: 'mismatch01', section: '3.1.2.17', validity: 'invalid' },
    says: 'Any element receiving this request will respond with a 400 Bad Request.',
    expect: answered(400),
  },
  {
    ...{ name: 'mismatch02', section: '3.1.2.18', validity: 'invalid' },
    says: 'Any element receiving this response should respond with a 501 Not Implemented error. A 400 Bad Request is also acceptable.',
    expect: answered(400),
  },
  {
    ...{ name: 'bigcode', section: '3.1.2.19', validity: 'invalid' },
    says: 'An element receiving this response should simply drop it.',
    expect: { is: 'dropped' },
  },
];

/** RFC 4475 §3.2 to §3.4: transactions, the application above them, and RFC 2543. */
const semantics: readonly TortureCase[] = [
  {
    ...{ name: 'badbranch', section: '3.2.1', validity: 'valid' },
    says: 'An element receiving this request could reject the request with a 400 Response [...], or it could fall back to the RFC 2543-style transaction identifier.',
    expect: answered(200),
  },
  {
    ...{ name: 'insuf', section: '3.3.1', validity: 'invalid' },
    says: 'Ideally, it will respond with a 400 Bad Request error.',
    expect: answered(400),
  },
  {
    ...{ name: 'unkscm', section: '3.3.2', validity: 'valid' },
    says: 'An element receiving this request will reject it with a 416 Unsupported URI Scheme response.',
    expect: answered(416),
  },
  {
    ...{ name: 'novelsc', section: '3.3.3', validity: 'valid' },
    says: 'If an element will never accept this scheme as meaningful in a Request-URI, it is appropriate to treat it as though unknown and return a 416 Unsupported URI Scheme response.',
    expect: answered(416),
  },
  {
    ...{ name: 'unksm2', section: '3.3.4', validity: 'valid' },
    says: 'The message is syntactically valid. Parsers must not fail when receiving this message.',
    expect: notServed,
  },
  {
    ...{ name: 'bext01', section: '3.3.5', validity: 'valid' },
    says: 'Any SIP element receiving this request will respond with a 420 Bad Extension response, containing an Unsupported header field listing these features from either the Require or Proxy-Require header field, depending on the role in which the element is responding.',
    expect: answered(420, /^Unsupported: nothingSupportsThis, nothingSupportsThisEither\r$/m),
  },
  {
    ...{ name: 'invut', section: '3.3.6', validity: 'valid' },
    says: 'An endpoint receiving this request would reject it with a 415 Unsupported Media Type error.',
    expect: answered(415, /^Accept: application\/sdp\r$/m),
  },
  {
    ...{ name: 'regaut01', section: '3.3.7', validity: 'valid' },
    says: 'Endpoints choosing not to act as registrars will simply reject the request. A 405 Method Not Allowed is appropriate.',
    expect: notServed,
  },
  {
    ...{ name: 'multi01', section: '3.3.8', validity: 'invalid' },
    says: 'An element receiving this request would respond with a 400 Bad Request error.',
    expect: answered(400),
  },
  {
    ...{ name: 'mcl01', section: '3.3.9', validity: 'invalid' },
    says: 'An element receiving this message should respond with an error. [...] If a request like this arrives over TCP, the framing error is not recoverable, and the connection should be closed.',
    expect: answered(400),
    overTcp: closed,
  },
  {
    ...{ name: 'bcast', section: '3.3.10', validity: 'valid' },
    says: 'The message is well formed; parsers must not fail when receiving it. [...] an endpoint receiving this message should simply discard it.',
    expect: { is: 'dropped', keeps: ['Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23'] },
  },
  {
    ...{ name: 'zeromf', section: '3.3.11', validity: 'valid' },
    says: 'An endpoint should process the request as if the Max-Forwards field value were still positive.',
    expect: answered(200),
  },
  {
    ...{ name: 'cparam01', section: '3.3.12', validity: 'valid' },
    says: 'This register request contains a contact where the "unknownparam" parameter must be interpreted as a contact-param and not a url-param.',
    expect: notServed,
  },
  {
    ...{ name: 'cparam02', section: '3.3.13', validity: 'valid' },
    says: 'This register request contains a contact where the URI has an unknown parameter.',
    expect: notServed,
  },
  {
    ...{ name: 'regescrt', section: '3.3.14', validity: 'valid' },
    says: 'This register request contains a contact where the URI has an escaped header.',
    expect: notServed,
  },
  {
    ...{ name: 'sdp01', section: '3.3.15', validity: 'valid' },
    says: 'The recipient of this request could respond with a 406 Not Acceptable.',
    // Whose answer that is: the callee learns what the caller accepts, and its word goes back.
    expect: {
      ...{ is: 'relayed', user: 'user', answer: '406 Not Acceptable' },
      has: [/^Accept: text\/nobodyKnowsThis\r$/m],
    },
  },
  {
    ...{ name: 'inv2543', section: '3.4.1', validity: 'valid' },
    says: 'This is a legal message per RFC 2543 (and several bis versions) that should be accepted by RFC 3261 elements that want to maintain backwards compatibility.',
    expect: {
      ...{ is: 'relayed', user: 'UserB' },
      has: [/^Max-Forwards: \d+\r$/m, /^From: <sip:\+13035551111@[^>]+>;tag=[0-9a-f]+\r$/m],
      lacks: [/^Record-Route:/im],
    },
    adapt: {
      why: 'a stream needs Content-Length (RFC 3261 §18.3)',
      over: 'tcp',
      change: (message) => {
        const [head = '', body = ''] = message.split('\r\n\r\n');
        return `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      },
    },
  },
];

export const rfc4475Cases: readonly TortureCase[] = [...validSyntax, ...invalidSyntax, ...semantics];
