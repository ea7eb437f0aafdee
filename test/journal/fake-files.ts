import type { JournalFile, JournalFiles } from '../../src/journal/journal-files.ts';

interface Inode {
  data: Buffer;
  /** What a loss of power leaves for certain. */
  synced: Buffer;
}

export type FileOperation =
  | 'create'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'read'
  | 'sync';

/**
 * A directory in memory that can be killed (everything written stays) or lose its power (of what was not
 * synced a prefix stays, as on a file system that journals its metadata), and whose operations can fail.
 */
export class FakeFiles implements JournalFiles {
  #names = new Map<string, Inode>();
  #durable = [new Map<string, Inode>()];
  readonly operations: FileOperation[] = [];
  fail: (operation: FileOperation) => Error | null = () => null;
  /** How many bytes of a failing write arrive nevertheless. */
  partialWrite = 0;

  #do(operation: FileOperation): void {
    this.operations.push(operation);
    const error = this.fail(operation);
    if (error !== null) throw error;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.#names.keys()]);
  }

  async read(name: string): Promise<Buffer> {
    await Promise.resolve();
    this.#do('read');
    const inode = this.#names.get(name);
    if (inode === undefined) throw Object.assign(new Error(`no ${name}`), { code: 'ENOENT' });
    return Buffer.from(inode.data);
  }

  async create(name: string): Promise<JournalFile> {
    await Promise.resolve();
    this.#do('create');
    if (this.#names.has(name)) throw Object.assign(new Error(`${name} exists`), { code: 'EEXIST' });
    const inode: Inode = { data: Buffer.alloc(0), synced: Buffer.alloc(0) };
    this.#change((names) => names.set(name, inode));
    return this.#file(inode);
  }

  #file(inode: Inode): JournalFile {
    return {
      write: async (bytes, position) => {
        const copy = Buffer.from(bytes);
        await Promise.resolve();
        try {
          this.#do('write');
        } catch (error) {
          inode.data = Buffer.concat([inode.data.subarray(0, position), copy.subarray(0, this.partialWrite)]);
          throw error;
        }
        inode.data = Buffer.concat([inode.data.subarray(0, position), copy]);
      },
      datasync: async () => {
        await Promise.resolve();
        this.#do('datasync');
        inode.synced = inode.data;
      },
      truncate: async (length) => {
        await Promise.resolve();
        this.#do('truncate');
        inode.data = inode.data.subarray(0, length);
      },
      close: () => Promise.resolve(),
    };
  }

  #change(change: (names: Map<string, Inode>) => void): void {
    change(this.#names);
    this.#durable.push(new Map(this.#names));
  }

  async rename(from: string, to: string): Promise<void> {
    await Promise.resolve();
    this.#do('rename');
    const inode = this.#names.get(from);
    if (inode === undefined) throw new Error(`no ${from}`);
    this.#change((names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  async remove(name: string): Promise<void> {
    await Promise.resolve();
    if (!this.#names.has(name)) return;
    this.#do('remove');
    this.#change((names) => names.delete(name));
  }

  async sync(): Promise<void> {
    await Promise.resolve();
    this.#do('sync');
    this.#durable = [new Map(this.#names)];
  }

  /** What the next process finds after `kill -9`. */
  afterKill(): FakeFiles {
    return this.#reborn(this.#names, (inode) => inode.data);
  }

  /** What the next process finds after a loss of power; `part` (0 to 1) says how much more than was synced. */
  afterPowerLoss(part: number): FakeFiles {
    const names = this.#durable[Math.floor(part * (this.#durable.length - 1))]!;
    return this.#reborn(names, ({ data, synced }) => {
      if (data.length < synced.length) return part < 0.5 ? synced : data;
      return data.subarray(0, synced.length + Math.floor(part * (data.length - synced.length)));
    });
  }

  #reborn(names: Map<string, Inode>, left: (inode: Inode) => Buffer): FakeFiles {
    const files = new FakeFiles();
    for (const [name, inode] of names) {
      const data = Buffer.from(left(inode));
      files.#names.set(name, { data, synced: data });
    }
    files.#durable = [new Map(files.#names)];
    return files;
  }

  put(name: string, data: Buffer): void {
    const inode = { data, synced: data };
    this.#change((names) => names.set(name, inode));
  }

  /** Every byte on the disk. */
  everything(): string {
    return Array.from(this.#names.values(), ({ data }) => data.toString('latin1')).join('\n');
  }

  names(): string[] {
    return [...this.#names.keys()].sort();
  }
}

export function noSpace(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}
