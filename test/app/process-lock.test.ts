import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHolder, lockProcess } from '../../src/app/process-lock.ts';

describe('lockProcess', () => {
  let directory = '';
  let file = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'onrecord-lock-'));
    file = join(directory, 'node.lock');
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('has one holder, and names it to the second', () => {
    expect(lockProcess(file).ok).toBe(true);
    expect(lockProcess(file)).toEqual({ ok: false, error: process.pid });
    expect(lockHolder(file)).toBe(process.pid);
  });

  it('is free again after release, and leaves nothing behind', () => {
    const lock = lockProcess(file);
    if (lock.ok) lock.value.release();
    expect(readdirSync(directory)).toEqual([]);
    expect(lockProcess(file).ok).toBe(true);
  });

  it('is taken over from a holder that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    writeFileSync(file, JSON.stringify({ pid: child.pid, started: '' }));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(lockProcess(file).ok).toBe(true);
  });

  it('is taken over when the process id came again for another process', () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: '1' }));
    expect(lockProcess(file).ok).toBe(process.platform === 'linux');
  });

  it.each(['', 'garbage', '{}'])('is taken over from a file that holds "%s"', (content) => {
    writeFileSync(file, content);
    expect(lockProcess(file).ok).toBe(true);
  });
});
