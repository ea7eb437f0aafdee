import { describe, expect, it } from 'vitest';
import { judge, type ActivePolicy } from '../../src/app/wiring/verdict.ts';
import { numberHash } from '../../src/policy/do-not-record.ts';
import { queueOptions } from '../../src/policy/queue.ts';
import type { CallFacts } from '../../src/signalling/ports.ts';
import { automatic, bookOf, facts } from '../policy/rule-fixture.ts';

const call: CallFacts = {
  ...{ callId: 'call-1', direction: 'outbound', callerPeer: 'pbx', calleePeer: 'carrier' },
  ...{ from: '101', to: '+352621000000', emergency: false, callerSipCallId: 'sip-1', offered: null },
  headers: new Map([['x-queue', ['sales']]]),
};
const key = new Uint8Array(32);
const listed = { key, list: new Set([numberHash(key, '+352621000000'), numberHash(key, '112')]) };
const prompt = { language: '', purpose: 'quality', text: 'Recorded.', audioSha256: 'a' };
const nobody = { key, list: new Set<string>() };

function policy(rules: object[]): ActivePolicy {
  const prompts = {
    get: () => null,
    ringing: null,
    beep: null,
    sounds: [],
    audio: () => expect.unreachable(),
  };
  return {
    version: 'v1',
    prompts,
    rules: bookOf(rules),
    queues: queueOptions.parse({ headers: ['X-Queue'] }),
  };
}

describe('judge', () => {
  it('keeps queue and version with the decision', () => {
    const verdict = judge(policy([{ ...automatic, when: { queue: 'sales' } }]), nobody, call, facts.at);
    expect(verdict).toMatchObject({ queue: 'sales', policyVersion: 'v1', decision: { record: true } });
  });

  it('records nobody who is listed, and says which rule would have', () => {
    const { decision } = judge(policy([automatic]), listed, call, facts.at);
    expect(decision).toEqual({ record: false, ruleId: 'r', why: 'do-not-record' });
  });

  it('offers no recording on demand either', () => {
    const { decision } = judge(policy([{ ...automatic, mode: 'on-demand' }]), listed, call, facts.at);
    expect(decision).toEqual({ record: false, ruleId: 'r', why: 'do-not-record' });
  });

  it('leaves the reason of a rule that would not have recorded', () => {
    const { decision } = judge(policy([{ id: 'no', mode: 'never' }]), listed, call, facts.at);
    expect(decision).toEqual({ record: false, ruleId: 'no', why: 'never' });
  });

  it('leaves emergency calls to the rule that names them', () => {
    const rules = [{ ...automatic, when: { emergency: true } }];
    const { decision } = judge(policy(rules), listed, { ...call, to: '112', emergency: true }, facts.at);
    expect(decision.record).toBe(true);
  });

  it('has each party hear the prompt of its own number, or of the header of the call', () => {
    const announce = {
      ...{ prompt: 'en', translations: ['fr', 'lb'], languageHeader: 'X-Language' },
      languageByNumber: { '+352*': 'lb', '+33*': 'fr' },
    };
    const base = policy([{ ...automatic, announce }]);
    const prompts = { ...base.prompts, get: (id: string) => ({ ...prompt, id, language: id }) };
    const chosen = (changes: Partial<CallFacts>): string[] => {
      const { promptOf } = judge({ ...base, prompts }, nobody, { ...call, ...changes }, facts.at);
      return [promptOf('caller'), promptOf('callee')];
    };
    expect(chosen({})).toEqual(['en', 'lb']);
    expect(chosen({ direction: 'inbound', from: '+33123456789', to: '101' })).toEqual(['fr', 'en']);
    expect(chosen({ from: '0033123456789' })).toEqual(['fr', 'lb']);
    expect(chosen({ headers: new Map([['x-language', ['fr']]]) })).toEqual(['fr', 'fr']);
    expect(judge(base, listed, call, facts.at).promptOf('caller')).toBe('');
  });
});
