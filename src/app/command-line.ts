import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../kernel/result.ts';
import {
  type ExplainQuestion,
  explainOptions,
  type ExplainValues,
  readQuestion,
} from './explain-question.ts';

export type Command = RunnableCommand | { readonly name: 'help' } | { readonly name: 'version' };

/** The commands that need a configuration. */
export type RunnableCommand =
  | { readonly name: 'start' | 'proxy' | 'control' | 'check' | 'drain'; readonly config: string | null }
  | { readonly name: 'token-create'; readonly config: string | null; readonly label: string }
  | { readonly name: 'token-list'; readonly config: string | null }
  | { readonly name: 'token-revoke'; readonly config: string | null; readonly id: string }
  | { readonly name: 'key-export'; readonly config: string | null; readonly recordingId: string }
  | { readonly name: 'verify'; readonly config: string | null; readonly recordingId: string | null }
  | {
      readonly name: 'policy-explain';
      readonly config: string | null;
      readonly question: ExplainQuestion;
      readonly json: boolean;
    };

export const usage = `onrecord: an in-path SIP/RTP recording proxy

  onrecord start [--config FILE]             proxy and control together
  onrecord proxy | control [--config FILE]   one role
  onrecord check [--config FILE]             validate the configuration and the prompts
  onrecord drain [--config FILE]             no new calls; leave when the last one ends
  onrecord token create LABEL | list | revoke ID
  onrecord key export RECORDING              print a recording's age identity
  onrecord verify [RECORDING]                hold recordings against their records
  onrecord policy explain --direction D --from NUMBER --to NUMBER [--peer ID] [--header "Name: value"]
                          [--at TIME] [--call-id ID] [--json]
                                             which rule a call would meet, and why none before it

Without --config: ./onrecord.yaml if it is there, else a default on 127.0.0.1.
`;

/** Reads the words after the program's name. The error is one sentence for the user. */
export function parseCommandLine(words: readonly string[]): Result<Command, string> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
        ...explainOptions,
      },
    });
  } catch (error) {
    return err(`${error instanceof Error ? error.message : String(error)}; see onrecord --help`);
  }
  const { config = null, help, version, ...question } = parsed.values;
  if (help === true) return ok({ name: 'help' });
  if (version === true) return ok({ name: 'version' });
  const [first, second] = parsed.positionals;
  if (first === 'policy' && second === 'explain') return explainCommand(parsed.positionals, question, config);
  const [stray] = Object.keys(question);
  if (stray !== undefined) return err(`--${stray} is for "policy explain"; see onrecord --help`);
  return commandOf(parsed.positionals, config);
}

function explainCommand(
  words: readonly string[],
  values: ExplainValues,
  config: string | null,
): Result<Command, string> {
  if (words.length > 2) return err('"policy explain" takes options alone; see onrecord --help');
  const question = readQuestion(values);
  if (!question.ok) return question;
  return ok({ name: 'policy-explain', config, question: question.value, json: values.json ?? false });
}

function commandOf(words: readonly string[], config: string | null): Result<Command, string> {
  const [first = 'help', second, third, ...rest] = words;
  if (rest.length > 0) return err(`too many words after "${first}"; see onrecord --help`);
  switch (first) {
    case 'start':
    case 'proxy':
    case 'control':
    case 'check':
    case 'drain':
      return second === undefined
        ? ok({ name: first, config })
        : err(`"${first}" takes no "${second}"; see onrecord --help`);
    case 'verify':
      return ok({ name: 'verify', config, recordingId: second ?? null });
    case 'key':
      if (second !== 'export' || third === undefined) return err('write: onrecord key export RECORDING');
      return ok({ name: 'key-export', config, recordingId: third });
    case 'token':
      return tokenCommand(second, third, config);
    case 'policy':
      return err('write: onrecord policy explain --direction D --from NUMBER --to NUMBER');
    case 'help':
      return ok({ name: 'help' });
    default:
      return err(`there is no command "${first}"; see onrecord --help`);
  }
}

function tokenCommand(
  verb: string | undefined,
  subject: string | undefined,
  config: string | null,
): Result<Command, string> {
  if (verb === 'list') return ok({ name: 'token-list', config });
  if (verb === 'create' && subject !== undefined) return ok({ name: 'token-create', config, label: subject });
  if (verb === 'revoke' && subject !== undefined) return ok({ name: 'token-revoke', config, id: subject });
  return err('write: onrecord token create LABEL, onrecord token list, or onrecord token revoke ID');
}
