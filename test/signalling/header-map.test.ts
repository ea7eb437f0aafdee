import { describe, expect, it } from 'vitest';
import { passHeaders } from '../../src/signalling/header-map.ts';
import type { Passage } from '../../src/signalling/privacy.ts';
import { SipHeaders } from '../../src/sip/message.ts';

type Lines = readonly (readonly [name: string, value: string])[];

function passed(lines: Lines, passage: Partial<Passage> = {}): string[] {
  const from = new SipHeaders(lines.map(([name, value]) => ({ name, value })));
  const to = new SipHeaders();
  passHeaders(
    from,
    to,
    { fromTrusted: true, toTrusted: true, host: 'far.example', controlHeaders: [], ...passage },
    'replaced',
  );
  return [...to].map(({ name, value }) => `${name}: ${value}`);
}

const passport =
  'eyJhbGciOiJFUzI1NiJ9.eyJhdHQiOiJBIn0.c2ln;info=<https://cert.example/a.cer>;alg=ES256;ppt=shaken';

describe('headers that pass untouched, byte for byte and in their order', () => {
  const rows: [rule: string, lines: Lines][] = [
    [
      'RFC 5806: Diversion',
      [
        ['Diversion', '"Bob" <sip:bob@b.example>;reason=user-busy;counter=2;privacy="full"'],
        ['Diversion', '<sip:carol@c.example>;reason=unconditional'],
      ],
    ],
    [
      'RFC 7044: History-Info',
      [
        [
          'History-Info',
          '<sip:bob@b.example>;index=1, <sip:bob@192.0.2.4?Reason=SIP%3Bcause%3D302>;index=1.1;rc=1',
        ],
        ['History-Info', '<sip:carol@c.example?Privacy=history>;index=1.2;mp=1'],
      ],
    ],
    [
      'RFC 7433: User-to-User',
      [['User-to-User', '56a390f3d2b7310023;encoding=hex;purpose=isdn-uui;content=isdn-uui']],
    ],
    [
      'RFC 8224: Identity, long and compact, beside Date',
      [
        ['Date', 'Mon, 23 Nov 2026 10:00:00 GMT'],
        ['Identity', passport],
        ['y', passport],
      ],
    ],
    [
      'RFC 3326: several Reasons, of Q.850 and of SIP',
      [
        ['Reason', 'Q.850;cause=16;text="Terminated, by (user)"'],
        ['Reason', 'SIP;cause=200;text="Call completed elsewhere", X.Y;cause=1'],
      ],
    ],
    [
      'RFC 6086: Info-Package and Recv-Info',
      [
        ['Info-Package', 'dtmf'],
        ['Recv-Info', 'dtmf, foo'],
      ],
    ],
    ['RFC 4488: Refer-Sub', [['Refer-Sub', 'false']]],
    ['RFC 6050: services', [['P-Asserted-Service', 'urn:urn-7:3gpp-service.ims.icsi.mmtel']]],
    [
      'unknown headers, repeated, in odd case, with bytes that are no UTF-8',
      [
        ['X-One', 'a'],
        ['x-tWo', '\xc3\xa9\xff "quoted, \\" list" ; x'],
        ['X-One', 'b'],
      ],
    ],
  ];
  it.each(rows)('%s', (_rule, lines) => {
    const text = lines.map(([name, value]) => `${name}: ${value}`);
    expect(passed(lines)).toEqual(text);
    expect(passed(lines, { fromTrusted: false, toTrusted: false })).toEqual(text);
  });
});

