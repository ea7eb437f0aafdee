import { request, type IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { err, ok } from '../../src/kernel/result.ts';
import { until } from '../link/link-fixture.ts';
import { ApiBench, openAudio, recordingId, recordingOf } from './api-fixture.ts';

const bytes = Uint8Array.from({ length: 32_044 }, (_, i) => (i * 31 + (i >> 8)) & 255);
/** A recording's bytes never change, so its id and its format name them. */
const tag = `${recordingId}-wav`;
const path = `/api/v1/recordings/${recordingId}/audio`;

let bench: ApiBench;
let url: string;
beforeEach(async () => {
  bench = await new ApiBench().open();
  bench.records.byId.set(recordingId, recordingOf());
  bench.audio.set(recordingId, ok(openAudio(bytes)));
  url = await bench.listen();
});
afterEach(() => bench.app.close());

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The connection ended before what was announced had come. */
  readonly broken: boolean;
}

/** Over a real socket, with Node's own client. */
function fetchAudio(headers: Record<string, string> = {}, query = '', method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${bench.token}`, ...headers };
    const asked = request(`${url}${path}${query}`, { method, headers: all }, (response) => {
      const chunks: Buffer[] = [];
      const done = (broken: boolean): void => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          broken,
        });
      };
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        done(false);
      });
      response.on('error', () => {
        done(true);
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('audio as it is kept', () => {
  it('comes whole, with its length, type and tag', async () => {
    const reply = await fetchAudio();
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes)).toBe(true);
    expect(reply.headers).toMatchObject({
      'content-length': '32044',
      'content-type': 'audio/wav',
      'accept-ranges': 'bytes',
      etag: `"${tag}"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  it.each([
    ['bytes=0-99', 0, 100],
    ['bytes=31000-', 31_000, 32_044],
    ['bytes=-44', 32_000, 32_044],
    ['bytes=999-1001', 999, 1002],
    ['bytes=0-9,10-19', 0, 20],
  ])('%s is 206 with exactly these bytes', async (range, start, end) => {
    const reply = await fetchAudio({ range });
    expect(reply.status).toBe(206);
    expect(reply.headers['content-range']).toBe(`bytes ${start}-${end - 1}/32044`);
    expect(reply.headers['content-length']).toBe(String(end - start));
    expect(reply.body.equals(bytes.subarray(start, end))).toBe(true);
  });

  it.each(['bytes=32044-', 'bytes=0-1,10-11'])('%s is 416 with the length, as a problem', async (range) => {
    const reply = await fetchAudio({ range });
    expect(reply.status).toBe(416);
    expect(reply.headers['content-range']).toBe('bytes */32044');
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.headers.etag).toBeUndefined();
  });

  it('HEAD says the same of whole and part and sends no body', async () => {
    const whole = await fetchAudio({}, '', 'HEAD');
    expect([whole.status, whole.headers['content-length'], whole.body.length]).toEqual([200, '32044', 0]);
    expect(whole.headers.etag).toBe(`"${tag}"`);
    const part = await fetchAudio({ range: 'bytes=-4' }, '', 'HEAD');
    expect([part.status, part.headers['content-length'], part.body.length]).toEqual([206, '4', 0]);
  });

  it.each([
    ['the same tag', `"${tag}"`, 304],
    ['the same tag, weak', `W/"${tag}"`, 304],
    ['one of several', `"x", "${tag}"`, 304],
    ['any', '*', 304],
    ['another', '"x"', 200],
  ])('If-None-Match with %s', async (_rule, tag, status) => {
    const reply = await fetchAudio({ 'if-none-match': tag });
    expect([reply.status, reply.body.length]).toEqual([status, status === 304 ? 0 : bytes.length]);
  });

  it('If-Range with another tag gives the whole (RFC 9110 §13.1.5)', async () => {
    expect((await fetchAudio({ range: 'bytes=0-9', 'if-range': '"old"' })).status).toBe(200);
    expect((await fetchAudio({ range: 'bytes=0-9', 'if-range': `"${tag}"` })).status).toBe(206);
  });

  it('?download=1 names a file without anything a caller could have written', async () => {
    const inline = await fetchAudio({ range: 'bytes=0-0' });
    const download = await fetchAudio({ range: 'bytes=0-0' }, '?download=1');
    const name = `filename="recording-20261123T100000-${recordingId}.wav"`;
    expect(inline.headers['content-disposition']).toBe(`inline; ${name}`);
    expect(download.headers['content-disposition']).toBe(`attachment; ${name}`);
  });

  it('?format= the format it is kept in converts nothing', async () => {
    const reply = await fetchAudio({}, '?format=wav');
    expect(reply.body.equals(bytes)).toBe(true);
  });
});

