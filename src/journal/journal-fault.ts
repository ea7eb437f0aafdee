/**
 * `disk`: the system refused; the journal keeps what it was given and tries again. `full`: a limit of the
 * journal is reached and the events were not taken. `format`: written by a newer version. `closed`: too late.
 */
export interface JournalFault {
  readonly code: 'disk' | 'full' | 'format' | 'closed';
  /** One sentence for the operator. */
  readonly message: string;
  /** The disk is full, or this user's share of it. */
  readonly noRoom?: boolean;
}

export function diskFault(what: string, directory: string, cause: unknown): JournalFault {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return {
    code: 'disk',
    noRoom: code === 'ENOSPC' || code === 'EDQUOT',
    message: `The journal in ${directory} could not ${what} (${code}): check that its disk has room and that this user may write there.`,
  };
}
