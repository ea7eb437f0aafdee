import type { RtpParty } from './rtp-parties.ts';

/** A call of the generator: its parties' sockets are open before it is placed. */
export interface LoadCall {
  readonly id: string;
  readonly caller: RtpParty;
  readonly callee: RtpParty;
  state: 'calling' | 'up' | 'failed';
}

/** Lets a party send, once it is known where to. */
export type Talk = (party: RtpParty, port: number) => void;

/** A way to place calls. */
export interface Signaller {
  /** Resolves when the call was sent, not when it is up. */
  place(call: LoadCall): Promise<void>;
  /** Ends calls that are up, and waits a moment for it. */
  end(calls: readonly LoadCall[]): Promise<void>;
}

export const host = '127.0.0.1';

export function sdpOf({ port }: RtpParty): string {
  return `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n`;
}

/** The port of the only media line. */
export function audioPort(message: string): number {
  return Number(/^m=audio (\d+)/m.exec(message)?.[1] ?? 0);
}
