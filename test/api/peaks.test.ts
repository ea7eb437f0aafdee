import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { err, ok } from '../../src/kernel/result.ts';
import { ApiBench, recordingId, recordingOf } from './api-fixture.ts';

const path = `/api/v1/recordings/${recordingId}/peaks`;
const waveform = {
  sampleRate: 8000,
  samplesPerBucket: 800,
  bits: 16,
  length: 2,
  data: [
    [-32_768, 32_767, -1, 1],
    [0, 0, -5, 7],
  ],
};

let bench: ApiBench;
beforeEach(async () => {
  bench = await new ApiBench().open();
  bench.records.byId.set(recordingId, recordingOf());
});
afterEach(() => bench.app.close());

describe('the waveform of a recording', () => {
  it('is what was metered, a channel each', async () => {
    bench.peaks.set(recordingId, ok(waveform));
    const reply = await bench.ask('GET', path);
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toEqual(waveform);
  });

  it('is not for who has no token', async () => {
    const reply = await bench.ask('GET', path, { headers: { authorization: 'Bearer wrong' } });
    expect(reply.statusCode).toBe(401);
  });

  it.each([
    ['expected', 409, 'recording-open'],
    ['recording', 409, 'recording-open'],
    ['none', 404, 'no-audio'],
    ['failed', 404, 'no-audio'],
    ['deleted', 410, 'recording-deleted'],
  ] as const)('in state %s is %i %s', async (state, status, code) => {
    bench.records.byId.set(recordingId, recordingOf({ state }));
    bench.peaks.set(recordingId, ok(waveform));
    const reply = await bench.ask('GET', path);
    expect([reply.statusCode, reply.json<{ code: string }>().code]).toEqual([status, code]);
  });

  it.each([
    ['none', 404, 'peaks-not-found'],
    ['key-destroyed', 410, 'recording-deleted'],
    ['damaged', 500, 'audio-damaged'],
    ['unavailable', 503, 'unavailable'],
  ] as const)('that cannot be opened (%s) is %i %s', async (fault, status, code) => {
    bench.peaks.set(recordingId, err(fault));
    const reply = await bench.ask('GET', path);
    expect([reply.statusCode, reply.json<{ code: string }>().code]).toEqual([status, code]);
  });

  it('of no recording is 404', async () => {
    const reply = await bench.ask('GET', '/api/v1/recordings/nothing/peaks');
    expect([reply.statusCode, reply.json<{ code: string }>().code]).toEqual([404, 'recording-not-found']);
  });
});
