import type { RuleOptions } from '../policy/options.ts';
import { controlActions } from '../records/control-event.ts';
import type { KeyFault, KeyPath } from './fault.ts';

/** What one code may stand for at once: it switches. */
const pairs: readonly string[] = ['start stop', 'pause resume'];

/** Which code is meant must be certain at its last key. */
export function featureCodeFaults({ featureCodes }: RuleOptions, path: KeyPath): KeyFault[] {
  const given = controlActions.flatMap((action) => {
    const code = featureCodes[action];
    return code === undefined ? [] : [{ action, code }];
  });
  return given.flatMap(({ action, code }, i) =>
    given.slice(i + 1).flatMap((other) => {
      const message = conflict(action, code, other.action, other.code);
      return message === null ? [] : [{ path: [...path, 'featureCodes', other.action], message }];
    }),
  );
}

function conflict(action: string, code: string, otherAction: string, other: string): string | null {
  if (code === other) {
    if (pairs.includes(`${action} ${otherAction}`)) return null;
    return `is the code of \`${action}\` too; give each its own`;
  }
  if (!code.startsWith(other) && !other.startsWith(code)) return null;
  return `"${other}" and "${code}" of \`${action}\` begin alike, and the longer is never reached; give codes of which none begins with another`;
}