describe('RFC 3325: asserted identity', () => {
  const both = '"Ann" <sip:ann@pbx.example>, <tel:+35220301000>';
  const bothThere = 'P-Asserted-Identity: "Ann" <sip:ann@far.example>, <tel:+35220301000>';
  const rows: [rule: string, lines: Lines, passage: Partial<Passage>, out: string[]][] = [
    [
      'between trusted peers: passes, at the host of the peer',
      [['P-Asserted-Identity', both]],
      {},
      [bothThere],
    ],
    [
      'between trusted peers: Privacy is asked of whoever comes after',
      [
        ['P-Asserted-Identity', both],
        ['Privacy', 'id;critical'],
      ],
      {},
      [bothThere, 'Privacy: id;critical'],
    ],
    ['§5: from an untrusted peer: removed', [['P-Asserted-Identity', both]], { fromTrusted: false }, []],
    [
      '§5: in both its fields',
      [
        ['P-Asserted-Identity', '<sip:a@b>'],
        ['p-asserted-identity', '<tel:+1>'],
      ],
      { fromTrusted: false },
      [],
    ],
    [
      '§7: to an untrusted peer, nothing asked: stays',
      [['P-Asserted-Identity', both]],
      { toTrusted: false },
      [bothThere],
    ],
    [
      '§7: to an untrusted peer, "none": stays',
      [
        ['Privacy', 'none'],
        ['P-Asserted-Identity', both],
      ],
      { toTrusted: false },
      ['Privacy: none', bothThere],
    ],
    [
      '§7: to an untrusted peer, "id": removed, and RFC 3323 §5: done',
      [
        ['P-Asserted-Identity', both],
        ['Privacy', 'id'],
      ],
      { toTrusted: false },
      [],
    ],
    [
      'RFC 3323 §5: "critical" alone is nothing',
      [
        ['Privacy', 'ID ; critical'],
        ['P-Asserted-Identity', both],
      ],
      { toTrusted: false },
      [],
    ],
    [
      'RFC 3323 §5: what we did not do is left for who comes after',
      [
        ['Privacy', 'header;id;critical'],
        ['P-Asserted-Identity', both],
      ],
      { toTrusted: false },
      ['Privacy: header;critical'],
    ],
    [
      '"user" hides the user too',
      [
        ['Privacy', 'user'],
        ['P-Asserted-Identity', both],
      ],
      { toTrusted: false },
      ['Privacy: user'],
    ],
    [
      'a wish is passed on between trusted peers',
      [['P-Preferred-Identity', '<sip:ann@pbx.example>']],
      {},
      ['P-Preferred-Identity: <sip:ann@far.example>'],
    ],
    [
      '§6: of an untrusted peer it is not',
      [['P-Preferred-Identity', '<sip:ann@pbx.example>']],
      { fromTrusted: false },
      [],
    ],
    [
      'Remote-Party-ID goes by the same trust',
      [['Remote-Party-ID', '<sip:ann@pbx.example>;party=calling']],
      { fromTrusted: false },
      [],
    ],
    [
      'Remote-Party-ID says itself that it is private',
      [['Remote-Party-ID', '<sip:ann@pbx.example>;party=calling;privacy=full']],
      { toTrusted: false },
      [],
    ],
    [
      'or that it is not',
      [['Remote-Party-ID', '<sip:ann@pbx.example>;privacy=off']],
      { toTrusted: false },
      ['Remote-Party-ID: <sip:ann@far.example>;privacy=off'],
    ],
    [
      'what cannot be read passes as it is between trusted peers',
      [['P-Asserted-Identity', '<broken']],
      {},
      ['P-Asserted-Identity: <broken'],
    ],
  ];
  it.each(rows)('%s', (_rule, lines, passage, out) => {
    expect(passed(lines, passage)).toEqual(out);
  });
});

describe('RFC 3892: Referred-By', () => {
  it.each([
    ['is an identity at the host of the peer', '<sip:ann@pbx.example>', '<sip:ann@far.example>'],
    [
      '§3: signed by its cid it stays',
      '<sip:ann@pbx.example>;cid="2UWQFN309@b.example"',
      '<sip:ann@pbx.example>;cid="2UWQFN309@b.example"',
    ],
  ])('%s', (_rule, value, out) => {
    expect(passed([['b', value]])).toEqual([`b: ${out}`]);
  });
});
