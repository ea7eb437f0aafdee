import { describe, expect, it } from 'vitest';
import type { PromptLibrary } from '../../src/app/prompt-library.ts';
import type { Settings } from '../../src/app/settings.ts';
import { PolicyDesk, type ReadPolicy } from '../../src/app/wiring/policy-desk.ts';
import { defaultConfig } from '../../src/config/default-config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import { type PolicyParts, policyDocument } from '../../src/policy/policy-document.ts';
import type { PolicyVersion } from '../../src/records/policy-version.ts';
import { LogBook } from '../link/link-fixture.ts';

const prompts: PromptLibrary = {
  get: (id) => ({ id, language: 'en', purpose: 'quality', text: '', audioSha256: 'aa' }),
  ...{ ringing: null, beep: null, sounds: ['aa'], audio: () => expect.unreachable() },
};

function policyOf(text: string): ReadPolicy {
  const loaded = loadConfig(text, 'x.yaml', {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const settings: Settings = {
    ...{ config: loaded.value.config, warnings: ['x.yaml:1: warning: w'], source: 'x.yaml', file: 'x.yaml' },
    ...{ place: () => '', baseDirectory: '.', dataDirectory: '.' },
  };
  return { settings, prompts };
}

const mono = defaultConfig.replace('mode: automatic', 'mode: automatic\n      channels: mono');

function desk(remembered: string | null = null) {
  const written: PolicyVersion[] = [];
  const steps: string[] = [];
  const log = new LogBook();
  let next: Result<ReadPolicy, readonly string[]> = ok(policyOf(mono));
  let journal: () => Promise<void> = () => Promise.resolve();
  const made = new PolicyDesk({
    first: policyOf(defaultConfig),
    read: () => next,
    remembered,
    remember: () => Promise.resolve(void steps.push('remember')),
    shelve: () => Promise.resolve(void steps.push('shelve')),
    journal: {
      append: async (events) => {
        await journal();
        steps.push('journal');
        for (const event of events) if (event.kind === 'policy') written.push(event.policy);
      },
    },
    nodeId: 'edge-1',
    clock: { monotonic: () => 0 as MonotonicMs, wall: () => 1_800_000_000_000 as WallMs },
    random: systemRandom,
    logger: log,
    meter: createMeter(),
  });
  return {
    ...{ made, written, steps, log },
    reads: (read: typeof next) => (next = read),
    journals: (append: typeof journal) => (journal = append),
  };
}

describe('a policy at the start of a node', () => {
  it('is written down as its first version', async () => {
    const { made, written } = desk();
    await made.begin();
    expect(written).toMatchObject([
      { nodeId: 'edge-1', actor: 'start', changes: ['the first policy of this node'] },
    ]);
    expect(written[0]?.version).toBe(made.active.version);
    const document = JSON.parse(written[0]?.document ?? '') as PolicyParts;
    expect(policyDocument(document).version).toBe(made.active.version);
  });

  it('is no new version where it held before', async () => {
    const { made, written } = desk();
    await made.begin();
    const again = desk(written[0]?.document ?? null);
    await again.made.begin();
    expect(again.written).toEqual([]);
  });
});

describe('a policy that is loaded again', () => {
  it('holds from then on, and is written down with who and what, before it holds', async () => {
    const { made, written, steps } = desk();
    const before = made.active;
    const reload = await made.reload(true, 'token:1');
    expect(reload).toMatchObject({ changes: ['rules: everything changed (channels)'], faults: [] });
    expect(reload.warnings).toEqual(['x.yaml:1: warning: w']);
    expect(made.active.version).toBe(reload.version);
    expect(made.active).not.toBe(before);
    expect(before.rules.rules[0]?.channels).toBe('stereo');
    expect(steps).toEqual(['shelve', 'journal', 'remember']);
    expect(written).toMatchObject([{ actor: 'token:1', version: reload.version, changes: reload.changes }]);
  });

  it('is only tried where it is not to be applied', async () => {
    const { made, written } = desk();
    const before = made.active;
    expect(await made.reload(false, 'token:1')).toMatchObject({
      changes: [expect.stringMatching(/channels/)],
    });
    expect(made.active).toBe(before);
    expect(written).toEqual([]);
  });

  it('changes nothing when it is not valid', async () => {
    const { made, written, reads, log } = desk();
    const before = made.active;
    reads(err(['x.yaml:3: recording.rules[0]: records without a purpose']));
    const reload = await made.reload(true, 'signal');
    expect(reload).toMatchObject({
      version: before.version,
      changes: [],
      faults: [expect.stringMatching(/x\.yaml:3/)],
    });
    expect(made.active).toBe(before);
    expect(written).toEqual([]);
    expect(JSON.stringify(log)).toContain('policy-refused');
  });

  it('changes nothing when it cannot be written down', async () => {
    const { made, journals } = desk();
    const before = made.active;
    journals(() => Promise.reject(new Error('disk full')));
    expect(await made.reload(true, 'signal')).toMatchObject({
      faults: [expect.stringMatching(/could not be written down/)],
    });
    expect(made.active).toBe(before);
  });

  it('is no version when nothing is different', async () => {
    const { made, written, reads } = desk();
    reads(ok(policyOf(defaultConfig)));
    expect(await made.reload(true, 'signal')).toMatchObject({ changes: [], faults: [] });
    expect(written).toEqual([]);
  });

  it('waits for the one before', async () => {
    const { made, written, reads } = desk();
    const first = made.reload(true, 'a');
    const second = made.reload(true, 'b');
    await first;
    reads(ok(policyOf(defaultConfig)));
    await second;
    expect(written.map(({ actor }) => actor)).toEqual(['a', 'b']);
  });
});
