import type { Party } from '../records/call-record.ts';
import { newOrigin } from '../sdp/origin.ts';
import type { Leg, LegPeer } from './call-state.ts';
import { unknownAbilities } from './leg-abilities.ts';
import { noSession } from './leg-session.ts';
import type { Hop } from './transaction-layer.ts';

export interface LegBirth {
  readonly party: Party;
  readonly peer: LegPeer;
  readonly callId: string;
  readonly localTag: string;
  readonly hop: Hop;
  /** Digits, for o=. */
  readonly session: string;
}

/** A leg before its first message. */
export function newLeg({ session, ...born }: LegBirth): Leg {
  return {
    state: born.party === 'caller' ? 'inviting' : 'idle',
    dialog: null,
    invite: null,
    pastInvites: [],
    acks: new Map(),
    queuedBye: null,
    origin: newOrigin(session),
    abilities: unknownAbilities,
    said: null,
    described: null,
    media: null,
    talk: null,
    own: null,
    session: noSession,
    ...born,
  };
}