describe('no audio', () => {
  it.each([
    ['expected', 409, 'recording-open'],
    ['none', 404, 'no-audio'],
    ['failed', 404, 'no-audio'],
    ['deleted', 410, 'recording-deleted'],
  ] as const)('of a recording that is %s: %i', async (state, status, code) => {
    bench.records.byId.set(recordingId, recordingOf({ state }));
    const reply = await fetchAudio();
    expect(JSON.parse(reply.body.toString())).toMatchObject({ status, code });
  });

  it.each([
    ['key-destroyed', 410, 'recording-deleted'],
    ['missing', 500, 'audio-damaged'],
    ['damaged', 500, 'audio-damaged'],
    ['unavailable', 503, 'unavailable'],
  ] as const)('when the source says %s: %i', async (fault, status, code) => {
    bench.audio.set(recordingId, err(fault));
    const reply = await fetchAudio();
    expect(JSON.parse(reply.body.toString())).toMatchObject({ status, code });
  });

  it('of a recording that there is not: 404', async () => {
    bench.records.byId.clear();
    expect((await fetchAudio()).status).toBe(404);
  });
});

describe('a stream that goes wrong', () => {
  it('damage at the first byte is a problem, not an empty file', async () => {
    const broken = { ...openAudio(bytes), read: () => failing([]) };
    bench.audio.set(recordingId, ok(broken));
    const reply = await fetchAudio();
    expect(reply.status).toBe(500);
    expect(reply.body.toString()).not.toContain('tampered');
  });

  it.each([
    ['damage in the middle', () => failing([bytes.subarray(0, 5000)])],
    ['fewer bytes than announced', () => all([bytes.subarray(0, 5000)])],
  ])('%s breaks the connection, so that nobody takes a part for the whole', async (_rule, read) => {
    bench.audio.set(recordingId, ok({ ...openAudio(bytes), read }));
    const reply = await fetchAudio().catch(() => 'broken' as const);
    expect(reply === 'broken' || reply.broken).toBe(true);
    expect(bench.log.has('audio-stream-failed')).toBe(true);
  });

  it('more bytes than announced do not go out, and the log has it', async () => {
    bench.audio.set(recordingId, ok({ ...openAudio(bytes), read: () => all([bytes, bytes]) }));
    const reply = await fetchAudio();
    expect(reply.body.equals(bytes)).toBe(true);
    await until(() => bench.log.has('audio-stream-failed'));
  });

  it('a client that goes away ends the reading', async () => {
    let ended = false;
    let served = 0;
    const endless = {
      ...openAudio(bytes),
      size: 2 ** 40,
      async *read() {
        try {
          for (;;) {
            await new Promise((resolve) => setImmediate(resolve));
            served += 65_536;
            yield new Uint8Array(65_536);
          }
        } finally {
          ended = true;
        }
      },
    };
    bench.audio.set(recordingId, ok(endless));
    const asked = request(`${url}${path}`, { headers: { authorization: `Bearer ${bench.token}` } });
    asked.on('error', () => undefined);
    asked.on('response', (response) => {
      response.pause();
      // A reader that does not read stops the source: what is under way fits the sockets' buffers.
      setTimeout(() => asked.destroy(), 200);
    });
    asked.end();
    await until(() => ended);
    expect(served).toBeLessThan(64 * 1024 * 1024);
  });
});

async function* failing(first: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of first) {
    await new Promise((resolve) => setImmediate(resolve));
    yield chunk;
  }
  throw new Error('tampered');
}

async function* all(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await new Promise((resolve) => setImmediate(resolve));
    yield chunk;
  }
}

describe('a recording that has ended and is not sealed yet', () => {
  beforeEach(() => {
    bench.records.byId.set(recordingId, recordingOf({ state: 'recording', sha256: null, sizeBytes: null }));
  });

  it('is heard from its spool, in parts too, under the tag that it keeps', async () => {
    const part = await fetchAudio({ range: 'bytes=100-199' });
    expect([part.status, part.headers['content-range'], part.headers.etag]).toEqual([
      206,
      'bytes 100-199/32044',
      `"${tag}"`,
    ]);
    expect(part.body.equals(bytes.subarray(100, 200))).toBe(true);
    bench.records.byId.set(recordingId, recordingOf());
    const rest = await fetchAudio({ range: 'bytes=200-299', 'if-range': `"${tag}"` });
    expect([rest.status, rest.body.equals(bytes.subarray(200, 300))]).toEqual([206, true]);
  });

  it('gives its spool back when the listener has it, or goes', async () => {
    let closed = 0;
    const kept = { ...openAudio(bytes), close: () => void (closed += 1) };
    bench.audio.set(recordingId, ok(kept));
    await fetchAudio();
    await fetchAudio({}, '', 'HEAD');
    await fetchAudio({ 'if-none-match': `"${tag}"` });
    await until(() => closed >= 3);
  });

  it('that goes on, or is on another machine, is 409 with a time to ask again', async () => {
    bench.audio.set(recordingId, err('open'));
    const reply = await fetchAudio();
    expect([reply.status, reply.headers['retry-after']]).toEqual([409, '2']);
    expect(JSON.parse(String(reply.body))).toMatchObject({ code: 'recording-open' });
  });

  it('as an MP3 that is still to be encoded is encoded for the listener; as WAV it is there', async () => {
    const open = recordingOf({ state: 'recording', format: 'mp3', sha256: null });
    bench.records.byId.set(recordingId, open);
    expect((await fetchAudio()).status).toBe(501);
    const wav = await fetchAudio({}, '?format=wav');
    expect([wav.status, wav.headers['content-type'], wav.body.equals(bytes)]).toEqual([
      200,
      'audio/wav',
      true,
    ]);
  });
});
