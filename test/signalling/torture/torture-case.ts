/** What one message of a torture test must lead to. */
export type Expectation =
  /** One final answer, and nothing to the other side. `has`: lines of the answer. */
  | { readonly is: 'answered'; readonly status: number; readonly has?: readonly RegExp[] }
  /** A call: the other side gets an INVITE for this user; `has` and `lacks`: lines of that INVITE. */
  | {
      readonly is: 'relayed';
      readonly user: string;
      readonly has?: readonly RegExp[];
      readonly lacks?: readonly RegExp[];
      /** What the callee answers, which the caller must get. */
      readonly answer?: '200 OK' | '406 Not Acceptable';
    }
  /** Nobody can say where an answer would go, so there is none. */
  | { readonly is: 'ignored' }
  /** A stream that cannot be cut any more is closed, unanswered; nothing to the other side. */
  | { readonly is: 'closed' }
  /** A response of the callee to our INVITE. `taken`: its transaction sees it; `dropped`: nobody does. */
  | { readonly is: 'taken' | 'dropped'; readonly keeps?: readonly string[] };

/** One message as the RFC has it, and what is expected of us. */
export interface TortureCase {
  readonly name: string;
  readonly section: string;
  readonly validity: 'valid' | 'invalid';
  /** The RFC's own words on what to do. */
  readonly says: string;
  readonly expect: Expectation;
  /** Where a stream is another matter than a datagram. */
  readonly overTcp?: Expectation;
  /** What a test changes in the message before it is sent, and why. */
  readonly adapt?: {
    readonly why: string;
    readonly over?: 'tcp';
    readonly change: (message: string) => string;
  };
  /** The port that answers to a datagram go to, where the top Via names one. */
  readonly viaPort?: number;
}
