import type { LifeEffect } from '../../records/recording-life.ts';
import type { BeepOrder } from '../../media/protocol.ts';
import type { MediaHandle } from '../media-pool.ts';

export type MediaEffect = Extract<
  LifeEffect,
  { readonly type: 'begin' | 'begin-telling' | 'open' | 'mute' | 'unmute' | 'keep' | 'end' }
>;

/** What a recording's life asks of the call's media. */
export function carryOutOnMedia(
  media: Pick<MediaHandle, 'begin' | 'mark' | 'gate'>,
  { recording, beep }: { readonly recording: number; readonly beep: BeepOrder | undefined },
  { type }: MediaEffect,
): void {
  switch (type) {
    case 'begin':
      media.begin(recording, { beep });
      return;
    case 'begin-telling':
      media.begin(recording, { beep, prompts: true });
      return;
    case 'open':
      media.gate(true);
      return;
    case 'mute':
      media.mark('pause', recording);
      return;
    case 'unmute':
      media.mark('resume', recording);
      return;
    case 'keep':
    case 'end':
      media.mark(type, recording);
      return;
  }
}
