import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiBench } from './api-fixture.ts';

interface Operation {
  readonly responses: Record<string, { description?: string; content?: Record<string, { schema: unknown }> }>;
  readonly parameters?: { name: string; in: string; required?: boolean; schema: unknown }[];
  readonly security?: unknown[];
}

interface Document {
  readonly openapi: string;
  readonly info: { title: string; version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

let bench: ApiBench;
let document: Document;
beforeAll(async () => {
  bench = await new ApiBench().open();
  const reply = await bench.ask('GET', '/openapi.json', { headers: { authorization: '' } });
  expect(reply.headers['content-type']).toMatch(/^application\/json/);
  document = reply.json();
});
afterAll(() => bench.app.close());

const operations = (): [string, string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      path,
      method,
      operation,
    ]),
  );

function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  );
}

describe('/openapi.json', () => {
  it('is an OpenAPI 3.1 document of this version', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Onrecord', version: '9.9.9' } });
  });

  it('has each route of the contract with its methods, and no other', () => {
    expect(
      operations()
        .map(([path, method]) => `${method.toUpperCase()} ${path}`)
        .sort(),
    ).toEqual([
      'DELETE /api/v1/do-not-record/{hash}',
      'DELETE /api/v1/recordings/{id}',
      'GET /api/v1/calls',
      'GET /api/v1/calls/{id}',
      'GET /api/v1/calls/{id}/consent',
      'GET /api/v1/calls/{id}/ladder',
      'GET /api/v1/do-not-record',
      'GET /api/v1/events',
      'GET /api/v1/policy/versions',
      'GET /api/v1/policy/versions/{version}',
      'GET /api/v1/recordings',
      'GET /api/v1/recordings/{id}',
      'GET /api/v1/recordings/{id}/audio',
      'GET /api/v1/recordings/{id}/consent',
      'GET /api/v1/recordings/{id}/peaks',
      'GET /healthz',
      'GET /metrics',
      'GET /readyz',
      'HEAD /api/v1/recordings/{id}/audio',
      'POST /api/v1/calls/{id}/recording',
      'POST /api/v1/do-not-record',
      'POST /api/v1/do-not-record/check',
      'POST /api/v1/policy/reload',
    ]);
  });

  it('every reference leads somewhere, and every component is referred to', () => {
    const refs = new Set(refsIn(document));
    for (const ref of refs) {
      const name = /^#\/components\/schemas\/([^/]+)$/.exec(ref)?.[1];
      expect(name !== undefined && name in document.components.schemas, ref).toBe(true);
    }
    for (const name of Object.keys(document.components.schemas)) {
      expect(refs.has(`#/components/schemas/${name}`), name).toBe(true);
    }
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['Call', 'Recording', 'ConsentRecord', 'Problem']),
    );
  });

  it('every operation under /api/v1 asks for the token and can answer 401 with a problem; no other does', () => {
    for (const [path, method, operation] of operations()) {
      const inside = path.startsWith('/api/v1/');
      expect(operation.security, `${method} ${path}`).toEqual(inside ? [{ token: [] }] : undefined);
      const unauthorized = operation.responses['401']?.content?.['application/problem+json'];
      expect(unauthorized !== undefined, `${method} ${path}`).toBe(inside);
    }
    expect(document.components.securitySchemes).toEqual({ token: { type: 'http', scheme: 'bearer' } });
  });

  it('every parameter of a path is declared as required; every response has a description', () => {
    for (const [path, method, { parameters = [], responses }] of operations()) {
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
        const declared = parameters.find((each) => each.in === 'path' && each.name === name);
        expect(declared?.required, `${method} ${path} ${name ?? ''}`).toBe(true);
      }
      for (const [status, { description }] of Object.entries(responses)) {
        expect(description, `${method} ${path} ${status}`).toBeTypeOf('string');
      }
    }
  });

  it('every code of an error it names is described at its status', () => {
    const problem = document.components.schemas['Problem'] as { properties: { code: { enum: string[] } } };
    expect(problem.properties.code.enum.length).toBeGreaterThan(20);
  });

  it('the filters of a list are its query parameters', () => {
    const names = document.paths['/api/v1/calls']?.['get']?.parameters?.map(({ name }) => name).sort();
    expect(names).toEqual(
      'cursor direction extension limit number outcome q queue recorded since until'.split(' '),
    );
  });
});
