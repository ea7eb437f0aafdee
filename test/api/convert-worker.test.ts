import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import wavefile from 'wavefile';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createThreadedConverter } from '../../src/api/convert/threaded-converter.ts';
import { ok } from '../../src/kernel/result.ts';
import { until } from '../link/link-fixture.ts';
import { ApiBench, openAudio, recordingId, recordingOf } from './api-fixture.ts';

// Threads run what was built; `npm test` builds first.
const built = join(import.meta.dirname, '../../dist/src/app/workers/convert.worker.js');
const workers = new Set<Worker>();
const converter = createThreadedConverter({
  spawn: (workerData) => {
    const worker = new Worker(built, { workerData });
    workers.add(worker);
    worker.on('exit', () => workers.delete(worker));
    return worker;
  },
});

const samples = 8000 * 60;
const wav = new wavefile.WaveFile();
wav.fromScratch(
  1,
  8000,
  '16',
  Int16Array.from({ length: samples }, (_, i) => 8000 * Math.sin(i / 3)),
);
const kept = wav.toBuffer();

let bench: ApiBench;
let url: string;
beforeEach(async () => {
  expect(existsSync(built), `${built} is missing: run npm run build`).toBe(true);
  bench = await new ApiBench().open({ converter });
  bench.records.byId.set(recordingId, recordingOf({ channels: 'mono' }));
  bench.audio.set(recordingId, ok(openAudio(kept, 'audio/wav', 65_536)));
  url = `${await bench.listen()}/api/v1/recordings/${recordingId}/audio?format=mp3`;
});
afterEach(() => bench.app.close());

const headers = (): Record<string, string> => ({ authorization: `Bearer ${bench.token}` });

/** A client that takes the headers and then reads nothing. */
function stalled(): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: headers() }, (response) => {
      response.on('error', () => undefined);
      response.pause();
      resolve(() => asked.destroy());
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('?format=mp3 in threads', () => {
  it('streams exactly what it announces, and the thread is gone after it', async () => {
    const reply = await fetch(url, { headers: headers() });
    const body = new Uint8Array(await reply.arrayBuffer());
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('audio/mpeg');
    expect(reply.headers.get('accept-ranges')).toBe('none');
    expect(Number(reply.headers.get('content-length'))).toBe(body.length);
    expect(body.length).toBeGreaterThan((samples / 8000) * 3000);
    await until(() => workers.size === 0);
  });

  it('a Range is not served of what has to be made from the beginning', async () => {
    const reply = await fetch(url, { headers: { ...headers(), range: 'bytes=0-9' } });
    expect(reply.status).toBe(200);
    await reply.body?.cancel();
    await until(() => workers.size === 0);
  });

  it('HEAD announces the length and starts no thread', async () => {
    const reply = await fetch(url, { method: 'HEAD', headers: headers() });
    expect([reply.status, workers.size]).toEqual([200, 0]);
    expect(Number(reply.headers.get('content-length'))).toBeGreaterThan(100_000);
  });

  it('a third at once is 503 with Retry-After; when a listener goes, its place is free', async () => {
    const endless = { ...openAudio(kept, 'audio/wav', 65_536) };
    // Never ends within the test: the place is taken until the listener goes.
    const slow = {
      ...endless,
      read: (start: number, end: number) => (start === 0 ? endless.read(0, end) : waiting()),
    };
    bench.audio.set(recordingId, ok(slow));
    const first = await stalled();
    const second = await stalled();
    const third = await fetch(url, { headers: headers() });
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await third.json()).toMatchObject({ code: 'conversion-busy' });
    bench.audio.set(recordingId, ok(endless));
    first();
    const deadline = performance.now() + 5000;
    let status = 503;
    while (status === 503 && performance.now() < deadline) {
      const reply = await fetch(url, { headers: headers() });
      await reply.body?.cancel();
      status = reply.status;
    }
    expect(status).toBe(200);
    second();
    await until(() => workers.size === 0);
  });
});

async function* waiting(): AsyncGenerator<Uint8Array> {
  yield kept.subarray(44, 65_536);
  await new Promise(() => undefined);
}
