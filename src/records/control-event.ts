export const controlActions = ['start', 'stop', 'pause', 'resume'] as const;
export type ControlAction = (typeof controlActions)[number];

/** A live control that was carried out. Written once. */
export interface ControlEvent {
  readonly id: string;
  readonly callId: string;
  readonly recordingId: string;
  readonly action: ControlAction;
  /** Who: the identity of the token, or the leg for in-call control. */
  readonly actor: string;
  readonly reason: string | null;
  readonly at: string;
  /** Where in the recording it took effect, in samples a channel. */
  readonly samplePosition: number;
}
