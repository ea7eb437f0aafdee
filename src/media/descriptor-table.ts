import { systemCalls } from './system-calls.ts';

/**
 * The file descriptors that a thread has open, where another thread can see them: the system does not close
 * them when a thread dies. Cells hold a descriptor and one, 0 is none; shared memory.
 */
export class DescriptorTable {
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  /** For so many descriptors at once. */
  static memoryFor(count: number): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * count);
  }

  /** False: the table is full. */
  add(fd: number): boolean {
    const free = this.#cells.indexOf(0);
    if (free >= 0) this.#cells[free] = fd + 1;
    return free >= 0;
  }

  /** Before the descriptor is closed, so that nobody closes its successor. */
  remove(fd: number): void {
    const cell = this.#cells.indexOf(fd + 1);
    if (cell >= 0) this.#cells[cell] = 0;
  }

  /** Closes what a dead thread has left open. Returns how many there were. */
  closeAll(): number {
    const calls = systemCalls();
    let closed = 0;
    for (const [cell, entry] of this.#cells.entries()) {
      if (entry === 0 || calls === null) continue;
      this.#cells[cell] = 0;
      calls.close(entry - 1);
      closed += 1;
    }
    return closed;
  }
}
