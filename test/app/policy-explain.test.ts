import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/app/command-line.ts';
import { runPolicyExplain } from '../../src/app/commands/policy-explain.ts';
import type { Settings } from '../../src/app/settings.ts';
import { defaultConfig } from '../../src/config/default-config.ts';
import { loadConfig } from '../../src/config/load.ts';

const rules = `
  queues: { headers: [X-Queue] }
  rules:
    - { id: sales, mode: never, when: { queue: sales } }
    - { id: carrier, mode: never, when: { callerPeer: carrier, from: "+49*" } }
    - id: everything`;

function explained(...words: string[]): { code: number; out: string[]; faults: string[] } {
  return explainedBy(defaultConfig.replace('\n  rules:\n    - id: everything', rules), words);
}

function explainedBy(text: string, words: string[]) {
  const loaded = loadConfig(text, 'x.yaml', {});
  const command = parseCommandLine(['policy', 'explain', ...words]);
  if (!loaded.ok || !command.ok || command.value.name !== 'policy-explain')
    throw new Error(JSON.stringify([loaded, command]));
  const settings: Settings = {
    ...{ config: loaded.value.config, warnings: [], source: 'x.yaml', file: 'x.yaml', place: () => '' },
    ...{ baseDirectory: '.', dataDirectory: '.' },
  };
  const out: string[] = [];
  const faults: string[] = [];
  const context = { env: {}, entry: '', supervised: false };
  const code = runPolicyExplain(settings, command.value, {
    ...context,
    print: (line) => out.push(line),
    complain: (line) => faults.push(line),
  });
  return { code, out, faults };
}

describe('onrecord policy explain', () => {
  it('finds the rule of a call', () => {
    const { code, out } = explained('--direction', 'outbound', '--from', '101', '--to', '+352621000000');
    expect(code).toBe(0);
    expect(out).toEqual([
      '  sales: no, queue is none, wanted "sales"',
      '  carrier: no, callerPeer is "pbx", wanted "carrier"',
      '  everything: yes',
      'recorded, purpose "quality" (legitimate-interest), prompt "quality-en", wav stereo, kept 90 days',
    ]);
  });

  it('reads the queue from a header', () => {
    const call = ['--direction', 'inbound', '--from', '+4930123456', '--to', '101'];
    expect(explained(...call, '--header', 'X-Queue: sales').out[0]).toBe('  sales: yes');
    expect(explained(...call).out.slice(1, 2)).toEqual(['  carrier: yes']);
  });

  it('knows an emergency call', () => {
    const { out } = explained('--direction', 'outbound', '--from', '101', '--to', '00352112');
    expect(out.at(-1)).toBe('not recorded: no rule matches');
  });

  it('is JSON for programs', () => {
    const { out } = explained('--direction', 'outbound', '--from', '101', '--to', '200', '--json');
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      ...{ rule: 'everything', recorded: 'automatic', purpose: 'quality', legalBasis: 'legitimate-interest' },
      passedOver: [{ ruleId: 'sales' }, { ruleId: 'carrier', condition: 'callerPeer' }],
    });
  });

  it('does not know a peer that is not there', () => {
    const { code, faults } = explained('--direction', 'outbound', '--from', '1', '--to', '2', '--peer', 'x');
    expect(code).toBe(1);
    expect(faults).toEqual(['x.yaml: there is no peer "x"; known: pbx, carrier']);
  });

  it("explains the README's example as the README says", () => {
    const readme = readFileSync('README.md', 'utf8');
    const example = /^```yaml\n(recording:\n {2}queues:.*?)^```$/ms.exec(readme)?.[1] ?? '';
    const shown = /^\$ onrecord policy explain (.*?)\n(.*?)^```$/ms.exec(readme);
    const words = Array.from(
      (shown?.[1] ?? '').matchAll(/"([^"]*)"|(\S+)/g),
      ([, quoted, plain]) => quoted ?? plain ?? '',
    );
    const { out } = explainedBy(defaultConfig.replace(/^recording:[^]*/m, example), words);
    expect(out).toEqual((shown?.[2] ?? '').trimEnd().split('\n'));
  });

  const refused: [string, RegExp][] = [
    ['policy explain --from 1 --to 2', /give --direction as inbound, outbound or internal/],
    ['policy explain --direction inbound --from 1', /give both numbers/],
    ['policy explain --direction inbound --from 1 --to 2 --at noon', /give --at as a time/],
    ['policy explain --direction inbound --from 1 --to 2 --header X', /give each header as/],
    ['policy explain now', /takes options alone/],
    ['policy', /write: onrecord policy explain/],
    ['check --from 1', /--from is for "policy explain"/],
  ];
  it.each(refused)('refuses "%s" in one sentence', (line, expected) => {
    const parsed = parseCommandLine(line.split(' '));
    expect(parsed.ok ? '' : parsed.error).toMatch(expected);
  });
});
