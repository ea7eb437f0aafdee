import type { PromptOptions } from '../consent/options.ts';
import type { RuleConditions } from '../policy/condition-options.ts';
import type { PromptedOptions, PurposeOptions, RuleOptions } from '../policy/options.ts';
import { matchesPattern } from '../policy/pattern.ts';
import { lookUp } from '../policy/prompt-choice.ts';
import type { KeyFault, KeyPath } from './fault.ts';
import { featureCodeFaults } from './feature-code-check.ts';
import { reachFaults } from './reach-check.ts';
import type { Config } from './schema.ts';
import { unknown } from './unknown-id.ts';

/** What rules must hold of themselves, of each other and of what they name. */
export function ruleFaults(config: Config): KeyFault[] {
  const each = config.recording.rules.flatMap((rule, i) => {
    const path = ['recording', 'rules', i];
    const named = conditionReferences(config, rule.when, [...path, 'when']);
    return rule.mode === 'never' ? named : [...named, ...recordingFaults(config, rule, path)];
  });
  return [...each, ...unusedSchedules(config), ...reachFaults(config)];
}

function conditionReferences({ sip, recording }: Config, when: RuleConditions, path: KeyPath): KeyFault[] {
  const peers = sip.peers.map(({ id }) => id);
  const schedules = recording.schedules.map(({ id }) => id);
  const names = Object.values(recording.queues.names);
  const faults = (['peer', 'callerPeer', 'calleePeer'] as const).flatMap((key) =>
    (when[key] ?? []).flatMap((pattern) => unmatched([...path, key], pattern, peers, 'peer')),
  );
  for (const key of ['schedule', 'outsideSchedule'] as const)
    if (when[key] !== undefined) faults.push(...unknown([...path, key], when[key], schedules, 'schedule'));
  if (when.queue !== undefined && recording.queues.headers.length === 0) {
    const message = 'matches no call, since no header gives a queue; name some in `recording.queues.headers`';
    faults.push({ path: [...path, 'queue'], message });
  } else if (names.length > 0) {
    faults.push(
      ...(when.queue ?? []).flatMap((pattern) => unmatched([...path, 'queue'], pattern, names, 'queue')),
    );
  }
  if (when.sample === 100) {
    const message = 'is every call; remove it';
    faults.push({ path: [...path, 'sample'], message, severity: 'warning' });
  }
  return faults;
}

/** A pattern is to match at least one of those that there are. */
function unmatched(path: KeyPath, pattern: string, known: readonly string[], what: string): KeyFault[] {
  return known.some((id) => matchesPattern(pattern, id)) ? [] : unknown(path, pattern, known, what);
}

function unusedSchedules({ recording }: Config): KeyFault[] {
  const used = recording.rules.flatMap(({ when }) => [when.schedule, when.outsideSchedule]);
  return recording.schedules.flatMap(({ id }, i) => {
    if (used.includes(id)) return [];
    const message = `no rule names "${id}"; remove it, or use it in \`when.schedule\``;
    return [{ path: ['recording', 'schedules', i], message, severity: 'warning' as const }];
  });
}

/** Of a rule by which calls are recorded. */
function recordingFaults(config: Config, rule: RuleOptions, path: KeyPath): KeyFault[] {
  const faults = [
    ...emergencyFaults(rule, path),
    ...announcementFaults(config, rule, path),
    ...answerFaults(rule, path),
    ...rememberFaults(rule, path),
    ...demandFaults(rule, path),
    ...announceAtFaults(rule, path),
    ...featureCodeFaults(rule, path),
    ...includedPromptFaults(rule, path),
    ...beepFaults(rule, path),
  ];
  if (rule.purpose === undefined)
    return [...faults, { path, message: 'records without a purpose; name one of `purposes`' }];
  const purpose = config.purposes.find(({ id }) => id === rule.purpose);
  if (purpose !== undefined) return [...faults, ...consentFaults(rule, purpose, path)];
  const known = config.purposes.map(({ id }) => id);
  return [...faults, ...unknown([...path, 'purpose'], rule.purpose, known, 'purpose')];
}

/** What nobody may start is recorded never. */
function demandFaults({ mode, mayStart }: RuleOptions, path: KeyPath): KeyFault[] {
  if (mode !== 'on-demand' || mayStart?.length !== 0) return [];
  const message = 'records nothing, since nobody may start it; name `api` or `call`, or use `mode: never`';
  return [{ path: [...path, 'mayStart'], message }];
}

