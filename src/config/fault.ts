/** One fault a line: `onrecord.yaml:12: recording.rules[0].purpose: names no purpose "x"; ...`. */
export interface ConfigFault {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly message: string;
}

/** A place in the configuration, from the root: `['sip', 'peers', 0, 'id']`. */
export type KeyPath = readonly (string | number)[];

/** A fault of meaning, before it is known which line it stands on. */
export interface KeyFault {
  readonly path: KeyPath;
  readonly message: string;
}

export function printFault(fault: ConfigFault): string {
  const key = fault.key === '' ? '' : `${fault.key}: `;
  return `${fault.file}:${fault.line}: ${key}${fault.message}`;
}

export function printPath(path: KeyPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${part}`))
    .join('');
}
