import type { EndReason, Outcome } from '../records/call-record.ts';
import type { Refusal } from './refusal.ts';

interface EndForm {
  readonly outcome: Outcome;
  /** What the caller gets where its INVITE is not answered yet. */
  readonly refusal: Refusal;
  /** Reason on our BYE or CANCEL (RFC 3326 §2); causes of Q.850. */
  readonly reason: string;
}

function form(outcome: Outcome, status: number, phrase: string, cause: number, text: string): EndForm {
  return { outcome, refusal: { status, phrase }, reason: `Q.850;cause=${cause};text="${text}"` };
}

/** The one table of ends: whose doing, and how it is said to the parties. */
export const endForms: Readonly<Record<EndReason, EndForm>> = {
  answered: form('success', 487, 'Request Terminated', 16, 'Normal call clearing'),
  busy: form('upstream', 486, 'Busy Here', 17, 'User busy'),
  'no-answer': form('upstream', 480, 'Temporarily Unavailable', 19, 'No answer'),
  cancelled: form('caller', 487, 'Request Terminated', 16, 'Cancelled'),
  rejected: form('upstream', 603, 'Decline', 21, 'Call rejected'),
  'not-found': form('upstream', 404, 'Not Found', 1, 'Unallocated number'),
  'no-route': form('ours', 404, 'Not Found', 3, 'No route to destination'),
  'no-codec': form('caller', 488, 'Not Acceptable Here', 88, 'Incompatible media'),
  'no-ports': form('ours', 503, 'Service Unavailable', 47, 'No media ports'),
  overload: form('ours', 503, 'Service Unavailable', 42, 'Overload'),
  'upstream-error': form('upstream', 500, 'Server Internal Error', 41, 'Upstream failure'),
  'upstream-timeout': form('upstream', 408, 'Request Timeout', 18, 'No response'),
  'media-timeout': form('indeterminate', 500, 'Server Internal Error', 41, 'Media timeout'),
  'recording-failed': form('ours', 503, 'Service Unavailable', 41, 'Recording failed'),
  shutdown: form('ours', 503, 'Service Unavailable', 41, 'Shutting down'),
  crash: form('ours', 500, 'Server Internal Error', 41, 'Media failure'),
  // RFC 4028 §10: the other side may be gone; Q.850 102, recovery on timer expiry.
  'session-expired': form('indeterminate', 500, 'Server Internal Error', 102, 'Session timer expired'),
  'protocol-error': form('indeterminate', 500, 'Server Internal Error', 111, 'Protocol error'),
};

const byStatus: Readonly<Record<number, EndReason>> = {
  404: 'not-found',
  408: 'no-answer',
  410: 'not-found',
  415: 'no-codec',
  480: 'no-answer',
  484: 'not-found',
  486: 'busy',
  488: 'no-codec',
  504: 'upstream-timeout',
  600: 'busy',
  604: 'not-found',
  606: 'no-codec',
};

/** What a final response of the callee's side means (RFC 3261 §21). */
export function reasonOfStatus(status: number): EndReason {
  const named = byStatus[status];
  if (named !== undefined) return named;
  return status >= 500 && status < 600 ? 'upstream-error' : 'rejected';
}

/** Whose doing: a call that the callee's side would not take is not the caller's fault. */
export function outcomeOfStatus(status: number): Outcome {
  return status >= 400 ? 'upstream' : 'indeterminate';
}
