import { type ChildProcess, fork } from 'node:child_process';
import { constants, getPriority, setPriority } from 'node:os';
import type { Logger } from '../kernel/logger.ts';
import type { RoleOrder } from './role-life.ts';
import { exitCode, type RoleMessage } from './role-messages.ts';

export interface SupervisorPlan {
  /** The program and the arguments that each role gets after its name. */
  readonly entry: string;
  readonly roleArguments: readonly string[];
  readonly logger: Logger;
  readonly print: (line: string) => void;
}

type Role = 'proxy' | 'control';

/** A role that dies again within this time waits longer before it is started anew. */
const quickDeathMs = 5000;
const firstDelayMs = 100;
const longestDelayMs = 5000;
/** Where cores are short, calls come before queries, exports and the writing down of records, which can wait. */
const lessPriority = 5;

interface Child {
  readonly role: Role;
  process: ChildProcess | null;
  startedAt: number;
  delayMs: number;
  everReady: boolean;
  ready: boolean;
}

/**
 * Keeps both roles running and says when both are ready. A role that was ready once is started again when
 * it dies; one that never was takes the node down with its exit code, since that is a fault of set-up.
 */
export class Supervisor {
  readonly #plan: SupervisorPlan;
  readonly #children: Record<Role, Child> = { proxy: idle('proxy'), control: idle('control') };
  #sip: readonly string[] = [];
  #http = '';
  #announced = false;
  #stopping = false;
  #code: number = exitCode.done;
  #finish: (code: number) => void = () => undefined;

  constructor(plan: SupervisorPlan) {
    this.#plan = plan;
  }

  /** Runs until both roles have ended; resolves with the exit code. */
  run(): Promise<number> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#start('control');
      this.#start('proxy');
    });
  }

  /** First call: drain, seal, end. Second: do not wait for calls any more. */
  stop(): void {
    this.#stopping = true;
    const { proxy, control } = this.#children;
    if (proxy.process !== null) order(proxy, 'stop');
    else if (control.process !== null) order(control, 'stop');
    else this.#finish(this.#code);
  }

  /** No new calls; the node leaves when the last one has ended. */
  drain(): void {
    this.#stopping = true;
    order(this.#children.proxy, 'drain');
  }

  /** The proxy looks whether certificates have changed. */
  reload(): void {
    order(this.#children.proxy, 'reload');
  }

  #start(role: Role): void {
    const child = this.#children[role];
    const process = fork(this.#plan.entry, [role, ...this.#plan.roleArguments], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.process = process;
    child.startedAt = performance.now();
    if (role === 'control') giveWay(process.pid);
    process.on('message', (message: RoleMessage) => {
      this.#onMessage(child, message);
    });
    process.on('exit', (code) => {
      this.#onExit(child, code);
    });
    process.on('error', (error) => {
      this.#plan.logger.error('role-error', { role, error: error.message });
    });
  }

  #onMessage(child: Child, message: RoleMessage): void {
    child.ready = true;
    child.everReady = true;
    if (message.type === 'proxy-ready') this.#sip = message.sip;
    else this.#http = message.http;
    if (this.#announced || !this.#children.proxy.ready || !this.#children.control.ready) return;
    this.#announced = true;
    this.#plan.print('ONRECORD_READY');
    this.#plan.print(JSON.stringify({ sip: this.#sip, http: this.#http }));
  }

  #onExit(child: Child, code: number | null): void {
    child.process = null;
    child.ready = false;
    if (this.#stopping) {
      this.#onExitWhileStopping(child, code);
      return;
    }
    if (!child.everReady) {
      this.#giveUp(code ?? exitCode.failure);
      return;
    }
    this.#plan.logger.error('role-died', { role: child.role, code });
    this.#restart(child);
  }

  /** Control goes last, since it takes in what the proxy still has to say; a long drain may outlive one. */
  #onExitWhileStopping(child: Child, code: number | null): void {
    const { proxy, control } = this.#children;
    if (child.role === 'proxy') {
      if (code !== exitCode.done) this.#plan.logger.error('role-died', { role: 'proxy', code });
      this.#code = code ?? exitCode.failure;
      order(control, 'stop');
    } else if (proxy.process !== null && child.everReady) {
      this.#start('control');
      return;
    }
    if (proxy.process === null && control.process === null) this.#finish(this.#code);
  }

  #restart(child: Child): void {
    const quick = performance.now() - child.startedAt < quickDeathMs;
    child.delayMs = quick ? Math.min(child.delayMs * 2, longestDelayMs) : firstDelayMs;
    setTimeout(() => {
      if (!this.#stopping) this.#start(child.role);
    }, child.delayMs);
  }

  #giveUp(code: number): void {
    this.#stopping = true;
    const others = Object.values(this.#children).filter(({ process }) => process !== null);
    const finish = this.#finish;
    this.#finish = () => {
      finish(code);
    };
    if (others.length === 0) this.#finish(code);
    for (const other of others) order(other, 'stop');
  }
}

/** Before its threads are made, which get the same. A system that refuses leaves it as it is. */
function giveWay(pid: number | undefined): void {
  try {
    if (pid === undefined) return;
    setPriority(pid, Math.min(constants.priority.PRIORITY_LOW, getPriority(pid) + lessPriority));
  } catch {
    // Gone already, or not allowed: nothing depends on it.
  }
}

/** A role that is not there any more needs no order. */
function order(child: Child, what: RoleOrder): void {
  if (child.process?.connected === true) child.process.send(what);
}

function idle(role: Role): Child {
  return { role, process: null, startedAt: 0, delayMs: firstDelayMs, everReady: false, ready: false };
}
