import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/app/command-line.ts';

describe('parseCommandLine', () => {
  const rows: [string, object][] = [
    ['start', { name: 'start', config: null }],
    ['start --config a.yaml', { name: 'start', config: 'a.yaml' }],
    ['--config a.yaml check', { name: 'check', config: 'a.yaml' }],
    ['token create crm', { name: 'token-create', config: null, label: 'crm' }],
    ['token list', { name: 'token-list', config: null }],
    ['token revoke 1', { name: 'token-revoke', config: null, id: '1' }],
    ['key export r1', { name: 'key-export', config: null, recordingId: 'r1' }],
    ['verify', { name: 'verify', config: null, recordingId: null }],
    ['verify r1', { name: 'verify', config: null, recordingId: 'r1' }],
    ['', { name: 'help' }],
    ['start --help', { name: 'help' }],
  ];
  it.each(rows)('reads "%s"', (line, expected) => {
    expect(parseCommandLine(line.split(' ').filter(Boolean))).toEqual({ ok: true, value: expected });
  });

  const faults: [string, RegExp][] = [
    ['stop', /there is no command "stop"/],
    ['start now', /"start" takes no "now"/],
    ['key export', /write: onrecord key export RECORDING/],
    ['token', /write: onrecord token create LABEL/],
    ['start --confg x', /--confg/],
  ];
  it.each(faults)('refuses "%s" in one sentence', (line, expected) => {
    const parsed = parseCommandLine(line.split(' '));
    expect(parsed.ok ? '' : parsed.error).toMatch(expected);
  });
});
