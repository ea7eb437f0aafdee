import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';

type OpenApi = NonNullable<FastifyDynamicSwaggerOptions['openapi']>;

export function openApiDocument(version: string): OpenApi {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Onrecord',
      version,
      description:
        'Call records, recordings and their evidence. Errors are RFC 9457 problem details, times RFC 3339, lists `{items, nextCursor}`.',
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    tags: [
      { name: 'calls', description: 'Call records and live control' },
      { name: 'recordings', description: 'Recordings, their audio and evidence' },
      { name: 'policy', description: 'What calls are decided by, and its versions' },
      { name: 'do-not-record', description: 'Numbers whose calls are never recorded' },
      { name: 'system', description: 'Health, metrics and this document; open to all who reach the port' },
    ],
  };
}

/** Every named schema is used in answers only, so the twin that stands for requests is left out. */
export const openApiTransform: NonNullable<FastifyDynamicSwaggerOptions['transformObject']> = (document) => {
  const whole = jsonSchemaTransformObject(document);
  if (!('components' in whole) || whole.components.schemas === undefined) return whole;
  const schemas = Object.fromEntries(
    Object.entries(whole.components.schemas).filter(([name]) => !name.endsWith('Input')),
  );
  return { ...whole, components: { ...whole.components, schemas } } as typeof whole;
};

/** Routes under /api/v1 ask for a token. */
export const secured = [{ token: [] }];