/** A recording begins with the answer at the earliest, so that it holds nothing that was played before, or without it. */
function includedPromptFaults(
  { mode, record, announce, announceAt }: RuleOptions,
  path: KeyPath,
): KeyFault[] {
  if (record === 'after-prompt') return [];
  const at = [...path, 'record'];
  if (announce === 'elsewhere')
    return [{ path: at, message: 'needs a prompt of ours, which `announce: elsewhere` has not; remove it' }];
  if (announceAt === 'call') {
    const message =
      'is not for `announceAt: call`, which tells the parties before anybody asks for a recording; remove one of them';
    return [{ path: at, message }];
  }
  if (mode === 'on-demand' || announce?.when !== 'before-connect') return [];
  const message =
    announce.to === 'all'
      ? 'holds what the callee is told alone: `before-connect` tells the caller before there is a recording; use `when: on-answer` for both'
      : 'holds no prompt: `before-connect` tells the caller before there is a recording; use `when: on-answer`';
  return [{ path: at, message, severity: 'warning' }];
}

/** A tone says that a recording runs: it is not for one that stands by, nor for calls in which nothing of ours is heard. */
function beepFaults({ beep, lookbackSeconds, when }: RuleOptions, path: KeyPath): KeyFault[] {
  if (beep === undefined) return [];
  const at = [...path, 'beep'];
  if (when.emergency !== undefined)
    return [{ path: at, message: 'sounds in emergency calls, which pass untouched; remove it' }];
  if (lookbackSeconds === undefined) return [];
  const message = 'would sound before anybody asks for the recording; remove it, or `lookbackSeconds`';
  return [{ path: at, message }];
}

/** Who is told in each call is told at one moment: its answer; and who was not told is in no memory of ours. */
function announceAtFaults(rule: RuleOptions, path: KeyPath): KeyFault[] {
  const { mode, announce, announceAt, lookbackSeconds, pause } = rule;
  if (lookbackSeconds !== undefined && (announceAt === 'start' || mode !== 'on-demand')) {
    const message = 'keeps what was said before the parties were told; use `announceAt: call` with it';
    return [{ path: [...path, 'lookbackSeconds'], message }];
  }
  if (lookbackSeconds !== undefined && pause === 'cut') {
    const message = 'does not go with `lookbackSeconds`; use `pause: silence`';
    return [{ path: [...path, 'pause'], message }];
  }
  if (announceAt === 'start') return [];
  if (mode !== 'on-demand') {
    const message = 'is for `mode: on-demand`; remove it, this rule tells each call anyway';
    return [{ path: [...path, 'announceAt'], message }];
  }
  if (announce === undefined || announce === 'elsewhere' || announce.when === 'on-answer') return [];
  const message = 'is earlier than `announceAt: call` tells; use `when: on-answer`';
  return [{ path: [...path, 'announce', 'when'], message }];
}

/** GDPR Art. 4(11): consent is a clear affirmative action; to be told and to stay on the line is none. */
function consentFaults(
  { consent }: RuleOptions,
  { id, legalBasis }: PurposeOptions,
  path: KeyPath,
): KeyFault[] {
  const faults: KeyFault[] = [];
  if (legalBasis === 'consent' && consent !== 'opt-in') {
    const message = `purpose "${id}" rests on consent, which "${consent}" does not ask for; use \`consent: opt-in\`, or another legal basis`;
    faults.push({ path: [...path, 'consent'], message });
  }
  return faults;
}

/** An emergency call is never announced to and never refused. */
function emergencyFaults({ when, announce, onFailure }: RuleOptions, path: KeyPath): KeyFault[] {
  if (when.emergency === undefined) return [];
  const faults: KeyFault[] = [];
  if (announce !== undefined && announce !== 'elsewhere') {
    const message =
      'plays a prompt to emergency calls; use `announce: elsewhere` and say in `told` by what right they are recorded';
    faults.push({ path: [...path, 'announce'], message });
  }
  if (onFailure === 'refuse') {
    const message = 'refuses emergency calls; use `onFailure: continue`';
    faults.push({ path: [...path, 'onFailure'], message });
  }
  return faults;
}

/** Recording without telling every party is an offence: each side hears a prompt or is told by others. */
function announcementFaults(config: Config, rule: RuleOptions, path: KeyPath): KeyFault[] {
  const { announce } = rule;
  const at = [...path, 'announce'];
  if (announce === undefined) {
    const message =
      'records without telling anyone; give `announce: { prompt: ID }` or `announce: elsewhere` with `told`';
    return [{ path, message }];
  }
  if (announce === 'elsewhere') {
    if (rule.told !== undefined) return [];
    const message = '`announce: elsewhere` needs `told: TEXT`, the words that the parties hear from others';
    return [{ path: at, message }];
  }
  const faults = promptFaults(config, rule, announce, path);
  if (announce.to === 'callee' && announce.when === 'before-connect') {
    const message = 'tells the callee before it is dialled; use `when: on-answer`, or `to: caller` or `all`';
    faults.push({ path: [...at, 'when'], message });
  }
  if (announce.to !== 'all' && rule.told === undefined) {
    const message = 'leaves the other party untold; use `to: all` or add `told: TEXT` to the rule';
    faults.push({ path: [...at, 'to'], message });
  }
  return faults;
}

