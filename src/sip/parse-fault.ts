import type { SipRequest } from './message.ts';

/**
 * Why bytes are no message: slugs for a counter, with the phrase of the answer where the RFC gives something to
 * answer. RFC 3261 §21.4.1: the phrase SHOULD identify the syntax problem in more detail.
 */
const phrases = {
  'keep-alive': '',
  'not-sip': '',
  'bad-start-line': 'Bad Request Line',
  'bad-status-line': '',
  'bad-request-uri': 'Bad Request-URI',
  'bad-version': 'Version Not Supported',
  'no-end-of-head': 'Missing End of Headers',
  'bare-cr-or-nul': 'Bad Character in Headers',
  'bad-header': 'Bad Header Field',
  'too-many-headers': 'Too Many Header Fields',
  'header-too-long': 'Header Field Too Long',
  'head-too-long': 'Message Too Large',
  'too-long': 'Message Too Large',
  'uri-too-long': 'Request-URI Too Long',
  'body-too-long': 'Request Entity Too Large',
  'bad-via': 'Bad Via',
  'bad-from': 'Bad From',
  'bad-to': 'Bad To',
  'bad-call-id': 'Bad Call-ID',
  'bad-cseq': 'Bad CSeq',
  'bad-contact': 'Bad Contact',
  'bad-date': 'Bad Date',
  'bad-max-forwards': 'Bad Max-Forwards',
  'bad-content-length': 'Bad Content-Length',
  'short-body': 'Body Shorter Than Content-Length',
} as const;

export type ParseFaultReason = keyof typeof phrases;

export interface ParseFault {
  readonly reason: ParseFaultReason;
  /** What the RFC gives to answer; null: nothing, the message is to be dropped. */
  readonly answer: ParseFaultAnswer | null;
}

export interface ParseFaultAnswer {
  readonly status: number;
  readonly phrase: string;
  /** As much of the request as there is: enough for `makeResponse`, and for nothing else. */
  readonly request: SipRequest;
}

/**
 * The fault with its answer. A request whose top Via has a sent-by can be answered (RFC 3261 §18.2.2), even
 * where From, To or Call-ID are missing (RFC 4475 §3.3.1: "Ideally, it will respond with a 400"); an ACK never.
 */
export function faultOf(
  reason: ParseFaultReason,
  request: SipRequest | null,
  hasReturnPath: boolean,
): ParseFault {
  const phrase = phrases[reason];
  if (request === null || !hasReturnPath || request.method === 'ACK' || phrase === '') {
    return { reason, answer: null };
  }
  return { reason, answer: { status: statusOf(reason), phrase, request } };
}

function statusOf(reason: ParseFaultReason): number {
  // RFC 3261 §21.4.11, §21.4.12, §21.5.6 and §21.5.14; all else is §21.4.1.
  if (reason === 'body-too-long') return 413;
  if (reason === 'uri-too-long') return 414;
  if (reason === 'bad-version') return 505;
  if (reason === 'head-too-long' || reason === 'too-long') return 513;
  return 400;
}
