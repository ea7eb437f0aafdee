import type { FastifyReply } from 'fastify';
import { systemSchedule } from '../../kernel/timers.ts';
import type { ApiDeps } from '../create-api.ts';
import { secured } from '../open-api.ts';
import { problems, sendProblem } from '../problem.ts';
import { plainText } from '../schemas.ts';
import type { RouteApp } from './route-app.ts';

/** Keeps proxies between from taking the connection for a dead one. */
const heartbeatMs = 15_000;

export function eventRoute(app: RouteApp, deps: ApiDeps): void {
  app.get(
    '/events',
    {
      schema: {
        tags: ['calls'],
        security: secured,
        summary: 'Server-sent events about calls, recordings and live controls, from now on',
        response: {
          200: {
            description: 'Events, without end',
            content: { 'text/event-stream': { schema: plainText } },
          },
          ...problems('unauthorized', 'too-many-followers', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { authorization } = request.headers;
      const { raw } = reply;
      const leave = deps.events.follow({
        write: (text) => raw.write(text),
        get waitingBytes() {
          return raw.writableLength;
        },
        end: () => raw.destroy(),
      });
      if (leave === null) return sendProblem(reply, 'too-many-followers');
      begin(reply);
      const stop = everyHeartbeat(async () => {
        // A token may have been revoked meanwhile; a database that is away has revoked nothing.
        const judged = await deps.authenticate(authorization);
        if (judged.ok || judged.error === 'unavailable') raw.write(':\n\n');
        else raw.end();
      });
      raw.once('close', () => {
        stop();
        leave();
      });
      return undefined;
    },
  );
}

function begin(reply: FastifyReply): void {
  const headers = reply.getHeaders() as Record<string, string>;
  reply.hijack();
  reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  reply.raw.write('retry: 2000\n\n');
}

function everyHeartbeat(beat: () => Promise<void>): () => void {
  let stopped = false;
  let cancel: () => void = () => undefined;
  const next = (): void => {
    if (stopped) return;
    cancel = systemSchedule(heartbeatMs, () => {
      beat().then(next, next);
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}
