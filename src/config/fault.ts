/**
 * One fault a line: `onrecord.yaml:12: recording.rules[0].purpose: names no purpose "x"; ...`. A warning keeps nothing
 * from running.
 */
export interface ConfigFault {
  readonly severity: Severity;
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly message: string;
}

export type Severity = 'fault' | 'warning';

/** A place in the configuration, from the root: `['sip', 'peers', 0, 'id']`. */
export type KeyPath = readonly (string | number)[];

/** A fault of meaning, before it is known which line it stands on. */
export interface KeyFault {
  readonly path: KeyPath;
  readonly message: string;
  /** Absent: a fault. */
  readonly severity?: Severity;
}

export function printFault(fault: ConfigFault): string {
  const key = fault.key === '' ? '' : `${fault.key}: `;
  const warning = fault.severity === 'warning' ? 'warning: ' : '';
  return `${fault.file}:${fault.line}: ${warning}${key}${fault.message}`;
}

export function printPath(path: KeyPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${part}`))
    .join('');
}
