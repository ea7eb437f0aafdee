import type { Config } from '../config/schema.ts';
import { type RuleBook, ruleBook } from '../policy/rule-book.ts';

export function ruleBookOf({ recording, purposes, node, sip }: Config): RuleBook {
  const numbering = { country: node.country, outsideLine: sip.outsideLine };
  return ruleBook({ recording, purposes, numbering });
}
