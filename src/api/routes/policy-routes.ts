import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { AskFault, Value } from '../../link/ports.ts';
import type { ApiDeps } from '../create-api.ts';
import { secured } from '../open-api.ts';
import { problems, sendProblem } from '../problem.ts';
import { pageQuery, policyDocument, policyPage, reloadBody, reloadResult } from '../schemas.ts';
import type { RouteApp } from './route-app.ts';

const tags = ['policy'];
/** Prompts may have to be read and encoded. */
const reloadWithinMs = 30_000;

type NodeReload = Value<'reload-policy'> & { readonly nodeId: string };

export function policyRoutes(app: RouteApp, deps: ApiDeps): void {
  reloadRoute(app, deps);
  app.get(
    '/policy/versions',
    {
      schema: {
        tags,
        security: secured,
        summary: 'What nodes have decided by, newest first: who changed it, when, and what',
        querystring: pageQuery,
        response: {
          200: policyPage,
          ...problems('invalid-request', 'bad-cursor', 'unauthorized', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor } = request.query;
      const page = await deps.policies.versions({ limit, cursor: cursor ?? null });
      if (page === 'bad-cursor') return sendProblem(reply, 'bad-cursor');
      const items = page.items.map(({ changes, ...version }) => ({ ...version, changes: [...changes] }));
      return reply.send({ items, nextCursor: page.nextCursor });
    },
  );
  app.get(
    '/policy/versions/:version',
    {
      schema: {
        tags,
        security: secured,
        summary:
          'The rules, purposes, schedules and prompts of a version, which a call names as `policyVersion`',
        params: z.object({ version: z.string().regex(/^[0-9a-f]{64}$/) }),
        response: {
          200: policyDocument,
          ...problems('invalid-request', 'unauthorized', 'policy-not-found', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const document = await deps.policies.document(request.params.version);
      if (document === null) return sendProblem(reply, 'policy-not-found');
      return reply.send(policyDocument.parse(JSON.parse(document)));
    },
  );
}

function reloadRoute(app: RouteApp, deps: ApiDeps): void {
  app.post(
    '/policy/reload',
    {
      schema: {
        tags,
        security: secured,
        summary:
          'Every connected node reads its configuration again: rules, schedules, queues, purposes and prompts. All of it is validated everywhere first; calls that are up keep what they began with',
        body: reloadBody,
        response: {
          200: reloadResult,
          ...problems(
            'invalid-request',
            'unauthorized',
            'policy-refused',
            'control-failed',
            'node-unreachable',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const actor = request.identity?.actor ?? 'unknown';
      const tried = await askAll(deps, false, actor);
      if (!tried.ok) return refuseReload(reply, tried.error);
      const faulty = tried.value.filter(({ faults }) => faults.length > 0);
      if (faulty.length > 0) return refuseFaults(reply, faulty);
      if (request.body?.dryRun === true) return reply.send({ nodes: tried.value.map(view) });
      const done = await askAll(deps, true, actor);
      if (!done.ok) return refuseReload(reply, done.error);
      const refused = done.value.filter(({ faults }) => faults.length > 0);
      return refused.length > 0 ? refuseFaults(reply, refused) : reply.send({ nodes: done.value.map(view) });
    },
  );
}

async function askAll(
  { nodes }: ApiDeps,
  apply: boolean,
  actor: string,
): Promise<Result<readonly NodeReload[], AskFault>> {
  const connected = nodes.nodes();
  if (connected.length === 0) return err('unreachable');
  const answers = await Promise.all(
    connected.map(async ({ nodeId }) => ({
      nodeId,
      answer: await nodes.ask(nodeId, { method: 'reload-policy', apply, actor }, reloadWithinMs),
    })),
  );
  const reloads: NodeReload[] = [];
  for (const { nodeId, answer } of answers) {
    if (!answer.ok) return answer;
    reloads.push({ nodeId, ...answer.value });
  }
  return ok(reloads);
}

function view({
  nodeId,
  version,
  changes,
  warnings,
}: NodeReload): z.output<typeof reloadResult>['nodes'][number] {
  return { nodeId, version, changes: [...changes], warnings: [...warnings] };
}

function refuseReload(reply: FastifyReply, fault: AskFault): FastifyReply {
  return sendProblem(reply, fault === 'unreachable' ? 'node-unreachable' : 'control-failed');
}

/** `onrecord.yaml:12: key: what is wrong` is the place and the rest. */
function refuseFaults(reply: FastifyReply, nodes: readonly NodeReload[]): FastifyReply {
  const errors = nodes.flatMap(({ nodeId, faults }) =>
    faults.map((fault) => {
      const [, path = '', message = fault] = /^(.{1,4096}?:\d+): (.*)$/s.exec(fault) ?? [];
      return { in: nodeId, path, message };
    }),
  );
  return sendProblem(reply, 'policy-refused', { errors });
}
