import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { DoNotRecordEntry } from '../../records/do-not-record.ts';
import type { ApiDeps } from '../create-api.ts';
import { secured } from '../open-api.ts';
import { problems, sendProblem } from '../problem.ts';
import {
  doNotRecordBody,
  doNotRecordCheck,
  doNotRecordEntry,
  doNotRecordPage,
  numberBody,
  pageQuery,
} from '../schemas.ts';
import type { RouteApp } from './route-app.ts';

const tags = ['do-not-record'];

/** Numbers come in bodies alone: a URL stands in logs. */
export function doNotRecordRoutes(app: RouteApp, deps: ApiDeps): void {
  listRoute(app, deps);
  changeRoutes(app, deps);
  app.post(
    '/do-not-record/check',
    {
      schema: {
        tags,
        security: secured,
        summary: 'Whether a number is on the list',
        body: numberBody,
        response: { 200: doNotRecordCheck, ...problems('invalid-request', 'unauthorized', 'unavailable') },
      },
    },
    async (request, reply) => {
      const found = await deps.doNotRecord.check(request.body.number);
      if (!found.ok) return refuseNumber(reply);
      return reply.send({
        listed: found.value !== null,
        entry: found.value === null ? null : view(found.value),
      });
    },
  );
}

function listRoute(app: RouteApp, deps: ApiDeps): void {
  app.get(
    '/do-not-record',
    {
      schema: {
        tags,
        security: secured,
        summary: 'The numbers whose calls are never recorded, as keyed hashes, newest first',
        querystring: pageQuery,
        response: {
          200: doNotRecordPage,
          ...problems('invalid-request', 'bad-cursor', 'unauthorized', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor } = request.query;
      const page = await deps.doNotRecord.list({ limit, cursor: cursor ?? null });
      if (page === 'bad-cursor') return sendProblem(reply, 'bad-cursor');
      return reply.send({ items: page.items.map(view), nextCursor: page.nextCursor });
    },
  );
}

function changeRoutes(app: RouteApp, deps: ApiDeps): void {
  app.post(
    '/do-not-record',
    {
      schema: {
        tags,
        security: secured,
        summary: 'From now on no call from or to this number is recorded',
        body: doNotRecordBody,
        response: {
          200: doNotRecordEntry,
          ...problems('invalid-request', 'unauthorized', 'do-not-record-full', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { number, note } = request.body;
      const actor = request.identity?.actor ?? 'unknown';
      const added = await deps.doNotRecord.add({ number, note: note ?? null, actor });
      if (added.ok) return reply.send(view(added.value));
      return added.error === 'full' ? sendProblem(reply, 'do-not-record-full') : refuseNumber(reply);
    },
  );
  app.delete(
    '/do-not-record/:hash',
    {
      schema: {
        tags,
        security: secured,
        summary: 'Takes a number off the list',
        params: z.object({ hash: z.string().regex(/^[0-9a-f]{32}$/) }),
        response: {
          204: z.null().describe('Not listed any more'),
          ...problems('invalid-request', 'unauthorized', 'do-not-record-not-found', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const removed = await deps.doNotRecord.remove(
        request.params.hash,
        request.identity?.actor ?? 'unknown',
      );
      return removed ? reply.code(204).send(null) : sendProblem(reply, 'do-not-record-not-found');
    },
  );
}

function view({ hash, note, addedAt, addedBy }: DoNotRecordEntry): z.output<typeof doNotRecordEntry> {
  return { hash, note, addedAt, addedBy };
}

function refuseNumber(reply: FastifyReply): FastifyReply {
  const message =
    'is no telephone number; write it as E.164, +352621000000, or as the digits of an extension';
  return sendProblem(reply, 'invalid-request', { errors: [{ in: 'body', path: 'number', message }] });
}
