import type { RelayedDatagram } from '../impaired-relay.ts';
import { header, methodOf, numberOf, startLine, statusOf } from './text.ts';

/** All transmissions of one message, as a relay saw them. */
export interface Transmissions {
  readonly message: string;
  readonly callId: string;
  readonly direction: RelayedDatagram['direction'];
  readonly sent: number;
  readonly lost: number;
}

/** RFC 3261 §17.1.1.1: an INVITE is sent seven times in 64*T1; everything else more often. */
const fewestSent = 7;

/** Groups a relay's log by message: what is repeated has one start line, Call-ID and CSeq. */
export function transmissions(log: readonly RelayedDatagram[]): Transmissions[] {
  const groups = new Map<string, { datagrams: RelayedDatagram[]; message: string }>();
  for (const datagram of log) {
    const message = nameOf(datagram.text);
    const key = `${datagram.direction} ${message} ${header(datagram.text, 'Call-ID')}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { datagrams: [datagram], message });
    else group.datagrams.push(datagram);
  }
  return Array.from(groups.values(), ({ datagrams, message }) => ({
    message,
    callId: header(datagrams[0]?.text ?? '', 'Call-ID'),
    direction: datagrams[0]?.direction ?? 'to-peer',
    sent: datagrams.length,
    lost: datagrams.filter(({ fate }) => fate === 'lost').length,
  }));
}

function nameOf(text: string): string {
  const cseq = header(text, 'CSeq');
  return statusOf(text) > 0 ? `${startLine(text)} to ${cseq}` : `${methodOf(text)} ${numberOf(cseq)}`;
}

/**
 * Why the network alone may have failed a call: a message of it that was sent as often as RFC 3261 has it sent, and
 * of which nothing arrived. Null: the network gave every message a chance, so it was somebody's fault.
 */
export function explainedByLoss(callId: string, seen: readonly Transmissions[]): string | null {
  const fatal = seen.find((one) => one.callId === callId && one.sent >= fewestSent && one.lost === one.sent);
  return fatal === undefined ? null : `all ${fatal.sent} of ${fatal.message} ${fatal.direction} were lost`;
}

/** The call's messages in their order, to be read by whoever has to find the fault. */
export function traceOf(callId: string, log: readonly RelayedDatagram[]): string {
  const own = log.filter(({ text }) => header(text, 'Call-ID') === callId);
  const start = own[0]?.at ?? 0;
  return own
    .map(({ at, direction, fate, text }) => `${at - start} ms ${direction} ${nameOf(text)} ${fate}`)
    .join('\n');
}
