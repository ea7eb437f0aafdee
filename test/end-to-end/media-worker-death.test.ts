import { Worker } from 'node:worker_threads';
import { expect, it, vi } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import type * as MediaPool from '../../src/app/media-pool.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { createTapBuffer } from '../../src/kernel/tap-ring.ts';
import { descriptorsAt } from '../support/socket-option.ts';
import { freeUdpRange } from '../support/free-ports.ts';

/** Built: its workers are files of their own. */
const built = new URL('../../dist/src/app/media-pool.js', import.meta.url).href;

it.skipIf(process.platform !== 'linux')(
  'a media worker that dies leaves no port bound, and its successor serves calls on them',
  async () => {
    const { startMediaPool } = (await import(/* @vite-ignore */ built)) as typeof MediaPool;
    const posts = vi.spyOn(Worker.prototype, 'postMessage');
    const first = await freeUdpRange(4);
    const pool = await startMediaPool({
      options: {
        interfaces: [{ id: 'main', address: '127.0.0.1', ports: { first, last: first + 3 } }],
        ...{ rtpTimeoutSeconds: 60, workers: 1, io: 'auto', pollMs: 2 },
      },
      prompts: [],
      taps: [[createTapBuffer(1 << 17)]],
      logger: silentLogger,
      clock: systemClock(),
    });
    const events: string[] = [];
    let died = (): void => undefined;
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    const open = (): ReturnType<typeof pool.open> =>
      pool.open(['main', 'main'], false, ({ type }) => {
        events.push(type);
        died();
      });
    await open();
    expect(descriptorsAt('udp', first)).toHaveLength(1);
    const worker = posts.mock.contexts.at(-1) as Worker;
    // No list of commands: an exception that nothing in the worker catches.
    worker.postMessage(5);
    await death;
    expect(events).toEqual(['worker-died']);
    expect(descriptorsAt('udp', first)).toHaveLength(0);
    const again = await open();
    expect(again).toMatchObject({ local: [{ rtpPort: first }, { rtpPort: first + 2 }] });
    await pool.stop();
    expect(descriptorsAt('udp', first)).toHaveLength(0);
    posts.mockRestore();
  },
);
