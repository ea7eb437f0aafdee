import type { TracedMessage } from './message-observer.ts';

/** INVITEs that are no call yet, and what was answered to them. */
const maxDialogs = 256;
/** An INVITE, 100, a challenge and its ACK, and the same again. */
const dialogMessages = 8;
const maxBytes = 4 * 1024 * 1024;

/** Messages of dialogs that may become calls: an INVITE, and the 100 to it, are there before the call is. */
export class UnclaimedMessages {
  readonly #dialogs = new Map<string, TracedMessage[]>();
  #bytes = 0;

  add(message: TracedMessage): void {
    const { sipCallId, direction, bytes } = message;
    const known = this.#dialogs.get(sipCallId);
    if (known !== undefined ? known.length >= dialogMessages : !isInvite(direction, bytes)) return;
    if (known === undefined) this.#dialogs.set(sipCallId, [message]);
    else known.push(message);
    this.#bytes += bytes.length;
    for (const oldest of this.#dialogs.keys()) {
      if (this.#dialogs.size <= maxDialogs && this.#bytes <= maxBytes) break;
      this.take(oldest);
    }
  }

  /** Gives up what it has of a dialog. */
  take(sipCallId: string): readonly TracedMessage[] {
    const messages = this.#dialogs.get(sipCallId) ?? [];
    this.#dialogs.delete(sipCallId);
    for (const { bytes } of messages) this.#bytes -= bytes.length;
    return messages;
  }
}

function isInvite(direction: TracedMessage['direction'], bytes: Buffer): boolean {
  return direction === 'received' && bytes.toString('latin1', 0, 7) === 'INVITE ';
}
