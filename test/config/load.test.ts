import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config/default-config.ts';
import { printFault } from '../../src/config/fault.ts';
import { loadConfig } from '../../src/config/load.ts';

function faultsOf(text: string, env: Record<string, string> = {}): readonly string[] {
  const loaded = loadConfig(text, 'x.yaml', env);
  return loaded.ok ? [] : loaded.error.map(printFault);
}

const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

describe('loadConfig', () => {
  it('accepts the embedded default', () => {
    expect(faultsOf(defaultConfig)).toEqual([]);
  });

  const rows: [string, string, string, string, RegExp][] = [
    [
      'an unknown key',
      'node: { id: edge-1',
      'node: { idd: edge-1',
      'idd',
      /^x\.yaml:\d+: node\.idd: is not a known key; remove it or mend its name$/,
    ],
    [
      'a wrong address',
      'address: 127.0.0.1, port: 5060',
      'address: localhost, port: 5060',
      'localhost',
      /sip\.listeners\[0\]\.address: /,
    ],
    [
      'a listener that is not there',
      'listener: pbx-udp',
      'listener: lan',
      'listener: lan',
      /names no listener "lan"; known: pbx-udp, trunk-udp/,
    ],
    [
      'a route to nobody',
      'to: [carrier] }',
      'to: [carier] }',
      'to: [carier]',
      /sip\.routes\[0\]\.to\[0\]: names no peer "carier"/,
    ],
    [
      'a purpose that is not there',
      '      purpose: quality\n      announce',
      '      purpose: training\n      announce',
      'purpose: training',
      /names no purpose "training"/,
    ],
    [
      'a prompt that is not there',
      'prompt: quality-en, to',
      'prompt: quality-es, to',
      'prompt: quality-es',
      /names no prompt "quality-es"; known: quality-en/,
    ],
    [
      'recording without telling',
      '      announce: { prompt: quality-en, to: all, when: on-answer }\n',
      '',
      'id: everything',
      /records without telling anyone/,
    ],
    [
      'a party left untold',
      'to: all, when',
      'to: caller, when',
      'to: caller',
      /leaves the other party untold/,
    ],
    [
      'elsewhere without its words',
      'announce: { prompt: quality-en, to: all, when: on-answer }',
      'announce: elsewhere',
      'announce: elsewhere',
      /needs `told: TEXT`/,
    ],
    [
      'a prompt for emergency calls',
      'id: everything',
      'id: everything\n      when: { emergency: true }',
      'announce:',
      /plays a prompt to emergency calls/,
    ],
    [
      'a refusal of emergency calls',
      'announce: { prompt: quality-en, to: all, when: on-answer }',
      'announce: elsewhere\n      told: by law\n      when: { emergency: true }\n      onFailure: refuse',
      'onFailure',
      /refuses emergency calls/,
    ],
    [
      'an emergency number that is none',
      '  routes:\n',
      '  emergency: ["+352112"]\n  routes:\n',
      'emergency:',
      /sip\.emergency\[0\]: is written in digits alone/,
    ],
    [
      'a password that YAML takes for a number',
      '- { id: pbx, side: pbx',
      '- { id: pbx, auth: { username: u, password: 1230, realm: r }, side: pbx',
      'id: pbx,',
      /sip\.peers\[0\]\.auth\.password: is text; put digits in quotes/,
    ],
    [
      'a password with a line end',
      '- { id: pbx, side: pbx',
      '- { id: pbx, digest: { username: u, password: "a\\r\\nb", realm: r }, side: pbx',
      'id: pbx,',
      /sip\.peers\[0\]\.digest\.password: is empty or has control characters/,
    ],
    [
      'a session timer below its own minimum',
      '  routes:\n',
      '  sessionTimer: { expiresSeconds: 100, minSeconds: 120 }\n  routes:\n',
      'sessionTimer',
      /sip\.sessionTimer\.expiresSeconds: is below minSeconds; raise it, or set it to 0/,
    ],
    [
      'a tls listener without a certificate',
      '- { id: pbx-udp, transport: udp',
      '- { id: pbx-udp, transport: tls',
      'id: pbx-udp',
      /sip\.listeners\[0\]: tls needs cert and key; name the two PEM files/,
    ],
    [
      'a certificate on a listener without tls',
      '- { id: pbx-udp, transport: udp',
      '- { id: pbx-udp, cert: a.pem, transport: udp',
      'id: pbx-udp',
      /sip\.listeners\[0\]: cert, key and ca are for tls and wss, this is udp; remove them/,
    ],
    [
      'a peer known by a certificate that it cannot show',
      '- { id: pbx, side: pbx',
      '- { id: pbx, certificate: pbx.example, side: pbx',
      'id: pbx,',
      /sip\.peers\[0\]\.certificate: is shown over tls or wss alone, and listener "pbx-udp" is udp; give the peer a tls listener/,
    ],
    [
      'origins where no browser comes',
      '- { id: pbx-udp, transport: udp',
      '- { id: pbx-udp, origins: ["https://app.example.com"], transport: udp',
      'id: pbx-udp',
      /sip\.listeners\[0\]: origins are for ws and wss, this is udp; remove them/,
    ],
    [
      'a peer over udp without targets',
      'targets: ["sip:127.0.0.1:5070"]',
      'targets: []',
      'id: pbx,',
      /sip\.peers\[0\]: has no targets, and over udp it opens no connection; give it targets/,
    ],
    [
      'targets where nobody can be dialled',
      '- { id: pbx-udp, transport: udp',
      '- { id: pbx-udp, transport: ws',
      'id: pbx,',
      /sip\.peers\[0\]\.targets: nobody can be dialled over ws; remove them/,
    ],
    [
      'an address that nobody can answer to',
      'transport: udp, address: 127.0.0.1, port: 5060',
      'transport: udp, address: 0.0.0.0, port: 5060',
      'id: pbx-udp',
      /sip\.listeners\[0\]: nobody can answer to 0\.0\.0\.0; give the address that others use as advertise/,
    ],
    [
      'an advertised address of another family',
      'transport: udp, address: 127.0.0.1, port: 5060',
      'transport: udp, address: 127.0.0.1, advertise: "2001:db8::1", port: 5060',
      'id: pbx-udp',
      /sip\.listeners\[0\]\.advertise: 2001:db8::1 is of another family than 127\.0\.0\.1/,
    ],
    [
      'an advertised address that is broken',
      'transport: udp, address: 127.0.0.1, port: 5060',
      'transport: udp, address: 127.0.0.1, advertise: 203.0.113.256, port: 5060',
      'id: pbx-udp',
      /sip\.listeners\[0\]\.advertise: .*is an address or a host name/,
    ],
    [
      'a poll that would delay calls',
      'ports: 20000-29999',
      'ports: 20000-29999, pollMs: 50',
      'pollMs: 50',
      /media: pollMs: sockets are polled every 1 to 20 ms/,
    ],
    [
      'a bad port range',
      'ports: 20000-29999',
      'ports: 20000',
      'ports: 20000',
      /a port range is written FIRST-LAST/,
    ],
    ['a bad retention', 'retention: 90d', 'retention: 90', 'retention: 90', /retention/],
    [
      'a shared database without a key',
      'purposes:\n',
      'database: { url: "postgres://x/y" }\npurposes:\n',
      'nothing',
      /encryption\.kek: is missing although database\.url is set/,
    ],
  ];
  it.each(rows)('%s is one line with file, line, key and mend', (_name, find, replace, part, expected) => {
    expect(defaultConfig).toContain(find);
    const text = defaultConfig.replace(find, replace);
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(expected);
    if (text.includes(part)) expect(Number(faults[0]?.split(':')[1])).toBe(lineOf(text, part));
  });

  it('says where YAML itself is broken', () => {
    expect(faultsOf('node: { id: x\nsip: }')[0]).toMatch(/^x\.yaml:\d+: is not YAML: /);
  });

  it('finds an id that is there twice', () => {
    expect(faultsOf(defaultConfig.replace('id: trunk-udp', 'id: pbx-udp'))[0]).toMatch(
      /"pbx-udp" is there twice/,
    );
  });

  it('replaces ${NAME} in values, as text and as a number', () => {
    const text = defaultConfig.replace('id: edge-1', 'id: "${NODE}"').replace('port: 5060', 'port: ${PORT}');
    const loaded = loadConfig(text.replace('127.0.0.1, port: ${PORT}', '127.0.0.1, port: "${PORT}"'), 'x', {
      NODE: 'a',
      PORT: '5',
    });
    expect(loaded.ok).toBe(false);
    const block = text.replace(
      '- { id: pbx-udp, transport: udp, address: 127.0.0.1, port: ${PORT} }',
      '- id: pbx-udp\n      transport: udp\n      address: 127.0.0.1\n      port: ${PORT}',
    );
    const good = loadConfig(block, 'x', { NODE: 'edge-7', PORT: '5999' });
    expect(good.ok && good.value.config.node.id).toBe('edge-7');
    expect(good.ok && good.value.config.sip.listeners[0]?.port).toBe(5999);
  });

  it('names a variable that the environment lacks', () => {
    expect(faultsOf(defaultConfig.replace('id: edge-1', 'id: "${NODE}"'))[0]).toMatch(
      /the environment has no NODE/,
    );
  });

  it('does not let a variable add keys', () => {
    const loaded = loadConfig(defaultConfig.replace('id: edge-1', 'id: "${NODE}"'), 'x', {
      NODE: 'a\nhttp: {}',
    });
    expect(loaded.ok).toBe(false);
  });
});
