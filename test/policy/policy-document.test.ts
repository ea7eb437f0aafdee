import { describe, expect, it } from 'vitest';
import { purposeOptions, recordingOptions } from '../../src/policy/options.ts';
import { policyChanges, type PolicyParts, policyDocument } from '../../src/policy/policy-document.ts';

const purpose = { id: 'quality', description: 'Q', legalBasis: 'contract', retention: '1d' };
const partsOf = (rules: object[], change: Partial<PolicyParts> = {}): PolicyParts => ({
  ...recordingOptions.parse({ rules }),
  purposes: purposeOptions.parse([purpose]),
  prompts: [{ id: 'en', audioSha256: 'aa' }],
  ...change,
});
const never = (id: string, more: object = {}) => ({ id, mode: 'never', ...more });
const base = policyDocument(partsOf([never('a'), never('b')]));

describe('a policy document', () => {
  it('is the same whatever order its keys were written in', () => {
    const turned = policyDocument(partsOf([{ mode: 'never', id: 'a' }, never('b')]));
    expect(turned).toEqual(base);
    expect(base.version).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is not the same in another order of its rules', () => {
    expect(policyDocument(partsOf([never('b'), never('a')])).version).not.toBe(base.version);
  });

  const rows: [name: string, after: PolicyParts, changes: string[]][] = [
    ['nothing', partsOf([never('a'), never('b')]), []],
    ['added', partsOf([never('a'), never('c'), never('b')]), ['rules: c added']],
    ['removed', partsOf([never('b')]), ['rules: a removed']],
    [
      'changed, with its keys',
      partsOf([never('a', { when: { from: '1' }, format: 'mp3' }), never('b')]),
      ['rules: a changed (format, when)'],
    ],
    ['moved', partsOf([never('b'), never('a')]), ['rules: order changed']],
    [
      'the sound of a prompt',
      partsOf([never('a'), never('b')], { prompts: [{ id: 'en', audioSha256: 'bb' }] }),
      ['prompts: en changed (audioSha256)'],
    ],
    [
      'a purpose',
      partsOf([never('a'), never('b')], {
        purposes: purposeOptions.parse([{ ...purpose, retention: '2d' }]),
      }),
      ['purposes: quality changed (retention)'],
    ],
    [
      'queues',
      partsOf([never('a'), never('b')], { queues: { headers: ['to'], names: {} } }),
      ['queues: changed'],
    ],
  ];
  it.each(rows)('says what is different: %s', (_name, after, changes) => {
    expect(policyChanges(base.text, policyDocument(after).text)).toEqual(changes);
  });

  it('says that there was none before', () => {
    expect(policyChanges(null, base.text)).toEqual(['the first policy of this node']);
  });

  it('counts what would be too long to list', () => {
    const many = Array.from({ length: 80 }, (_, i) => never(`r${i}`));
    const changes = policyChanges(base.text, policyDocument(partsOf([never('a'), never('b'), ...many])).text);
    expect(changes).toHaveLength(51);
    expect(changes.at(-1)).toBe('and 30 more');
  });
});