/** Every prompt that the rule may play must be there and tell what the rule does; and what is chosen by language must differ in it. */
function promptFaults(
  config: Config,
  rule: RuleOptions,
  { prompt, translations, languages, languageByNumber }: PromptedOptions,
  path: KeyPath,
): KeyFault[] {
  const at = [...path, 'announce'];
  const known = config.consent.prompts.map(({ id }) => id);
  const spoken = new Map<string, string>();
  const faults = [prompt, ...translations].flatMap((id, i) => {
    const key = i === 0 ? [...at, 'prompt'] : [...at, 'translations', i - 1];
    const found = config.consent.prompts.find((one) => one.id === id);
    if (found === undefined) return unknown(key, id, known, 'prompt');
    const tag = found.language.toLowerCase();
    const other = spoken.get(tag);
    spoken.set(tag, id);
    const message = `speaks "${found.language}" as "${other ?? ''}" does; keep one prompt a language`;
    return [
      ...(other === undefined ? [] : [{ path: key, message }]),
      ...toldFaults(config, rule, found, path),
    ];
  });
  const wanted: (readonly [KeyPath, string])[] = [
    ...languages.map((tag, i) => [[...at, 'languages', i], tag] as const),
    ...Object.entries(languageByNumber).map(
      ([pattern, tag]) => [[...at, 'languageByNumber', pattern], tag] as const,
    ),
  ];
  const unspoken = wanted.filter(([, tag]) => lookUp(tag, (one) => spoken.get(one) ?? null) === null);
  const message = (tag: string): string =>
    `no prompt of the rule speaks "${tag}"; add one to \`announce.translations\``;
  return [...faults, ...unspoken.map(([key, tag]) => ({ path: key, message: message(tag) }))];
}

/** An answer needs a prompt that asks and a key; a key means nothing where nobody is asked. */
function answerFaults({ consent, announce }: RuleOptions, path: KeyPath): KeyFault[] {
  if (announce === undefined) return [];
  if (consent === 'notice') {
    if (announce === 'elsewhere' || announce.key === undefined) return [];
    const message =
      'answers nothing with `consent: notice`; remove it, or use `consent: opt-in` or `opt-out`';
    return [{ path: [...path, 'announce', 'key'], message }];
  }
  if (announce === 'elsewhere') {
    const message = `"${consent}" needs a prompt of ours that asks; use \`announce: { prompt, key }\`, or \`consent: notice\``;
    return [{ path: [...path, 'consent'], message }];
  }
  if (announce.key !== undefined) return [];
  const message = `"${consent}" is answered by a key; say which one the prompt names in \`announce.key\``;
  return [{ path: [...path, 'consent'], message }];
}

/** Only who refuses is remembered. */
function rememberFaults({ consent, announce }: RuleOptions, path: KeyPath): KeyFault[] {
  if (announce === undefined || announce === 'elsewhere' || !announce.remember || consent === 'opt-out')
    return [];
  const message = `remembers who refuses, which nobody can by a key with \`consent: ${consent}\`; use \`consent: opt-out\`, or remove it`;
  return [{ path: [...path, 'announce', 'remember'], message }];
}

/** What the prompt says must be what the rule does. */
function toldFaults(config: Config, rule: RuleOptions, prompt: PromptOptions, path: KeyPath): KeyFault[] {
  const purpose = config.purposes.find(({ id }) => id === rule.purpose);
  if (purpose === undefined) return [];
  const faults: KeyFault[] = [];
  if (prompt.purpose !== purpose.id) {
    const message = `prompt "${prompt.id}" tells of purpose "${prompt.purpose}", the rule records for "${purpose.id}"; make them one`;
    faults.push({ path: [...path, 'announce', 'prompt'], message });
  }
  const kept = rule.retention ?? purpose.retention;
  if (prompt.tells.retention !== undefined && kept > prompt.tells.retention) {
    const message = `keeps recordings for ${days(kept)}, prompt "${prompt.id}" tells of ${days(prompt.tells.retention)} at most; keep them no longer, or tell it`;
    faults.push({ path: [...path, 'retention'], message });
  }
  return faults;
}

function days(ms: number): string {
  const count = ms / 86_400_000;
  return `${Number.isInteger(count) ? count : count.toFixed(2)} days`;
}
