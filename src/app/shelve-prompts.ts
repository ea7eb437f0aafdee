import { setImmediate } from 'node:timers/promises';
import type { MediaPool } from './media-pool.ts';
import type { PromptLibrary } from './prompt-library.ts';

/** Gives the media workers the sounds that they lack, and lets them forget those that are in no library any more. */
export async function shelvePrompts(
  media: Pick<MediaPool, 'sounds' | 'shelve'>,
  prompts: PromptLibrary,
  inUse: Iterable<PromptLibrary>,
): Promise<void> {
  const missing = prompts.sounds.filter((sound) => !media.sounds.includes(sound));
  const add = [];
  for (const sound of missing) {
    add.push(prompts.audio(sound));
    // To encode one takes some milliseconds of a thread that carries calls.
    await setImmediate();
  }
  const keep = new Set([prompts, ...inUse].flatMap(({ sounds }) => sounds));
  media.shelve(add, [...keep]);
}
