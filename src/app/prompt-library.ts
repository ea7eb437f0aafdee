import type { PromptOptions } from '../consent/options.ts';
import type { PromptAudio } from '../media/protocol.ts';

/** A prompt as it is configured, with what its audio is. */
export interface Prompt extends Pick<PromptOptions, 'id' | 'language' | 'purpose' | 'text'> {
  /** Hexadecimal SHA-256 of the linear samples. */
  readonly audioSha256: string;
}

export interface PromptLibrary {
  get(id: string): Prompt | null;
  /** What the media workers encode and play. */
  readonly audio: readonly PromptAudio[];
}
