import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCSeq } from '../../src/sip/cseq.ts';
import {
  displayText,
  parseNameAddr,
  parseNameAddrList,
  printNameAddr,
  quoteDisplay,
  tagOf,
  withTag,
} from '../../src/sip/name-addr.ts';
import { paramValue } from '../../src/sip/params.ts';
import { decodeUser, encodeUser, parseUri, printUri, sameUri } from '../../src/sip/uri.ts';
import { parseVia, stampVia } from '../../src/sip/via.ts';

describe('URIs', () => {
  it.each([
    'sip:alice@atlanta.com',
    'sip:alice:secretword@atlanta.com;transport=tcp',
    'sips:alice@atlanta.com?subject=project%20x&priority=urgent',
    'sip:+1-212-555-1212:1234@gateway.com;user=phone',
    'sips:1212@gateway.com',
    'sip:alice@192.0.2.4',
    'sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com',
    'sip:alice;day=tuesday@atlanta.com',
    'sip:alice@[2001:db8::10]:5070;lr',
    'sip:192.0.2.4:5060',
    'tel:+35220301234',
    'tel:7042;phone-context=example.com',
    'tel:+358-555-1234567;postd=pp22',
    'urn:service:sos',
    'urn:service:sos.fire',
    "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
    'sip:user;par=u%40example.net@example.com',
  ])('RFC 3261 §19.1.3, RFC 3966, RFC 5031: %s prints as it was read', (text) => {
    const uri = parseUri(text);
    expect(uri && printUri(uri)).toBe(text);
  });

  it.each([
    '',
    'alice',
    ':x',
    'sip:',
    'sip:@host',
    'sip:alice@',
    'sip:alice@host:port',
    'sip:alice@host:65536',
    'sip:alice@host:',
    'sip:alice@bob@host',
    'sip:al ice@host',
    'sip:alice@ho st',
    'sip:alice@[::1',
    'sip:alice@[::1]x',
    'sip:<alice>@host',
    'sip:alice@host;=x',
    'sip:alice%@host',
    'sip:alice%0g@host',
    'sip:alice@host\r\nVia: x',
    'sip:alice@host\0',
    'tel:',
    'tel:hello there',
    'urn:',
    '1:2',
  ])('%j is none', (text) => {
    expect(parseUri(text)).toBe(null);
  });

  it.each([
    ['sip:sips%3Auser%40example.com@example.net', 'sips:user@example.com'],
    ['sip:null-%00-null@example.com', 'null-\0-null'],
    ['sip:caf%C3%A9@host', 'café'],
    ['sip:caf%E9@host', 'café'],
    ['sip:201@host', '201'],
    ['sip:host', ''],
    ['tel:+352-20', '+352-20'],
  ])('the user of %s is %j', (text, user) => {
    const uri = parseUri(text);
    expect(uri && decodeUser(uri)).toBe(user);
  });

  it('any text survives as a user (§19.1.2)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (text) => {
        fc.pre(!text.includes('\ufffd'));
        const uri = parseUri(`sip:${encodeUser(text)}@host`);
        expect(uri && decodeUser(uri)).toBe(text);
      }),
      { numRuns: 100 },
    );
  });

  // RFC 3261 §19.1.4, its own examples.
  it.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['tel:+352-20-30', 'tel:+3522030'],
  ])('%s equals %s', (a, b) => {
    const [first, second] = [parseUri(a), parseUri(b)];
    expect(first && second && sameUri(first, second) && sameUri(second, first)).toBe(true);
  });

  it.each([
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;user=phone'],
    ['sip:bob@biloxi.com', 'sips:bob@biloxi.com'],
    ['sip:a%2Cb@h', 'sip:a,b@h'],
  ])('%s differs from %s', (a, b) => {
    const [first, second] = [parseUri(a), parseUri(b)];
    expect(first && second && (sameUri(first, second) || sameUri(second, first))).toBe(false);
  });
});

