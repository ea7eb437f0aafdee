import type { DnsAnswer, DnsClient } from './dns-client.ts';
import { keyOf } from './dns-records.ts';
import { locate, type Located, type LocateQuestion } from './locate.ts';

/** NAPTR, SRV, addresses: three rounds of questions. */
const maxRounds = 4;

/** Asks DNS for what `locate` needs until it knows where a target is. Never rejects. */
export type Locator = (question: LocateQuestion) => Promise<Located>;

export function createLocator(client: DnsClient): Locator {
  return async (question) => {
    const known = new Map<string, DnsAnswer>();
    for (let round = 0; round < maxRounds; round++) {
      const result = locate(question, known);
      if (result.kind === 'located') return result;
      const answers = result.questions.map(async (one) => {
        known.set(keyOf(one), await client.query(one));
      });
      await Promise.all(answers);
    }
    return { kind: 'located', groups: [], refreshAt: null, quality: 'partial' };
  };
}
