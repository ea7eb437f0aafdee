import type { PromptedOptions } from './options.ts';
import { matchesPattern } from './pattern.ts';

/** What tells of the language of one party. */
export interface Hearer {
  /** Every form in which a pattern may name its number. */
  readonly number: readonly string[];
  /** Header fields of the INVITE by lower-case long name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/**
 * Which prompt a party hears: of the languages that the call's header asks for, that its number is of, and that the rule
 * names, in this order, the first in which there is one; `prompt` where there is none.
 */
export function promptFor(
  announce: PromptedOptions,
  hearer: Hearer,
  languageOf: (promptId: string) => string | null,
): string {
  const spoken = new Map(
    [announce.prompt, ...announce.translations].map((id) => [languageOf(id)?.toLowerCase() ?? '', id]),
  );
  for (const wanted of wantedLanguages(announce, hearer)) {
    const found = lookUp(wanted, (tag) => spoken.get(tag) ?? null);
    if (found !== null) return found;
  }
  return announce.prompt;
}

function wantedLanguages(announce: PromptedOptions, { number, headers }: Hearer): readonly string[] {
  const { languageHeader, languageByNumber, languages } = announce;
  const asked = languageHeader === undefined ? [] : (headers.get(languageHeader.toLowerCase()) ?? []);
  // The longest is the nearest, whatever the order.
  const [byNumber] = Object.entries(languageByNumber)
    .filter(([pattern]) => number.some((form) => matchesPattern(pattern, form)))
    .toSorted(([a], [b]) => b.length - a.length);
  return [...readLanguages(asked), ...(byNumber === undefined ? [] : [byNumber[1]]), ...languages];
}

/** RFC 4647 §3.4: a range is cut from its end until there is a tag: `fr-LU`, then `fr`. Null: there is none. */
export function lookUp<T>(range: string, find: (tag: string) => T | null): T | null {
  const parts = range.toLowerCase().split('-');
  while (parts.length > 0) {
    const found = find(parts.join('-'));
    if (found !== null) return found;
    parts.pop();
    // §3.4 step 2: a single letter or digit says what follows, and goes with it.
    if (parts.at(-1)?.length === 1) parts.pop();
  }
  return null;
}

/** What a stranger writes is read so far. */
const longestValue = 256;
const mostRanges = 16;

/** The values of Accept-Language (RFC 3261 §20.3), or of any header with tags, the most wanted first. */
function readLanguages(values: readonly string[]): readonly string[] {
  return values
    .join(',')
    .slice(0, longestValue)
    .split(',', mostRanges)
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim());
      const weight = parameters.find((parameter) => /^q\s*=/i.test(parameter))?.split('=')[1];
      return { tag, quality: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ tag, quality }) => /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(tag) && quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}
