export type ControlAction = 'start' | 'stop' | 'pause' | 'resume';

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