describe('name-addr and addr-spec (RFC 3261 §20.10)', () => {
  it.each([
    [
      '"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s',
      '"A. G. Bell"',
      'sip:agb@bell-telephone.com',
      'a48s',
    ],
    ['sip:+12125551212@server.phone2net.com;tag=887s', '', 'sip:+12125551212@server.phone2net.com', '887s'],
    ['Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8', 'Anonymous', 'sip:c8oqz84zk7z@privacy.org', 'hyh8'],
    ['<sip:a@b;tag=no>;tag=yes', '', 'sip:a@b;tag=no', 'yes'],
    ['caller<sip:caller@example.com>;tag=323', 'caller', 'sip:caller@example.com', '323'],
    ['"<sip:joe@evil>" <sip:a@b>;tag=1', '"<sip:joe@evil>"', 'sip:a@b', '1'],
    [
      '"J Rosenberg \\\\\\""  <sip:j@e.com>  ;  tag = 98asjd8',
      '"J Rosenberg \\\\\\""',
      'sip:j@e.com',
      '98asjd8',
    ],
    ['<sip:a@b>;x="q;tag=no";TAG=up', '', 'sip:a@b', 'up'],
    ['<sip:a@b>', '', 'sip:a@b', null],
  ])('%s', (text, display, uri, tag) => {
    expect(parseNameAddr(text)).toMatchObject({ display, uri });
    expect(tagOf(text)).toBe(tag);
  });

  it.each([
    '',
    '<>',
    '<sip:a@b',
    '"open <sip:a@b>',
    '<sip:a@b> tag',
    'sip:a@b, sip:c@d',
    'a b@c',
    '<sip:a@b>;;',
  ])('%j is none', (text) => {
    expect(parseNameAddr(text)).toBe(null);
  });

  it('commas in quotes and brackets do not part a list (§7.3.1)', () => {
    const list = parseNameAddrList(['"Bell, A" <sip:a@b?x=1,2>;q=0.7, <sip:c@d>', 'sip:e@f', ' , ']);
    expect(list?.map(({ uri }) => uri)).toEqual(['sip:a@b?x=1,2', 'sip:c@d', 'sip:e@f']);
    expect(parseNameAddrList(['<sip:a@b>, "open'])).toBe(null);
  });

  it('any display name survives quoting', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const parsed = parseNameAddr(`${quoteDisplay(text)} <sip:a@b>`);
        expect(parsed && displayText(parsed)).toBe(text.replace(/[\x00-\x1f\x7f]/g, ''));
      }),
      { numRuns: 300 },
    );
  });

  it('withTag puts a tag where there is none, and prints brackets', () => {
    expect(withTag('sip:a@b;x=1', 't')).toBe('<sip:a@b>;x=1;tag=t');
    expect(withTag('"A" <sip:a@b>', 't')).toBe('"A" <sip:a@b>;tag=t');
    expect(withTag('"A" <sip:a@b>;tag=old', 't')).toBe('"A" <sip:a@b>;tag=t');
  });

  it('prints what it read', () => {
    const parsed = parseNameAddr('"A" <sip:a@b;lr>;x;y="z;"');
    expect(parsed && printNameAddr(parsed)).toBe('"A" <sip:a@b;lr>;x;y="z;"');
  });

  it('gets the quotes that it had not (RFC 4475 §3.1.2.15: the error is not propagated)', () => {
    const printed = ['Alice Example <sip:a@b>', 'M\xc3\xbcller (Sales) <sip:a@b>', '"x, y" <sip:a@b>'].map(
      (text) => {
        const parsed = parseNameAddr(text);
        return parsed && printNameAddr(parsed);
      },
    );
    expect(printed).toEqual([
      'Alice Example <sip:a@b>',
      '"M\xc3\xbcller (Sales)" <sip:a@b>',
      '"x, y" <sip:a@b>',
    ]);
  });
});

