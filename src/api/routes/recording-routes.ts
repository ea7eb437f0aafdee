import { z } from 'zod';
import type { ErrorCode } from '../../kernel/errors.ts';
import type { RecordingFilter } from '../../records/ports.ts';
import type { ApiDeps } from '../create-api.ts';
import { secured } from '../open-api.ts';
import type { DeletionFault } from '../ports.ts';
import { problems, sendProblem } from '../problem.ts';
import { consentList, idParams, recordingPage, recordingQuery, recordingSchema } from '../schemas.ts';
import { recordingView } from '../views.ts';
import type { RouteApp } from './route-app.ts';

const tags = ['recordings'];

export function recordingRoutes(app: RouteApp, deps: ApiDeps): void {
  listRoute(app, deps);
  const { records } = deps;
  app.get(
    '/recordings/:id',
    {
      schema: {
        tags,
        security: secured,
        summary: 'One recording',
        params: idParams,
        response: { 200: recordingSchema, ...problems('unauthorized', 'recording-not-found', 'unavailable') },
      },
    },
    async (request, reply) => {
      const record = await records.recording(request.params.id);
      if (record === null) return sendProblem(reply, 'recording-not-found');
      return reply.send(recordingView(record));
    },
  );
  app.get(
    '/recordings/:id/consent',
    {
      schema: {
        tags,
        security: secured,
        summary: 'What the parties were told',
        params: idParams,
        response: { 200: consentList, ...problems('unauthorized', 'recording-not-found', 'unavailable') },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if ((await records.recording(id)) === null) return sendProblem(reply, 'recording-not-found');
      return reply.send({ items: [...(await records.consentOf(id))], nextCursor: null });
    },
  );
  deleteRoute(app, deps);
}

function listRoute(app: RouteApp, { records }: ApiDeps): void {
  app.get(
    '/recordings',
    {
      schema: {
        tags,
        security: secured,
        summary: 'Recordings, newest first',
        querystring: recordingQuery,
        response: {
          200: recordingPage,
          ...problems('invalid-request', 'bad-cursor', 'unauthorized', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor, ...filter } = request.query;
      const page = await records.recordings(given(filter), { limit, cursor: cursor ?? null });
      if (page === 'bad-cursor') return sendProblem(reply, 'bad-cursor');
      return reply.send({ items: page.items.map(recordingView), nextCursor: page.nextCursor });
    },
  );
}

function given(filter: Omit<z.output<typeof recordingQuery>, 'limit' | 'cursor'>): RecordingFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

const byFault: Readonly<Record<DeletionFault, ErrorCode>> = {
  'not-found': 'recording-not-found',
  open: 'recording-open',
  held: 'recording-held',
  'node-unreachable': 'node-unreachable',
};

function deleteRoute(app: RouteApp, deps: ApiDeps): void {
  app.delete(
    '/recordings/:id',
    {
      schema: {
        tags,
        security: secured,
        summary: 'Delete for good: key, audio and manifest; the metadata stays',
        params: idParams,
        response: {
          204: z.null().describe('Deleted, now or before'),
          ...problems(
            'unauthorized',
            'recording-not-found',
            'recording-open',
            'recording-held',
            'node-unreachable',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const deleted = await deps.deleteRecording(request.params.id, request.identity?.actor ?? 'unknown');
      if (!deleted.ok) return sendProblem(reply, byFault[deleted.error]);
      return reply.code(204).send(null);
    },
  );
}
