import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What /proc knows of processes: Linux alone has it, and so the scenarios run there. */

/** The command line that runs a command on one core alone, where there are several. */
export function onCore(core: number, command: readonly string[]): readonly string[] {
  const taskset = '/usr/bin/taskset';
  return cpus().length > Math.max(core, 1) && existsSync(taskset)
    ? [taskset, '-c', String(core), ...command]
    : command;
}

/** A process and its descendants. */
export function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), Number(fieldsOf(`/proc/${name}/stat`)[1] ?? 0));
  }
  const family = [root];
  for (const member of family) {
    for (const [pid, parent] of parents) if (parent === member) family.push(pid);
  }
  return family;
}

/** User and system time of all threads, in ticks of 10 ms. */
export function cpuSecondsOf(pid: number): number {
  return cpuSeconds(`/proc/${pid}/stat`);
}

/** The same of one thread; the first one of a Node process, whose number is the process's, runs its program. */
export function threadSecondsOf(pid: number, thread = pid): number {
  return cpuSeconds(`/proc/${pid}/task/${thread}/stat`);
}

export function residentKibOf(pid: number): number {
  return Number(fieldsOf(`/proc/${pid}/stat`)[21] ?? 0) * 4;
}

export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function cpuSeconds(file: string): number {
  const fields = fieldsOf(file);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** Fields of a stat file from the third on; the second may hold spaces. */
function fieldsOf(file: string): string[] {
  try {
    const stat = readFileSync(file, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
