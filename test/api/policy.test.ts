import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { err, ok } from '../../src/kernel/result.ts';
import type { PolicyReload } from '../../src/link/protocol.ts';
import { ApiBench } from './api-fixture.ts';

let bench: ApiBench;
beforeEach(async () => {
  bench = await new ApiBench().open();
});
afterEach(() => bench.app.close());

const good: PolicyReload = { version: 'ab', changes: ['rules: a added'], warnings: ['w'], faults: [] };
const answers = (change: Partial<PolicyReload> = {}) => {
  bench.answer = () => ok({ method: 'reload-policy', ...good, ...change });
};
const applied = () => bench.asks.map(({ ask }) => ask.method === 'reload-policy' && ask.apply);

describe('POST /policy/reload', () => {
  it('tries everywhere first, then applies', async () => {
    answers();
    const reply = await bench.ask('POST', '/api/v1/policy/reload');
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toEqual({
      nodes: [{ nodeId: 'edge-1', version: 'ab', changes: ['rules: a added'], warnings: ['w'] }],
    });
    expect(applied()).toEqual([false, true]);
    expect(bench.asks[0]?.ask).toHaveProperty('actor', expect.stringMatching(/^token:/));
  });

  it('only tries with dryRun', async () => {
    answers();
    const reply = await bench.ask('POST', '/api/v1/policy/reload', { body: { dryRun: true } });
    expect(reply.statusCode).toBe(200);
    expect(applied()).toEqual([false]);
  });

  it('changes nothing anywhere where one node refuses, and names file, line and mend', async () => {
    bench.connected = ['edge-1', 'edge-2'].map((nodeId) => ({ nodeId, version: '1', sip: [] }));
    bench.answer = (nodeId) =>
      ok({
        ...{ method: 'reload-policy', ...good },
        faults:
          nodeId === 'edge-2'
            ? ['/etc/on.yaml:7: recording.rules[0]: records without a purpose; name one']
            : [],
      });
    const reply = await bench.ask('POST', '/api/v1/policy/reload', { body: {} });
    expect(reply.statusCode).toBe(422);
    expect(reply.json()).toMatchObject({
      code: 'policy-refused',
      errors: [
        {
          ...{ in: 'edge-2', path: '/etc/on.yaml:7' },
          message: 'recording.rules[0]: records without a purpose; name one',
        },
      ],
    });
    expect(applied()).toEqual([false, false]);
  });

  it('is 503 without a node', async () => {
    bench.connected = [];
    expect((await bench.ask('POST', '/api/v1/policy/reload')).json()).toMatchObject({
      code: 'node-unreachable',
    });
    bench.connected = [{ nodeId: 'edge-1', version: '1', sip: [] }];
    bench.answer = () => err('timeout');
    expect((await bench.ask('POST', '/api/v1/policy/reload')).json()).toMatchObject({
      code: 'control-failed',
    });
  });

  it('asks for a token', async () => {
    const reply = await bench.ask('POST', '/api/v1/policy/reload', { headers: { authorization: '' } });
    expect(reply.statusCode).toBe(401);
    expect(bench.asks).toEqual([]);
  });
});

describe('GET /policy/versions', () => {
  it('says who changed what, and when', async () => {
    const reply = await bench.ask('GET', '/api/v1/policy/versions');
    expect(reply.json()).toMatchObject({
      items: [{ nodeId: 'edge-1', actor: 'signal', changes: ['rules: everything changed (mode)'] }],
    });
  });

  it('gives the rules of a version', async () => {
    const reply = await bench.ask('GET', `/api/v1/policy/versions/${'ab'.repeat(32)}`);
    expect(reply.json()).toMatchObject({ rules: [{ id: 'everything' }] });
    const unknown = await bench.ask('GET', `/api/v1/policy/versions/${'cd'.repeat(32)}`);
    expect(unknown.json()).toMatchObject({ status: 404, code: 'policy-not-found' });
    expect((await bench.ask('GET', '/api/v1/policy/versions/x')).statusCode).toBe(400);
  });
});

describe('/do-not-record', () => {
  const add = (number: string, note?: string) =>
    bench.ask('POST', '/api/v1/do-not-record', { body: { number, note } });

  it('lists, checks and removes a number, and never shows it', async () => {
    const added = await add('+352 621 000 000', 'asked by letter');
    expect(added.json()).toHaveProperty('note', 'asked by letter');
    expect(added.json()).toHaveProperty('addedBy', expect.stringMatching(/^token:/));
    const { hash } = added.json<{ hash: string }>();
    const listed = await bench.ask('GET', '/api/v1/do-not-record');
    expect(listed.json()).toMatchObject({ items: [{ hash }], nextCursor: null });
    const check = (number: string) => bench.ask('POST', '/api/v1/do-not-record/check', { body: { number } });
    expect((await check('00352621000000')).json()).toMatchObject({ listed: true, entry: { hash } });
    expect((await check('+352621000001')).json()).toEqual({ listed: false, entry: null });
    expect((await bench.ask('DELETE', `/api/v1/do-not-record/${hash}`)).statusCode).toBe(204);
    const gone = await bench.ask('DELETE', `/api/v1/do-not-record/${hash}`);
    expect(gone.json()).toMatchObject({ status: 404, code: 'do-not-record-not-found' });
    expect(bench.steps).toEqual(['pushed', 'pushed']);
    expect(added.body + listed.body + JSON.stringify(bench.log)).not.toMatch(/621.?000/);
  });

  it('adds a number once', async () => {
    const first = await add('101');
    expect((await add('101', 'again')).json()).toEqual(first.json());
    expect(bench.steps).toEqual(['pushed']);
  });

  it('refuses what is no number', async () => {
    expect((await add('anonymous')).json()).toMatchObject({
      ...{ status: 400, code: 'invalid-request' },
      errors: [{ in: 'body', path: 'number' }],
    });
  });

  it('is bounded', async () => {
    for (const number of ['101', '102', '103']) await add(number);
    expect((await add('104')).json()).toMatchObject({ status: 409, code: 'do-not-record-full' });
  });
});
