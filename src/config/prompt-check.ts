import type { PromptOptions } from '../consent/options.ts';
import type { KeyFault, KeyPath } from './fault.ts';
import type { Config } from './schema.ts';
import { unknown } from './unknown-id.ts';

/** What prompts name, and what they leave untold. */
export function promptFaults({ consent, purposes }: Config): KeyFault[] {
  const known = purposes.map(({ id }) => id);
  return consent.prompts.flatMap((prompt, i) => {
    const path = ['consent', 'prompts', i];
    return [...unknown([...path, 'purpose'], prompt.purpose, known, 'purpose'), ...untold(prompt, path)];
  });
}

const owed = {
  controller: 'who records',
  purpose: 'what for',
  retention: 'for how long at most',
  notice: 'where the full notice is',
} as const;

/** GDPR Art. 13(1) and (2): what a person is to be told when data are taken from them. */
function untold({ tells }: PromptOptions, path: KeyPath): KeyFault[] {
  const keys = (Object.keys(owed) as (keyof typeof owed)[]).filter((key) => tells[key] === undefined);
  if (keys.length === 0) return [];
  const message = `does not tell ${keys.map((key) => `${owed[key]} (${key})`).join(', ')}; say it in the audio and here, or tell it before the call`;
  return [{ path: [...path, 'tells'], message, severity: 'warning' }];
}
