/** How a role is told to end. Both handlers may be called more than once. */
export interface RoleSignals {
  /** First: drain for the configured time. Again: do not wait for calls any more. */
  onStop(urgent: boolean): void;
  /** No new calls; leave when the last one has ended. */
  onDrain?(): void;
}

/**
 * Listens to the signals of a role. Under a supervisor Ctrl-C reaches the whole group, and it is the
 * supervisor's word that counts; when the supervisor itself is gone the role ends at once, in order.
 */
export function listenToSignals(signals: RoleSignals, supervised: boolean): void {
  let asked = false;
  const stop = (): void => {
    signals.onStop(asked);
    asked = true;
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', () => {
    if (!supervised) stop();
  });
  process.on('SIGUSR2', () => {
    signals.onDrain?.();
  });
  process.on('disconnect', () => {
    signals.onStop(true);
  });
}
