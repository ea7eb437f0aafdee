import type { FastifyReply } from 'fastify';
import type { ErrorCode } from '../../kernel/errors.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { AskFault } from '../../link/ports.ts';
import { unpackLadder } from '../../records/ladder-packing.ts';
import type { CallRecord } from '../../records/call-record.ts';
import type { PackedLadder } from '../../records/ladder-record.ts';
import { askAllNodes } from '../ask-nodes.ts';
import type { ApiDeps } from '../create-api.ts';
import { ladderText } from '../ladder-text.ts';
import { ladderView } from '../ladder-view.ts';
import { secured } from '../open-api.ts';
import { problems, sendProblem } from '../problem.ts';
import { idParams, ladderQuery, ladderSchema, plainText } from '../schemas.ts';
import type { RouteApp } from './route-app.ts';

const askWithinMs = 3000;

export function ladderRoute(app: RouteApp, deps: ApiDeps): void {
  app.get(
    '/calls/:id/ladder',
    {
      schema: {
        tags: ['calls'],
        security: secured,
        summary: 'The SIP messages of a call, both legs, without secrets; as JSON or drawn as text',
        params: idParams,
        querystring: ladderQuery,
        response: {
          200: {
            description: 'The ladder',
            content: { 'application/json': { schema: ladderSchema }, 'text/plain': { schema: plainText } },
          },
          ...problems(
            'invalid-request',
            'unauthorized',
            'call-not-found',
            'ladder-not-found',
            'node-unreachable',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const callId = request.params.id;
      const found = await findLadder(deps, callId);
      if (!found.ok) return sendProblem(reply, found.error);
      const ladder = unpackLadder(found.value.packed);
      if (ladder === null) return sendProblem(reply, 'ladder-not-found');
      const view = ladderView(callId, ladder, found.value.over);
      if (request.query.format !== 'text') return reply.send(view);
      return sendText(reply, ladderText(view, request.query.messages === '1'));
    },
  );
}

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/plain; charset=utf-8').send(text);
}

interface Found {
  readonly packed: PackedLadder;
  readonly over: boolean;
}

/** In the database once the call is over; until then, and for some seconds after, its node has it. */
async function findLadder({ records, nodes }: ApiDeps, callId: string): Promise<Result<Found, ErrorCode>> {
  const call = (await records.call(callId))?.call ?? null;
  // Without its call it is what a deletion has not reached.
  const stored = call === null ? null : await records.ladder(callId);
  if (stored !== null) return ok({ packed: stored, over: true });
  const ask = { method: 'ladder', callId } as const;
  const answer =
    call === null
      ? await askAllNodes(nodes, ask, askWithinMs)
      : await nodes.ask(call.nodeId, ask, askWithinMs);
  if (answer.ok) return ok({ packed: answer.value.ladder, over: false });
  return err(faultOf(answer.error, call));
}

function faultOf(fault: AskFault, call: CallRecord | null): ErrorCode {
  if (fault !== 'no-call') return 'node-unreachable';
  return call === null ? 'call-not-found' : 'ladder-not-found';
}
