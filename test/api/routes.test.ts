import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { err, ok } from '../../src/kernel/result.ts';
import type { AskFault } from '../../src/link/ports.ts';
import { ApiBench, callId, callOf, recordingId, recordingOf } from './api-fixture.ts';

let bench: ApiBench;
beforeEach(async () => {
  bench = await new ApiBench().open();
  bench.records.callsById.set(callId, callOf());
  bench.records.byId.set(recordingId, recordingOf());
});
afterEach(() => bench.app.close());

describe('without a token', () => {
  it.each(['/healthz', '/readyz', '/metrics', '/openapi.json'])('%s is open', async (url) => {
    expect((await bench.ask('GET', url, { headers: { authorization: '' } })).statusCode).toBe(200);
  });

  it.each([
    ['GET', '/api/v1/calls'],
    ['GET', `/api/v1/calls/${callId}`],
    ['POST', `/api/v1/calls/${callId}/recording`],
    ['GET', '/api/v1/recordings'],
    ['GET', `/api/v1/recordings/${recordingId}`],
    ['DELETE', `/api/v1/recordings/${recordingId}`],
    ['GET', `/api/v1/recordings/${recordingId}/audio`],
    ['HEAD', `/api/v1/recordings/${recordingId}/audio`],
    ['GET', `/api/v1/recordings/${recordingId}/consent`],
    ['POST', '/api/v1/policy/reload'],
    ['GET', '/api/v1/policy/versions'],
    ['GET', '/api/v1/do-not-record'],
    ['POST', '/api/v1/do-not-record'],
    ['POST', '/api/v1/do-not-record/check'],
    ['DELETE', `/api/v1/do-not-record/${'ab'.repeat(16)}`],
  ])('%s %s is 401 with a challenge', async (method, url) => {
    const reply = await bench.app.inject({ method: method as 'GET', url });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="onrecord"');
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(bench.steps).toEqual([]);
  });

  it.each([
    ['a wrong token', 'Bearer onr_AAAA'],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['a token of a megabyte', `Bearer ${'a'.repeat(10_000)}`],
    ['two tokens', 'Bearer a b'],
  ])('%s is 401 and says invalid_token', async (_rule, authorization) => {
    const reply = await bench.ask('GET', '/api/v1/calls', { headers: { authorization } });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"');
  });
});

describe('calls', () => {
  it('are listed with the contract’s fields and nothing else', async () => {
    const reply = await bench.ask('GET', '/api/v1/calls');
    expect(reply.statusCode).toBe(200);
    const body: { items: Record<string, unknown>[]; nextCursor: unknown } = reply.json();
    expect(Object.keys(body)).toEqual(['items', 'nextCursor']);
    expect(Object.keys(body.items[0]!)).toEqual(
      'id direction from to extension queue startedAt answeredAt endedAt outcome reason ruleId policyVersion notRecorded legs recordings consent control'.split(
        ' ',
      ),
    );
    expect(reply.body).not.toContain('secret/place');
  });

  it('50 a page unless asked otherwise, filters as the store knows them', async () => {
    await bench.ask('GET', '/api/v1/calls');
    const query =
      'since=2026-11-23T11:00:00%2B01:00&number=+35220301&recorded=false&outcome=ours&limit=500&cursor=abc';
    await bench.ask('GET', `/api/v1/calls?${query}`);
    expect(bench.records.asked).toEqual([
      { filter: {}, page: { limit: 50, cursor: null } },
      {
        filter: { since: '2026-11-23T10:00:00.000Z', number: '+35220301', recorded: false, outcome: 'ours' },
        page: { limit: 500, cursor: 'abc' },
      },
    ]);
  });

  it.each([
    ['a limit over 500', 'limit=501', 'limit'],
    ['a limit of 0', 'limit=0', 'limit'],
    ['a limit that is no number', 'limit=ten', 'limit'],
    ['a time that is none', 'since=yesterday', 'since'],
    ['an outcome that is none', 'outcome=great', 'outcome'],
    ['a character of control', 'q=a%00b', 'q'],
    ['the same twice', 'q=a&q=b', 'q'],
    ['a filter that does not exist', 'numbr=1', ''],
  ])('%s is 400 and says where', async (_rule, query, path) => {
    const reply = await bench.ask('GET', `/api/v1/calls?${query}`);
    const problem: { code: string; errors: { in: string; path: string }[] } = reply.json();
    expect([reply.statusCode, problem.code]).toEqual([400, 'invalid-request']);
    expect(problem.errors[0]).toMatchObject({ in: 'querystring', path });
  });

  it('a cursor that is not ours is 400', async () => {
    const reply = await bench.ask('GET', '/api/v1/calls?cursor=foreign');
    expect([reply.statusCode, reply.json<{ code: string }>().code]).toEqual([400, 'bad-cursor']);
  });

  it('one by its id, 404 for another', async () => {
    expect((await bench.ask('GET', `/api/v1/calls/${callId}`)).json()).toMatchObject({ id: callId });
    expect((await bench.ask('GET', '/api/v1/calls/nope')).json()).toMatchObject({ code: 'call-not-found' });
  });
});

