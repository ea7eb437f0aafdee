/** How a role is told to end. Both handlers may be called more than once. */
export interface RoleSignals {
  /** First: drain for the configured time. Again: do not wait for calls any more. */
  onStop(urgent: boolean): void;
  /** No new calls; leave when the last one has ended. */
  onDrain?(): void;
  /** Files may have changed: look at them. */
  onReload?(): void;
}

/** What a supervisor says to a role. */
export type RoleOrder = 'stop' | 'drain' | 'reload';

/**
 * A role of its own obeys signals. Under a supervisor it obeys orders alone: service managers and terminals
 * send SIGTERM and SIGINT to the whole group, and control must outlive the proxy. When the supervisor
 * itself is gone the role ends at once, in order.
 */
export function listenToEnd(signals: RoleSignals, supervised: boolean): void {
  let asked = false;
  const stop = (): void => {
    signals.onStop(asked);
    asked = true;
  };
  const drain = (): void => {
    signals.onDrain?.();
  };
  const reload = (): void => {
    signals.onReload?.();
  };
  const ignore = (): void => undefined;
  process.on('SIGTERM', supervised ? ignore : stop);
  process.on('SIGINT', supervised ? ignore : stop);
  process.on('SIGUSR2', supervised ? ignore : drain);
  if (!supervised) {
    onHangUp(reload);
    return;
  }
  process.on('SIGHUP', ignore);
  process.on('message', (order: RoleOrder) => {
    if (order === 'stop') stop();
    else if (order === 'drain') drain();
    else reload();
  });
  const orphaned = (): void => {
    signals.onStop(true);
  };
  process.on('disconnect', orphaned);
  // It may be gone already: starting takes a while.
  if (!process.connected) orphaned();
}

/** SIGHUP to a service means "read your files again"; from a terminal it means that the terminal is gone. */
export function onHangUp(reload: () => void): void {
  if (!process.stdin.isTTY) process.on('SIGHUP', reload);
}
