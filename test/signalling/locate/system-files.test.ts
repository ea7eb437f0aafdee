import { describe, expect, it } from 'vitest';
import { parseDnsServer, readHosts, readResolvConf } from '../../../src/signalling/locate/system-files.ts';

describe('a DNS server', () => {
  it.each([
    ['192.0.2.53', '192.0.2.53', 53],
    ['192.0.2.53:5353', '192.0.2.53', 5353],
    ['2001:db8::53', '2001:db8::53', 53],
    ['[2001:db8::53]', '2001:db8::53', 53],
    ['[2001:db8::53]:5353', '2001:db8::53', 5353],
  ])('%s', (text, address, port) => {
    expect(parseDnsServer(text)).toEqual({ address, port });
  });

  it.each([
    '',
    'ns.example',
    '192.0.2.53:0',
    '192.0.2.53:65536',
    '192.0.2.256',
    '[192.0.2.53]:53',
    '192.0.2.53:',
  ])('not "%s"', (text) => {
    expect(parseDnsServer(text)).toBe(null);
  });
});

describe('/etc/resolv.conf', () => {
  it('gives its name servers in order and nothing else', () => {
    const text = [
      '# nameserver 192.0.2.1',
      'search office.example',
      'nameserver 192.0.2.53',
      'nameserver\t2001:db8::53  # second',
      'nameserver ns.example',
      ' nameserver 192.0.2.2',
      'options timeout:1',
    ].join('\n');
    expect(readResolvConf(text).map(({ address }) => address)).toEqual(['192.0.2.53', '2001:db8::53']);
  });

  it('at most eight', () => {
    expect(readResolvConf('nameserver 192.0.2.53\n'.repeat(20))).toHaveLength(8);
  });
});

describe('/etc/hosts', () => {
  it('gives every name of a line, in one form, and all addresses of a name', () => {
    const hosts = readHosts(
      [
        '127.0.0.1 localhost',
        '::1\tlocalhost ip6-localhost # both',
        '# 192.0.2.9 commented',
        '192.0.2.7   PBX.Office.Example  pbx',
        'nonsense line',
        '',
      ].join('\n'),
    );
    expect([...hosts]).toEqual([
      ['localhost', ['127.0.0.1', '::1']],
      ['ip6-localhost', ['::1']],
      ['pbx.office.example', ['192.0.2.7']],
      ['pbx', ['192.0.2.7']],
    ]);
  });
});
