import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { ErrorCode } from '../../kernel/errors.ts';
import type { AskFault } from '../../link/ports.ts';
import type { CallFilter } from '../../records/ports.ts';
import { askAllNodes } from '../ask-nodes.ts';
import type { ApiDeps } from '../create-api.ts';
import { secured } from '../open-api.ts';
import { problems, sendProblem } from '../problem.ts';
import {
  callPage,
  callQuery,
  callSchema,
  consentList,
  controlBody,
  controlResult,
  idParams,
} from '../schemas.ts';
import { callView } from '../views.ts';
import type { RouteApp } from './route-app.ts';

/** A live control is an answer to somebody on the phone; before a start the parties are told, and may have to agree. */
const controlWithinMs = 5000;
const startWithinMs = 110_000;
const tags = ['calls'];

export function callRoutes(app: RouteApp, deps: ApiDeps): void {
  const { records } = deps;
  app.get(
    '/calls',
    {
      schema: {
        tags,
        security: secured,
        summary: 'Call records, newest first',
        querystring: callQuery,
        response: {
          200: callPage,
          ...problems('invalid-request', 'bad-cursor', 'unauthorized', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor, ...filter } = request.query;
      const page = await records.calls(given(filter), { limit, cursor: cursor ?? null });
      if (page === 'bad-cursor') return sendProblem(reply, 'bad-cursor');
      return reply.send({ items: page.items.map(callView), nextCursor: page.nextCursor });
    },
  );
  app.get(
    '/calls/:id',
    {
      schema: {
        tags,
        security: secured,
        summary: 'One call record',
        params: idParams,
        response: { 200: callSchema, ...problems('unauthorized', 'call-not-found', 'unavailable') },
      },
    },
    async (request, reply) => {
      const detail = await records.call(request.params.id);
      if (detail === null) return sendProblem(reply, 'call-not-found');
      return reply.send(callView(detail));
    },
  );
  app.get(
    '/calls/:id/consent',
    {
      schema: {
        tags,
        security: secured,
        summary: 'What the parties were told, whether there is a recording or not',
        params: idParams,
        response: { 200: consentList, ...problems('unauthorized', 'call-not-found', 'unavailable') },
      },
    },
    async (request, reply) => {
      const detail = await records.call(request.params.id);
      if (detail === null) return sendProblem(reply, 'call-not-found');
      return reply.send({ items: [...detail.consent], nextCursor: null });
    },
  );
  liveControlRoute(app, deps);
}

/** `exactOptionalPropertyTypes`: a filter that was not given is absent, not undefined. */
function given(filter: Omit<z.output<typeof callQuery>, 'limit' | 'cursor'>): CallFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function liveControlRoute(app: RouteApp, deps: ApiDeps): void {
  app.post(
    '/calls/:id/recording',
    {
      schema: {
        tags,
        security: secured,
        summary: 'Start, stop, pause or resume the recording of a call that is up',
        params: idParams,
        body: controlBody,
        response: {
          200: controlResult,
          ...problems(
            'invalid-request',
            'unauthorized',
            'call-not-found',
            'call-not-active',
            'control-conflict',
            'control-forbidden',
            'control-unsupported',
            'control-failed',
            'node-unreachable',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const callId = request.params.id;
      const { action, reason } = request.body;
      const known = await deps.records.call(callId);
      if (known !== null && known.call.endedAt !== null) return sendProblem(reply, 'call-not-active');
      const actor = request.identity?.actor ?? 'unknown';
      const ask = { method: 'control', callId, action, actor, reason: reason ?? null } as const;
      const withinMs = action === 'start' ? startWithinMs : controlWithinMs;
      const answer =
        known === null
          ? await askAllNodes(deps.nodes, ask, withinMs)
          : await deps.nodes.ask(known.call.nodeId, ask, withinMs);
      if (!answer.ok) return refuseControl(reply, answer.error, known !== null);
      const { recordingId, samplePosition } = answer.value;
      deps.logger.info('recording-controlled', { callId, recordingId, action, actor });
      return reply.send({ callId, recordingId, action, samplePosition });
    },
  );
}

const byFault: Readonly<Record<AskFault, ErrorCode>> = {
  'no-call': 'call-not-found',
  conflict: 'control-conflict',
  forbidden: 'control-forbidden',
  unsupported: 'control-unsupported',
  failed: 'control-failed',
  timeout: 'control-failed',
  overload: 'control-failed',
  unreachable: 'node-unreachable',
};

/** A call in the database that its node does not know any more has just ended. */
function refuseControl(reply: FastifyReply, fault: AskFault, known: boolean): FastifyReply {
  return sendProblem(reply, fault === 'no-call' && known ? 'call-not-active' : byFault[fault]);
}
