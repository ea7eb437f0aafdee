import { z } from 'zod';
import type { ApiDeps } from '../create-api.ts';
import { problems, sendProblem } from '../problem.ts';
import type { RouteApp } from './route-app.ts';

/** A database that takes longer is not reachable. */
const reachableWithinMs = 2000;

const readiness = z.object({
  status: z.literal('ready'),
  checks: z.object({
    database: z.object({ ok: z.boolean(), kind: z.string() }),
    proxies: z.object({ ok: z.boolean(), connected: z.number(), serving: z.number() }),
  }),
});

/** Health, readiness, metrics and the description of it all; without credentials, and without call data. */
export function systemRoutes(app: RouteApp, deps: ApiDeps): void {
  app.get(
    '/healthz',
    { schema: { tags: ['system'], response: { 200: z.object({ status: z.literal('ok') }) } } },
    () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    { schema: { tags: ['system'], response: { 200: readiness, ...problems('not-ready') } } },
    async (_request, reply) => {
      const nodes = deps.nodes.nodes();
      const serving = nodes.filter(({ sip }) => sip !== null).length;
      const checks = {
        database: { ok: await reachable(deps), kind: deps.database.label },
        proxies: { ok: serving > 0, connected: nodes.length, serving },
      };
      if (checks.database.ok && checks.proxies.ok) return reply.send({ status: 'ready', checks });
      return sendProblem(reply, 'not-ready', { checks });
    },
  );
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['system'],
        response: {
          200: { description: 'Prometheus text', content: { 'text/plain': { schema: z.string() } } },
        },
      },
    },
    async (_request, reply) => {
      const page = await deps.metrics();
      return reply.header('content-type', deps.metricsContentType).send(page);
    },
  );
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.header('content-type', 'application/json').send(JSON.stringify(app.swagger())),
  );
}

async function reachable({ database }: ApiDeps): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, reachableWithinMs);
  });
  const answer = database.reachable().catch(() => false);
  const reached = await Promise.race([answer, late]);
  clearTimeout(timer);
  return reached;
}
