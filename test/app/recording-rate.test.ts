import { describe, expect, it } from 'vitest';
import { recordingRate } from '../../src/app/wiring/recording-rate.ts';
import { recordingOptions } from '../../src/policy/options.ts';

const ruleOf = (more: Readonly<Record<string, unknown>>) =>
  recordingOptions.parse({ rules: [{ id: 'all', mode: 'never', ...more }] }).rules[0]!;

describe('the rate of a recording', () => {
  it.each([
    { rule: {}, codecs: ['PCMA', 'PCMU'], rate: 8000 },
    { rule: {}, codecs: ['G722', 'G722'], rate: 16_000 },
    { rule: {}, codecs: ['PCMA', 'OPUS'], rate: 48_000 },
    { rule: {}, codecs: ['G729', 'T38'], rate: 8000 },
    { rule: { sampleRate: 8000 }, codecs: ['OPUS', 'OPUS'], rate: 8000 },
    { rule: { sampleRate: 16_000 }, codecs: ['PCMA', 'PCMA'], rate: 16_000 },
    { rule: { format: 'wav-alaw' }, codecs: ['OPUS', 'OPUS'], rate: 8000 },
    { rule: { format: 'wav-mulaw', sampleRate: 16_000 }, codecs: ['G722', 'G722'], rate: 16_000 },
  ])('$codecs under $rule: $rate Hz', ({ rule, codecs, rate }) => {
    expect(recordingRate(ruleOf(rule), codecs)).toBe(rate);
  });

  it.each([44_100, '16000', 0])('%s is no rate that a rule may ask for', (sampleRate) => {
    expect(() => ruleOf({ sampleRate })).toThrow();
  });
});
