import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { err, ok, type Result } from '../kernel/result.ts';

export interface ProcessLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** When the process started, in the kernel's ticks: a process id may come again, the pair does not. */
  readonly started: string;
}

/**
 * One process a lock file. A holder that was killed leaves its file behind; it counts only while that very
 * process lives. The error is the holder's process id.
 */
export function lockProcess(file: string): Result<ProcessLock, number> {
  for (let attempt = 0; attempt < 5; attempt++) {
    if (claim(file)) {
      return ok({
        release: () => {
          remove(file);
        },
      });
    }
    const holder = readHolder(file);
    if (holder !== null && isAlive(holder)) return err(holder.pid);
    remove(file);
  }
  return err(0);
}

/** Who holds the lock now; null: nobody. */
export function lockHolder(file: string): number | null {
  const holder = readHolder(file);
  return holder !== null && isAlive(holder) ? holder.pid : null;
}

/** A hard link either appears with its whole content or not at all. */
function claim(file: string): boolean {
  const temporary = `${file}.${process.pid}`;
  const holder: Holder = { pid: process.pid, started: processFacts(process.pid)?.started ?? '' };
  writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 });
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function readHolder(file: string): Holder | null {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>;
    return typeof value.pid === 'number' ? { pid: value.pid, started: value.started ?? '' } : null;
  } catch {
    return null;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const now = processFacts(pid);
  return now === null || (now.started === started && now.state !== 'Z');
}

/** Fields 3 and 22 of /proc/PID/stat; null where the system has no such file. */
function processFacts(pid: number): { readonly state: string; readonly started: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', started: fields[19] ?? '' };
  } catch {
    return null;
  }
}
