import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config/default-config.ts';
import { printPath } from '../../src/config/fault.ts';
import { loadConfig } from '../../src/config/load.ts';
import { restartFaults } from '../../src/config/restart-check.ts';

function read(text: string) {
  const loaded = loadConfig(text, 'x.yaml', {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.config;
}

describe('what a running node takes up', () => {
  const rows: [name: string, find: string, replace: string, needsRestart: string[]][] = [
    ['nothing', '', '', []],
    ['a rule', 'id: everything', 'id: all', []],
    ['a purpose', 'retention: 90d', 'retention: 30d', []],
    ['a prompt', 'text: "This', 'text: "That', []],
    ['not a listener', 'port: 5060', 'port: 5061', ['sip.listeners[0].port']],
    [
      'not one more of them',
      '  peers:',
      '    - { id: more, transport: udp, address: 127.0.0.9 }\n  peers:',
      ['sip.listeners'],
    ],
    ['not media', '20000-29999', '20000-20999', ['media.interfaces[0].ports.last']],
    [
      'not the database',
      'purposes:\n',
      'database: { url: "postgres://x/y" }\nencryption: { kek: { file: k } }\npurposes:\n',
      ['encryption.kek', 'database.url'],
    ],
    ['not its workers', 'recording:\n', 'recording:\n  workers: 2\n', ['recording.workers']],
    ['not whose numbers it reads', 'dataDir: ./data', 'dataDir: ./data, country: DE', ['node.country']],
  ];
  it.each(rows)('%s', (_name, find, replace, needsRestart) => {
    expect(defaultConfig).toContain(find);
    const faults = restartFaults(read(defaultConfig), read(defaultConfig.replace(find, replace)));
    expect(faults.map(({ path }) => printPath(path))).toEqual(needsRestart);
    for (const { message } of faults) expect(message).toMatch(/restart the node, or take this change back/);
  });
});
