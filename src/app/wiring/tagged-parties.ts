import type { TagParties } from '../../policy/options.ts';
import type { CallRecord } from '../../records/call-record.ts';
import { maskNumber } from '../../records/mask-number.ts';

/** The parties of a call as a file that leaves the house may name them; null: not at all. */
export function taggedParties(
  show: TagParties,
  { from, to }: Pick<CallRecord, 'from' | 'to'>,
): { readonly caller: string; readonly callee: string } | null {
  if (show === 'none') return null;
  return show === 'full'
    ? { caller: from, callee: to }
    : { caller: maskNumber(from), callee: maskNumber(to) };
}