describe('Via (RFC 3261 §20.42)', () => {
  it.each([
    [
      'SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7',
      'UDP',
      'erlang.bell-telephone.com',
      5060,
    ],
    ['SIP/2.0/UDP 192.0.2.1:5060 ;received=192.0.2.207;branch=z9hG4bK77asjd', 'UDP', '192.0.2.1', 5060],
    [
      'SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1',
      'UDP',
      'first.example.com',
      4000,
    ],
    ['SIP/2.0/tls [2001:db8::9:1];branch=z9hG4bKas3-111', 'TLS', '[2001:db8::9:1]', null],
    ['SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b;branch=2', 'UDP', 'a', null],
  ])('%s', (text, transport, host, port) => {
    expect(parseVia(text)).toMatchObject({ transport, host, port });
  });

  it.each([
    '',
    'SIP/2.0/UDP',
    'SIP/2.0 host',
    'HTTP/1.1/UDP h',
    'SIP/2.0/UDP h:x',
    'SIP/2.0/UDP h;branch=',
    'SIP/2.0/UDP h;;',
  ])('%j is none', (text) => {
    expect(parseVia(text)).toBe(null);
  });

  it.each([
    [
      'unchanged where the sent-by is the source',
      'SIP/2.0/UDP 192.0.2.1:5;branch=b',
      'SIP/2.0/UDP 192.0.2.1:5;branch=b',
    ],
    [
      '§18.2.1: received',
      'SIP/2.0/UDP h.example;branch=b',
      'SIP/2.0/UDP h.example;branch=b;received=192.0.2.1',
    ],
    [
      'RFC 3581 §4: rport',
      'SIP/2.0/UDP 192.0.2.1;rport;branch=b',
      'SIP/2.0/UDP 192.0.2.1;rport=99;branch=b;received=192.0.2.1',
    ],
    [
      'RFC 3581 §4: a claimed rport',
      'SIP/2.0/UDP 192.0.2.1;rport=1;branch=b',
      'SIP/2.0/UDP 192.0.2.1;rport=99;branch=b;received=192.0.2.1',
    ],
    [
      'a claimed received',
      'SIP/2.0/UDP 192.0.2.1;received=192.0.2.9',
      'SIP/2.0/UDP 192.0.2.1;received=192.0.2.1',
    ],
    [
      'what follows the comma stays',
      'SIP/2.0/UDP h;branch=b ,  SIP/2.0/UDP  i',
      'SIP/2.0/UDP h;branch=b;received=192.0.2.1,  SIP/2.0/UDP  i',
    ],
  ])('stampVia: %s', (_, value, stamped) => {
    const via = parseVia(value);
    expect(via && stampVia(value, via, '192.0.2.1', 99)).toBe(stamped);
  });

  it('an IPv6 sent-by is its source without the brackets', () => {
    const value = 'SIP/2.0/UDP [2001:DB8::1]:5060;branch=b';
    const via = parseVia(value);
    expect(via && stampVia(value, via, '2001:db8::1', 99)).toBe(value);
    expect(via && paramValue(via.params, 'branch')).toBe('b');
  });
});

describe('CSeq (RFC 3261 §20.16)', () => {
  it.each([
    ['4711 INVITE', 4711, 'INVITE'],
    ['0009 \t INVITE', 9, 'INVITE'],
    ['2147483647 BYE', 2147483647, 'BYE'],
    ['0 OPTIONS', 0, 'OPTIONS'],
  ])('%s', (text, number, method) => {
    expect(parseCSeq(text)).toEqual({ number, method });
  });
  it.each([
    '',
    'INVITE',
    '1',
    '1 ',
    '-1 INVITE',
    '1.5 INVITE',
    '2147483648 INVITE',
    '36893488147419103232 R',
    '1 A B',
  ])('%j is none', (text) => {
    expect(parseCSeq(text)).toBe(null);
  });
});
