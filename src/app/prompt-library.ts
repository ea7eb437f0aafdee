import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { encodePrompt } from '../audio/encoded-prompt.ts';
import { type PromptSound, readPrompt } from '../audio/prompt.ts';
import { recorderTone } from '../audio/recorder-tone.ts';
import { ringingTone } from '../audio/ringing-tone.ts';
import type { PromptOptions } from '../consent/options.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { PromptAudio } from '../media/protocol.ts';
import type { Settings } from './settings.ts';
import { tellsFirst } from './wiring/consent-plan.ts';

/** A prompt as it is configured, with what its audio is. */
export interface Prompt extends Pick<PromptOptions, 'id' | 'language' | 'purpose' | 'text'> {
  /** Hexadecimal SHA-256 of the linear samples. */
  readonly audioSha256: string;
}

export interface PromptLibrary {
  get(id: string): Prompt | null;
  /** The sound of a telephone that rings elsewhere; null: no rule has anybody hear it. */
  readonly ringing: string | null;
  /** The sound by which parties know that they are still recorded; null: no rule has it. */
  readonly beep: string | null;
  /** What the media workers know them by: each sound once. */
  readonly sounds: readonly string[];
  /** One of `sounds` as it is played; encoded anew each time it is asked for, which takes some time. */
  audio(sound: string): PromptAudio;
}

/** Reads every configured prompt. The errors are one sentence each. */
export function loadPrompts(settings: Settings): Result<PromptLibrary, readonly string[]> {
  const prompts = new Map<string, Prompt>();
  const sounds = new Map<string, PromptSound>();
  const faults: string[] = [];
  for (const { id, language, purpose, text, file } of settings.config.consent.prompts) {
    const sound = readPrompt(resolve(settings.baseDirectory, file), (path) => readFileSync(path));
    if (sound.ok) {
      prompts.set(id, { id, language, purpose, text, audioSha256: sound.value.sha256 });
      sounds.set(sound.value.sha256, sound.value);
    } else {
      faults.push(`${settings.source}: consent.prompts "${id}": ${sound.error}`);
    }
  }
  if (faults.length > 0) return err(faults);
  const tone = settings.config.recording.rules.some((rule) => tellsFirst(rule) !== null)
    ? ringingTone(settings.config.node.country)
    : null;
  if (tone !== null) sounds.set(tone.sha256, tone);
  const hasBeep = settings.config.recording.rules.some(({ beep }) => beep !== undefined);
  const beep = hasBeep ? recorderTone() : null;
  if (beep !== null) sounds.set(beep.sha256, beep);
  return ok({
    get: (id) => prompts.get(id) ?? null,
    ringing: tone?.sha256 ?? null,
    beep: beep?.sha256 ?? null,
    sounds: [...sounds.keys()],
    audio: (id) => {
      const sound = sounds.get(id);
      if (sound === undefined) throw new Error('a sound that is not of this library');
      return { id, sound: encodePrompt(sound) };
    },
  });
}