describe('live control', () => {
  const url = `/api/v1/calls/${callId}/recording`;
  const body = { action: 'pause', reason: 'card number' };

  it('goes to the node of the call with who asked, and answers where it took effect', async () => {
    bench.answer = () => ok({ method: 'control', recordingId, samplePosition: 8000 });
    const reply = await bench.ask('POST', url, { body });
    expect(reply.json()).toEqual({ callId, recordingId, action: 'pause', samplePosition: 8000 });
    const actor = `token:${bench.tokens.all[0]!.id}`;
    expect(bench.asks).toEqual([
      { nodeId: 'edge-1', ask: { method: 'control', callId, action: 'pause', actor, reason: 'card number' } },
    ]);
  });

  it('of a call too young for the database asks every node', async () => {
    bench.records.callsById.clear();
    bench.connected = ['a', 'b'].map((nodeId) => ({ nodeId, version: '1', sip: [] }));
    bench.answer = (nodeId) =>
      nodeId === 'b' ? ok({ method: 'control', recordingId, samplePosition: 1 }) : err('no-call');
    expect((await bench.ask('POST', url, { body })).statusCode).toBe(200);
    bench.answer = () => err('no-call');
    expect((await bench.ask('POST', url, { body })).json()).toMatchObject({
      status: 404,
      code: 'call-not-found',
    });
  });

  it.each<[AskFault, number, string]>([
    ['no-call', 409, 'call-not-active'],
    ['conflict', 409, 'control-conflict'],
    ['unsupported', 501, 'control-unsupported'],
    ['failed', 503, 'control-failed'],
    ['timeout', 503, 'control-failed'],
    ['unreachable', 503, 'node-unreachable'],
  ])('fault %s is %i %s', async (fault, status, code) => {
    bench.answer = () => err(fault);
    const reply = await bench.ask('POST', url, { body });
    expect(reply.json()).toMatchObject({ status, code });
    expect(reply.statusCode).toBe(status);
    expect(reply.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
  });

  it('of a call that is over is 409 and asks nobody', async () => {
    bench.records.callsById.set(callId, callOf({ endedAt: '2026-11-23T10:00:01.000Z' }));
    expect((await bench.ask('POST', url, { body })).json()).toMatchObject({ code: 'call-not-active' });
    expect(bench.asks).toEqual([]);
  });

  it.each([
    ['another action', { action: 'rewind' }],
    ['no action', {}],
    ['a field that does not exist', { action: 'stop', force: true }],
    ['a reason of control characters', { action: 'stop', reason: 'a\u0007b' }],
  ])('%s is 400', async (_rule, wrong) => {
    expect((await bench.ask('POST', url, { body: wrong })).json()).toMatchObject({ code: 'invalid-request' });
  });

  it.each([
    ['broken JSON', '{"action":', 'application/json', 400, 'invalid-request'],
    ['no body', '', 'application/json', 400, 'invalid-request'],
    ['another type', 'action=stop', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    [
      'a body over 64 KiB',
      JSON.stringify({ action: 'x'.repeat(70_000) }),
      'application/json',
      413,
      'body-too-large',
    ],
    [
      'a poisoned prototype',
      '{"__proto__":{"x":1},"action":"stop"}',
      'application/json',
      400,
      'invalid-request',
    ],
  ])('%s', async (_rule, payload, type, status, code) => {
    const reply = await bench.app.inject({
      method: 'POST',
      url,
      payload,
      headers: { authorization: `Bearer ${bench.token}`, 'content-type': type },
    });
    expect(reply.json()).toMatchObject({ status, code });
    expect(reply.statusCode).toBe(status);
  });
});

describe('recordings', () => {
  it('show the contract’s fields and not where they are stored', async () => {
    const reply = await bench.ask('GET', `/api/v1/recordings/${recordingId}`);
    expect(Object.keys(reply.json<object>())).toEqual(
      'id callId state reason format channels sampleRate startedAt durationMs sizeBytes sha256 ledger purpose purposeText legalBasis retainUntil hold'.split(
        ' ',
      ),
    );
  });

  it('are listed and filtered', async () => {
    const reply = await bench.ask('GET', `/api/v1/recordings?state=sealed&callId=${callId}&limit=1`);
    expect(reply.json()).toMatchObject({ items: [{ id: recordingId }], nextCursor: null });
    expect(bench.records.asked).toEqual([
      { filter: { state: 'sealed', callId }, page: { limit: 1, cursor: null } },
    ]);
  });

  it('have their evidence', async () => {
    const reply = await bench.ask('GET', `/api/v1/recordings/${recordingId}/consent`);
    expect(reply.json()).toEqual({ items: [], nextCursor: null });
    expect((await bench.ask('GET', '/api/v1/recordings/x/consent')).statusCode).toBe(404);
  });
});

describe('deletion', () => {
  const url = `/api/v1/recordings/${recordingId}`;

  it('destroys the key first, then the node’s copy, then the object, and says so last', async () => {
    bench.answer = () => ok({ method: 'forget-key' });
    const reply = await bench.ask('DELETE', url);
    expect([reply.statusCode, reply.body]).toEqual([204, '']);
    expect(bench.steps).toEqual([
      `destroy ${recordingId}`,
      `forget ${recordingId}`,
      'remove secret/place.age',
    ]);
    expect((await bench.ask('GET', url)).json()).toMatchObject({ state: 'deleted' });
    expect((await bench.ask('GET', `${url}/audio`)).json()).toMatchObject({ status: 410 });
    expect((await bench.ask('DELETE', url)).statusCode).toBe(204);
  });

  it.each([
    ['expected', 'recording-open'],
    ['recording', 'recording-open'],
  ] as const)('of one that is %s is 409 and destroys nothing', async (state, code) => {
    bench.records.byId.set(recordingId, recordingOf({ state }));
    expect((await bench.ask('DELETE', url)).json()).toMatchObject({ status: 409, code });
    expect(bench.steps).toEqual([]);
  });

  it('of one under a hold is 409 and destroys nothing', async () => {
    bench.records.byId.set(recordingId, recordingOf({ hold: true }));
    expect((await bench.ask('DELETE', url)).json()).toMatchObject({ status: 409, code: 'recording-held' });
    expect(bench.steps).toEqual([]);
  });

  it('is not claimed while the node has not given up the key; asked again it is finished', async () => {
    bench.answer = () => err('unreachable');
    expect((await bench.ask('DELETE', url)).json()).toMatchObject({ status: 503, code: 'node-unreachable' });
    expect((await bench.ask('GET', url)).json()).toMatchObject({ state: 'sealed' });
    bench.answer = () => ok({ method: 'forget-key' });
    expect((await bench.ask('DELETE', url)).statusCode).toBe(204);
  });

  it('of nothing is 404', async () => {
    expect((await bench.ask('DELETE', '/api/v1/recordings/x')).json()).toMatchObject({
      code: 'recording-not-found',
    });
  });
});

describe('readiness', () => {
  it('says which database serves, and that a proxy does', async () => {
    expect((await bench.ask('GET', '/readyz')).json()).toEqual({
      status: 'ready',
      checks: { database: { ok: true, kind: 'embedded' }, proxies: { ok: true, connected: 1, serving: 1 } },
    });
  });

  it('is 503 while no proxy takes calls', async () => {
    bench.connected = [{ nodeId: 'edge-1', version: '1', sip: null }];
    expect((await bench.ask('GET', '/readyz')).json()).toMatchObject({
      status: 503,
      code: 'not-ready',
      checks: { proxies: { ok: false, connected: 1, serving: 0 } },
    });
  });

  it('is 503 without the database', async () => {
    const other = await new ApiBench().open({
      database: { label: 'PostgreSQL', reachable: () => Promise.reject(new Error('no route')) },
    });
    expect((await other.ask('GET', '/readyz')).json()).toMatchObject({
      status: 503,
      checks: { database: { ok: false, kind: 'PostgreSQL' } },
    });
    await other.app.close();
  });
});

describe('errors', () => {
  it.each([
    ['an unknown path', 'GET', '/nope', 404, 'not-found'],
    ['an unknown path under the API', 'GET', '/api/v1/nope', 404, 'not-found'],
    ['a method the path does not know', 'PUT', '/api/v1/calls', 405, 'method-not-allowed'],
    ['also on an open path', 'POST', '/healthz', 405, 'method-not-allowed'],
    ['a preflight: no CORS', 'OPTIONS', '/api/v1/calls', 405, 'method-not-allowed'],
    ['a path that cannot be decoded', 'GET', '/api/v1/calls/%zz', 400, 'invalid-request'],
  ])('%s', async (_rule, method, url, status, code) => {
    const reply = await bench.ask(method, url);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    const problem: Record<string, unknown> = reply.json();
    expect(problem).toMatchObject({ status, code, type: `urn:onrecord:error:${code}` });
    expect(problem['title']).toBeTypeOf('string');
    expect(problem['detail']).toBeTypeOf('string');
    expect(reply.statusCode).toBe(status);
    if (status === 405) expect(reply.headers.allow).toContain('GET');
  });

  it.each([
    ['a bug', new TypeError('the inside: postgres://u:p@db'), 500, 'internal'],
    [
      'a database that is away',
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.5'), { code: 'ECONNREFUSED' }),
      503,
      'unavailable',
    ],
    [
      'a database that shuts down',
      Object.assign(new Error('terminating'), { code: '57P01' }),
      503,
      'unavailable',
    ],
    [
      'an error that claims to be the client’s',
      Object.assign(new Error('the inside'), { statusCode: 200 }),
      500,
      'internal',
    ],
  ])(
    '%s: nothing of its inside goes out, and the log has the request’s id',
    async (_rule, error, status, code) => {
      bench.records.broken = error;
      const reply = await bench.ask('GET', '/api/v1/calls');
      const problem: { requestId: string } = reply.json();
      expect(problem).toMatchObject({ status, code });
      expect(reply.body).not.toContain(error.message);
      const line = bench.log.lines.find(({ event }) => event === 'http-request-failed');
      expect(line?.fields['requestId']).toBe(problem.requestId);
    },
  );

  it('every answer, good or bad, is marked not to be sniffed, framed or kept', async () => {
    for (const url of ['/healthz', '/nope', '/api/v1/calls', '/api/v1/calls/%zz']) {
      const { headers } = await bench.ask('GET', url);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});
