import { describe, expect, it } from 'vitest';
import { recordingOptions } from '../../src/policy/options.ts';
import { promptFor } from '../../src/policy/prompt-choice.ts';

const languageOf = (id: string): string | null => id.slice(2);
const choose = (announce: object, number: string[] = [], headers: Record<string, string[]> = {}): string => {
  const { rules } = recordingOptions.parse({
    rules: [{ id: 'r', mode: 'automatic', announce: { prompt: 'q-en', ...announce } }],
  });
  const prompted = rules[0]!.announce;
  if (prompted === undefined || prompted === 'elsewhere') throw new Error('no prompt');
  return promptFor(prompted, { number, headers: new Map(Object.entries(headers)) }, languageOf);
};

const translations = ['q-fr', 'q-de', 'q-lb', 'q-pt-BR'];
const header = { translations, languageHeader: 'X-Language' };
const byNumber = {
  translations,
  languageByNumber: { '+33*': 'fr', '+49*': 'de', '+352*': 'lb', '+3526*': 'fr' },
};

describe('the language in which a party is told', () => {
  const rows: [string, string, object, string[]?, Record<string, string[]>?][] = [
    ['nothing says any: the prompt of the rule', 'q-en', { translations }],
    ['the rule says one', 'q-lb', { translations, languages: ['lb'] }],
    ['a chain: the first in which there is one', 'q-fr', { translations, languages: ['it', 'fr', 'de'] }],
    ['a chain that leads nowhere: the prompt of the rule', 'q-en', { translations, languages: ['it'] }],
    ['by number', 'q-de', byNumber, ['+4930123']],
    ['by number: the longest pattern, whatever the order', 'q-fr', byNumber, ['+352621000']],
    ['by number: in any form that it has', 'q-lb', byNumber, ['20301000', '+35220301000']],
    ['a number of nowhere: the chain', 'q-de', { ...byNumber, languages: ['de'] }, ['anonymous']],
    ['by header', 'q-de', header, [], { 'x-language': ['de'] }],
    [
      'the header comes before number and chain',
      'q-de',
      { ...byNumber, ...header, languages: ['lb'] },
      ['+331'],
      { 'x-language': ['de'] },
    ],
    ['the number before the chain', 'q-fr', { ...byNumber, languages: ['lb'] }, ['+331']],
    ['RFC 4647 §3.4: fr-LU is told in fr', 'q-fr', header, [], { 'x-language': ['fr-LU'] }],
    ['RFC 4647 §3.4: but fr not in fr-LU', 'q-en', header, [], { 'x-language': ['pt'] }],
    [
      'RFC 4647 §3.4: a single letter goes with what it introduces',
      'q-de',
      header,
      [],
      { 'x-language': ['de-x-at'] },
    ],
    ['RFC 5646 §2.1.1: letters are of either case', 'q-pt-BR', header, [], { 'x-language': ['PT-br'] }],
    ['RFC 3261 §20.3: by quality', 'q-lb', header, [], { 'x-language': ['de;q=0.5, lb;q=0.9, it'] }],
    ['RFC 3261 §20.3: several lines are one list', 'q-de', header, [], { 'x-language': ['it', 'de'] }],
    ['RFC 9110 §12.4.2: quality 0 is not wanted', 'q-en', header, [], { 'x-language': ['de;q=0'] }],
    ['any language is none', 'q-en', header, [], { 'x-language': ['*'] }],
    [
      'what is no language is not read',
      'q-lb',
      { ...header, languages: ['lb'] },
      [],
      { 'x-language': ['<script>, ;;;, __proto__'] },
    ],
    ['a hostile header ends', 'q-en', header, [], { 'x-language': [`${'x-'.repeat(100_000)},de`] }],
    ['another header says nothing', 'q-en', header, [], { 'accept-language': ['de'] }],
  ];
  it.each(rows)('%s', (_name, expected, announce, number, headers) => {
    expect(choose(announce, number, headers)).toBe(expected);
  });
});
