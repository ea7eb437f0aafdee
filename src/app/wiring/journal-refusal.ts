import type { JournalFault } from '../../journal/journal-fault.ts';

/** The journal did not take what it was given. */
export class JournalRefusal extends Error {
  readonly noRoom: boolean;

  constructor({ message, noRoom = false }: JournalFault) {
    super(message);
    this.noRoom = noRoom;
  }
}

/** Why a recording that could not be written down failed: a slug. */
export function journalReason(error: unknown): 'disk-full' | 'journal' {
  return error instanceof JournalRefusal && error.noRoom ? 'disk-full' : 'journal';
}
