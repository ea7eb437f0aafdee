import type { Party } from '../records/call-record.ts';
import type { SipHeaders } from '../sip/message.ts';
import type { Abilities } from './call-state.ts';
import { listed } from './extensions.ts';
import type { Turn } from './turn.ts';

export const unknownAbilities: Abilities = { allows: null, supports: new Set() };

/** What is known once this message is read as well: a header that it leaves out changes nothing. */
export function abilitiesIn(headers: SipHeaders, known: Abilities): Abilities {
  return {
    allows: headers.count('allow') === 0 ? known.allows : new Set(listed(headers, 'allow')),
    supports:
      headers.count('supported') === 0
        ? known.supports
        : new Set(listed(headers, 'supported').map((option) => option.toLowerCase())),
  };
}

/** Remembers what a message of a party says of its abilities. */
export function learnAbilities(turn: Turn, party: Party, headers: SipHeaders, at: string | null): void {
  const side = turn.side(party, at);
  if (side !== null) turn.updateSide(party, at, { abilities: abilitiesIn(headers, side.abilities) });
}

/**
 * Whether a method may be sent to a party. RFC 3311 §5.1 and RFC 3261 §20.5: what is not in Allow is not
 * supported; and who has sent no Allow is not taken to know more than RFC 3261 itself.
 */
export function allows(turn: Turn, party: Party, method: string, at: string | null): boolean {
  return turn.side(party, at)?.abilities.allows?.has(method) ?? false;
}
