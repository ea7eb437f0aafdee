/** A recording that was destroyed at its party's wish: no copy of its key may stay anywhere. */
export interface DestroyedKey {
  readonly recordingId: string;
  readonly at: string;
}
