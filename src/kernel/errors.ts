/** What a user is told of an error: never more than this entry and facts of the user's own request. */
export interface ErrorEntry {
  /** HTTP status of the API's answer. */
  readonly status: number;
  /** Short, the same for every occurrence. */
  readonly title: string;
  /** What to do about it. */
  readonly mend: string;
}

/** Every error a user of the API can meet, by its code. The API's README has the same table. */
export const errorRegistry = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    mend: 'Correct what `errors` names; /openapi.json describes every request.',
  },
  'bad-cursor': {
    status: 400,
    title: 'The cursor is not one of ours',
    mend: 'Use the `nextCursor` of the page before with the same filters, or none.',
  },
  unauthorized: {
    status: 401,
    title: 'Credentials are missing or not valid',
    mend: 'Send `Authorization: Bearer TOKEN` with a token that is not revoked.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    mend: 'Check the path against /openapi.json.',
  },
  'call-not-found': {
    status: 404,
    title: 'No such call',
    mend: 'Take the id from GET /api/v1/calls; a call appears there once its start is stored.',
  },
  'recording-not-found': {
    status: 404,
    title: 'No such recording',
    mend: 'Take the id from GET /api/v1/recordings.',
  },
  'ladder-not-found': {
    status: 404,
    title: 'No SIP messages of this call are kept',
    mend: 'They are stored some seconds after a call ends; with `sip.ladder: off`, or when a node crashed, there are none.',
  },
  'policy-not-found': {
    status: 404,
    title: 'No such version of the policy',
    mend: 'Take the version from a call or from GET /api/v1/policy/versions.',
  },
  'do-not-record-not-found': {
    status: 404,
    title: 'This hash is not on the do-not-record list',
    mend: 'Take it from GET /api/v1/do-not-record, or ask POST /api/v1/do-not-record/check for a number.',
  },
  'no-audio': {
    status: 404,
    title: 'This recording has no audio',
    mend: 'Its `state` and `reason` say why nothing was recorded.',
  },
  'peaks-not-found': {
    status: 404,
    title: 'No waveform of this recording is kept',
    mend: 'It was recorded by a version that kept none; draw it from the audio.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The method is not allowed here',
    mend: 'Use one of the methods in the Allow header.',
  },
  'control-forbidden': {
    status: 403,
    title: 'The rule of this call does not allow this',
    mend: 'Its `mayStart` and `mayPause` say from where a recording may be controlled; a reload changes calls to come.',
  },
  'do-not-record-full': {
    status: 409,
    title: 'The do-not-record list is full',
    mend: 'Remove entries that are not needed any more; a node holds 100,000.',
  },
  'policy-refused': {
    status: 422,
    title: 'The configuration was not taken up, and nothing has changed',
    mend: 'Correct what `errors` names, with file and line, and reload again.',
  },
  'call-not-active': {
    status: 409,
    title: 'The call is over',
    mend: 'Only a call that is up can be controlled.',
  },
  'control-conflict': {
    status: 409,
    title: 'The state of the recording does not allow this',
    mend: 'Start needs an answered call that is not recorded and nobody refused; stop and pause a running one, resume a pause.',
  },
  'recording-open': {
    status: 409,
    title: 'The recording is not finished',
    mend: 'Ask again in a moment if it has just ended, since its node may still be sealing it; else stop it first.',
  },
  'recording-held': {
    status: 409,
    title: 'The recording is under a legal hold',
    mend: 'Release the hold first.',
  },
  'recording-deleted': {
    status: 410,
    title: 'The recording was deleted',
    mend: 'Its key is destroyed: nobody can bring the audio back.',
  },
  'body-too-large': {
    status: 413,
    title: 'The request body is too large',
    mend: 'Send at most 64 KiB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The request body is not JSON',
    mend: 'Send `Content-Type: application/json`.',
  },
  'range-not-satisfiable': {
    status: 416,
    title: 'The range is outside the audio, or more than one',
    mend: 'Ask for one range within the length that Content-Range names.',
  },
  'header-too-large': {
    status: 431,
    title: 'The request header is too large',
    mend: 'Send less than 16 KiB of header.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    mend: 'Send the whole request within 30 s.',
  },
  internal: {
    status: 500,
    title: 'Something failed inside',
    mend: 'The log of the control process names the cause beside this `requestId`.',
  },
  'audio-damaged': {
    status: 500,
    title: 'The stored audio cannot be read',
    mend: 'Run `onrecord verify` for this recording and look at the storage.',
  },
  'control-unsupported': {
    status: 501,
    title: 'This node cannot do that',
    mend: 'Use an action that the documentation lists as available.',
  },
  'conversion-unsupported': {
    status: 501,
    title: 'This recording cannot be converted to that format',
    mend: 'Fetch it as it is kept, without `format`.',
  },
  'no-decoder': {
    status: 501,
    title: 'Only ffmpeg decodes this recording, and it is not installed here',
    mend: 'Install ffmpeg beside the API, or take the packets with `?format=pcap`.',
  },
  'conversion-busy': {
    status: 503,
    title: 'Two conversions are under way',
    mend: 'Ask again after Retry-After, or fetch the audio as it is kept.',
  },
  'too-many-followers': {
    status: 503,
    title: 'Too many clients follow events already',
    mend: 'Share one stream between clients, or ask again after Retry-After.',
  },
  'control-failed': {
    status: 503,
    title: 'The node did not carry it out',
    mend: 'Look at the call and ask again.',
  },
  'node-unreachable': {
    status: 503,
    title: 'The node of this call or recording is not connected',
    mend: 'Bring the proxy back, then ask again; what was begun is finished then.',
  },
  'not-ready': {
    status: 503,
    title: 'Not ready',
    mend: 'See `checks`: what is not `ok` keeps the node from serving.',
  },
  unavailable: {
    status: 503,
    title: 'The database or the storage cannot be reached',
    mend: 'Ask again after Retry-After; calls go on and lose nothing meanwhile.',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export type ErrorCode = keyof typeof errorRegistry;
