import type { SipRequest, SipResponse } from '../sip/message.ts';
import { names } from './extensions.ts';
import type { Turn } from './turn.ts';

/**
 * RFC 5009 §4.1, §8: networks of mobile carriers let early media pass only where a message of the called side asks for
 * it. `sendonly` is from us to the caller alone, on each media line. Only who has said `supported`, and is trusted, knows
 * what it means.
 */
export function permitEarlyMedia(turn: Turn, { headers }: SipRequest, response: SipResponse): void {
  if (!names(headers, 'p-early-media', 'supported') || !turn.call.caller.peer.trusted) return;
  response.headers.append('P-Early-Media', 'sendonly');
}
