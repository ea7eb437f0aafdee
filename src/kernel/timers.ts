/**
 * Named timers for a machine's effects: setting a name that runs restarts it. The shell owns one
 * per machine; tests give a fake whose time they move.
 */
export interface Timers<Name extends string> {
  set(name: Name, delayMs: number): void;
  clear(name: Name): void;
  clearAll(): void;
}

/** How a shell schedules: `setTimeout` in production, a hand-moved wheel in tests. Returns the cancel. */
export type Schedule = (delayMs: number, run: () => void) => () => void;

export const systemSchedule: Schedule = (delayMs, run) => {
  const handle = setTimeout(run, delayMs);
  return () => {
    clearTimeout(handle);
  };
};

/** Runs something again and again, at least so far apart. Returns the cancel. */
export type Repeat = (everyMs: number, run: () => void) => () => void;

export const systemRepeat: Repeat = (everyMs, run) => {
  const handle = setInterval(run, everyMs);
  return () => {
    clearInterval(handle);
  };
};

export function namedTimers<Name extends string>(
  schedule: Schedule,
  expired: (name: Name) => void,
): Timers<Name> {
  const running = new Map<Name, () => void>();
  const clear = (name: Name): void => {
    running.get(name)?.();
    running.delete(name);
  };
  return {
    clear,
    set(name, delayMs) {
      clear(name);
      running.set(
        name,
        schedule(delayMs, () => {
          running.delete(name);
          expired(name);
        }),
      );
    },
    clearAll() {
      for (const cancel of running.values()) cancel();
      running.clear();
    },
  };
}
